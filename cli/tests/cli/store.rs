//! A store of eight people in a temporary directory, and the commands that ask it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Eight people. `u5` has no age, `u7` no city.
pub(crate) const PEOPLE: &str = "\
id,性别,age,城市,interests,vip,spend,registered
u1,女,28,北京,ski|golf,1,120.50,2026-11-09
u2,女,31,上海,ski,,80.00,2026-11-01
u3,男,45,北京,golf|瑜伽,1,-5.25,2025-01-31
u4,男,19,New York,,,0.00,2026-10-12
u5,女,,北京,瑜伽,,15.75,2026-11-11
u6,男,52,上海,ski|瑜伽,1,9000.00,2024-02-29
u7,女,23,,golf,,33.30,2026-11-10
u8,女,36,New York,ski,1,64.00,2023-12-31
";

/// How they become entities.
pub(crate) const MAPPING: &str = r#"type = "people"
key = { column = "id", kind = "string" }
columns = [
  { column = "性别", kind = "choice" },
  { column = "age", kind = "int" },
  { column = "城市", kind = "choice" },
  { column = "interests", kind = "set", list_separator = "|" },
  { column = "vip", kind = "flag" },
  { column = "spend", kind = "decimal(2)" },
  { column = "registered", kind = "date" },
]
"#;

/// A directory with a store and the files of a test.
pub(crate) struct Store {
    folder: TempDir,
}

impl Store {
    /// No store yet.
    pub(crate) fn empty() -> Store {
        Store { folder: tempfile::tempdir().unwrap() }
    }

    /// The eight people.
    pub(crate) fn of_people() -> Store {
        let store = Store::empty();
        let people = store.file("people.csv", PEOPLE);
        let map = store.file("map.toml", MAPPING);
        store.run(&["load", people.to_str().unwrap(), "--map", map.to_str().unwrap()]).success();
        store
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A file beside the store.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program with `--data`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = muster();
        command.args(arguments).arg("--data").arg(self.data()).current_dir(self.folder.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        self.command(arguments).assert()
    }

    /// What a command prints that succeeds.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    }

    /// The JSON document that a command prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str(&self.text(&arguments)).unwrap()
    }

    /// How many an expression selects.
    pub(crate) fn count(&self, text: &str) -> u64 {
        self.json(&["count", text])["count"].as_u64().unwrap()
    }

    /// What a command says on standard error that ends with `code`.
    pub(crate) fn refusal(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments).code(code).get_output().stderr.clone();
        String::from_utf8(output).unwrap()
    }
}

/// The program, untouched by the environment of whoever runs the tests.
pub(crate) fn muster() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    for variable in ["MUSTER_DATA", "MUSTER_ADDR", "MUSTER_LOG", "MUSTER_HISTORY"] {
        command.env_remove(variable);
    }
    command
}

/// The keys of a JSON object, sorted.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
