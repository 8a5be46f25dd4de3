//! The disk spoils the last batch that a killed server acknowledged: the store refuses to open, or shows that batch.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use muster_client::v1::*;
use muster_client::{Client, text_key};
use muster_tests::served::Served;
use muster_tests::{binary, copy_folder};

/// The length of a mark, which says in the log that everything before it was durable.
const MARK_BYTES: usize = 40;
/// The kind of the record that is a mark, and where it stands in it.
const MARK_KIND: (usize, u8) = (8, 255);
/// Where the payload of a mark begins: the number of the last batch, here one byte and then zeros.
const MARK_PAYLOAD: usize = 32;
/// How long a mark may take to appear where the machine has much to do.
const MARK_WAIT: Duration = Duration::from_secs(60);
/// How many batches are acknowledged.
const BATCHES: u64 = 5;

#[test]
fn damage_to_the_last_acknowledged_batch_is_refused_or_costs_nothing() {
    let own = tempfile::tempdir().expect("a directory for a test");
    let store = own.path().join("store");
    let mut served = Served::start(&store, own.path(), &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = served.client().await;
        write(&client).await;
    });
    let log = wait_for_mark(&store);
    served.kill();
    let whole = std::fs::read(&log).expect("the log can be read");
    let mark = last_byte(&whole) - MARK_PAYLOAD;
    // As reported: ten bytes before the last byte that is not zero, which stands in the mark itself.
    assert_eq!(tried(&own, &store, &log, |bytes| bytes[last_byte(&whole) - 10] ^= 1), Some(BATCHES));
    for at in (mark - 2 * MARK_BYTES..mark).step_by(7) {
        assert_eq!(tried(&own, &store, &log, |bytes| bytes[at] ^= 1), None, "a bit of byte {at}");
    }
    for len in [whole.len() - 1, last_byte(&whole) + 8, mark, mark - MARK_BYTES, 200] {
        assert_eq!(tried(&own, &store, &log, |bytes| bytes.truncate(len)), None, "cut at {len}");
    }
    assert_eq!(tried(&own, &store, &log, |_| ()), Some(BATCHES));
}

async fn write(client: &Client) {
    client.create_type(CreateTypeRequest { name: "people".into(), ..Default::default() }).await.expect("a type");
    let tag = Tag { name: "v".into(), kind: TagKind::Int.into(), ..Tag::default() };
    let request = CreateTagRequest { entity_type: "people".into(), tag: Some(tag), ..Default::default() };
    client.create_tag(request).await.expect("a tag");
    for number in 0..BATCHES {
        let value = Value { value: Some(value::Value::Written(number.to_string())) };
        let set = Change { change: Some(change::Change::Set(SetTag { tag: "v".into(), value: Some(value) })) };
        let entities = vec![EntityChanges { key: Some(text_key(format!("k{number}"))), changes: vec![set] }];
        let batch = WriteRequest { entity_type: "people".into(), entities, ..Default::default() };
        let reply = client.write(batch).await.expect("a batch");
        assert_eq!(reply.version, reply.durable_version, "it is acknowledged as durable");
    }
}

/// The log as soon as it ends with a mark, which the server writes when nobody writes for a moment.
fn wait_for_mark(store: &Path) -> PathBuf {
    let folder = store.join("spaces/main/log");
    let started = Instant::now();
    loop {
        let files = std::fs::read_dir(&folder).expect("the log is there");
        let newest = files.map(|entry| entry.expect("a file").path()).max().expect("a log file");
        let bytes = std::fs::read(&newest).expect("it can be read");
        let (at, kind) = MARK_KIND;
        if bytes[last_byte(&bytes) - MARK_PAYLOAD + at] == kind {
            return newest;
        }
        assert!(started.elapsed() < MARK_WAIT, "what is durable was never marked");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn last_byte(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| byte != 0).expect("a header")
}

/// How many entities a copy of the store shows after `change` of its log; none where it is refused with a remedy, and
/// where `check` names the file too.
fn tried(own: &tempfile::TempDir, store: &Path, log: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Option<u64> {
    let copy = own.path().join("copy");
    let _ = std::fs::remove_dir_all(&copy);
    copy_folder(store, &copy);
    let changed = copy.join(log.strip_prefix(store).expect("it lies there"));
    let mut bytes = std::fs::read(&changed).expect("it can be read");
    change(&mut bytes);
    std::fs::write(&changed, bytes).expect("it can be written");
    let (checked, counted) = (muster(&copy, &["check"]), muster(&copy, &["count", "ALL", "--format", "json"]));
    if counted.status.success() {
        assert!(checked.status.success(), "what opens is whole: {checked:?}");
        let answer: serde_json::Value = serde_json::from_slice(&counted.stdout).expect("JSON");
        return Some(answer["count"].as_u64().expect("a count"));
    }
    let said = String::from_utf8_lossy(&counted.stderr);
    assert!(said.contains("restore a copy") && said.contains("log/0"), "{said}");
    assert!(String::from_utf8_lossy(&checked.stdout).contains("damaged: spaces/main/log/0"), "{checked:?}");
    None
}

fn muster(store: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--data").arg(store).env_remove("MUSTER_DATA").env_remove("MUSTER_ADDR");
    command.output().expect("the binary can be run")
}
