//! Case 10: an error of a command that is read in a file or a pipe.

use std::process::{Command, Stdio};

use muster_tests::binary;
use muster_tests::served::Served;

/// Whether a terminal would act upon a character.
fn is_control(c: char) -> bool {
    c != '\n' && c.is_control()
}

#[test]
fn an_error_in_a_file_begins_with_what_to_do_and_has_no_colours() {
    if crate::case("10-ansi-log-lines").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory for a test");
    let store = folder.path().join("store");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data").arg(&store).env_remove("MUSTER_ADDR").stdin(Stdio::null());
        command.env("CLICOLOR_FORCE", "1").output().expect("the binary can be run")
    };
    assert!(run(&["type", "create", "people"]).status.success());
    let mut server = Served::start(&store, folder.path(), &[]);
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    drop(runtime.block_on(server.client()));
    assert!(run(&["set", "u1", "--type", "people"]).status.success());
    server.kill();
    let logs = store.join("spaces/main/log");
    for entry in std::fs::read_dir(logs).expect("a log") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("a log file can be removed");
    }
    let output = run(&["count", "ALL"]);
    let said = String::from_utf8(output.stderr).expect("it is a text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains(is_control), "{said:?}");
    assert!(said.starts_with("restore a copy, or open once with discard_damaged_tail=true"), "{said}");
    assert!(said.contains("(in space main)") && said.lines().count() == 1, "{said}");
}
