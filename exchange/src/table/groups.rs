//! A Parquet file as batches of rows, row group by row group, within a budget.
//!
//! The decoders take what a page claims for true. So they get their pages from [`pages`], which checks each claim, and
//! as many rows at once as there is room for; rows that turn out to take more are read again, fewer at once.

mod budget;
mod compact;
mod cost;
mod delta;
mod footer;
mod header;
mod levels;
mod pages;
mod unpack;

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use muster_engine::{Error, Result};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, RowGroups, RowSelection, RowSelector,
};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::run::RUN_ROWS_MAX;
use crate::decoder::guard;
use budget::{Budget, Refusal};
use cost::Leaf;
pub(super) use footer::check as check_footer;
use pages::{ColumnPages, Place};

/// Of so many parts of the budget the values of the rows at once may take one.
const ROWS_SHARE: u64 = 4;
/// So much fewer rows are read at once where they take too much.
const FEWER_TIMES: u64 = 8;

/// See the module.
pub(super) struct GroupedRows {
    name: String,
    metadata: Arc<ParquetMetaData>,
    source: Source,
    levels: FieldLevels,
    bytes_max: u64,
    footer_bytes: u64,
    /// What a row takes without its pages.
    row_bytes: u64,
    rows_at_once_max: u64,
    rows_at_once: u64,
    /// The row group at hand, and the rows of it that are done.
    group: usize,
    rows_done: u64,
    open: Option<(ParquetRecordBatchReader, Arc<Budget>)>,
}

/// Where the columns that are read stand.
#[derive(Clone)]
struct Source {
    file: Arc<File>,
    /// For each column of the file what it holds, if it is read, and its place among those read.
    leaves: Arc<Vec<Option<(Leaf, usize)>>>,
}

impl GroupedRows {
    /// The rows of these columns. `metadata` says as what they are read, `footer_bytes` what it takes.
    pub(super) fn open(
        name: &str,
        file: File,
        metadata: &ArrowReaderMetadata,
        columns: &[usize],
        (bytes_max, footer_bytes): (u64, u64),
    ) -> Result<GroupedRows> {
        let schema = metadata.parquet_schema();
        let levels = guard(name, || {
            let mask = ProjectionMask::roots(schema, columns.iter().copied());
            parquet_to_arrow_field_levels(schema, mask, Some(metadata.schema().fields()))
        })?;
        let mut leaves = vec![None; schema.num_columns()];
        let mut read = 0;
        for (index, leaf) in leaves.iter_mut().enumerate() {
            let root = schema.get_column_root_idx(index);
            if columns.contains(&root) {
                *leaf = Some((Leaf::of(&schema.column(index), metadata.schema().field(root)), read));
                read += 1;
            }
        }
        let row_bytes = leaves.iter().flatten().map(|(leaf, _)| leaf.row_bytes()).sum::<u64>().max(1);
        let rows_at_once_max = (bytes_max / ROWS_SHARE / row_bytes).clamp(1, RUN_ROWS_MAX as u64);
        let rows = GroupedRows {
            name: name.to_owned(),
            metadata: Arc::clone(metadata.metadata()),
            source: Source { file: Arc::new(file), leaves: Arc::new(leaves) },
            levels,
            bytes_max,
            footer_bytes,
            row_bytes,
            rows_at_once_max,
            rows_at_once: rows_at_once_max,
            group: 0,
            rows_done: 0,
            open: None,
        };
        rows.check_places()?;
        Ok(rows)
    }

    /// Every column that is read lies inside of the file, and none twice.
    fn check_places(&self) -> Result<()> {
        let file_bytes = self
            .source
            .file
            .metadata()
            .map_err(|error| Error::of_system(format_args!("cannot read {}", self.name), error))?
            .len();
        let mut places = Vec::new();
        for group in self.metadata.row_groups() {
            for (index, _) in self.source.leaves.iter().enumerate().filter(|(_, leaf)| leaf.is_some()) {
                match place_of(group, index) {
                    Some(place) if place.end <= file_bytes => places.push((place.start, place.end)),
                    _ => return Err(self.damaged("a column lies outside of it")),
                }
            }
        }
        places.retain(|(start, end)| start < end);
        places.sort_unstable();
        match places.windows(2).all(|pair| pair[0].1 <= pair[1].0) {
            true => Ok(()),
            false => Err(self.damaged("two of its columns overlap")),
        }
    }

    /// What is held of the file.
    pub(super) fn held_bytes(&self) -> u64 {
        self.open.as_ref().map_or(self.footer_bytes, |(_, budget)| budget.held_bytes())
    }

    /// Holds no more from the next rows on.
    pub(super) fn hold_at_most(&mut self, bytes_max: u64) {
        self.bytes_max = bytes_max;
    }

    /// The next rows; `None` at the end of the file.
    ///
    /// Errors: invalid, when the file is damaged; limit, when one of its rows takes more than the budget.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.group < self.metadata.num_row_groups() {
            let rows_claimed = u64::try_from(self.metadata.row_group(self.group).num_rows())
                .map_err(|_| self.damaged("a row group has a negative number of rows"))?;
            let (mut reader, budget) = match self.open.take() {
                Some(open) => open,
                None => self.open_group(rows_claimed)?,
            };
            budget.begin(self.rows_done, self.bytes_max);
            let read = match budget.has_room(0) {
                true => guard(&self.name, || reader.next().transpose()),
                false => Ok(None),
            };
            match (budget.take_refusal(), read) {
                (Some(Refusal::TooMuch(bytes)), _) => self.read_fewer(bytes)?,
                (Some(Refusal::Damaged(why)), _) => return Err(self.damaged(&why)),
                (Some(Refusal::NotRead(why)), _) => return Err(Error::invalid(format!("{}: {why}", self.name))),
                (None, Err(error)) => return Err(error),
                (None, Ok(Some(batch))) => {
                    self.rows_done += batch.num_rows() as u64;
                    if self.rows_done > rows_claimed {
                        return Err(self.damaged("a row group has more rows than it claims"));
                    }
                    self.open = Some((reader, budget));
                    return Ok(Some(batch));
                }
                (None, Ok(None)) if self.rows_done < rows_claimed => {
                    return Err(self.damaged("a row group has fewer rows than it claims"));
                }
                (None, Ok(None)) => {
                    self.group += 1;
                    self.rows_done = 0;
                    self.rows_at_once = (self.rows_at_once * FEWER_TIMES).min(self.rows_at_once_max);
                }
            }
        }
        Ok(None)
    }

    fn open_group(&self, rows: u64) -> Result<(ParquetRecordBatchReader, Arc<Budget>)> {
        let base_bytes = self.footer_bytes + self.rows_at_once * self.row_bytes;
        let columns = self.source.leaves.iter().flatten().count();
        let budget = Arc::new(Budget::new(self.bytes_max, base_bytes, self.rows_at_once, columns));
        let group = Group {
            source: self.source.clone(),
            metadata: Arc::clone(&self.metadata),
            index: self.group,
            budget: Arc::clone(&budget),
        };
        let left = rows - self.rows_done;
        let selection = (self.rows_done > 0).then(|| {
            let done = RowSelector::skip(self.rows_done as usize);
            RowSelection::from(vec![done, RowSelector::select(left as usize)])
        });
        let rows_at_once = self.rows_at_once.min(left.max(1)) as usize;
        let reader = guard(&self.name, || {
            ParquetRecordBatchReader::try_new_with_row_groups(&self.levels, &group, rows_at_once, selection)
        })?;
        Ok((reader, budget))
    }

    /// Errors: there are no fewer than one.
    fn read_fewer(&mut self, bytes: u64) -> Result<()> {
        if self.rows_at_once == 1 {
            return Err(Error::limit(format!(
                "write the file in smaller pages and shorter lists, or raise load_bytes_max: {}: what is read for a \
                 row of row group {} takes {bytes} bytes at once, at most {} are read",
                self.name,
                self.group + 1,
                self.bytes_max
            )));
        }
        self.rows_at_once = (self.rows_at_once / FEWER_TIMES).max(1);
        Ok(())
    }

    fn damaged(&self, why: &str) -> Error {
        Error::invalid(format!("{} is damaged: {why}", self.name))
    }
}

/// Where a column of a row group stands; `None` where it says impossible numbers.
fn place_of(group: &RowGroupMetaData, index: usize) -> Option<Place> {
    let chunk = group.columns().get(index)?;
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let start = u64::try_from(start).ok()?;
    let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
    Some(Place { start, end, compression: chunk.compression(), column: 0 })
}

/// One row group, as the decoders ask for it.
struct Group {
    source: Source,
    metadata: Arc<ParquetMetaData>,
    index: usize,
    budget: Arc<Budget>,
}

impl RowGroups for Group {
    fn num_rows(&self) -> usize {
        usize::try_from(self.metadata.row_group(self.index).num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, index: usize) -> std::result::Result<Box<dyn PageIterator>, ParquetError> {
        let leaf = self.source.leaves.get(index).and_then(Option::as_ref);
        let place = place_of(self.metadata.row_group(self.index), index);
        let (Some((leaf, column)), Some(place)) = (leaf, place) else {
            return Err(ParquetError::General(format!("column {index} is not read")));
        };
        let place = Place { column: *column, ..place };
        let pages = ColumnPages::new(Arc::clone(&self.source.file), &place, leaf.clone(), Arc::clone(&self.budget))?;
        Ok(Box::new(OneChunk(Some(Box::new(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.metadata.row_group(self.index)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The only chunk of a column in a row group.
struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = std::result::Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}
