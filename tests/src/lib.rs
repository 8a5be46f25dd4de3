//! What whole-product tests share: the binary, servers of their own, writers whose work can be checked, and where real
//! data lies.

pub mod account;
pub mod history;
pub mod mounts;
pub mod served;
pub mod writers;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::Value;

/// The binary under test: `MUSTER_BIN`, or the one built from this workspace in the profile of the running test.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("MUSTER_BIN") {
        Some(path) => PathBuf::from(path),
        None => built(),
    })
}

/// The binary beside the running test, which lies in `<profile>/deps/`; built first if it is older than its sources.
///
/// The README's test command has built it already. Building it here as a part of the whole workspace keeps the features
/// of what it depends on, so that nothing else is built again.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a file");
    let profile = test.parent().and_then(Path::parent).expect("a test lies in <profile>/deps");
    let binary = profile.join("muster");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let made = std::fs::metadata(&binary).and_then(|about| about.modified()).ok();
    if made.is_some_and(|made| made > newest_source(&root)) {
        return binary;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--workspace", "--bin", "muster"]).current_dir(&root);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = profile.parent() {
        build.arg("--target-dir").arg(target);
    }
    let status = build.status().expect("cargo can be run");
    assert!(status.success(), "the binary is built");
    binary
}

/// When a source of the binary was changed last.
fn newest_source(root: &Path) -> SystemTime {
    let crates = ["cli", "client", "engine", "exchange", "language", "proto", "server"];
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut waiting: Vec<PathBuf> = crates.iter().map(|name| root.join(name).join("src")).collect();
    let manifests = crates.iter().map(|name| root.join(name).join("Cargo.toml"));
    waiting.extend(manifests.chain([root.join("Cargo.lock"), root.join("Cargo.toml")]));
    while let Some(path) = waiting.pop() {
        let about = std::fs::metadata(&path).expect("a source of the workspace");
        if about.is_dir() {
            waiting.extend(std::fs::read_dir(&path).expect("its files").map(|entry| entry.expect("a file").path()));
        } else {
            newest = newest.max(about.modified().expect("files have times"));
        }
    }
    newest
}

/// A store in a directory of its own, asked through the binary.
#[derive(Debug)]
pub struct Store {
    folder: tempfile::TempDir,
}

impl Store {
    /// An empty directory.
    #[expect(clippy::new_without_default, reason = "it makes a directory, which no default should")]
    pub fn new() -> Store {
        Store { folder: tempfile::tempdir().expect("a directory for a test") }
    }

    /// The folder of the test, with room for its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `muster` with `arguments` on the store.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary())
            .arg("--data")
            .arg(self.folder().join("store"))
            .args(arguments)
            .current_dir(self.folder())
            .env_remove("MUSTER_DATA")
            .env_remove("MUSTER_ADDR")
            .stdin(Stdio::null())
            .output()
            .expect("the binary can be run")
    }

    /// The standard output of a run that succeeds.
    pub fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "muster {arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("output is text")
    }

    /// The same as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let text = self.text(&all);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("muster {all:?}: {error}\n{text}"))
    }

    /// How many entities a query selects.
    pub fn count(&self, query: &str) -> u64 {
        self.json(&["count", query])["count"].as_u64().expect("a count is a number")
    }
}

/// A whole number from the environment.
pub fn number_from(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not {text:?}")),
        Err(_) => default,
    }
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("a folder to copy") {
        let entry = entry.expect("an entry");
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy_folder(&path, &copy),
            false => drop(std::fs::copy(&path, &copy).expect("a file can be copied")),
        }
    }
}

/// The folder of real data sets, if it is there; otherwise says loudly that `test` is skipped.
pub fn real_data(test: &str) -> Option<PathBuf> {
    let given = std::env::var_os("MUSTER_REAL_DATA");
    let beside = [given.map(PathBuf::from), Some(PathBuf::from("../shared/data"))];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = beside.into_iter().flatten().map(|path| root.join(path)).find(|path| path.join("checks").is_dir());
    if found.is_none() {
        eprintln!("!! SKIPPED {test}: no real data (set MUSTER_REAL_DATA)");
    }
    found
}
