//! What the exit code tells.

use crate::store::{MAPPING, PEOPLE, Store, muster};

#[test]
fn a_wrong_command_line_is_usage() {
    for arguments in [&["count"][..], &["nonsense"], &["count", "a", "--format", "xml"], &["count", "vip"]] {
        muster().args(arguments).assert().code(2);
    }
    muster().args(["count", "a", "--addr", "nowhere"]).assert().code(2);
    muster().args(["count", "a", "--addr", "h:1", "--data", "d"]).assert().code(2);
    let both = muster().args(["count", "a"]).env("MUSTER_DATA", "d").env("MUSTER_ADDR", "h:1").assert().code(2);
    let said = String::from_utf8(both.get_output().stderr.clone()).unwrap();
    assert!(said.contains("MUSTER_DATA"), "{said}");
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("none.sock").display());
    muster().args(["count", "a", "--addr", &socket]).assert().code(3);
    muster().args(["count", "a"]).env("MUSTER_ADDR", &socket).assert().code(3);
}

#[test]
fn an_answer_that_does_not_come_in_time_is_a_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("silent.sock");
    // Connections wait for somebody to take them, who never comes.
    let _silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let address = format!("unix:{}", socket.display());
    muster().args(["count", "a", "--timeout", "50ms", "--addr", &address]).assert().code(5);
}

#[test]
fn a_load_whose_file_does_not_end_in_time_is_a_deadline() {
    let store = Store::empty();
    store.file("map.toml", MAPPING);
    let mut load = std::process::Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["load", "-", "--map", "map.toml", "--timeout", "300ms", "--data"])
        .arg(store.data())
        .current_dir(store.path())
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let endless = load.stdin.take();
    let said = load.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(5), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(String::from_utf8_lossy(&said.stderr).contains("allow more time"));
    drop(endless);
    // Nothing of it holds the store.
    store.file("people.csv", PEOPLE);
    store.run(&["load", "people.csv", "--map", "map.toml", "--timeout", "60s"]).success();
    assert_eq!(store.count("ALL"), 8);
}

#[test]
fn a_directory_without_a_store_is_refused_and_stays_as_it_is() {
    let store = Store::empty();
    let said = store.refusal(&["count", "vip"], 1);
    assert!(said.contains("there is no store in"), "{said}");
    assert!(!store.data().exists());
    std::fs::create_dir(store.data()).unwrap();
    std::fs::write(store.data().join("notes.txt"), "of something else").unwrap();
    store.run(&["set", "u1", "vip"]).code(1);
    assert_eq!(std::fs::read_dir(store.data()).unwrap().count(), 1);
}

#[test]
fn a_query_that_cannot_be_read_is_refused_with_a_caret() {
    let store = Store::of_people();
    let said = store.refusal(&["count", "性别 = 女 城市 = 北京"], 1);
    assert!(said.contains("性别 = 女 城市 = 北京\n") && said.contains('^'), "{said}");
    assert!(said.contains("性别 = 女 AND 城市 = 北京"), "the remedy can be pasted: {said}");
    let said = store.refusal(&["count", "agee = 3"], 1);
    assert!(said.contains("age"), "{said}");
    // The caret stands under the wide characters, in cells.
    let caret = said.lines().find(|line| line.trim_start().starts_with('^')).unwrap();
    assert_eq!(caret.trim(), "^^^^", "{said}");
}

#[test]
fn rejected_rows_have_their_own_code() {
    let store = Store::empty();
    let people = store.file("people.csv", "id,age\nu1,30\nu2,old\n");
    let map = store.file(
        "map.toml",
        "type = \"people\"\n\
         key = { column = \"id\", kind = \"string\" }\n\
         columns = [{ column = \"age\", kind = \"int\" }]\n",
    );
    let load = ["load", people.to_str().unwrap(), "--map", map.to_str().unwrap(), "--rejects", "rejected.csv"];
    store.run(&load).code(4);
    let rejected = std::fs::read_to_string(store.path().join("rejected.csv")).unwrap();
    assert!(rejected.starts_with("line,column,reason,raw\n3,age,"), "{rejected}");
    let allowed: Vec<&str> = load.into_iter().chain(["--max-rejects", "1"]).collect();
    let answer = store.json(&allowed);
    assert_eq!((&answer["rows"], &answer["rejected"]), (&2.into(), &1.into()), "{answer}");
    assert_eq!(store.count("age = 30"), 1);
}
