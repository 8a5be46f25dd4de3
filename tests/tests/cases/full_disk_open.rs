//! A directory that nobody serves, on a disk that is full or may only be read: it answers; where the disk is full it
//! still erases, run after run.
//!
//! Needs the right to mount a small file system; where that is missing the test says loudly that it is skipped.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use muster_tests::binary;
use muster_tests::mounts::{Mounted, make_ext4};

/// Bytes of a file system.
const DISK_BYTES: u64 = 24 << 20;
/// Entities of the file that is loaded.
const ENTITIES: u64 = 1_000;

#[test]
fn a_full_disk_in_memory_answers_and_erases_when_it_is_opened() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    match Mounted::in_memory(&folder.path().join("disk"), DISK_BYTES) {
        Ok(disk) => fill_and_ask(&disk, folder.path()),
        Err(why) => eprintln!("!! SKIPPED the full disk in memory: {why}"),
    }
}

#[test]
fn a_full_ext4_answers_and_erases_when_it_is_opened() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    let image = folder.path().join("image");
    match make_ext4(&image, DISK_BYTES).and_then(|()| Mounted::image(&image, &folder.path().join("disk"))) {
        Ok(disk) => fill_and_ask(&disk, folder.path()),
        Err(why) => eprintln!("!! SKIPPED the full ext4: {why}"),
    }
}

#[test]
fn what_may_only_be_read_answers_and_is_not_changed() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    let disk = match Mounted::in_memory(&folder.path().join("disk"), DISK_BYTES) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("!! SKIPPED the disk that may only be read: {why}"),
    };
    let store = make_store(disk.folder(), folder.path());
    // Batches that only the log has.
    done(&store, &["set", "a", "v=1"]);
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.folder()).status();
    assert!(remounted.expect("mount can be run").success());
    let before = contents(&store);
    assert_eq!(count(&store), ENTITIES + 1);
    assert!(done(&store, &["get", "7"]).contains('7'));
    done(&store, &["status"]);
    let refused = muster(&store, &["erase", "7"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("open for questions only"), "{said}");
    // Two at once: each reads for itself.
    let others: Vec<_> = (0..2).map(|_| command(&store, &["count", "ALL"]).spawn().expect("it runs")).collect();
    for other in others {
        assert!(other.wait_with_output().expect("it ends").status.success());
    }
    assert_eq!(contents(&store), before);
}

fn fill_and_ask(disk: &Mounted, folder: &Path) {
    let store = make_store(disk.folder(), folder);
    fill(disk.folder());
    assert_eq!(count(&store), ENTITIES);
    assert!(done(&store, &["members", "v = 8"]).contains('7'), "the entity with key 7 has v = 8");
    assert!(done(&store, &["get", "7"]).contains('8'));
    for erased in 1..=20 {
        done(&store, &["erase", &(erased + 6).to_string()]);
        // Each command has opened the store anew.
        assert_eq!(count(&store), ENTITIES - erased);
    }
    std::fs::remove_file(disk.folder().join("ballast")).expect("the ballast can be removed");
    done(&store, &["set", "new", "v=1"]);
    assert_eq!(count(&store), ENTITIES - 20 + 1);
    let checked = muster(&store, &["check"]);
    assert!(checked.status.success(), "{checked:?}");
}

/// A store with a load, which nobody has open.
fn make_store(disk: &Path, folder: &Path) -> PathBuf {
    let file = folder.join("people.csv");
    let rows: String = (0..ENTITIES).map(|number| format!("{number},{}\n", number + 1)).collect();
    std::fs::write(&file, format!("id,v\n{rows}")).expect("a file can be written");
    let store = disk.join("store");
    let map = folder.join("map.toml");
    std::fs::write(
        &map,
        "type = \"people\"\n\
         key = { column = \"id\", kind = \"string\" }\n\
         columns = [{ column = \"v\", kind = \"int\" }]\n",
    )
    .expect("a mapping can be written");
    done(&store, &["load", &file.display().to_string(), "--map", &map.display().to_string()]);
    store
}

/// Takes all room, to the last byte.
fn fill(disk: &Path) {
    let mut file = std::fs::File::create(disk.join("ballast")).expect("there is room for a name");
    for block in [1 << 20, 4096, 1] {
        let bytes = vec![1; block];
        while file.write_all(&bytes).is_ok() {}
    }
    // What a file system keeps back for names is taken too.
    let _ = file.sync_all();
    while file.write_all(&[1]).is_ok() {}
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn count(store: &Path) -> u64 {
    let answer = done(store, &["count", "ALL", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    answer["count"].as_u64().expect("a count")
}

fn done(store: &Path, arguments: &[&str]) -> String {
    let output = muster(store, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn command(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--data").arg(store).env_remove("MUSTER_DATA").env_remove("MUSTER_ADDR");
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
}

fn muster(store: &Path, arguments: &[&str]) -> Output {
    command(store, arguments).output().expect("the binary can be run")
}
