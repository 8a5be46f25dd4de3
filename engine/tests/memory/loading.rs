//! A load stays within its memory, with the block at hand and the names of new keys and values counted.

use muster_engine::catalog::{CatalogChange, KeyKind, TagKind, TagSpec};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::TagId;
use muster_engine::storage::Random;
use muster_engine::write::LoadSpec;
use muster_engine::{Engine, Options};

use crate::counting::peak_of;

const BYTES_MAX: u64 = 48 << 20;
/// Buffers of files, the log, and what the store itself takes.
const FIXED_BYTES: usize = 16 << 20;
const ROWS: u64 = 50_000;

struct Loading {
    engine: Engine,
    tags: Vec<TagId>,
    type_id: muster_engine::ids::TypeId,
    _folder: tempfile::TempDir,
}

fn loading(key: KeyKind) -> Loading {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { background: false, load_bytes_max: BYTES_MAX, ..Options::default() };
    let engine = Engine::open_dir(folder.path(), options).unwrap();
    let create = CatalogChange::CreateType { name: "users".into(), key, label: None, description: String::new() };
    let type_id = engine.change_catalog(create).unwrap().type_id.unwrap();
    let kinds = [("code", TagKind::Choice), ("score", TagKind::Int), ("likes", TagKind::Set)];
    let create = |(name, kind)| {
        let create = CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)));
        engine.change_catalog(create).unwrap().tag_id.unwrap()
    };
    Loading { tags: kinds.into_iter().map(create).collect(), engine, type_id, _folder: folder }
}

/// Rows with numbers of many digits, and with `values` values in a column and in lists.
fn block(tags: &[TagId], random: &mut Random, number: u64, (name, values): (&str, u64)) -> LoadBlock {
    let rows = ROWS as usize;
    let dictionary: Vec<String> = (0..values).map(|value| format!("{name}{value}")).collect();
    let codes = |random: &mut Random, count: usize| (0..count).map(|_| random.below(values) as u32).collect::<Vec<_>>();
    let values = [
        ColumnValues::Choice { dictionary: dictionary.clone(), codes: codes(random, rows) },
        ColumnValues::Number { values: (0..rows).map(|_| random.next_u64() as i64 >> 20).collect(), valid: None },
        ColumnValues::Set {
            dictionary,
            offsets: (0..=rows as u32).map(|row| 2 * row).collect(),
            codes: codes(random, 2 * rows),
            valid: None,
        },
    ];
    let columns = tags.iter().zip(values).map(|(&tag, values)| LoadColumn { tag, values, null_clears: false });
    let keys = KeyColumn::Number((number * ROWS..(number + 1) * ROWS).collect());
    LoadBlock { keys, columns: columns.collect() }
}

#[test]
fn a_load_of_many_blocks_stays_within_its_memory() {
    let store = loading(KeyKind::Dense);
    let mut random = Random::seeded(3);
    let (loaded, peak) = peak_of(|| {
        let spec = LoadSpec::new(store.type_id, "many");
        let mut load = store.engine.begin_load(spec).unwrap();
        for number in 0..40 {
            load.append(block(&store.tags, &mut random, number, ("value ", 20_000))).unwrap();
        }
        load.commit().unwrap()
    });
    assert_eq!(loaded.rows, 40 * ROWS);
    assert!(peak <= BYTES_MAX as usize + FIXED_BYTES, "{peak} bytes with a bound of {BYTES_MAX}");
}

#[test]
fn a_load_of_more_new_values_than_memory_holds_stays_within_it() {
    const BLOCKS: u64 = 16;
    const NAMES: u64 = 20_000;
    let store = loading(KeyKind::Dense);
    let mut random = Random::seeded(4);
    let spec = LoadSpec::new(store.type_id, "names");
    let long = "name ".repeat(20);
    let (loaded, peak) = peak_of(|| {
        let mut load = store.engine.begin_load(spec).unwrap();
        for number in 0..BLOCKS {
            let name = format!("{long} {number}, ");
            load.append(block(&store.tags, &mut random, number, (&name, NAMES))).unwrap();
        }
        load.commit().unwrap()
    });
    // Two tags of them; a few are drawn by nobody.
    let names = 2 * BLOCKS * NAMES;
    assert!(loaded.new_values > names * 9 / 10 && loaded.new_values <= names, "{}", loaded.new_values);
    assert!(loaded.new_values * long.len() as u64 > BYTES_MAX, "their texts alone are more than the bound");
    assert!(peak <= BYTES_MAX as usize + FIXED_BYTES, "{peak} bytes with a bound of {BYTES_MAX}");
}

#[test]
fn a_load_of_more_new_keys_than_memory_holds_stays_within_it() {
    const BLOCKS: u64 = 40;
    /// What a commit holds of each new name.
    const MERGING_NAME_BYTES: u64 = 16;
    let store = loading(KeyKind::String);
    let spec = LoadSpec::new(store.type_id, "keys");
    let long = "somebody with a long key ".repeat(2);
    let (loaded, peak) = peak_of(|| {
        let mut load = store.engine.begin_load(spec).unwrap();
        for number in 0..BLOCKS {
            // Of the block before, half are named once more.
            let first = number * ROWS / 2;
            let keys = (first..first + ROWS).map(|key| format!("{long}{key}")).collect();
            let codes = (0..ROWS as u32).map(|row| row % 3).collect();
            let dictionary = ["a", "b", "c"].map(str::to_owned).to_vec();
            let values = ColumnValues::Choice { dictionary, codes };
            let columns = vec![LoadColumn { tag: store.tags[0], values, null_clears: false }];
            load.append(LoadBlock { keys: KeyColumn::Text(keys), columns }).unwrap();
        }
        load.commit().unwrap()
    });
    let keys = (BLOCKS + 1) * ROWS / 2;
    assert_eq!((loaded.rows, loaded.new_entities), (BLOCKS * ROWS, keys));
    assert!(keys * (long.len() as u64 + 70) > 2 * BYTES_MAX, "as a table in memory they took twice the bound");
    let bound = (BYTES_MAX + keys * MERGING_NAME_BYTES) as usize + FIXED_BYTES;
    assert!(peak <= bound, "{peak} bytes with a bound of {BYTES_MAX}");
}
