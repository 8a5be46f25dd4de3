//! Files of columns: Arrow and Parquet, by their bytes and by recipes.
//!
//! Few changed bytes of such a file are still one. So besides the bytes of files there are recipes: bytes that say what
//! to put together (pages, levels, claims), of which every one is a file that a reader gets far into.

use std::path::Path;

use muster_engine::ids::TagId;
use muster_exchange::{InferOptions, Input, LoadReader, Mapping, ReadOptions, ResolvedColumn, infer};

use crate::corpus;
use crate::recipe::Recipe;
use crate::trace::Trace;

/// What a reader may hold, and what it takes beside: its block, and windows of decoders.
const HELD_BYTES_MAX: usize = muster_exchange::HELD_BYTES_MIN;
const BESIDE_BYTES_MAX: usize = 24 << 20;
/// A file of some bytes can have billions of rows.
const ROWS_MAX: u64 = 20_000;

pub(crate) const MAPS: [&str; 2] = [
    "{ column = \"n\", kind = \"int\" },\n\
     { column = \"c\", kind = \"choice\" },\n\
     { column = \"s\", kind = \"set\" },\n",
    "{ column = \"n\", kind = \"int\" },\n{ column = \"c\", kind = \"choice\" },\n",
];
pub(crate) const MAPS_FORGED: [&str; 2] =
    ["{ column = \"c\", kind = \"choice\" },\n", "{ column = \"c\", kind = \"set\" },\n"];

pub(crate) fn arrow_seeds() -> Vec<Vec<u8>> {
    corpus::inputs(&corpus::home().join("seeds/arrow"))
}

pub(crate) fn parquet_seeds() -> Vec<Vec<u8>> {
    corpus::inputs(&corpus::home().join("seeds/parquet"))
}

/// The bytes of a file.
pub(crate) fn bytes(bytes: &[u8], trace: &mut Trace) {
    read(bytes, &MAPS, trace);
}

/// A recipe of a Parquet file.
pub(crate) fn parquet_recipe(bytes: &[u8], trace: &mut Trace) {
    read(&Recipe::new(bytes).parquet(), &MAPS_FORGED, trace);
}

/// A recipe of changes to an Arrow file: which of its aligned numbers become which.
pub(crate) fn arrow_recipe(bytes: &[u8], trace: &mut Trace) {
    thread_local! {
        static SEEDS: Vec<Vec<u8>> = arrow_seeds();
    }
    read(&SEEDS.with(|seeds| Recipe::new(bytes).changed(seeds)), &MAPS, trace);
}

/// Some recipes to start from: all zeros, and all small numbers.
pub(crate) fn recipe_seeds() -> Vec<Vec<u8>> {
    (0..8_u8).map(|seed| (0..60_u8).map(|at| at.wrapping_mul(seed) % 19).collect()).collect()
}

/// Loads a file by the first of the mappings that fits, and guesses at it, within what a reader may take.
fn read(bytes: &[u8], maps: &[&str], trace: &mut Trace) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder for temporary files");
    }
    muster_exchange::quiet_decoders();
    let path = FOLDER.with(|folder| folder.path().join("input"));
    std::fs::write(&path, bytes).expect("an input is written");
    let counted = allocation_counter::measure(|| {
        if !maps.iter().any(|map| load(&path, map, trace)) {
            let limits = ReadOptions { rows_max: ROWS_MAX, ..limits() };
            let options = InferOptions { rows_max: ROWS_MAX, text_bytes_max: 64 << 20, limits, ..Default::default() };
            match infer(&path, &options) {
                Ok(guessed) => trace.note(format!("{} guessed", guessed.mapping.columns.len())),
                Err(error) => trace.error(error.to_string().replace(&path.display().to_string(), "a file")),
            }
        }
    });
    let held = counted.bytes_max;
    assert!(held <= (HELD_BYTES_MAX + BESIDE_BYTES_MAX) as u64, "reading {} bytes took {held}", bytes.len());
}

fn limits() -> ReadOptions {
    ReadOptions { held_bytes_max: HELD_BYTES_MAX, block_bytes_max: 4 << 20, rows_max: ROWS_MAX, ..Default::default() }
}

/// Reads all blocks of a file by a mapping; false where it does not come to that. What is new does not hang on the
/// file's name.
fn load(path: &Path, columns: &str, trace: &mut Trace) -> bool {
    let map = format!("type = \"users\"\nkey = {{ column = \"id\", kind = \"u64\" }}\ncolumns = [\n{columns}]\n");
    let mapping = Mapping::parse(&map).expect("a lawful mapping");
    let resolved: Vec<_> = (2..)
        .zip(mapping.loaded_columns())
        .map(|(tag, column)| ResolvedColumn {
            column: column.column.clone(),
            tag: TagId(tag),
            kind: column.kind,
            closed_values: None,
        })
        .collect();
    let mut blocks = 0;
    let read = Input::open(path).and_then(|input| LoadReader::open(input, &mapping, &resolved, limits())).and_then(
        |mut reader| {
            while let Some(block) = reader.next_block()? {
                blocks += 1;
                trace.note(format!("{} rows", block.rows_read.min(9)));
                block.rejected.iter().take(9).for_each(|reject| trace.error(&reject.reason));
            }
            Ok(())
        },
    );
    if let Err(error) = &read {
        trace.error(error.to_string().replace(&path.display().to_string(), "a file"));
    }
    read.is_ok() || blocks > 0
}
