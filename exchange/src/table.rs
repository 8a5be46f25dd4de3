//! A file as a table: named columns, and runs of rows whose columns are walked one at a time.

mod described;
mod groups;
mod ipc_check;
mod lists;
mod parquet_types;
mod run;

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, FieldRef, SchemaRef};
use muster_engine::{Error, Result};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy};

use crate::cell::CellRule;
use crate::csv::CsvTable;
use crate::decoder::guard;
use crate::input::{Content, Format, Input};
use crate::mapping::{CsvOptions, nfkc};
use crate::options::{Look, ReadOptions};
use crate::scalar::Shape;
use groups::{GroupedRows, check_footer};
use ipc_check::again;
use run::RUN_ROWS_MAX;
pub(crate) use run::{Cells, Run, Wanted};

/// What a run of a CSV file takes, without its longest record.
const CSV_RUN_BYTES: u64 = 4 << 20;

/// A file whose columns are known.
pub(crate) struct Table {
    name: String,
    look: Look,
    columns: Vec<String>,
    /// The columns with their types; empty for CSV, where all is text.
    fields: Vec<FieldRef>,
    rows_total: Option<u64>,
    bytes_total: Option<u64>,
    source: Source,
    /// Where each wanted column stands in a run.
    places: Vec<usize>,
    /// What is left of a batch that was longer than asked for.
    pending: Option<RecordBatch>,
    rows_read: u64,
    held_bytes_max: u64,
    /// What is held of any other file than Parquet, at most.
    held_bytes: u64,
}

enum Source {
    Csv(Box<CsvTable>),
    /// With what its footer takes.
    Parquet(File, ArrowReaderMetadata, u64),
    Groups(Box<GroupedRows>),
    Ipc(File),
    IpcStream(File),
    Batches(Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>> + Send>),
}

/// What a CSV file takes while it is read: a run, and a record as it stands and as it is kept.
fn csv_bytes(record_bytes_max: usize) -> u64 {
    CSV_RUN_BYTES + 2 * record_bytes_max as u64
}

impl Table {
    /// Reads the names and types of the columns.
    ///
    /// Errors: invalid, when the file is damaged or two columns have names that look alike; limit, when it takes more
    /// than it may.
    pub(crate) fn open(input: Input, csv: &CsvOptions, limits: &ReadOptions) -> Result<Table> {
        let held_bytes_max = limits.held_bytes_max as u64;
        let input = input.stopped_by(&limits.look);
        let name = input.name().to_owned();
        let format = input.format();
        let bytes_total = input.bytes_total();
        let bytes_read = input.bytes_counter();
        input.check_text(csv.encoding)?;
        if format != Format::Csv && *csv != CsvOptions::default() {
            return Err(Error::invalid(format!(
                "{name} is {}, which the settings of csv are not about: strike csv",
                format.name()
            )));
        }
        let mut table = Table {
            name: name.clone(),
            look: limits.look.clone(),
            columns: Vec::new(),
            fields: Vec::new(),
            rows_total: None,
            bytes_total,
            source: Source::Batches(Box::new(std::iter::empty())),
            places: Vec::new(),
            pending: None,
            rows_read: 0,
            held_bytes_max,
            held_bytes: csv_bytes(limits.record_bytes_max),
        };
        match input.into_content() {
            Content::Stream(stream) => {
                let csv = CsvTable::open(&name, stream, bytes_read, csv, limits.record_bytes_max)?;
                table.columns = csv.columns().to_vec();
                table.source = Source::Csv(Box::new(csv));
            }
            Content::File(file) if format == Format::ArrowIpc => {
                table.held_bytes = ipc_check::check_file(&name, &file, held_bytes_max)?;
                let schema = guard(&name, || Ok::<_, ArrowError>(FileReader::try_new(again(&file)?, None)?.schema()))?;
                table.take_schema(&schema);
                table.source = Source::Ipc(file);
            }
            Content::File(file) if format == Format::ArrowStream => {
                table.held_bytes = ipc_check::check_stream(&name, &file, held_bytes_max)?;
                let reader = guard(&name, || StreamReader::try_new(again(&file)?, None))?;
                table.take_schema(&reader.schema());
                table.source = Source::IpcStream(file);
            }
            Content::File(file) => {
                let footer_bytes = check_footer(&name, &file, held_bytes_max)?;
                let metadata = guard(&name, || {
                    let reader = ParquetMetaDataReader::new().with_metadata_options(Some(without_statistics()));
                    reader.parse_and_finish(&file)
                })?;
                described::check_arrow_schema(&name, &metadata)?;
                let metadata =
                    guard(&name, || ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new()))?;
                let metadata = guard(&name, || parquet_types::with_wide_times(metadata))?;
                let rows = metadata.metadata().file_metadata().num_rows();
                table.rows_total = u64::try_from(rows).ok();
                table.take_schema(&parquet_types::with_uuids(&metadata));
                table.source = Source::Parquet(file, metadata, footer_bytes);
            }
        }
        table.refuse_equal_names()?;
        Ok(table)
    }

    fn take_schema(&mut self, schema: &SchemaRef) {
        for field in schema.fields() {
            self.columns.push(field.name().clone());
            self.fields.push(Arc::clone(field));
        }
    }

    fn refuse_equal_names(&self) -> Result<()> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(other) = seen.insert(nfkc(column), index) {
                let headless = match self.is_csv() {
                    true => ", or where the file has no header add csv = { header = false } to its mapping",
                    false => "",
                };
                return Err(Error::invalid(format!(
                    "{}: columns {} {:?} and {} {column:?} have the same name: rename one{headless}",
                    self.name,
                    other + 1,
                    self.columns[other],
                    index + 1,
                )));
            }
        }
        Ok(())
    }

    /// What messages call the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The type of a column; `None` in CSV, where all is text.
    pub(crate) fn data_type(&self, column: usize) -> Option<&DataType> {
        self.fields.get(column).map(|field| field.data_type())
    }

    /// What a column holds; `None` where no kind of tag takes it.
    pub(crate) fn shape(&self, column: usize) -> Option<Shape> {
        self.fields.get(column).map_or(Some(Shape::Text), |field| Shape::of(field))
    }

    /// Whether it is text.
    pub(crate) fn is_csv(&self) -> bool {
        matches!(self.source, Source::Csv(_))
    }

    /// All rows, where the format says it.
    pub(crate) fn rows_total(&self) -> Option<u64> {
        self.rows_total
    }

    /// The size of the file, unknown for a stream.
    pub(crate) fn bytes_total(&self) -> Option<u64> {
        self.bytes_total
    }

    /// The bytes read so far; 0 where the format says the number of rows.
    pub(crate) fn bytes_read(&self) -> u64 {
        match &self.source {
            Source::Csv(csv) => csv.bytes_read(),
            _ => 0,
        }
    }

    /// What is held of the file now, or at most.
    pub(crate) fn held_bytes(&self) -> u64 {
        match &self.source {
            Source::Groups(groups) => groups.held_bytes(),
            _ => self.held_bytes,
        }
    }

    /// What may have to be held of it.
    pub(crate) fn held_bytes_wanted(&self) -> u64 {
        match &self.source {
            Source::Groups(_) => self.held_bytes_max,
            _ => self.held_bytes,
        }
    }

    /// Holds no more from the next run on; a file that takes more is refused.
    pub(crate) fn hold_at_most(&mut self, bytes_max: u64) -> Result<()> {
        match &mut self.source {
            Source::Groups(groups) => groups.hold_at_most(bytes_max.min(self.held_bytes_max)),
            Source::Batches(_) if self.held_bytes > bytes_max => {
                return Err(ipc_check::too_large(&self.name, self.held_bytes, bytes_max));
            }
            _ => {}
        }
        Ok(())
    }

    /// Says which columns the runs have, and in which order. Called once, before [`Table::next`].
    pub(crate) fn start(&mut self, wanted: &[Wanted]) -> Result<()> {
        // Projections keep the order of the file, whatever order is asked for.
        let mut columns: Vec<usize> = wanted.iter().map(|wanted| wanted.column).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut places: Vec<usize> =
            wanted.iter().map(|wanted| columns.partition_point(|column| *column < wanted.column)).collect();
        let source = std::mem::replace(&mut self.source, Source::Batches(Box::new(std::iter::empty())));
        self.source = match source {
            Source::Csv(csv) => {
                places = wanted.iter().map(|wanted| wanted.column).collect();
                Source::Csv(csv)
            }
            Source::Ipc(file) => {
                Source::Batches(Box::new(guard(&self.name, || FileReader::try_new(again(&file)?, Some(columns)))?))
            }
            Source::IpcStream(file) => {
                Source::Batches(Box::new(guard(&self.name, || StreamReader::try_new(again(&file)?, Some(columns)))?))
            }
            Source::Parquet(file, metadata, footer_bytes) => {
                parquet_types::refuse_unread_codecs(&self.name, &metadata, &columns)?;
                let metadata = parquet_types::with_cheap_texts(metadata, wanted);
                let bytes = (self.held_bytes_max, footer_bytes);
                Source::Groups(Box::new(GroupedRows::open(&self.name, file, &metadata, &columns, bytes)?))
            }
            source @ (Source::Batches(_) | Source::Groups(_)) => source,
        };
        self.places = places;
        Ok(())
    }

    /// The next run, of at most `rows_max` rows; `None` at the end of the file.
    ///
    /// Errors: invalid, when the file is damaged.
    pub(crate) fn next(&mut self, rows_max: usize) -> Result<Option<Run>> {
        self.look.look()?;
        let rows_max = rows_max.min(RUN_ROWS_MAX);
        if let Source::Csv(csv) = &mut self.source {
            let records = csv.next(rows_max)?;
            let rows = records.len() + records.malformed.len();
            self.rows_read += rows as u64;
            return Ok((rows > 0).then_some(Run::Csv(records)));
        }
        let batch = match self.pending.take() {
            Some(batch) => batch,
            None => match self.next_batch()? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let rows = lists::rows_at_once(&self.name, &batch, rows_max)?;
        if rows < batch.num_rows() {
            self.pending = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        let first_row = self.rows_read + 1;
        self.rows_read += rows as u64;
        Ok(Some(Run::Arrow { batch: batch.slice(0, rows), first_row }))
    }

    /// The next batch with rows.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let batch = match &mut self.source {
                Source::Batches(batches) => guard(&self.name, || batches.next().transpose())?,
                Source::Groups(groups) => groups.next()?,
                _ => return Err(Error::internal("a table is read before it is started")),
            };
            match batch {
                Some(batch) if batch.num_rows() == 0 => {}
                batch => return Ok(batch),
            }
        }
    }

    /// The rows read so far.
    pub(crate) fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// The cells of the wanted column with this index in a run of this table.
    pub(crate) fn cells<'a>(&self, run: &'a Run, index: usize, rule: &'a CellRule) -> Cells<'a> {
        let place = self.places[index];
        match run {
            Run::Arrow { batch, .. } => Cells::Array(batch.column(place), rule),
            Run::Csv(records) => Cells::Fields { records, field: place, rule },
        }
    }
}

/// Statistics would make a footer larger, and nobody reads them.
fn without_statistics() -> ParquetMetaDataOptions {
    let mut options = ParquetMetaDataOptions::new();
    options.set_column_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_size_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options.set_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll);
    options
}
