//! A disk that fails under a mapping.

use std::path::Path;
use std::process::Command;

use muster_engine::Engine;
use muster_engine::query::Run;
use muster_engine::query::plan::QueryRequest;

use crate::store::{fill, options};

/// In a child: the directory of the store.
const CHILD_VARIABLE: &str = "MUSTER_DEVICE_CHILD";

/// A device that fails to give a page and a file that was cut short send the same signal, and only the second can be
/// had in a test.
#[test]
fn a_mapped_byte_that_cannot_be_read_ends_the_process_with_a_word() {
    if let Some(directory) = std::env::var_os(CHILD_VARIABLE) {
        touch_what_is_gone(Path::new(&directory));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open_dir(folder.path(), options()).unwrap();
    fill(&engine);
    engine.close().unwrap();
    let this = "device::a_mapped_byte_that_cannot_be_read_ends_the_process_with_a_word";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(CHILD_VARIABLE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("muster: ")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    for promise in ["muster check", "failed to give mapped bytes", "nothing acknowledged is lost"] {
        assert!(lines[0].contains(promise), "{said}");
    }
    assert!(!String::from_utf8_lossy(&output.stdout).contains("the query came back"));
}

fn touch_what_is_gone(directory: &Path) {
    let engine = Engine::open_dir(directory, options()).unwrap();
    for entry in std::fs::read_dir(directory.join("parts")).unwrap() {
        std::fs::OpenOptions::new().write(true).open(entry.unwrap().path()).unwrap().set_len(0).unwrap();
    }
    let snapshot = engine.snapshot();
    let type_id = snapshot.catalog().type_named("users").unwrap().id;
    let counted = snapshot
        .prepare(type_id, "age > 3 AND vip", &QueryRequest::at(0))
        .and_then(|prepared| prepared.count(&Run::default()));
    println!("the query came back: {counted:?}");
}
