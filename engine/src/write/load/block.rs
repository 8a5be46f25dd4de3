//! Ingestion of a block of a bulk load: from rows to a part.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::rows::of_rows;
use super::{BLOCK_ROWS_MAX, Work};
use crate::catalog::{Tag, TagKind};
use crate::columns::{ColumnValues, LoadBlock, LoadColumn, NULL_CODE};
use crate::error::{Error, Result, ResultExt};
use crate::ids::{LocalId, ValueId};
use crate::part::{ColumnBuilder, Part};
use crate::write::commit::built::MEMORY_NAME;
use crate::write::commit::reply::LoadMode;
use crate::write::files::retire;
use crate::write::writer::Writer;

/// Blocks in memory are merged into files when they are this many, whatever their size.
const BLOCKS_MAX: usize = 256;

impl Work {
    /// Takes the rows of one block.
    pub(super) fn append(&mut self, writer: &Writer, block: LoadBlock) -> Result<()> {
        let rows = block.keys.len();
        if rows > BLOCK_ROWS_MAX {
            return Err(Error::limit(format!("a block of {rows} rows, at most {BLOCK_ROWS_MAX} are allowed")));
        }
        let current = writer.snapshot();
        let mut tags = Vec::with_capacity(block.columns.len());
        for (index, column) in block.columns.iter().enumerate() {
            let tag = current.catalog().tag(column.tag);
            // A tag that was dropped while the load ran takes its column with it.
            let was_here = self.tags.contains(&column.tag) || self.snapshot.catalog().tag(column.tag).is_some();
            match tag {
                Some(tag) => {
                    self.check_column(tag, column, rows)?;
                    tags.push(Some(tag));
                }
                None if was_here => tags.push(None),
                None => return Err(Error::not_found("load again: a tag that the load fills was dropped meanwhile")),
            }
            if block.columns[..index].iter().any(|other| other.tag == column.tag) {
                return Err(Error::invalid(format!("the tag number {} has two columns", column.tag)));
            }
        }
        if rows == 0 {
            return Ok(());
        }
        if self.memory.is_full_with(&block) {
            self.spill(writer)?;
        }
        let ids = self.resolve_keys(writer, &block.keys)?;
        let mut by_mode: BTreeMap<LoadMode, Vec<(&Tag, LoadColumn)>> = BTreeMap::new();
        for (tag, column) in tags.into_iter().zip(block.columns) {
            if let Some(tag) = tag {
                self.tags.insert(tag.id);
                let mode = self.modes.get(&tag.id).copied().unwrap_or_default();
                by_mode.entry(mode).or_default().push((tag, column));
            }
        }
        if !by_mode.contains_key(&LoadMode::Replace) {
            // The rows make their entities live, whatever columns they have.
            by_mode.entry(LoadMode::Upsert).or_default();
        }
        for (mode, columns) in by_mode {
            self.add_columns(writer, mode, &ids, columns)?;
        }
        self.seen.extend(ids);
        self.rows += rows as u64;
        if self.memory.is_full() || self.blocks.len() >= BLOCKS_MAX {
            self.spill(writer)?;
        }
        Ok(())
    }

    /// Blocks go where what is left for them is too little.
    pub(super) fn room_for_reading(&mut self, writer: &Writer, wanted: u64) -> Result<u64> {
        let room = self.memory.room_for_reading(wanted);
        if self.memory.is_full() {
            self.spill(writer)?;
        }
        Ok(room)
    }

    /// Merges the blocks in memory into files, which lie over those of earlier blocks.
    fn spill(&mut self, writer: &Writer) -> Result<()> {
        if self.blocks.is_empty() {
            return Ok(());
        }
        let layers: Vec<Vec<Arc<Part>>> = self.blocks.iter().map(|block| vec![Arc::clone(block)]).collect();
        let current = writer.snapshot();
        let limits = self.memory.part_limits(writer.files.part_limits());
        self.spilled.push(writer.files.write_parts(&layers, false, current.catalog(), limits)?);
        self.blocks.clear();
        self.memory.spilled();
        Ok(())
    }

    fn check_column(&self, tag: &Tag, column: &LoadColumn, rows: usize) -> Result<()> {
        let name = &tag.name;
        if tag.type_id != self.entity_type.id {
            return Err(Error::invalid(format!("tag `{name}` belongs to another type than the load")));
        }
        let fits = matches!(
            (tag.kind, &column.values),
            (TagKind::Flag, ColumnValues::Flag { .. })
                | (TagKind::Choice, ColumnValues::Choice { .. })
                | (TagKind::Set, ColumnValues::Set { .. })
        ) || (tag.kind.is_number() && matches!(column.values, ColumnValues::Number { .. }));
        if !fits {
            return Err(Error::invalid(format!(
                "tag `{name}` is of kind {}, its column holds something else",
                tag.kind
            )));
        }
        let lengths = match &column.values {
            ColumnValues::Flag { values, valid } => (values.len(), valid.as_ref()),
            ColumnValues::Choice { codes, .. } => (codes.len(), None),
            ColumnValues::Set { offsets, valid, .. } => (offsets.len().wrapping_sub(1), valid.as_ref()),
            ColumnValues::Number { values, valid } => (values.len(), valid.as_ref()),
        };
        if lengths.0 != rows || lengths.1.is_some_and(|valid| valid.len() != rows) {
            return Err(Error::invalid(format!("the column of tag `{name}` is not as long as the {rows} keys")));
        }
        check_codes(&column.values).context(|| format!("tag `{name}`"))
    }

    /// Builds the part of the columns of one mode; those of different modes have nothing in common.
    fn add_columns(
        &mut self,
        writer: &Writer,
        mode: LoadMode,
        ids: &[u32],
        columns: Vec<(&Tag, LoadColumn)>,
    ) -> Result<()> {
        let (known, seen) = (&self.known, &self.seen);
        let rows: Option<Vec<u32>> = match mode {
            LoadMode::Append => Some((0..ids.len() as u32).filter(|&row| !known.contains(ids[row as usize])).collect()),
            LoadMode::Upsert | LoadMode::Replace => None,
        };
        let ids = match &rows {
            Some(rows) => rows.iter().map(|&row| ids[row as usize]).collect(),
            None => ids.to_vec(),
        };
        // Below what is replaced there is nothing but the load's own rows.
        let is_new = |id: LocalId| !seen.contains(id.0) && (mode == LoadMode::Replace || !known.contains(id.0));
        let mut builder = ColumnBuilder::new(self.entity_type.population, ids, &is_new);
        for (tag, mut column) in columns {
            if let Some(rows) = &rows {
                column.values = of_rows(column.values, rows);
            }
            self.add_column(writer, &mut builder, tag, column).context(|| format!("tag `{}`", tag.name))?;
        }
        let bytes = builder.finish(self.running.seq)?;
        self.memory.keep(bytes.len() as u64);
        self.blocks.push(Arc::new(Part::open(bytes, MEMORY_NAME, None)?));
        Ok(())
    }

    fn add_column(
        &mut self,
        writer: &Writer,
        builder: &mut ColumnBuilder,
        tag: &Tag,
        column: LoadColumn,
    ) -> Result<()> {
        let null_clears = column.null_clears;
        let writes = match column.values {
            ColumnValues::Flag { values, valid } => builder.flag(tag.id, &values, valid.as_deref(), null_clears),
            ColumnValues::Choice { dictionary, mut codes } => {
                let values = self.resolve_values(writer, tag, &dictionary, &mut codes)?;
                builder.choice(tag.id, &codes, &values, null_clears)
            }
            ColumnValues::Set { dictionary, offsets, mut codes, valid } => {
                let values = self.resolve_values(writer, tag, &dictionary, &mut codes)?;
                builder.set(tag.id, (&offsets, &codes), &values, valid.as_deref(), null_clears)
            }
            ColumnValues::Number { values, valid } => {
                for (row, &number) in values.iter().enumerate() {
                    if valid.as_ref().is_none_or(|valid| valid[row]) {
                        tag.kind.check_number(number).context(|| format!("row {}", row + 1))?;
                    }
                }
                builder.number(tag.id, &values, valid.as_deref(), null_clears)
            }
        };
        if let Some(dates) = tag.write_dates {
            builder.dates(dates.tag, self.today, writes);
        }
        Ok(())
    }

    /// The number of each entry of a dictionary that a row uses; unused entries become no values. Two entries that
    /// write one value (itself and its label) become one code.
    fn resolve_values(
        &mut self,
        writer: &Writer,
        tag: &Tag,
        dictionary: &[String],
        codes: &mut [u32],
    ) -> Result<Vec<ValueId>> {
        let mut is_used = vec![false; dictionary.len()];
        for &code in codes.iter().filter(|&&code| code != NULL_CODE) {
            is_used[code as usize] = true;
        }
        // Unused entries keep a number that no row mentions.
        let mut values = vec![ValueId(0); dictionary.len()];
        let mut first_code: HashMap<ValueId, u32> = HashMap::new();
        let mut replaced: HashMap<u32, u32> = HashMap::new();
        for (code, written) in dictionary.iter().enumerate() {
            if !is_used[code] {
                continue;
            }
            let value = self.value(writer, tag, tag.check_written(written)?)?;
            values[code] = value;
            let first = *first_code.entry(value).or_insert(code as u32);
            if first != code as u32 {
                replaced.insert(code as u32, first);
            }
        }
        if !replaced.is_empty() {
            for code in codes.iter_mut() {
                *code = *replaced.get(code).unwrap_or(code);
            }
        }
        Ok(values)
    }

    /// The number of a checked value, a new one where nobody knows it.
    fn value(&mut self, writer: &Writer, tag: &Tag, text: &str) -> Result<ValueId> {
        if let Some(value) = self.running.young.lock().recent_value(tag.id, text) {
            return Ok(value);
        }
        if let Some(value) = self.snapshot.value_id(tag.id, text)? {
            return Ok(value);
        }
        if self.memory.are_names_full() {
            self.spill_names(writer)?;
        }
        // Small writes ask for numbers under the same lock.
        let mut young = self.running.young.lock();
        if let Some(value) = young.written_value(tag.id, text)? {
            return Ok(value);
        }
        let value = writer.commit.value_for_load(tag.id, text)?;
        young.insert_value(tag.id, text, value);
        self.memory.hold_names(young.names.held_bytes());
        Ok(value)
    }

    /// Puts the new names in memory into a file, and merges files where there are many.
    pub(super) fn spill_names(&mut self, writer: &Writer) -> Result<()> {
        let young = &self.running.young;
        let leaving = young.lock().names.leave();
        let file = writer.files.write_new_names(&leaving.names)?;
        drop(leaving);
        young.lock().names.wrote(file);
        loop {
            let (files, parts) = {
                let young = young.lock();
                let Some(files) = young.names.to_merge(self.memory.names_merging_bytes_max()) else { break };
                (files, young.names.last_parts(files))
            };
            let merged = writer.files.write_names(&parts, &mut |_, _| Ok(true))?;
            let old = young.lock().names.merged(files, merged);
            retire(old.iter().map(|(_, file)| file));
        }
        self.memory.hold_names(young.lock().names.held_bytes());
        Ok(())
    }
}

/// Checks that codes lie in their dictionary and offsets in their codes.
fn check_codes(values: &ColumnValues) -> Result<()> {
    let (dictionary, codes, null_allowed) = match values {
        ColumnValues::Choice { dictionary, codes } => (dictionary, codes, true),
        ColumnValues::Set { dictionary, codes, offsets, .. } => {
            let is_lawful = offsets.first() == Some(&0)
                && offsets.is_sorted()
                && offsets.last().is_some_and(|&last| last as usize == codes.len());
            if !is_lawful {
                return Err(Error::invalid("the offsets of its lists do not fit their codes"));
            }
            (dictionary, codes, false)
        }
        ColumnValues::Flag { .. } | ColumnValues::Number { .. } => return Ok(()),
    };
    let in_range = |&code: &u32| (code as usize) < dictionary.len() || (null_allowed && code == NULL_CODE);
    match codes.iter().position(|code| !in_range(code)) {
        None => Ok(()),
        Some(at) => Err(Error::invalid(format!(
            "code {} at {at} lies outside its dictionary of {} values",
            codes[at],
            dictionary.len()
        ))),
    }
}
