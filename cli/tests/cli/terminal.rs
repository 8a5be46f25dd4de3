//! The shell on a terminal, as people meet it: a pseudo-terminal that `cli/tests/terminal.py` holds.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::store::Store;

/// What a terminal was shown.
pub(crate) struct Shown {
    /// Without control sequences.
    pub(crate) text: String,
    /// All of it.
    pub(crate) raw: String,
}

/// Runs a program on a terminal and goes through `steps`, each to type or to expect; none where there is no Python.
pub(crate) fn on_terminal(store: &Store, arguments: &[&str], steps: &[(&str, &str)]) -> Option<Shown> {
    let python = std::env::var_os("MUSTER_PYTHON").unwrap_or_else(|| "python3".into());
    let mut driver = Command::new(python);
    driver
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terminal.py"))
        .arg(env!("CARGO_BIN_EXE_muster"))
        .args(arguments)
        .arg("--data")
        .arg(store.data())
        .env("MUSTER_HISTORY", store.path().join("history"))
        .env("TERM", "xterm")
        .env_remove("MUSTER_DATA")
        .env_remove("MUSTER_ADDR")
        .current_dir(store.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut child) = driver.spawn() else {
        eprintln!("!! SKIPPED the shell on a terminal: there is no python3, and MUSTER_PYTHON names none");
        return None;
    };
    child.stdin.take().unwrap().write_all(json!(steps).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).expect("the driver says what was shown");
    let text = shown["text"].as_str().unwrap().to_owned();
    let step = shown["missing"].as_u64().map(|step| &steps[step as usize]);
    assert_eq!(step, None, "it was not shown:\n{text}");
    assert_eq!(shown["code"], 0, "{text}");
    Some(Shown { text, raw: shown["raw"].as_str().unwrap().to_owned() })
}

#[test]
fn one_empty_line_ends_what_goes_on() {
    let store = Store::of_people();
    // The second line is empty: were it taken for one more, the third would belong to the expression.
    let steps = [
        ("expect", "muster>"),
        ("type", "(vip OR\r"),
        ("expect", "..."),
        ("type", "\r"),
        ("expect", "the query ends too early"),
        ("expect", "muster>"),
        ("type", "vip\r"),
        ("expect", "4 of 8"),
        ("type", "\\quit\r"),
    ];
    on_terminal(&store, &["shell"], &steps);
}

#[test]
fn several_queries_on_a_line_are_answered_in_turn() {
    let store = Store::of_people();
    let steps = [
        ("expect", "muster>"),
        ("type", "vip; age < 20; 城市 = 'a;b'\r"),
        ("expect", "4 of 8"),
        ("expect", "1 of 8"),
        ("expect", "a;b"),
        ("expect", "muster>"),
        ("type", "\\quit\r"),
    ];
    on_terminal(&store, &["shell"], &steps);
}

#[test]
fn a_type_that_does_not_exist_is_not_used() {
    let store = Store::of_people();
    let steps = [
        ("expect", "muster>"),
        ("type", "\\use peopel\r"),
        ("expect", "did you mean `people`?"),
        ("expect", "muster>"),
        ("type", "\\use people\r"),
        ("expect", "people>"),
        ("type", "\\quit\r"),
    ];
    on_terminal(&store, &["shell"], &steps);
}

#[test]
fn a_breakdown_on_a_terminal_stops_at_twenty_groups() {
    let store = Store::empty();
    let rows: String = (0..50).map(|row| format!("u{row},{row}.25\n")).collect();
    store.file("spend.csv", &format!("id,spend\n{rows}"));
    store.file(
        "map.toml",
        "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\ncolumns = [{ column = \"spend\", kind = \
         \"decimal(2)\" }]\n",
    );
    store.run(&["load", "spend.csv", "--map", "map.toml"]).success();
    let groups = |text: &str| text.lines().filter(|line| line.contains(".25 ")).count();
    let steps = [("expect", "50 in all")];
    let Some(shown) = on_terminal(&store, &["breakdown", "spend"], &steps) else { return };
    assert_eq!(groups(&shown.text), 20, "{}", shown.text);
    assert!(shown.text.contains("30 more, --top 0 for all"), "{}", shown.text);
    let shown = on_terminal(&store, &["breakdown", "spend", "--top", "0"], &steps).unwrap();
    assert_eq!(groups(&shown.text), 50, "{}", shown.text);
    assert_eq!(groups(&store.text(&["breakdown", "spend"])), 50, "a pipe has all");
    assert_eq!(store.json(&["breakdown", "spend"])["groups"].as_array().unwrap().len(), 50);
}

#[test]
fn a_history_that_cannot_be_kept_is_said() {
    let store = Store::of_people();
    // A directory is no file for lines.
    std::fs::create_dir(store.path().join("history")).unwrap();
    let steps = [("expect", "set MUSTER_HISTORY to a file"), ("expect", "muster>"), ("type", "\\quit\r")];
    on_terminal(&store, &["shell"], &steps);
}
