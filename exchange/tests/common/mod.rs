//! What the tests of reading share: temporary files, tags for mappings, and blocks as rows of text.

#![allow(dead_code)] // each test binary uses its own part

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use muster_engine::Result;
use muster_engine::catalog::TagKind;
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock};
use muster_engine::ids::TagId;
use muster_exchange::{Block, Input, LoadReader, Mapping, ReadOptions, Reject, ResolvedColumn};

/// Tags numbered in the order of the mapping.
pub(crate) fn resolve(mapping: &Mapping) -> Vec<ResolvedColumn> {
    mapping
        .loaded_columns()
        .zip(1..)
        .map(|(column, number)| ResolvedColumn {
            column: column.column.clone(),
            tag: TagId(number),
            kind: column.kind,
            closed_values: None,
        })
        .collect()
}

/// One row: its key, then each cell as text, `None` for a null.
pub(crate) type Row = (String, Vec<Option<String>>);

/// The rows of a block, checked to be as long in every column as the contract says.
pub(crate) fn rows_of(load: &LoadBlock, kinds: &[TagKind]) -> Vec<Row> {
    let keys: Vec<String> = match &load.keys {
        KeyColumn::Text(keys) => keys.clone(),
        KeyColumn::Number(keys) => keys.iter().map(u64::to_string).collect(),
    };
    let rows = keys.len();
    let mut columns: Vec<Vec<Option<String>>> = Vec::new();
    for (column, kind) in load.columns.iter().zip(kinds) {
        let is_valid = |valid: &Option<Vec<bool>>, row: usize| valid.as_ref().is_none_or(|v| v[row]);
        let cells: Vec<Option<String>> = match &column.values {
            ColumnValues::Flag { values, valid } => {
                assert_eq!(values.len(), rows);
                (0..rows).map(|row| is_valid(valid, row).then(|| values[row].to_string())).collect()
            }
            ColumnValues::Choice { dictionary, codes } => {
                assert_eq!(codes.len(), rows);
                codes
                    .iter()
                    .map(|code| (*code != ColumnValues::NULL_CODE).then(|| dictionary[*code as usize].clone()))
                    .collect()
            }
            ColumnValues::Set { dictionary, offsets, codes, valid } => {
                assert_eq!(offsets.len(), rows + 1);
                assert_eq!(offsets[rows] as usize, codes.len());
                (0..rows)
                    .map(|row| {
                        let list = &codes[offsets[row] as usize..offsets[row + 1] as usize];
                        let mut list: Vec<&str> = list.iter().map(|code| dictionary[*code as usize].as_str()).collect();
                        list.sort_unstable();
                        is_valid(valid, row).then(|| format!("{list:?}"))
                    })
                    .collect()
            }
            ColumnValues::Number { values, valid } => {
                assert_eq!(values.len(), rows);
                (0..rows).map(|row| is_valid(valid, row).then(|| kind.format_number(values[row]))).collect()
            }
        };
        columns.push(cells);
    }
    keys.into_iter()
        .enumerate()
        .map(|(row, key)| (key, columns.iter().map(|column| column[row].clone()).collect()))
        .collect()
}

/// All rows and rejects of a file.
pub(crate) fn read_all(input: Input, mapping: &Mapping, options: ReadOptions) -> Result<(Vec<Row>, Vec<Reject>)> {
    let kinds: Vec<TagKind> = mapping.loaded_columns().map(|column| column.kind).collect();
    let mut reader = LoadReader::open(input, mapping, &resolve(mapping), options)?;
    let mut rows = Vec::new();
    let mut rejects = Vec::new();
    let mut rows_read = 0;
    while let Some(block) = reader.next_block()? {
        let Block { load, rejected, rows_read: of_block, .. } = block;
        assert_eq!(of_block as usize, load.keys.len() + rejected.len());
        rows_read += of_block;
        rows.extend(rows_of(&load, &kinds));
        rejects.extend(rejected);
    }
    assert_eq!(reader.progress().rows_read, rows_read);
    Ok((rows, rejects))
}

/// How many rows a file has, and its rejects.
pub(crate) fn count_rows(input: Input, mapping: &Mapping) -> Result<(usize, Vec<Reject>)> {
    let resolved = resolve(mapping);
    let mut reader = LoadReader::open(input, mapping, &resolved, ReadOptions::default())?;
    let mut rows = 0;
    let mut rejects = Vec::new();
    while let Some(block) = reader.next_block()? {
        rows += block.load.keys.len();
        rejects.extend(block.rejected);
    }
    Ok((rows, rejects))
}

/// Rows and rejects of CSV text read as a stream.
pub(crate) fn read_csv(text: &[u8], mapping: &str) -> Result<(Vec<Row>, Vec<Reject>)> {
    let mapping = Mapping::parse(mapping)?;
    let input = Input::from_read("test.csv", std::io::Cursor::new(text.to_vec()))?;
    read_all(input, &mapping, ReadOptions::default())
}

/// How often each value stands in each column.
pub(crate) fn counts(rows: &[Row], column: usize) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (_, cells) in rows {
        let value = cells[column].as_deref().unwrap_or("null");
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// The folder of real data, or nothing, said loudly, where it is not there.
pub(crate) fn real_data() -> Option<PathBuf> {
    let folder = match std::env::var_os("MUSTER_REAL_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("../shared/data"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("\n*** SKIPPED: no real data in {}; set MUSTER_REAL_DATA to its folder ***\n", folder.display());
    None
}
