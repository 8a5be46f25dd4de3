//! What the program says about itself.

use crate::store::muster;

const COMMANDS: [&str; 29] = [
    "serve",
    "shell",
    "load",
    "count",
    "members",
    "get",
    "why",
    "stats",
    "breakdown",
    "explain",
    "type",
    "tag",
    "audience",
    "space",
    "set",
    "add",
    "remove",
    "clear",
    "erase",
    "status",
    "flush",
    "compact",
    "check",
    "sync",
    "backup",
    "restore",
    "erasures",
    "demo",
    "completions",
];

fn help(arguments: &[&str]) -> String {
    let output = muster().args(arguments).arg("--help").assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn the_help_lists_every_command() {
    let text = help(&[]);
    for command in COMMANDS {
        assert!(text.contains(&format!("\n  {command} ")), "{command} is missing in:\n{text}");
    }
    assert!(
        text.contains("Exit codes: 0 ok, 1 refused, 2 usage, 3 unreachable, 4 rejected rows, 5 deadline, 6 permission")
    );
}

#[test]
fn every_command_shows_examples_of_itself() {
    for command in COMMANDS {
        let text = help(&[command]);
        assert!(text.contains("xamples:") || text.contains("Your own CSV"), "{command}:\n{text}");
        assert!(text.contains(&format!("muster {command}")), "{command}:\n{text}");
        assert!(text.contains("--format"), "{command}:\n{text}");
    }
}

#[test]
fn completions_are_printed_for_shells() {
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef muster"), ("fish", "complete -c muster")] {
        let output = muster().args(["completions", shell]).assert().success().get_output().stdout.clone();
        assert!(String::from_utf8(output).unwrap().contains(mark), "{shell}");
    }
}
