//! The real bitmaps that bitmap libraries are measured with: sets of 200 in the portable format, in zip files.

use std::path::Path;

use croaring::Bitmap;
use flate2::read::DeflateDecoder;
use muster_engine::catalog::{CatalogChange, KeyKind, TagKind, TagSpec};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::TypeId;
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Prepared, Run};
use muster_engine::write::LoadSpec;
use muster_engine::{Engine, Error, Options, Result};
use roaring::{MultiOps, RoaringBitmap};

use crate::fair::{medians, repeats_of};
use crate::report::geometric_mean;

/// Rows of a block: 200 flags of it are 50 MB.
const BLOCK_ROWS: u32 = 1 << 18;

/// Prints, for each set in `folder`, how many times longer the peers take.
pub(crate) fn measure(folder: &Path, rounds: usize) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(format!("cannot read {}", folder.display())).with_source(error);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(failed)?;
    files.retain(|path| path.to_string_lossy().ends_with(".roaring.zip"));
    files.sort();
    println!("| real bitmaps | muster µs | roaring-rs | CRoaring |\n| --- | ---: | ---: | ---: |");
    let (mut roaring_ratios, mut croaring_ratios) = (Vec::new(), Vec::new());
    for file in &files {
        let name = file.file_name().map(|name| name.to_string_lossy().replace(".roaring.zip", "")).unwrap_or_default();
        let sets = read_zip(&std::fs::read(file).map_err(failed)?)?;
        for (question, muster, roaring, croaring) in set(&sets, rounds)? {
            println!("| {name} {question} | {:.2} | {roaring:.2} | {croaring:.2} |", muster / 1000.0);
            roaring_ratios.push(roaring);
            croaring_ratios.push(croaring);
        }
    }
    let mean = |ratios: Vec<f64>| geometric_mean(ratios.into_iter());
    println!("| geometric mean | | {:.2} | {:.2} |\n", mean(roaring_ratios), mean(croaring_ratios));
    Ok(())
}

type Measured = (&'static str, f64, f64, f64);

/// Pairwise counts of neighbours, and the union of all.
fn set(sets: &[RoaringBitmap], rounds: usize) -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir().map_err(|error| Error::io("no temporary directory").with_source(error))?;
    let (engine, type_id) = store(folder.path(), sets)?;
    let snapshot = engine.snapshot();
    let prepare = |text: String| snapshot.prepare(type_id, &text, &QueryRequest::at(0));
    let pairs = |operator: &str| -> Result<Vec<Prepared>> {
        (1..sets.len()).map(|index| prepare(format!("b{} {operator} b{index}", index - 1))).collect()
    };
    let croaring: Vec<Bitmap> = sets.iter().map(of_croaring).collect();
    let all: Vec<String> = (0..sets.len()).map(|index| format!("b{index}")).collect();
    let run = Run { threads: 1, ..Run::default() };
    let count = |prepared: &[Prepared]| -> u64 {
        prepared.iter().map(|one| one.count(&run).expect("muster answers").count).sum()
    };
    let r = |f: fn(&RoaringBitmap, &RoaringBitmap) -> u64| -> u64 { sets.windows(2).map(|w| f(&w[0], &w[1])).sum() };
    let c = |f: fn(&Bitmap, &Bitmap) -> u64| -> u64 { croaring.windows(2).map(|w| f(&w[0], &w[1])).sum() };
    let (and, or, and_not) = (pairs("AND")?, pairs("OR")?, pairs("AND NOT")?);
    let union = [prepare(all.join(" OR "))?];
    let references: Vec<&Bitmap> = croaring.iter().collect();
    type Ask<'a> = Box<dyn FnMut() -> u64 + 'a>;
    let asks: Vec<(&'static str, [Ask<'_>; 3])> = vec![
        (
            "AND of neighbours",
            [
                Box::new(|| count(&and)),
                Box::new(|| r(RoaringBitmap::intersection_len)),
                Box::new(|| c(Bitmap::and_cardinality)),
            ],
        ),
        (
            "OR of neighbours",
            [Box::new(|| count(&or)), Box::new(|| r(RoaringBitmap::union_len)), Box::new(|| c(Bitmap::or_cardinality))],
        ),
        (
            "AND NOT of neighbours",
            [
                Box::new(|| count(&and_not)),
                Box::new(|| r(RoaringBitmap::difference_len)),
                Box::new(|| c(Bitmap::andnot_cardinality)),
            ],
        ),
        (
            "union of all",
            [
                Box::new(|| count(&union)),
                Box::new(|| sets.iter().union().len()),
                Box::new(|| Bitmap::fast_or(&references).cardinality()),
            ],
        ),
    ];
    let mut measured = Vec::new();
    for (question, [mut muster, mut roaring, mut croaring]) in asks {
        let expected = muster();
        assert_eq!([roaring(), croaring()], [expected; 2], "{question}");
        let repeats = repeats_of(&mut muster);
        let times = medians(rounds, repeats, &mut [&mut muster, &mut roaring, &mut croaring]);
        measured.push((question, times[0], times[1] / times[0], times[2] / times[0]));
    }
    Ok(measured)
}

/// The same bitmap, as compact as CRoaring makes it.
fn of_croaring(set: &RoaringBitmap) -> Bitmap {
    let mut bitmap = Bitmap::of(&set.iter().collect::<Vec<u32>>());
    bitmap.run_optimize();
    bitmap.shrink_to_fit();
    bitmap
}

/// A store with one flag for each bitmap.
fn store(dir: &Path, sets: &[RoaringBitmap]) -> Result<(Engine, TypeId)> {
    let engine = Engine::open_dir(dir, Options::default())?;
    let create =
        CatalogChange::CreateType { name: "rows".into(), key: KeyKind::Dense, label: None, description: String::new() };
    let type_id = engine.change_catalog(create)?.type_id.expect("a type was created");
    let mut tags = Vec::new();
    for index in 0..sets.len() {
        let spec = TagSpec::new("rows", format!("b{index}"), TagKind::Flag);
        tags.push(engine.change_catalog(CatalogChange::CreateTag(Box::new(spec)))?.tag_id.expect("a tag was created"));
    }
    let rows = sets.iter().filter_map(RoaringBitmap::max).max().map_or(0, |last| last + 1);
    let mut load = engine.begin_load(LoadSpec::new(type_id, "real"))?;
    for start in (0..rows).step_by(BLOCK_ROWS as usize) {
        let end = (start + BLOCK_ROWS).min(rows);
        let columns = tags.iter().zip(sets).map(|(&tag, set)| {
            let mut values = vec![false; (end - start) as usize];
            set.range(start..end).for_each(|row| values[(row - start) as usize] = true);
            LoadColumn { tag, values: ColumnValues::Flag { values, valid: None }, null_clears: false }
        });
        let keys = KeyColumn::Number((u64::from(start)..u64::from(end)).collect());
        load.append(LoadBlock { keys, columns: columns.collect() })?;
    }
    load.commit()?;
    engine.close()?;
    Ok((Engine::open_dir(dir, Options::default())?, type_id))
}

/// The bitmaps of a zip file in the order of their names. Its table of contents is read as APPNOTE 6.3 lays it out,
/// sections 4.3.12 and 4.3.16; entries are deflated.
fn read_zip(bytes: &[u8]) -> Result<Vec<RoaringBitmap>> {
    zip_entries(bytes).ok_or_else(|| Error::corrupt("not a zip file of portable bitmaps"))
}

fn zip_entries(bytes: &[u8]) -> Option<Vec<RoaringBitmap>> {
    const CONTENTS_END: &[u8] = b"PK\x05\x06";
    const ENTRY: &[u8] = b"PK\x01\x02";
    let short = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let end = bytes.windows(CONTENTS_END.len()).rposition(|window| window == CONTENTS_END)?;
    let mut at = long(end + 16)?;
    let mut named = Vec::new();
    for _ in 0..short(end + 10)? {
        if bytes.get(at..at + 4)? != ENTRY {
            return None;
        }
        let (packed_len, name_len, local) = (long(at + 20)?, short(at + 28)?, long(at + 42)?);
        let name = bytes.get(at + 46..at + 46 + name_len)?;
        let start = local + 30 + short(local + 26)? + short(local + 28)?;
        let packed = bytes.get(start..start + packed_len)?;
        named.push((name, RoaringBitmap::deserialize_from(DeflateDecoder::new(packed)).ok()?));
        at += 46 + name_len + short(at + 30)? + short(at + 32)?;
    }
    named.sort_by(|a, b| a.0.cmp(b.0));
    Some(named.into_iter().map(|(_, bitmap)| bitmap).collect())
}
