//! A client of another language talks to a server: by stubs generated from our `.proto`, and by reflection.
//!
//! Needs a Python with the packages of tests/wire_python/requirements.txt, named by `MUSTER_PYTHON`; CI prepares one.
//! Without it the test says loudly that it is skipped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use muster_tests::binary;

/// A server as a process of its own; ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on a free port; its address stands behind the last space of its first line.
fn serve(folder: &Path) -> (Served, String) {
    let mut child = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .env_remove("MUSTER_DATA")
        .env_remove("MUSTER_ADDR")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    let stderr = child.stderr.take().expect("it is piped");
    let served = Served(child);
    let mut line = String::new();
    BufReader::new(stderr).read_line(&mut line).expect("the server says where it listens");
    let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    assert!(address.contains(':'), "{line}");
    (served, address)
}

#[test]
fn a_client_of_another_language_writes_and_asks() {
    let Some(python) = std::env::var_os("MUSTER_PYTHON") else {
        eprintln!("!! SKIPPED the client of another language: set MUSTER_PYTHON, or let .ci/run do it");
        return;
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a directory for a test");
    let (_served, address) = serve(&folder.path().join("store"));
    let output = Command::new(python)
        .arg(tests.join("wire_python/client.py"))
        .arg(&address)
        .arg(tests.join("../proto"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python can be run");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.trim_end().ends_with("ok"),
        "{}\n{printed}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}
