//! The population in a muster store, written by its own load and read from mapped parts.

use std::path::Path;

use muster_engine::catalog::{CatalogChange, KeyKind, TagKind, TagSpec};
use muster_engine::columns::{ColumnValues, KeyColumn, LoadBlock, LoadColumn};
use muster_engine::ids::{TagId, TypeId};
use muster_engine::write::LoadSpec;
use muster_engine::{Engine, Options, Result};

use crate::data::Data;

/// Rows of a block.
const BLOCK_ROWS: u32 = 1 << 20;

/// Writes `data` into a new store in `dir`, closes it, and opens it again.
pub(crate) fn build(dir: &Path, data: &Data) -> Result<(Engine, TypeId)> {
    let engine = Engine::open_dir(dir, Options::default())?;
    let changed = engine.change_catalog(CatalogChange::CreateType {
        name: "users".into(),
        key: KeyKind::Dense,
        label: None,
        description: String::new(),
    })?;
    let type_id = changed.type_id.expect("a type was created");
    let tag = |name: &str, kind| -> Result<TagId> {
        let spec = TagSpec::new("users", name, kind);
        let changed = engine.change_catalog(CatalogChange::CreateTag(Box::new(spec)))?;
        Ok(changed.tag_id.expect("a tag was created"))
    };
    let mut flags = Vec::new();
    for (name, ids) in &data.flags {
        let mut column = vec![false; data.entities as usize];
        ids.iter().for_each(|&id| column[id as usize] = true);
        flags.push((tag(name, TagKind::Flag)?, column));
    }
    let mut choices = Vec::new();
    for (name, values, column) in &data.choices {
        let dictionary: Vec<String> = (0..*values).map(|value| format!("{name}{value}")).collect();
        choices.push((tag(name, TagKind::Choice)?, dictionary, column));
    }
    let mut numbers = Vec::new();
    for (name, column) in &data.numbers {
        numbers.push((tag(name, TagKind::Int)?, column));
    }
    let mut load = engine.begin_load(LoadSpec::new(type_id, "population"))?;
    for start in (0..data.entities).step_by(BLOCK_ROWS as usize) {
        let end = (start + BLOCK_ROWS).min(data.entities);
        let rows = start as usize..end as usize;
        let mut columns = Vec::new();
        let mut push = |tag, values| columns.push(LoadColumn { tag, values, null_clears: false });
        for (tag, column) in &flags {
            push(*tag, ColumnValues::Flag { values: column[rows.clone()].to_vec(), valid: None });
        }
        for (tag, dictionary, column) in &choices {
            let codes = column[rows.clone()].to_vec();
            push(*tag, ColumnValues::Choice { dictionary: dictionary.clone(), codes });
        }
        for (tag, column) in &numbers {
            push(*tag, ColumnValues::Number { values: column[rows.clone()].to_vec(), valid: None });
        }
        let keys = KeyColumn::Number((u64::from(start)..u64::from(end)).collect());
        load.append(LoadBlock { keys, columns })?;
    }
    load.commit()?;
    engine.close()?;
    Ok((Engine::open_dir(dir, Options::default())?, type_id))
}
