//! Whole loads of honest and extreme files: what is held of the file, the block, and what the load keeps stay together
//! within `load_bytes_max`.

use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, DictionaryArray, Int64Array, ListArray, PrimitiveArray, RecordBatch, StringArray, UInt64Array,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use muster_engine::catalog::{CatalogChange, KeyKind, TagKind, TagSpec};
use muster_engine::ids::TypeId;
use muster_engine::write::{LoadSpec, Loaded};
use muster_engine::{Engine, Options, Result};
use muster_exchange::{Input, LoadReader, Mapping, ReadOptions, ResolvedColumn};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::forge::{CODES, Forged, codes, file, ids, plain, texts};

const LOAD_BYTES_MAX: u64 = 96 << 20;
/// Buffers of files, the log, what the store itself takes, and windows of decoders.
const FIXED_BYTES: u64 = 16 << 20;

struct Store {
    engine: Engine,
    type_id: TypeId,
    columns: Vec<ResolvedColumn>,
    mapping: Mapping,
    folder: tempfile::TempDir,
}

/// A store with a tag for each column.
fn store(columns: &[(String, TagKind)]) -> Store {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { background: false, load_bytes_max: LOAD_BYTES_MAX, ..Options::default() };
    let engine = Engine::open_dir(folder.path().join("store"), options).expect("a store");
    let (name, key) = ("t".to_owned(), KeyKind::U64);
    let create = CatalogChange::CreateType { name, key, label: None, description: String::new() };
    let type_id = engine.change_catalog(create).expect("a type").type_id.expect("its number");
    let mut lines = String::new();
    let resolved = columns.iter().map(|(name, kind)| {
        lines.push_str(&format!("{{ column = \"{name}\", kind = \"{kind}\" }},\n"));
        let create = CatalogChange::CreateTag(Box::new(TagSpec::new("t", name, *kind)));
        let tag = engine.change_catalog(create).expect("a tag").tag_id.expect("its number");
        ResolvedColumn { column: name.clone(), tag, kind: *kind, closed_values: None }
    });
    let columns = resolved.collect();
    let mapping = format!("type = \"t\"\nkey = {{ column = \"id\", kind = \"u64\" }}\ncolumns = [\n{lines}]");
    Store { engine, type_id, columns, mapping: Mapping::parse(&mapping).expect("a mapping"), folder }
}

/// Loads a file as a server does.
fn load(store: &Store, path: &Path) -> Result<(Loaded, u64)> {
    let options = ReadOptions::for_load(LOAD_BYTES_MAX);
    let mut reader = LoadReader::open(Input::open(path)?, &store.mapping, &store.columns, options)?;
    let mut load = store.engine.begin_load(LoadSpec::new(store.type_id, "a"))?;
    let mut rejected = 0;
    loop {
        reader.share_memory_with(&mut load)?;
        let Some(block) = reader.next_block()? else {
            return Ok((load.commit()?, rejected));
        };
        load.read_with(reader.held_bytes());
        rejected += block.rejected.len() as u64;
        load.append(block.load)?;
    }
}

/// The rows that a file of these columns loads, and those rejected; it takes what it may.
#[track_caller]
fn loaded(columns: &[(String, TagKind)], write: impl FnOnce(&Path)) -> Result<(u64, u64)> {
    let store = store(columns);
    let path = store.folder.path().join("file");
    write(&path);
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(load(&store, &path)));
    let result = result.expect("measured");
    assert!(counted.bytes_max <= LOAD_BYTES_MAX + FIXED_BYTES, "{} bytes, {result:?}", counted.bytes_max);
    result.map(|(loaded, rejected)| (loaded.rows, rejected))
}

fn ids_of(rows: u64) -> (&'static str, ArrayRef) {
    ("id", Arc::new(UInt64Array::from_iter_values(0..rows)))
}

fn write_parquet(path: &Path, batch: &RecordBatch, rows_of_page: usize) {
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder().set_compression(zstd).set_data_page_row_count_limit(rows_of_page);
    let file = std::fs::File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("written");
}

#[test]
fn a_wide_table_is_loaded_within_its_memory() {
    const ROWS: u64 = 40_000;
    let columns: Vec<(String, TagKind)> = (0..250).map(|column| (format!("n{column}"), TagKind::Int)).collect();
    let result = loaded(&columns, |path| {
        let numbers = |column: i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|row| row * row % 4_001 * column)))
        };
        let all = columns.iter().zip(1..).map(|((name, _), column)| (name.as_str(), numbers(column)));
        let batch = RecordBatch::try_from_iter([ids_of(ROWS)].into_iter().chain(all)).expect("a batch");
        write_parquet(path, &batch, 2_000);
    });
    assert_eq!(result.expect("loaded"), (ROWS, 0));
}

#[test]
fn many_values_and_long_lists_are_loaded_within_their_memory() {
    const ROWS: u64 = 150_000;
    let columns = [("c".to_owned(), TagKind::Choice), ("s".to_owned(), TagKind::Set)];
    let batch = || {
        let texts = (0..ROWS).map(|row| format!("a value of some length {}", row * 7_919 % 60_000));
        let lists = (0..ROWS).map(|row| (0..row % 60).map(|value| Some((value * row % 5_000) as i64)).collect());
        let lists = ListArray::from_iter_primitive::<Int64Type, Vec<_>, _>(lists.map(Some::<Vec<_>>));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter([ids_of(ROWS), ("c", texts), ("s", Arc::new(lists))]).expect("a batch")
    };
    let result = loaded(&columns, |path| write_parquet(path, &batch(), 20_000));
    assert_eq!(result.expect("loaded"), (ROWS, 0));
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let result = loaded(&columns, |path| {
            let options = IpcWriteOptions::default().try_with_compression(Some(codec)).expect("a codec");
            let batch = batch();
            let file = std::fs::File::create(path).expect("a file");
            let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).expect("a writer");
            for start in (0..ROWS as usize).step_by(30_000) {
                writer.write(&batch.slice(start, 30_000)).expect("written");
            }
            writer.finish().expect("written");
        });
        assert_eq!(result.expect("loaded"), (ROWS, 0));
    }
}

/// Every row is rejected, for a text that is far too long and stands in the file once.
#[test]
fn rows_that_are_all_rejected_take_no_more() {
    const ROWS: u64 = 100_000;
    let columns = [("c".to_owned(), TagKind::Choice)];
    let long = [b'a'; 1 << 20];
    let result = loaded(&columns, |path| {
        let column = texts(vec![Forged::dictionary(1, plain(&long)), Forged::data(ROWS as i64, CODES, codes(ROWS, 0))]);
        std::fs::write(path, file(&[ids(ROWS), column], ROWS as i64)).expect("written");
    });
    assert_eq!(result.expect("read"), (0, ROWS));
    let result = loaded(&columns, |path| {
        let keys = PrimitiveArray::<Int32Type>::from_iter_values((0..ROWS).map(|_| 0));
        let values: ArrayRef = Arc::new(StringArray::from(vec![str::from_utf8(&long).expect("text")]));
        let coded: ArrayRef = Arc::new(DictionaryArray::try_new(keys, values).expect("codes"));
        let batch = RecordBatch::try_from_iter([ids_of(ROWS), ("c", coded)]).expect("a batch");
        let mut writer =
            FileWriter::try_new(std::fs::File::create(path).expect("a file"), &batch.schema()).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    });
    assert_eq!(result.expect("read"), (0, ROWS));
}

#[test]
fn a_batch_of_more_than_may_be_held_is_refused_with_what_to_do() {
    let columns = [("n".to_owned(), TagKind::Int)];
    let result = loaded(&columns, |path| {
        let rows = LOAD_BYTES_MAX / 16 / 2 + 10_000;
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7; rows as usize]));
        let batch = RecordBatch::try_from_iter([ids_of(rows), ("n", numbers)]).expect("a batch");
        let mut writer =
            FileWriter::try_new(std::fs::File::create(path).expect("a file"), &batch.schema()).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    });
    let error = result.expect_err("too large");
    assert!(error.message().starts_with("write the file in smaller batches"), "{error}");
    assert!(error.message().contains("load_bytes_max"), "{error}");
}
