//! A store of each released version is kept under tests/data/stores and opened by today's program, which must answer
//! what `expected.txt` beside it says; that was written by hand.
//!
//! `MUSTER_WRITE_STORE=1 cargo test --locked --workspace --test old_stores` writes the store of the version in
//! Cargo.toml, once before its release; its `expected.txt` is for a person to write.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_client::v1::*;
use muster_client::{Client, Upload, format_value, key_text, text_key};
use muster_tests::copy_folder;
use muster_tests::served::Served;

/// The source of the last batch in each store, and its number.
const SOURCE: (&str, u64) = ("crm", 7);
/// The load in each store.
const LOAD_ID: &str = "people-1";
/// The file that was loaded.
const LOADED: &str = "id,age,city\nhal,41,上海\nann,31,\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/stores")
}

#[test]
fn the_stores_of_all_versions_are_opened_and_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if std::env::var_os("MUSTER_WRITE_STORE").is_some() {
        runtime.block_on(write_store(&folder().join(env!("CARGO_PKG_VERSION"))));
    }
    let mut versions = 0;
    for entry in std::fs::read_dir(folder()).expect("the stores are there") {
        runtime.block_on(open_store(&entry.expect("a folder").path()));
        versions += 1;
    }
    assert!(versions > 0, "no store is kept");
}

/// Opens a copy of a store, twice, with a batch between.
async fn open_store(kept: &Path) {
    let own = tempfile::tempdir().expect("a directory for a test");
    let store = own.path().join("store");
    copy_folder(&kept.join("store"), &store);
    let expected = std::fs::read_to_string(kept.join("expected.txt")).expect("what it must answer");
    for _ in 0..2 {
        let mut served = Served::start(&store, own.path(), &options());
        let client = served.client().await;
        let mut lines = 0;
        for line in expected.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let parts: Vec<&str> = line.split(" | ").collect();
            let [entity_type, asked, answer] = parts[..] else { panic!("{line}: write TYPE | QUERY | KEYS") };
            let found = match asked.strip_prefix("get ") {
                Some(key) => profile(&client, entity_type, key).await,
                None => members(&client, entity_type, asked).await,
            };
            assert_eq!(found, answer, "{}: {line}\n{}", kept.display(), served.said());
            lines += 1;
        }
        assert!(lines >= 20, "{}: {lines} answers are few", kept.display());
        let reply = client.write(last_batch()).await.expect("its last batch comes once more");
        assert!(reply.repeated, "{}: the last batch of its source was forgotten", kept.display());
        assert!(load(&client).await.repeated, "{}: its load was forgotten", kept.display());
        let extra = change("devices", "8", vec![set("os", "android")]);
        client.write(extra).await.expect("it takes batches");
        client.flush(FlushRequest::default()).await.expect("it flushes");
        served.kill();
    }
}

async fn members(client: &Client, entity_type: &str, text: &str) -> String {
    let context = QueryContext { entity_type: entity_type.into(), ..QueryContext::default() };
    let request = MembersRequest { context: Some(context), text: text.into(), ..MembersRequest::default() };
    let mut stream = client.members(request).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let mut keys = BTreeSet::new();
    while let Some(page) = stream.next().await.unwrap_or_else(|error| panic!("{text}: {error:?}")) {
        keys.extend(page.text_keys);
        keys.extend(page.number_keys.iter().map(u64::to_string));
    }
    keys.into_iter().collect::<Vec<_>>().join(", ")
}

async fn profile(client: &Client, entity_type: &str, key: &str) -> String {
    let key = Some(text_key(key));
    let request = ProfileRequest { entity_type: entity_type.into(), key, ..ProfileRequest::default() };
    let reply = client.profile(request).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(!key_text(&reply.key.expect("a key")).is_empty());
    let tags = reply
        .tags
        .iter()
        .map(|tag| format!("{}={}", tag.tag, tag.value.as_ref().map(format_value).unwrap_or_default()));
    tags.collect::<Vec<_>>().join("; ")
}

/// Small files, so that the store takes little room.
fn options() -> Vec<String> {
    ["log_file_bytes=4096", "flush_bytes=1048576"].map(str::to_owned).to_vec()
}

/// Writes the store of this version: two flushes, a load and a tail that only the log has; then the server is killed.
async fn write_store(kept: &Path) {
    let store = kept.join("store");
    let _ = std::fs::remove_dir_all(&store);
    let own = tempfile::tempdir().expect("a directory for the socket");
    let mut served = Served::start(&store, own.path(), &options());
    let client = served.client().await;
    catalog(&client).await;
    for batch in first_batches() {
        client.write(batch).await.expect("a batch");
    }
    client.flush(FlushRequest::default()).await.expect("a flush");
    for batch in second_batches() {
        client.write(batch).await.expect("a batch");
    }
    client.flush(FlushRequest::default()).await.expect("a flush");
    load(&client).await;
    let rename = RenameTagRequest {
        entity_type: "people".into(),
        name: "nickname".into(),
        new_name: "alias".into(),
        ..RenameTagRequest::default()
    };
    client.rename_tag(rename).await.expect("a new name");
    let dropped = DropTagRequest { entity_type: "people".into(), name: "old".into(), ..DropTagRequest::default() };
    client.drop_tag(dropped).await.expect("a tag goes");
    for batch in last_batches() {
        client.write(batch).await.expect("a batch");
    }
    client.write(last_batch()).await.expect("the last batch");
    // A compaction that the flush called for is done by now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    served.kill();
    for left in ["server.lock", "spaces/main/LOCK"] {
        std::fs::remove_file(store.join(left)).expect("it says who held the store, which is nobody's business");
    }
    let _ = std::fs::remove_dir(store.join("spool"));
}

async fn catalog(client: &Client) {
    for (name, key_kind) in [("people", KeyKind::String), ("devices", KeyKind::U64), ("slots", KeyKind::Dense)] {
        let request =
            CreateTypeRequest { name: name.into(), key_kind: key_kind.into(), ..CreateTypeRequest::default() };
        client.create_type(request).await.expect("a type");
    }
    for (entity_type, name, label, kind) in [
        ("people", "vip", "", TagKind::Flag),
        ("people", "city", "城市", TagKind::Choice),
        ("people", "nickname", "", TagKind::Choice),
        ("people", "old", "", TagKind::Choice),
        ("people", "likes", "", TagKind::Set),
        ("people", "age", "", TagKind::Int),
        ("people", "spend", "", TagKind::Decimal),
        ("people", "joined", "", TagKind::Date),
        ("people", "seen", "", TagKind::Time),
        ("devices", "os", "", TagKind::Choice),
        ("slots", "colour", "", TagKind::Choice),
    ] {
        let scale = if kind == TagKind::Decimal { 2 } else { 0 };
        let tag = Tag { name: name.into(), label: label.into(), kind: kind.into(), scale, ..Tag::default() };
        let request =
            CreateTagRequest { entity_type: entity_type.into(), tag: Some(tag), ..CreateTagRequest::default() };
        client.create_tag(request).await.expect("a tag");
    }
    let audience = SaveAudienceRequest {
        entity_type: "people".into(),
        name: "young".into(),
        text: "age < 10".into(),
        ..SaveAudienceRequest::default()
    };
    client.save_audience(audience).await.expect("an audience");
}

fn first_batches() -> Vec<WriteRequest> {
    let ann = vec![
        set("vip", "true"),
        set("city", "北京"),
        set("nickname", "boss"),
        set("old", "x"),
        set("likes", "ski"),
        set("likes", "golf"),
        set("age", "30"),
        set("spend", "12.50"),
        set("joined", "2026-11-20"),
        set("seen", "2026-11-21T08:00:00Z"),
    ];
    let bob = vec![set("city", "上海"), set("age", "-5"), set("spend", "-0.05"), set("joined", "1969-12-31")];
    let dee = vec![set("vip", "true"), set("likes", "ski"), set("seen", "1969-12-31T23:59:59Z")];
    vec![
        change("people", "ann", ann),
        change("people", "bob", bob),
        change("people", "cid", vec![set("city", "北京"), set("age", "0"), set("likes", "golf")]),
        change("people", "dee", dee),
        change("people", "eve", vec![change::Change::Touch(Touch {})]),
        change("people", "fox", vec![set("city", "北京"), set("age", "9")]),
        change("devices", "18446744073709551615", vec![set("os", "android")]),
        change("devices", "0", vec![set("os", "ios")]),
        change("devices", "7", vec![set("os", "ios")]),
        change("slots", "5", vec![set("colour", "red")]),
        change("slots", "70000", vec![set("colour", "blue")]),
    ]
}

fn second_batches() -> Vec<WriteRequest> {
    vec![
        change("people", "bob", vec![set("city", "北京")]),
        change("people", "dee", vec![set("likes", "chess")]),
        change("people", "gus", vec![set("city", "Zürich")]),
    ]
}

fn last_batches() -> Vec<WriteRequest> {
    let remove = RemoveValue { tag: "likes".into(), value: "ski".into() };
    vec![
        change("people", "fox", vec![change::Change::Erase(Erase {})]),
        change("people", "cid", vec![change::Change::Clear(ClearTag { tag: "age".into() })]),
        change("people", "ann", vec![change::Change::Remove(remove)]),
        change("devices", "8", vec![set("os", "android")]),
    ]
}

fn last_batch() -> WriteRequest {
    let source = Some(SourceSequence { source: SOURCE.0.into(), sequence: SOURCE.1 });
    WriteRequest { source, ..change("people", "ivy", vec![set("city", "Oslo")]) }
}

async fn load(client: &Client) -> LoadResult {
    let mapping = "type = \"people\"\nkey = { column = \"id\", kind = \"string\" }\ncolumns = [\n\
                   { column = \"age\", kind = \"int\" }, { column = \"city\", kind = \"choice\" },\n]\n";
    let header = LoadHeader { load_id: LOAD_ID.into(), mapping_toml: mapping.into(), ..LoadHeader::default() };
    let file = Upload::Reader(Box::new(std::io::Cursor::new(LOADED.as_bytes())));
    client.load(header, file, |_| {}).await.expect("a load")
}

fn change(entity_type: &str, key: &str, changes: Vec<change::Change>) -> WriteRequest {
    let changes = changes.into_iter().map(|change| Change { change: Some(change) }).collect();
    let entities = vec![EntityChanges { key: Some(text_key(key)), changes }];
    WriteRequest { entity_type: entity_type.into(), entities, ..WriteRequest::default() }
}

fn set(tag: &str, written: &str) -> change::Change {
    let value = Value { value: Some(value::Value::Written(written.into())) };
    change::Change::Set(SetTag { tag: tag.into(), value: Some(value) })
}
