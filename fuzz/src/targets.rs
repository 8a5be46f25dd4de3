//! What is fuzzed: each reader of bytes from outside, with inputs to start from.

use std::sync::Arc;

use muster_client::v1;
use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
use muster_engine::ids::{BitmapId, ChunkId, LocalId, Seq, TagId, TypeId, ValueId};
use muster_engine::part::{Part, PartBuilder};
use muster_engine::query::Run;
use muster_engine::query::plan::{Parameter, QueryRequest};
use muster_engine::storage::{ManualClock, Mapped, Sim, Storage};
use muster_engine::write::{Batch, Change, EntityChanges};
use muster_engine::{Engine, Options};
use muster_exchange::{Input, LoadReader, Mapping, ReadOptions};
use prost::Message;
use roaring::RoaringBitmap;

use crate::files;
use crate::trace::Trace;
use crate::wire::Wire;

/// A reader of bytes.
pub struct Target {
    /// What the command line calls it.
    pub name: &'static str,
    /// Inputs that are right.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Reads one input, and notes what that comes to; it must not panic.
    pub run: fn(&[u8], &mut Trace),
}

/// All readers.
pub const TARGETS: [Target; 11] = [
    Target { name: "query", seeds: query_seeds, run: query },
    Target { name: "part", seeds: part_seeds, run: part },
    Target { name: "log", seeds: || store_seeds("log/"), run: |bytes, trace| store("log/", bytes, trace) },
    Target { name: "manifest", seeds: || store_seeds("manifest"), run: |bytes, trace| store("manifest", bytes, trace) },
    Target { name: "roaring", seeds: roaring_seeds, run: roaring },
    Target { name: "batch", seeds: batch_seeds, run: batch },
    Target { name: "csv", seeds: csv_seeds, run: csv },
    Target { name: "arrow", seeds: files::arrow_seeds, run: files::bytes },
    Target { name: "arrow-recipe", seeds: files::recipe_seeds, run: files::arrow_recipe },
    Target { name: "parquet", seeds: files::parquet_seeds, run: files::bytes },
    Target { name: "parquet-recipe", seeds: files::recipe_seeds, run: files::parquet_recipe },
];

fn query_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "性别 = 女 AND 年龄 BETWEEN 25 AND 34 AND 城市 IN (北京, 上海, 广州)",
        "（性别＝女 或 年龄＜18） 且 城市 属于 （北京、上海）",
        "客单价_30d < 客单价_60d * 0.5 AND `VIP 等级` IN (金卡, \"黑 卡\")",
        "AT LEAST 2 OF (a.b.*, c HAS ANY ('x', 'y'), NOT d <= today - 90d) EXCEPT sample(10%, 7)",
        "joined IN LAST 7d ENDING yesterday OR split('s', [0%, 50%)) AND @f:v12 -- end",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// The words of the canonical text.
const KEYWORDS: [&str; 20] = [
    "AND", "OR", "NOT", "EXCEPT", "XOR", "BETWEEN", "IN", "HAS", "ANY", "ALL", "IS", "MISSING", "LIKE", "LAST", "NEXT",
    "ENDING", "AT", "LEAST", "MOST", "OF",
];

fn query(bytes: &[u8], trace: &mut Trace) {
    let text = String::from_utf8_lossy(bytes);
    match muster_language::parse(&text) {
        Ok(parsed) => {
            let printed = muster_language::print(&parsed.expr);
            let again = muster_language::parse(&printed).expect("a canonical print parses");
            assert_eq!(muster_language::print(&again.expr), printed, "the canonical print is stable");
            // Neighbouring keywords of the canonical text are its shape.
            let words = printed.split(|it: char| !it.is_ascii_uppercase()).filter(|word| KEYWORDS.contains(word));
            let words: Vec<&str> = words.collect();
            words.windows(2).for_each(|pair| trace.note(format!("{} {}", pair[0], pair[1])));
        }
        Err(error) => {
            drop(error.render(&text));
            trace.note(error.code);
        }
    }
}

fn part_seeds() -> Vec<Vec<u8>> {
    let mut builder = PartBuilder::new();
    for id in 0..300 {
        builder.touch(TagId(1), LocalId(id * 7));
        builder.set_choice(TagId(2), LocalId(id * 7), ValueId(1 + id % 40));
        builder.set_number(TagId(3), LocalId(id * 7), i64::from(id) - 100);
        builder.add_value(TagId(4), LocalId(id * 7), ValueId(1 + id % 3));
    }
    vec![builder.finish(Seq(1), Seq(1)).expect("a part").to_vec()]
}

fn part(bytes: &[u8], trace: &mut Trace) {
    let part = match Part::open(Mapped::from(bytes), "a fuzzed part", None) {
        Ok(part) => part,
        Err(error) => return trace.error(error),
    };
    if let Err(error) = part.check() {
        trace.error(error);
    }
    for tag in part.tags().unwrap_or_default() {
        for one in part.bitmaps_of(tag).unwrap_or_default() {
            for chunk in 0..3 {
                match part.container(&one.view, ChunkId(chunk)).map(|members| members.cardinality()) {
                    Ok(_) => trace.note("a container"),
                    Err(error) => trace.error(error),
                }
            }
        }
    }
    if let Err(error) = part.bitmap(BitmapId::present(TagId(2)), muster_engine::part::Role::Added) {
        trace.error(error);
    }
}

fn options() -> Options {
    Options { background: false, log_file_bytes: 4096, new_store_id: Some([7; 16]), ..Options::default() }
}

fn open(sim: &Sim) -> muster_engine::Result<Engine> {
    Engine::open(Arc::new(sim.clone()), options(), Arc::new(ManualClock::new(0)))
}

/// A store with a flushed part and a log tail.
fn store_with_data() -> (Sim, TypeId) {
    let sim = Sim::new(1);
    let engine = open(&sim).expect("a new store");
    let change = CatalogChange::CreateType {
        name: "users".into(),
        key: KeyKind::String,
        label: None,
        description: String::new(),
    };
    let type_id = engine.change_catalog(change).expect("a type").type_id.expect("its number");
    let spec = TagSpec::new("users", "city", TagKind::Choice);
    engine.change_catalog(CatalogChange::CreateTag(Box::new(spec))).expect("a tag");
    for round in 0..4 {
        let changes = vec![Change::set("city", Value::Text(format!("city {round}")))];
        let entities = vec![EntityChanges::new(EntityKey::Text(format!("user {round}")), changes)];
        engine.write(Batch { type_name: "users".into(), source: None, entities }).expect("a batch");
        if round == 1 {
            engine.flush().expect("a flush");
        }
    }
    (sim.crash(2), type_id)
}

/// The newest file whose path begins with `prefix`, a directory or the start of a name.
fn newest_file(sim: &Sim, prefix: &str) -> Option<String> {
    ["", "log", "manifest", "manifests", "parts", "wal"].iter().find_map(|dir| {
        let names = sim.list(dir).ok()?;
        let path = |name: &String| if dir.is_empty() { name.clone() } else { format!("{dir}/{name}") };
        names.iter().rev().map(path).find(|path| path.starts_with(prefix))
    })
}

fn store_seeds(prefix: &str) -> Vec<Vec<u8>> {
    let (sim, _) = store_with_data();
    let path = newest_file(&sim, prefix).expect("a store has such a file");
    let mut bytes = sim.read(&path, u64::MAX).expect("it can be read");
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 64).min(bytes.len());
    bytes.truncate(end.min(mutate_limit()));
    vec![bytes]
}

fn mutate_limit() -> usize {
    crate::mutate::INPUT_BYTES_MAX
}

fn store(prefix: &str, bytes: &[u8], trace: &mut Trace) {
    thread_local! {
        static STORE: (Sim, TypeId) = store_with_data();
    }
    // After a crash a store of which everything is synced is a copy of itself.
    let (sim, type_id) = STORE.with(|(sim, type_id)| (sim.crash(1), *type_id));
    let path = newest_file(&sim, prefix).expect("a store has such a file");
    sim.corrupt(&path, |file| *file = bytes.to_vec()).expect("the simulator allows it");
    let count = || {
        open(&sim).and_then(|engine| {
            let prepared = engine.snapshot().prepare(type_id, "city = 'city 1'", &QueryRequest::at(0))?;
            prepared.count(&Run::default())
        })
    };
    match count() {
        Ok(counted) => {
            // The first open wrote anew what it read.
            assert_eq!(count().ok(), Some(counted), "what was read and written anew is read as the same");
            trace.note("opened");
        }
        Err(error) => trace.error(error),
    }
}

fn roaring_seeds() -> Vec<Vec<u8>> {
    let sets: [RoaringBitmap; 3] =
        [(0..3).collect(), (0..200_000).step_by(3).collect(), (5..70_000).chain(1 << 20..(1 << 20) + 9).collect()];
    let bytes = |mut set: RoaringBitmap| {
        set.optimize();
        let mut bytes = Vec::new();
        set.serialize_into(&mut bytes).expect("memory takes it");
        bytes
    };
    sets.map(bytes).to_vec()
}

fn roaring(bytes: &[u8], trace: &mut Trace) {
    thread_local! {
        static STORE: (Engine, TypeId) = {
            let (sim, type_id) = store_with_data();
            (open(&sim).expect("a whole store"), type_id)
        };
    }
    STORE.with(|(engine, type_id)| {
        let count = |bytes: &[u8]| {
            let mut request = QueryRequest::at(0);
            let given = Parameter::Bitmap { bytes: bytes.to_vec(), id_epoch: None, store_id: None };
            request.parameters.insert("given".into(), given);
            engine.snapshot().prepare(*type_id, "$given", &request).and_then(|it| it.count(&Run::default()))
        };
        match count(bytes) {
            Ok(counted) => {
                // What lies beyond the ids of the type is not looked at. Where it is right too, another writer writes
                // the same members.
                if let Ok(members) = RoaringBitmap::deserialize_from(bytes) {
                    let mut again = Vec::new();
                    members.serialize_into(&mut again).expect("memory takes it");
                    assert_eq!(count(&again).ok(), Some(counted), "what is read and written anew counts the same");
                }
                trace.note("counted");
            }
            Err(error) => trace.error(error),
        }
    });
}

fn batch_seeds() -> Vec<Vec<u8>> {
    let set = |tag: &str, value| {
        let set = v1::SetTag { tag: tag.into(), value: Some(v1::Value { value: Some(value) }) };
        v1::Change { change: Some(v1::change::Change::Set(set)) }
    };
    let all = vec![
        set("f", v1::value::Value::Flag(true)),
        set("c", v1::value::Value::Text("x".into())),
        set("s", v1::value::Value::List(v1::TextList { values: vec!["x".into(), "y".into()] })),
        set("i", v1::value::Value::Int(-7)),
        set("m", v1::value::Value::Decimal(v1::Decimal { unscaled: 12, scale: 0 })),
        set("d", v1::value::Value::Date(20_000)),
        set("t", v1::value::Value::Time(1_700_000_000_000)),
        set("t", v1::value::Value::Written("2026-01-02T03:04:05Z".into())),
        v1::Change { change: Some(v1::change::Change::Touch(v1::Touch {})) },
    ];
    let remove = v1::change::Change::Remove(v1::RemoveValue { tag: "s".into(), value: "x".into() });
    let clear = v1::change::Change::Clear(v1::ClearTag { tag: "i".into() });
    let less = [remove, clear, v1::change::Change::Erase(v1::Erase {})];
    let less = less.map(|change| v1::Change { change: Some(change) }).to_vec();
    let request = |sequence, changes: Vec<v1::Change>| {
        let key = Some(muster_client::text_key("k"));
        let source = Some(v1::SourceSequence { source: "a".into(), sequence });
        v1::WriteRequest { source, entities: vec![v1::EntityChanges { key, changes }], ..v1::WriteRequest::default() }
    };
    vec![
        v1::WriteRequest::default().encode_to_vec(),
        request(1, all).encode_to_vec(),
        request(2, less).encode_to_vec(),
        vec![0x0A, 4, b'm', b'a', b'i', b'n', 0x12, 0],
    ]
}

fn batch(bytes: &[u8], trace: &mut Trace) {
    thread_local! {
        static WIRE: Wire = Wire::new();
    }
    match muster_proto::decode_write(bytes) {
        Ok(request) => {
            let encoded = request.encode_to_vec();
            let again =
                muster_proto::decode_write(&encoded).expect("what was decoded is encoded within the same bounds");
            assert!(again.encode_to_vec() == encoded, "what decodes encodes to the same bytes");
            WIRE.with(|wire| wire.write(request, trace));
        }
        Err(error) => trace.error(error),
    }
}

const CSV: &str = "id,city,spend,since\r\n1,\"a \"\"b\"\"\",1.50,2026-01-02\n2,,,\n3,\"two\nlines\",-3,2025-12-31\n";

fn csv_seeds() -> Vec<Vec<u8>> {
    vec![CSV.as_bytes().to_vec()]
}

fn csv(bytes: &[u8], trace: &mut Trace) {
    let map = "type = \"users\"\nkey = { column = \"id\", kind = \"string\" }\ncolumns = [\n\
               { column = \"city\", kind = \"choice\" },\n{ column = \"spend\", kind = \"decimal(2)\" },\n\
               { column = \"since\", kind = \"date\" },\n]\n";
    let mapping = Mapping::parse(map).expect("a lawful mapping");
    let resolved: Vec<_> = mapping
        .loaded_columns()
        .enumerate()
        .map(|(place, column)| muster_exchange::ResolvedColumn {
            column: column.column.clone(),
            tag: TagId(place as u32 + 2),
            kind: column.kind,
            closed_values: None,
        })
        .collect();
    let read = Input::from_read("a fuzzed file", std::io::Cursor::new(bytes.to_vec()))
        .and_then(|input| LoadReader::open(input, &mapping, &resolved, ReadOptions::default()))
        .and_then(|mut reader| {
            while let Some(block) = reader.next_block()? {
                trace.note(format!("{} rows", block.rows_read.min(9)));
                block.rejected.iter().for_each(|reject| trace.error(&reject.reason));
            }
            Ok(())
        });
    if let Err(error) = read {
        trace.error(error);
    }
}
