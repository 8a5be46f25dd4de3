//! Files that a command writes are none that it reads and none of a store, and what is wrong with a store is told.

use std::fs::File;

use crate::store::{PEOPLE, Store};

#[test]
fn an_output_that_is_read_as_standard_input_or_by_a_parameter_is_refused() {
    let store = Store::of_people();
    store.file("rows.csv", PEOPLE);
    store.file("list", "28\n31\n");
    let rejects = ["load", "-", "--map", "map.toml", "--rejects", "rows.csv"];
    let cases: [(&[&str], &str); 5] = [
        (&rejects, "rows.csv"),
        (&["load", "-", "--map", "map.toml", "--rejects", "/dev/stdin"], "rows.csv"),
        (&["load", "-", "--infer", "--map-out", "./rows.csv"], "rows.csv"),
        (&["members", "-", "--roaring", "list"], "list"),
        (&["members", "age IN $x", "--param", "x=@list", "--roaring", "list"], "rows.csv"),
    ];
    for (arguments, input) in cases {
        let content = std::fs::read(store.path().join(input)).unwrap();
        let list = std::fs::read(store.path().join("list")).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(arguments).arg("--data").arg(store.data()).current_dir(store.path());
        command.stdin(File::open(store.path().join(input)).unwrap());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("another path") && said.contains("would be overwritten"), "{arguments:?}: {said}");
        assert_eq!(std::fs::read(store.path().join(input)).unwrap(), content, "{arguments:?}");
        assert_eq!(std::fs::read(store.path().join("list")).unwrap(), list, "{arguments:?}");
    }
    store.run(&["members", "vip", "--roaring", "other"]).success();
}

#[test]
fn an_output_inside_the_store_is_refused() {
    let store = Store::of_people();
    let (list, new) = (store.data().join("spaces.txt"), store.data().join("spaces/../new"));
    let before = std::fs::read(&list).unwrap();
    std::os::unix::fs::symlink(&list, store.path().join("link")).unwrap();
    for path in [list.to_str().unwrap(), new.to_str().unwrap(), "link", "store/main.toml"] {
        for arguments in [
            vec!["members", "vip", "--roaring", path],
            vec!["load", "people.csv", "--map", "map.toml", "--rejects", path],
            vec!["load", "people.csv", "--infer", "--map-out", path],
        ] {
            let said = store.refusal(&arguments, 2);
            assert!(said.contains("a path outside the store"), "{arguments:?}: {said}");
        }
    }
    assert_eq!(std::fs::read(&list).unwrap(), before);
    assert!(!store.data().join("new").exists());
}

#[test]
fn a_damaged_list_of_spaces_is_told_by_every_command() {
    let store = Store::of_people();
    let list = store.data().join("spaces.txt");
    for damaged in [&b"main\n\0\n"[..], b"main*\n", b"\xFF\xFE\n", b"../x\n"] {
        std::fs::write(&list, damaged).unwrap();
        for arguments in [&["count", "ALL"][..], &["erase", "u1"], &["check"], &["serve", "--listen", "127.0.0.1:0"]] {
            let said = store.refusal(arguments, 1);
            assert!(said.contains("spaces.txt"), "{arguments:?} {damaged:?}: {said}");
            assert!(!said.contains(" serves "), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_server_with_an_unknown_zone_makes_nothing() {
    let store = Store::empty();
    let socket = store.path().join("socket");
    let said =
        store.refusal(&["serve", "--zone", "Nowhere/City", "--listen", &format!("unix:{}", socket.display())], 2);
    assert!(said.contains("Nowhere/City") && !said.contains(" serves "), "{said}");
    assert!(!store.data().exists() && !socket.exists());
}

#[test]
fn check_reads_the_ledger_and_an_erasure_removes_no_line() {
    let store = Store::of_people();
    store.run(&["erase", "u1", "u2", "u3"]).success();
    let ledger = store.data().join("erasures.ndjson");
    let whole = std::fs::read(&ledger).unwrap();
    store.run(&["check"]).success();
    let text = String::from_utf8(whole.clone()).unwrap();
    let changed = text.replace("\"key\":\"u2\"", "\"key\":\"u9\"");
    assert_ne!(changed, text);
    for (content, line) in [(changed.as_bytes(), "line 2"), (&whole[..whole.len() - 9], "line 3")] {
        std::fs::write(&ledger, content).unwrap();
        let output = store.run(&["check"]).code(1).get_output().clone();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("damaged: erasures.ndjson") && said.contains(line), "{said}");
    }
    let said = store.refusal(&["erase", "u8"], 1);
    assert!(said.contains("complete the last line"), "{said}");
    assert_eq!(std::fs::read(&ledger).unwrap(), &whole[..whole.len() - 9], "the torn line stays");
    assert_eq!(store.count("ALL"), 5, "nothing was erased");
    std::fs::write(&ledger, &whole).unwrap();
    store.run(&["erase", "u8"]).success();
    store.run(&["check"]).success();
}

#[test]
fn a_remedy_keeps_the_store_that_was_said() {
    let store = Store::of_people();
    let data = store.data();
    let data = data.to_str().unwrap();
    for (arguments, code) in [
        (&["load", "people.csv"][..], 2),
        (&["space", "drop", "main"], 2),
        (&["remove", "u1", "城市"], 2),
        (&["add", "u1", "vip"], 2),
        (&["add", "u1", "城市=x"], 1),
    ] {
        let said = store.refusal(arguments, code);
        assert!(said.contains(&format!("--data {data}")), "{arguments:?}: {said}");
    }
    assert!(store.refusal(&["load", "nofile.csv"], 2).starts_with("cannot read nofile.csv"));
    let said = store.refusal(&["remove", "u1", "城市"], 2);
    assert!(said.contains("muster clear u1"), "{said}");
    store.run(&["clear", "u1", "城市"]).success();
}
