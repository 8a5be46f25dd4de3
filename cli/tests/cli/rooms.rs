//! Limits of the operating system on the length of files and on descriptors: a command is refused, and nothing is left.

use std::process::{Command, Output};

use crate::store::Store;

/// What a command comes to in a process with `limit`, as `ulimit` takes it.
fn within(store: &Store, limit: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output: Output = Command::new("bash")
        .args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_muster")])
        .args(arguments)
        .arg("--data")
        .arg(store.data())
        .env_remove("MUSTER_ADDR")
        .current_dir(store.path())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_limit_of_the_length_of_files_is_a_full_disk() {
    let store = Store::of_people();
    let long = (0..2_000).map(|row| format!("n{row},女,28,北京,ski,1,120.50,2026-11-09\n")).collect::<String>();
    store.file("long.csv", &format!("id,性别,age,城市,interests,vip,spend,registered\n{long}"));
    for blocks in [0, 8, 64] {
        let limit = format!("-f {blocks}");
        let spaces = store.text(&["space", "list", "--format", "json"]);
        for arguments in [
            &["load", "long.csv", "--map", "map.toml"][..],
            &["space", "create", "second"],
            &["space", "create", "third", "--zone", "Asia/Shanghai", "--durability", "interval"],
            &["backup", "--to", "copy"],
        ] {
            let (code, said) = within(&store, &limit, arguments);
            if code != Some(0) {
                assert_eq!(code, Some(1), "{limit}, {arguments:?}: {said}");
                assert!(said.contains("disk full") && said.contains("ulimit -f"), "{limit}, {arguments:?}: {said}");
            }
        }
        let (code, said) = within(&store, &limit, &["count", "vip"]);
        assert_eq!(code, Some(0), "{limit}: {said}");
        assert_eq!(store.text(&["space", "list", "--format", "json"]), spaces, "{limit}");
        assert!(!store.path().join("copy").exists() && !store.path().join("copy.unfinished").exists());
    }
    store.run(&["space", "create", "second"]).success();
    store.run(&["load", "long.csv", "--map", "map.toml"]).success();
    assert_eq!(store.count("vip"), 2_004);
}

#[test]
fn too_few_descriptors_are_told_with_the_remedy() {
    let store = Store::of_people();
    for descriptors in [8, 10, 12, 14, 20, 40, 63] {
        let (code, said) = within(&store, &format!("-n {descriptors}"), &["count", "vip"]);
        assert_eq!(code, Some(1), "{descriptors}: {said}");
        assert!(
            said.starts_with("raise the limit of open files") && said.contains("ulimit -n"),
            "{descriptors}: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let (code, said) = within(&store, "-n 64", &["count", "vip"]);
    assert_eq!(code, Some(0), "{said}");
}
