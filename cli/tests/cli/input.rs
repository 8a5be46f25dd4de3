//! Nothing that was read is cut: an input is taken up to its limit and refused above it.

use crate::store::Store;

/// The longest text of a query, as docs/query-language.md says it.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// `vip`, blanks, and a rest that changes the answer, in as many bytes.
fn padded(bytes: usize, rest: &str) -> String {
    format!("vip{}{rest}", " ".repeat(bytes - "vip".len() - rest.len()))
}

#[test]
fn a_text_on_standard_input_is_asked_wholly_or_refused() {
    let store = Store::of_people();
    let ask = |command: &str, text: String| store.command(&[command, "-"]).write_stdin(text).output().unwrap();
    for command in ["count", "members", "explain"] {
        // At its limit the last word still counts.
        let whole = ask(command, padded(TEXT_BYTES_MAX, "AND NONE"));
        assert_eq!(whole.status.code(), Some(0), "{command}: {}", String::from_utf8_lossy(&whole.stderr));
        if command == "count" {
            assert!(whole.stdout.starts_with(b"0 of 8"), "{}", String::from_utf8_lossy(&whole.stdout));
        }
        // One byte more, a cut that would fall on a blank, and one that would fall into a word.
        for text in [
            padded(TEXT_BYTES_MAX + 1, "AND NONE"),
            padded(TEXT_BYTES_MAX + 9, "AND NONE"),
            padded(TEXT_BYTES_MAX + 4, "AND NONE"),
            padded(3 * TEXT_BYTES_MAX, "AND NONE"),
        ] {
            let bytes = text.len();
            let refused = ask(command, text);
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(1), "{command} of {bytes}: {said}");
            assert!(refused.stdout.is_empty() && said.contains("the limit is 262144"), "{command} of {bytes}: {said}");
        }
    }
}

#[test]
fn blanks_behind_a_text_do_not_count() {
    let store = Store::of_people();
    let text = format!("\u{feff}vip{}\n", " ".repeat(TEXT_BYTES_MAX));
    let output = store.command(&["count", "-"]).write_stdin(text).output().unwrap();
    assert!(output.stdout.starts_with(b"4 of 8"), "{}", String::from_utf8_lossy(&output.stderr));
    // Some editors write a byte order mark, which is no part of the first line.
    store.file("questions.txt", "\u{feff}# all\nvip\n");
    assert_eq!(store.json(&["count", "-f", "questions.txt"])["results"].as_array().unwrap().len(), 1);
}

#[test]
fn a_line_of_a_script_and_of_a_file_is_asked_wholly_or_refused() {
    let store = Store::of_people();
    let script = format!("{}\n{}\nvip\n", padded(TEXT_BYTES_MAX, "AND NONE"), padded(TEXT_BYTES_MAX + 1, "AND NONE"));
    for arguments in [&["shell"][..], &["count", "-f", "-", "--format", "jsonl"]] {
        let output = store.command(arguments).write_stdin(script.clone()).output().unwrap();
        let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("the limit is 262144"), "{arguments:?}: {said}");
        if arguments[0] == "shell" {
            let counts: Vec<&str> = out.lines().filter_map(|line| line.split(" of ").next()).collect();
            assert_eq!(counts, ["0", "4"], "{out}");
        }
    }
}

#[test]
fn a_list_in_a_file_is_read_to_its_end() {
    let store = Store::of_people();
    let many: String = (0..100_000).map(|number| format!("nobody{number}\n")).collect();
    store.file("keys.txt", &format!("{many}u3\nu8"));
    let counted = store.json(&["count", "ids($keys)", "--param", "keys=@keys.txt"]);
    assert_eq!(counted["count"], 2);
}

#[test]
fn a_ledger_that_is_cut_brings_nobody_back() {
    let store = Store::of_people();
    store.run(&["backup", "--to", "copy"]).success();
    store.run(&["erase", "u1", "u8"]).success();
    let ledger = store.text(&["erasures", "--format", "jsonl"]);
    let restore = |name: &str, ledger: &str| {
        store.file("ledger.ndjson", ledger);
        let mut command = crate::store::muster();
        command.args(["restore", "--from", "copy", "--erasures", "ledger.ndjson", "--data", name]);
        command.current_dir(store.path()).output().unwrap()
    };
    // Without its last newline it is whole, with one character less it is not.
    assert_eq!(restore("whole", ledger.trim_end()).status.code(), Some(0));
    let cut = restore("cut", &ledger.trim_end()[..ledger.trim_end().len() - 1]);
    let said = String::from_utf8_lossy(&cut.stderr).into_owned();
    assert_eq!(cut.status.code(), Some(1), "{said}");
    assert!(said.starts_with("complete the ledger") && said.contains("line 2 is cut"), "{said}");
    assert!(!store.path().join("cut").exists(), "a restore that is refused makes nothing");
}

#[test]
fn a_list_of_keys_may_be_longer_than_a_message() {
    let store = Store::of_people();
    let all = store.text(&["members", "ALL", "--format", "csv"]);
    let keys: Vec<&str> = all.lines().skip(1).collect();
    // Half of them, at both ends of a list of over 8 MiB.
    let nobody: String = (0..600_000).map(|number| format!("nobody-at-all-{number}\n")).collect();
    let known = |keys: &[&str]| keys.iter().map(|key| format!("{key}\n")).collect::<String>();
    store.file("keys.txt", &[known(&keys[..2]), nobody, known(&keys[2..4])].concat());
    let count = |text: &str| store.json(&["count", text, "--param", "u=@keys.txt"]);
    assert_eq!(count("ids($u)")["count"], 4);
    assert_eq!(count("NOT ids($u)")["count"], keys.len() as u64 - 4);
    assert!(count("ids($u)").to_string().contains("unknown_keys"), "{}", count("ids($u)"));
    let members = store.text(&["members", "ids($u)", "--param", "u=@keys.txt", "--format", "csv"]);
    assert_eq!(members.lines().skip(1).collect::<Vec<_>>(), keys[..4]);
    // Elsewhere it is refused by its limit.
    let said = store.refusal(&["why", keys[0], "ids($u)", "--param", "u=@keys.txt"], 1);
    assert!(said.contains("query_message_bytes_max"), "{said}");
}
