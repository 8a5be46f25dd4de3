//! Check, backup, restore, erasures and sync from the command line.

use crate::store::{Store, muster};

#[test]
fn a_backup_is_checked_restored_and_forgets_the_erased() {
    let store = Store::of_people();
    let backup = store.path().join("backup");
    let to = backup.to_str().unwrap();
    let made = store.json(&["backup", "--to", to]);
    assert_eq!(made["spaces"][0]["space"], "main");
    let version = made["spaces"][0]["version"].as_u64().unwrap();
    assert!(made["spaces"][0]["linked"].as_u64().unwrap() > 0);
    let erased = store.json(&["erase", "u1", "u8"]);
    assert!(erased["version"].as_u64().unwrap() > version);
    assert!(erased["durable_version"].as_u64() >= erased["version"].as_u64());
    let ledger = store.text(&["erasures", "--since", &version.to_string(), "--format", "jsonl"]);
    assert_eq!(ledger.lines().count(), 2);
    assert!(ledger.contains(r#""key":"u8""#), "{ledger}");
    let ledger = store.file("ledger.ndjson", &ledger);
    for (name, arguments, vips) in [("plain", vec![], 4), ("clean", vec!["--erasures", ledger.to_str().unwrap()], 2)] {
        let data = store.path().join(name);
        let mut restore = muster();
        restore.args(["restore", "--from", to, "--data"]).arg(&data).args(&arguments);
        restore.assert().success();
        restore.assert().code(1);
        let counted = muster().args(["count", "vip", "--format", "json", "--data"]).arg(&data).output().unwrap();
        let counted: serde_json::Value = serde_json::from_slice(&counted.stdout).unwrap();
        assert_eq!(counted["count"], vips, "{name}: {counted}");
        muster().arg("check").arg(&data).assert().success();
    }
    let said = store.refusal(&["backup", "--to", to], 1);
    assert!(said.contains("does not exist or is empty"), "{said}");
}

#[test]
fn check_names_what_is_damaged_and_by_whom_a_store_is_held() {
    let store = Store::of_people();
    store.run(&["flush"]).success();
    let whole: serde_json::Value = serde_json::from_str(&store.text(&["check", "--format", "json"])).unwrap();
    assert_eq!((whole["whole"].as_bool(), whole["spaces"][0]["whole"].as_bool()), (Some(true), Some(true)));
    assert!(whole["bytes"].as_u64() > Some(1000));
    let formats = whole["spaces"][0]["formats"].as_array().unwrap();
    let part = serde_json::json!({"format": "part", "oldest": 1, "newest": 1});
    assert!(formats.contains(&part) && formats.len() >= 5, "{formats:?}");
    let said = store.text(&["check"]);
    assert!(said.contains("\n  part: format version 1\n") && said.contains("\n  log: format version 2\n"), "{said}");
    let parts = store.data().join("spaces/main/parts");
    let part = std::fs::read_dir(&parts).unwrap().map(|entry| entry.unwrap().path());
    let part = part.filter(|path| path.extension().is_some_and(|it| it == "part")).max().unwrap();
    let bytes = std::fs::read(&part).unwrap();
    let mut damaged = bytes.clone();
    damaged[64] ^= 1;
    std::fs::write(&part, &damaged).unwrap();
    let output = store.run(&["check"]).code(1).get_output().clone();
    let said = String::from_utf8(output.stdout).unwrap();
    let name = part.file_name().unwrap().to_str().unwrap();
    assert!(said.contains(&format!("damaged: spaces/main/parts/{name}, bytes 64..")), "{said}");
    assert!(said.contains("of `people`") && said.contains("1 fault"), "{said}");
    std::fs::write(&part, &bytes).unwrap();
    let holder = std::fs::File::open(store.data().join("server.lock")).unwrap();
    holder.lock().unwrap();
    std::fs::write(store.data().join("server.lock"), "127.0.0.1:7411").unwrap();
    let said = store.refusal(&["check"], 1);
    assert!(said.contains("held by the one at 127.0.0.1:7411"), "{said}");
    drop(holder);
    store.run(&["check"]).success();
    muster().args(["check", "/nowhere/at/all"]).assert().code(1);
}

#[test]
fn check_open_backup_and_restore_miss_a_space_whose_folder_is_gone() {
    let store = Store::of_people();
    store.run(&["space", "create", "other"]).success();
    let backup = store.path().join("backup");
    store.run(&["backup", "--to", backup.to_str().unwrap()]).success();
    let (there, away) = (store.data().join("spaces/other"), store.path().join("away"));
    std::fs::rename(&there, &away).unwrap();
    let remedy = "restore the space `other` from a backup, mount its disk, or give it up";
    let report: serde_json::Value = {
        let output = store.run(&["check", "--format", "json"]).code(1).get_output().clone();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!((report["whole"].as_bool(), report["spaces"][0]["whole"].as_bool()), (Some(false), Some(true)));
    assert_eq!((report["faults"][0]["space"].as_str(), report["faults"].as_array().unwrap().len()), (Some("other"), 1));
    let output = store.run(&["check"]).code(1).get_output().clone();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("damaged: spaces/other/: its folder is missing") && said.contains(remedy), "{said}");
    store.run(&["check", "--space", "main"]).success();
    store.run(&["check", "--space", "other"]).code(1);
    assert!(store.refusal(&["count", "ALL", "--space", "other"], 1).contains(remedy));
    // A backup of all spaces is one of all, or none.
    let second = store.path().join("second");
    assert!(store.refusal(&["backup", "--to", second.to_str().unwrap()], 1).contains(remedy));
    assert!(!second.exists() && !there.exists());
    let listed = store.json(&["space", "list"]);
    assert_eq!(
        (listed["spaces"][0]["missing"].as_bool(), listed["spaces"][1]["missing"].as_bool()),
        (Some(false), Some(true))
    );
    std::os::unix::fs::symlink(&away, &there).unwrap();
    let output = store.run(&["check"]).code(1).get_output().clone();
    assert!(String::from_utf8(output.stdout).unwrap().contains("its folder is a link"));
    std::fs::remove_file(&there).unwrap();
    std::fs::rename(&away, &there).unwrap();
    store.run(&["check"]).success();
    // A copy knows of its spaces, too.
    muster().arg("check").arg(&backup).assert().success();
    std::fs::remove_dir_all(backup.join("spaces/other")).unwrap();
    muster().arg("check").arg(&backup).assert().code(1);
    let mut restore = muster();
    restore.arg("restore").arg("--from").arg(&backup).arg("--data").arg(store.path().join("restored"));
    let output = restore.assert().code(1).get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("lists the space `other`"));
    std::fs::remove_dir_all(store.data().join("spaces")).unwrap();
    let output = store.run(&["check"]).code(1).get_output().clone();
    assert!(String::from_utf8(output.stdout).unwrap().contains("2 faults"));
}

#[test]
fn durability_is_said_and_sync_waits() {
    let store = Store::of_people();
    assert_eq!(store.json(&["space", "create", "clicks", "--durability", "none"])["durability"], "none");
    assert_eq!(store.json(&["status", "--space", "clicks"])["durability"], "none");
    let status = store.json(&["status"]);
    assert_eq!((status["durability"].as_str(), status["sync_interval_ms"].as_u64()), (Some("commit"), Some(0)));
    assert_eq!(store.json(&["sync"])["durable_version"], status["version"]);
    store.refusal(&["sync", "--version-at-least", "999999"], 1);
}

#[test]
fn the_ledger_of_a_restored_store_serves_older_backups_too() {
    let store = Store::of_people();
    store.run(&["backup", "--to", "first"]).success();
    store.run(&["erase", "u1"]).success();
    store.run(&["backup", "--to", "second"]).success();
    store.run(&["erase", "u2"]).success();
    let restore = |from: &str, to: &str, ledger: &str| {
        let mut command = muster();
        command.args(["restore", "--from", from, "--data", to, "--erasures", ledger]);
        command.current_dir(store.path()).assert().success();
    };
    restore("second", "r", "store/erasures.ndjson");
    restore("first", "r2", "r/erasures.ndjson");
    restore("first", "r3", "r2/erasures.ndjson");
    for data in ["r", "r2", "r3"] {
        let members =
            muster().args(["members", "ALL", "--format", "tsv", "--data", data]).current_dir(store.path()).assert();
        let members = String::from_utf8(members.success().get_output().stdout.clone()).unwrap();
        assert_eq!(members, "key\nu3\nu4\nu5\nu6\nu7\nu8\n", "{data}");
    }
}
