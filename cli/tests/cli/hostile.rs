//! Nothing that is printed holds a character that a terminal acts upon, whatever names, values, keys and files hold.

use crate::store::Store;
use crate::terminal::on_terminal;

/// A colour, the start of a title, a bell, a carriage return, C1, DEL and every mark of bidirectional text.
const HOSTILE: &str = "\u{1b}[31mred\u{1b}]0;t\u{7}\r\u{8}\u{9b}1m\u{85}\u{7f}\u{61c}\u{200e}\u{200f}\
                       \u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{2028}x";
/// What names may hold: no control characters, but marks.
const MARKED: &str = "tag\u{202e}\u{2066}x";

fn is_forbidden(c: char) -> bool {
    c != '\n'
        && (c.is_control()
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
            || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c))
}

/// People whose keys, tags, values and audiences are hostile.
fn hostile_store() -> Store {
    let store = Store::empty();
    let quoted = HOSTILE.replace('"', "\"\"");
    store.file(
        "map.toml",
        &format!(
            "type = \"{MARKED}\"\n\
             key = {{ column = \"id\", kind = \"string\" }}\n\
             columns = [\n\
               {{ column = \"level\", tag = \"{MARKED}\", kind = \"choice\" }},\n\
               {{ column = \"likes\", kind = \"set\", list_separator = \"|\" }},\n\
               {{ column = \"age\", kind = \"int\" }},\n\
             ]\n"
        ),
    );
    store
        .file("people.csv", &format!("id,level,likes,age\n\"k{quoted}\",\"{quoted}\",\"a|{quoted}\",3\nu2,plain,,4\n"));
    store.file("columns.csv", &format!("id,{MARKED}\nu1,a\nu2,b\n"));
    store.run(&["load", "people.csv", "--map", "map.toml"]).success();
    store
}

/// Every command with hostile words wherever it takes words.
fn commands(hostile: &str) -> Vec<Vec<String>> {
    let key = format!("k{hostile}");
    let value = format!("`{MARKED}` = '{hostile}'");
    let wrong = format!("`{MARKED}` = '{hostile}' AND {hostile}");
    let assigned = format!("{MARKED}={hostile}");
    let lines: [&[&str]; 49] = [
        &["count", &value],
        &["count", &wrong],
        &["count", &format!("nobody = '{hostile}'")],
        &["count", &format!("{value} AND age IN $c"), "--param", &format!("c={hostile}")],
        &["count", "-f", "questions.txt"],
        &["count", "-f", &format!("no such {hostile}")],
        &["count", "age > 1", "--zone", hostile],
        &["count", "age > 1", "--now", hostile],
        &["count", "age > 1", "--type", hostile],
        &["count", "age > 1", "--space", hostile],
        &["count", "age > 1", &format!("--{hostile}")],
        &[hostile],
        &["members", "ALL"],
        &["members", "ALL", "--with", MARKED],
        &["members", "ALL", "--with", &format!("{MARKED},likes"), "--limit", "1"],
        &["members", "ALL", "--page-token", hostile],
        &["members", "ALL", "--roaring", &format!("out{hostile}.bin")],
        &["get", &key],
        &["get", hostile],
        &["why", &key, &value],
        &["why", hostile, "ALL"],
        &["stats", "age", "--in", &value],
        &["stats", MARKED],
        &["stats", hostile],
        &["breakdown", MARKED],
        &["breakdown", "likes", "--in", &value],
        &["breakdown", hostile],
        &["explain", &value],
        &["explain", &value, "--analyze"],
        &["type", "list"],
        &["type", "create", hostile],
        &["tag", "list"],
        &["tag", "show", MARKED],
        &["tag", "show", hostile],
        &["tag", "create", hostile, "int"],
        &["tag", "create", "fine", hostile],
        &["tag", "change", "age", "--description", hostile, "--unit", MARKED, "--owner", MARKED],
        &["tag", "show", "age"],
        &["stats", "age"],
        &["audience", "save", "all", &value, "--description", MARKED],
        &["audience", "show", "all"],
        &["audience", "list"],
        &["audience", "show", hostile],
        &["set", &key, &assigned],
        &["set", &key, &format!("age={hostile}")],
        &["add", &key, &format!("likes={hostile}")],
        &["add", &key, &format!("age={hostile}")],
        &["remove", &key, &format!("likes={hostile}")],
        &["clear", &key, hostile],
    ];
    let more: [&[&str]; 18] = [
        &["load", "people.csv", "--map", "map.toml", "--dry-run"],
        &["load", "people.csv", "--map", "bad.toml", "--max-rejects", "9"],
        &["load", "people.csv", "--map", &format!("no {hostile}")],
        &["load", &format!("no {hostile}"), "--map", "map.toml"],
        &["load", "people.csv", "--infer"],
        &["load", "columns.csv", "--infer", "--yes", "--type", "columns"],
        &["load", "people.csv", "--infer", "--key", hostile],
        &["space", "create", hostile],
        &["space", "list"],
        &["status"],
        &["flush"],
        &["compact"],
        &["sync"],
        &["backup", "--to", &format!("backup{hostile}")],
        &["restore", "--from", &format!("none{hostile}")],
        &["check"],
        &["erase", hostile, &key],
        &["erasures"],
    ];
    lines.iter().chain(&more).map(|line| line.iter().map(|word| (*word).to_owned()).collect()).collect()
}

/// A store and the files that [`commands`] name.
fn prepared() -> Store {
    let store = hostile_store();
    store.file("questions.txt", &format!("age > 1\n{MARKED}x = age > 2\n`{MARKED}` = '{MARKED}'\nage = {MARKED}\n"));
    store.file(
        "bad.toml",
        "type = \"others\"\n\
         key = { column = \"id\", kind = \"string\" }\n\
         columns = [{ column = \"level\", kind = \"int\" }]\n",
    );
    store
}

#[test]
fn no_command_prints_what_a_terminal_acts_upon() {
    let store = prepared();
    for arguments in commands(HOSTILE) {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = store.command(&words).env("CLICOLOR_FORCE", "1").env("FORCE_COLOR", "1").output().unwrap();
        for (stream, bytes) in [("output", &output.stdout), ("error", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            let found = text.chars().find(|&c| is_forbidden(c));
            // A mapping is data for a file.
            let is_data = words.contains(&"--infer") && stream == "output";
            assert!(is_data || found.is_none(), "{found:?} on standard {stream} of {words:?}:\n{text}");
            assert!(!text.contains(" ERROR ") && !text.contains(" WARN "), "a log line of {words:?}:\n{text}");
        }
    }
}

#[test]
fn no_name_breaks_a_message_into_lines() {
    const REST: &str = "rest of a name";
    let store = prepared();
    for arguments in commands(&format!("name\n{REST}")) {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = store.command(&words).output().unwrap().stderr;
        let said = String::from_utf8_lossy(&said);
        // A text that may be asked instead keeps its lines.
        let mut lines = said.lines().take_while(|line| !line.starts_with("try: "));
        assert!(!lines.any(|line| line.starts_with(REST)), "{words:?}:\n{said}");
    }
}

#[test]
fn data_keeps_its_characters_and_json_reads_back() {
    let store = hostile_store();
    for format in ["json", "jsonl"] {
        let text = store.text(&["breakdown", MARKED, "--format", format]);
        assert!(!text.contains(is_forbidden), "{text:?}");
        assert!(text.contains("\\u202e"), "{text}");
    }
    let groups = store.json(&["breakdown", MARKED]);
    let labels: Vec<&str> =
        groups["groups"].as_array().unwrap().iter().map(|group| group["label"].as_str().unwrap()).collect();
    assert!(labels.contains(&HOSTILE), "{labels:?}");
    let members = store.json(&["members", "ALL", "--with", MARKED]);
    assert_eq!(members["members"][0]["tags"][MARKED], HOSTILE);
    for format in ["csv", "tsv"] {
        let text = store.text(&["breakdown", MARKED, "--format", format]);
        assert!(text.contains(HOSTILE), "{text:?}");
    }
}

#[test]
fn a_terminal_is_sent_no_value_as_it_is() {
    let store = hostile_store();
    for arguments in [
        &["breakdown", MARKED, "--format", "csv"][..],
        &["members", "ALL", "--with", MARKED, "--format", "tsv"],
        &["members", "ALL"],
        &["load", "columns.csv", "--infer"],
    ] {
        let Some(shown) = on_terminal(&store, arguments, &[]) else { return };
        assert!(shown.raw.contains("\\u{202e}"), "{:?}", shown.raw);
        // The terminal itself ends lines with a carriage return.
        let is_separated = arguments.contains(&"tsv");
        let shown_raw = shown.raw.replace("\r\n", "\n");
        assert_eq!(shown_raw.contains('\t'), is_separated, "{arguments:?}: {shown_raw:?}");
        let found = shown_raw.chars().find(|&c| is_forbidden(c) && !(is_separated && c == '\t'));
        assert_eq!(found, None, "{arguments:?}: {:?}", shown.raw);
    }
}

#[test]
fn no_colour_goes_into_a_pipe() {
    let store = Store::of_people();
    for arguments in [&["--help"][..], &["count", "--nonsense"], &["count", "agee = 3"], &["count", "vip"]] {
        for (variable, value) in [("NO_COLOR", "0"), ("CLICOLOR_FORCE", "1"), ("FORCE_COLOR", "1")] {
            let output = store.command(arguments).env(variable, value).env("TERM", "xterm-256color").output().unwrap();
            let printed = [output.stdout, output.stderr].concat();
            assert!(!printed.contains(&0x1b), "{arguments:?} with {variable}");
        }
    }
}
