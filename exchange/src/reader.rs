//! Reading a file by its mapping, block by block.

use std::sync::Arc;

use muster_engine::catalog::{TagKind, Zone};
use muster_engine::columns::LoadBlock;
use muster_engine::write::Load;
use muster_engine::{Error, Result};
use muster_language::suggest::did_you_mean;
use muster_language::visible::visible;

use crate::cell::CellRule;
use crate::column::{ColumnBuilder, KeyBuilder, OddTimes, Place, Rejects};
use crate::constant::Constant;
use crate::csv::not_text;
use crate::input::Input;
use crate::mapping::{Mapping, nfkc};
use crate::note::Note;
use crate::options::{HELD_BYTES_MIN, ReadOptions};
use crate::reject::Reject;
use crate::resolved::{ResolvedColumn, open_column, resolve, shape_of};
use crate::scalar::Shape;
use crate::table::{Run, Table, Wanted};

/// Some rows of the file.
#[derive(Clone, Debug)]
pub struct Block {
    /// The rows that are loaded, in file order.
    pub load: LoadBlock,
    /// Line or row number (as in [`Reject::line`]) of the first row that was read for this block.
    pub first_row_line: u64,
    /// How many rows were read for this block: those loaded and those rejected.
    pub rows_read: u64,
    /// The rows that are not loaded, by line.
    pub rejected: Vec<Reject>,
}

/// How far a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    /// The rows read so far.
    pub rows_read: u64,
    /// All rows, where the format says it.
    pub rows_total: Option<u64>,
    /// The bytes read so far, packed as they are; 0 for formats that say `rows_total`.
    pub bytes_read: u64,
    /// The size of the file, unknown for a stream.
    pub bytes_total: Option<u64>,
}

/// What a row that is refused takes: its cell, cut, and the reason.
const REJECT_BYTES: usize = 2 << 10;

/// Reads a file by its mapping.
///
/// ```no_run
/// # use muster_exchange::{Input, LoadReader, Mapping, ReadOptions, ResolvedColumn};
/// # fn load(mapping: &Mapping, resolved: &[ResolvedColumn]) -> muster_engine::Result<()> {
/// let input = Input::open("bookings.parquet".as_ref())?;
/// let mut reader = LoadReader::open(input, mapping, resolved, ReadOptions::default())?;
/// while let Some(block) = reader.next_block()? {
///     println!("{} rows, {} rejected", block.load.keys.len(), block.rejected.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct LoadReader {
    table: Table,
    key: KeyBuilder,
    columns: Vec<ColumnBuilder>,
    /// How the cells of the key and of each column are taken.
    cell_rules: Vec<CellRule>,
    /// Those that the file does not have.
    constants: Vec<Constant>,
    /// What was seen of each column and of the whole file.
    odd_times: Vec<OddTimes>,
    marks: Marks,
    unmapped: Vec<String>,
    options: ReadOptions,
}

/// The byte order marks that stand inside of a file.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    count: u64,
    first_line: u64,
}

impl LoadReader {
    /// Opens a file for reading by `mapping`, whose columns became what `resolved` says.
    ///
    /// Errors: invalid, when the file is damaged, when a column of the mapping is missing in it or holds what its tag
    /// cannot take, or when `resolved` does not fit the mapping.
    pub fn open(
        input: Input,
        mapping: &Mapping,
        resolved: &[ResolvedColumn],
        options: ReadOptions,
    ) -> Result<LoadReader> {
        mapping.check()?;
        let mut table = Table::open(input, &mapping.csv, &options)?;
        let key_column = find_column(&table, &mapping.key.column)?;
        let shape = shape_of(&table, key_column)?;
        if matches!(shape, Shape::List(_)) {
            return Err(Error::invalid(format!(
                "column {:?} holds {}, and a key is one value",
                mapping.key.column,
                shape.name()
            )));
        }
        if mapping.key.trim && shape != Shape::Text {
            return Err(Error::invalid(format!(
                "{}: key {:?} holds {}, which trim is not about: strike trim",
                table.name(),
                mapping.key.column,
                shape.name()
            )));
        }
        let not_text: Arc<str> = match table.data_type(key_column) {
            None => not_text(mapping.csv.encoding).into(),
            Some(_) => "the text is not UTF-8".into(),
        };
        let mut wanted = vec![Wanted { column: key_column, dictionary: false }];
        let mut columns = Vec::new();
        let mut cell_rules = vec![CellRule::of_key(&mapping.key)];
        let mut constants = Vec::new();
        for column in mapping.loaded_columns() {
            if let Some(text) = &column.constant {
                constants.push(Constant::new(column, text, resolve(resolved, &column.column, column.kind)?)?);
                continue;
            }
            let index = find_column(&table, &column.column)?;
            let found = resolve(resolved, &column.column, column.kind)?;
            columns.push(open_column(&table, index, column, found, &not_text)?);
            wanted.push(Wanted { column: index, dictionary: column.kind == TagKind::Choice });
            cell_rules.push(CellRule::of(column));
        }
        // The key's column can set a tag too; it is then read as the key is.
        if let Some(twice) = wanted[1..].iter_mut().find(|one| one.column == key_column) {
            twice.dictionary = false;
        }
        table.start(&wanted)?;
        Ok(LoadReader {
            unmapped: unmapped_columns(&table, mapping),
            key: KeyBuilder::new(table.columns()[key_column].clone(), mapping.key.kind, not_text),
            table,
            odd_times: vec![OddTimes::default(); columns.len()],
            marks: Marks::default(),
            columns,
            cell_rules,
            constants,
            options,
        })
    }

    /// Takes times that are written without a zone as those of `zone`, where the mapping says none; else they are UTC.
    ///
    /// Errors: invalid, for a constant that is no time there.
    pub fn assume_zone(&mut self, zone: &Zone) -> Result<()> {
        self.columns.iter_mut().for_each(|column| column.assume_zone(zone));
        self.constants.iter_mut().try_for_each(|constant| constant.assume_zone(zone))
    }

    /// The columns of the file that the mapping does not name, neither to load nor to skip.
    pub fn unmapped_columns(&self) -> &[String] {
        &self.unmapped
    }

    /// How far the reader is.
    pub fn progress(&self) -> Progress {
        Progress {
            rows_read: self.table.rows_read(),
            rows_total: self.table.rows_total(),
            bytes_read: self.table.bytes_read(),
            bytes_total: self.table.bytes_total(),
        }
    }

    /// What is held of the file, unpacked, beside the blocks.
    pub fn held_bytes(&self) -> u64 {
        self.table.held_bytes()
    }

    /// Agrees with the load that takes the blocks what may be held for the next one. After it was read, the load is
    /// told by [`Load::read_with`] what is.
    ///
    /// Errors: limit, when the file is known to take more.
    pub fn share_memory_with(&mut self, load: &mut Load) -> Result<()> {
        let room = load.room_for_reading(self.table.held_bytes_wanted())?;
        self.table.hold_at_most(room.max(HELD_BYTES_MIN as u64))
    }

    /// The next block; `None` at the end of the file. A block may have rejects only.
    ///
    /// Errors: invalid, when the file turns out to be damaged.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        let mut rejects = Rejects::default();
        let mut rows = 0;
        let mut first_row_line = None;
        let rows_before_block = self.table.rows_read();
        while rows + rejects.len() < self.options.block_rows_max.max(1) && !self.is_full(&rejects) {
            let left = self.options.rows_max.saturating_sub(self.table.rows_read());
            if left == 0 {
                break;
            }
            let rows_max = (self.options.block_rows_max.max(1) - rows).min(usize::try_from(left).unwrap_or(usize::MAX));
            // All of them may be refused.
            let rows_max = rows_max.min((self.options.block_bytes_max / REJECT_BYTES).max(1));
            let Some(run) = self.table.next(rows_max)? else {
                break;
            };
            if first_row_line.is_none() {
                first_row_line = first_line(&run);
            }
            if let Run::Csv(records) = &run {
                self.count_marks(&records.marked_lines());
            }
            rejects.extend(run.rows());
            self.append(&run, rows, &mut rejects)?;
            rows += run.rows();
            if let Run::Csv(records) = run {
                for malformed in records.malformed {
                    rejects.add_record(Reject {
                        line: malformed.line,
                        column: String::new(),
                        reason: malformed.reason,
                        raw: malformed.raw,
                    });
                }
            }
        }
        let Some(first_row_line) = first_row_line else {
            return Ok(None);
        };
        let keep = rejects.keep();
        for (odd, column) in self.odd_times.iter_mut().zip(&self.columns) {
            let of_block = column.odd_times(keep);
            odd.twice += of_block.twice;
            odd.never += of_block.never;
        }
        let mut load = LoadBlock {
            keys: self.key.finish(keep),
            columns: self.columns.iter_mut().map(|column| column.take().finish(keep)).collect(),
        };
        let rows = load.keys.len();
        load.columns.extend(self.constants.iter().map(|constant| constant.of_rows(rows)));
        Ok(Some(Block {
            load,
            first_row_line,
            rows_read: self.table.rows_read() - rows_before_block,
            rejected: rejects.finish(),
        }))
    }

    fn count_marks(&mut self, lines: &[u64]) {
        if let (0, Some(first)) = (self.marks.count, lines.first()) {
            self.marks.first_line = *first;
        }
        self.marks.count += lines.len() as u64;
    }

    /// What a person should know of the rows read so far, beside the rejects.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut note = |column: &str, message: String| notes.push(Note { column: column.to_owned(), message });
        if self.table.rows_read() == 0 {
            let header = if self.table.is_csv() { "a header and " } else { "" };
            note("", format!("the file has {header}no rows: nothing is loaded"));
        }
        if self.marks.count > 0 {
            let Marks { count, first_line } = self.marks;
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            note(
                "",
                format!("a byte order mark stands inside the file, on line {first_line}{more}: it is part of a value"),
            );
        }
        for (column, odd) in self.columns.iter().zip(&self.odd_times) {
            if odd.twice > 0 {
                let times = plural(odd.twice, "time");
                note(
                    column.name(),
                    format!("{times} that the zone has twice, when clocks are set back: taken as the first"),
                );
            }
            if odd.never > 0 {
                let times = plural(odd.never, "time");
                note(
                    column.name(),
                    format!("{times} that the zone does not have, when clocks are set forward: moved forward"),
                );
            }
        }
        notes
    }

    fn append(&mut self, run: &Run, rows_before: usize, rejects: &mut Rejects) -> Result<()> {
        let place = Place { run, rows_before };
        let cells = self.table.cells(run, 0, &self.cell_rules[0]);
        self.key.append(cells, &place, rejects)?;
        for (index, column) in self.columns.iter_mut().enumerate() {
            let cells = self.table.cells(run, index + 1, &self.cell_rules[index + 1]);
            column.append(cells, &place, rejects)?;
        }
        Ok(())
    }

    /// Whether the block has as many bytes as a block may have.
    fn is_full(&self, rejects: &Rejects) -> bool {
        let bytes = self.columns.iter().map(ColumnBuilder::bytes).sum::<usize>();
        bytes + self.key.bytes() + rejects.bytes() >= self.options.block_bytes_max
    }
}

fn plural(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn first_line(run: &Run) -> Option<u64> {
    let first_row = (run.rows() > 0).then(|| run.line(0));
    let first_malformed = match run {
        Run::Csv(records) => records.malformed.first().map(|malformed| malformed.line),
        Run::Arrow { .. } => None,
    };
    first_row.into_iter().chain(first_malformed).min()
}

/// The place of a column, compared as names are.
pub(crate) fn find_column(table: &Table, name: &str) -> Result<usize> {
    let wanted = nfkc(name);
    let is_named = |column: &String| nfkc(column) == wanted;
    // A name with a control character is shown with an escape, and pasted so.
    let is_shown = |column: &String| visible(column) == name;
    let columns = table.columns();
    columns.iter().position(is_named).or_else(|| columns.iter().position(is_shown)).ok_or_else(|| {
        Error::invalid(format!(
            "{} has no column {name:?}{}",
            table.name(),
            did_you_mean(name, table.columns().iter().map(String::as_str))
        ))
    })
}

fn unmapped_columns(table: &Table, mapping: &Mapping) -> Vec<String> {
    let named: std::collections::HashSet<String> =
        mapping.columns.iter().map(|column| nfkc(&column.column)).chain([nfkc(&mapping.key.column)]).collect();
    table.columns().iter().filter(|column| !named.contains(&nfkc(column))).cloned().collect()
}
