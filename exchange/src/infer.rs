//! Schema inference, the guess at a mapping: what the first rows of a file say about its columns.
//!
//! A guess is never silent: where another reading was possible, a [`Note`] says so. What is proposed is tried out on
//! the rows that were looked at, with the reader of a load, and what that came to is part of the answer.

mod coded;
mod contrary;
mod decide;
mod dialect;
mod encoding;
mod error;
mod guess;
mod hopeless;
mod key;
mod known;
mod lists;
mod nulls;
mod numbers;
mod observe;
mod odd;
mod options;
mod texts;
mod trial;
mod truths;
mod words;
mod writing;

use std::collections::HashSet;
use std::path::Path;

use muster_engine::catalog::check_name;
use muster_engine::{Error, LoadMode, Result};

use crate::cell::CellRule;
use crate::input::{Format, Input, NamedFile};
use crate::mapping::{COLUMNS_MAX, ColumnMapping, CsvOptions, Gates, Mapping, encoding_labelled, nfkc};
use crate::note::Note;
use crate::options::ReadOptions;
use crate::reader::find_column;
use crate::table::{Run, Table, Wanted};
use decide::decide;
pub use error::InferError;
use guess::Guess;
use key::KeyGuess;
pub use known::{KnownTag, KnownType};
use known::{decide_known, note_closed};
use observe::Observed;
pub use options::InferOptions;
use texts::TextBudget;
pub use trial::{RejectKind, Trial};
use words::{count_text, plural};

/// How often columns are left out and the rest is tried again.
const HOPELESS_ROUNDS_MAX: usize = 8;

/// A guessed mapping.
#[derive(Clone, Debug)]
pub struct Inference {
    /// The mapping.
    pub mapping: Mapping,
    /// Where it could be wrong: first on the file, then by column in the order of the file.
    pub notes: Vec<Note>,
    /// Why the key should not be taken without a person's word, if so.
    pub key_doubt: Option<String>,
    /// The same for the encoding.
    pub encoding_doubt: Option<String>,
    /// The rows that were looked at, from the first on, with records that are no rows.
    pub rows_looked_at: u64,
    /// All rows, where the format says it or all were looked at.
    pub rows_total: Option<u64>,
    /// What a load of the rows that were looked at would come to.
    pub trial: Trial,
}

impl Inference {
    /// The mapping as TOML, the notes as comments above their lines, and what the trial came to at the end.
    pub fn print(&self) -> String {
        let rows = match self.rows_total {
            Some(total) if total == self.rows_looked_at => format!("all {}", count_text(total)),
            Some(total) => format!("the first {} of {}", count_text(self.rows_looked_at), count_text(total)),
            None => format!("the first {}", count_text(self.rows_looked_at)),
        };
        let mut head = vec![format!(
            "A guess from {rows} rows. Lines with a comment want a look; skip = true leaves a column out."
        )];
        head.extend(self.notes_on(""));
        let mut text = self.mapping.print_with(&head, |column| self.notes_on(column));
        crate::mapping::push_comment(&mut text, "", &self.outcome());
        text
    }

    /// What a load would come to, in a line.
    pub fn outcome(&self) -> String {
        match self.rows_total {
            Some(total) if total == self.rows_looked_at => self.trial.print(),
            _ => format!("of the rows looked at {}", self.trial.print()),
        }
    }

    fn notes_on(&self, column: &str) -> Vec<String> {
        self.notes.iter().filter(|note| note.column == column).map(|note| note.message.clone()).collect()
    }
}

/// Guesses a mapping from the first rows of the file at `path`.
///
/// Errors: io, when the file cannot be read; invalid, when it is damaged or empty, has columns of equal names, or none
/// that can be the key.
pub fn infer(path: &Path, options: &InferOptions) -> std::result::Result<Inference, InferError> {
    infer_named(NamedFile { path, name: &path.display().to_string() }, options)
}

/// The same for a file that messages call otherwise.
pub fn infer_named(file: NamedFile<'_>, options: &InferOptions) -> std::result::Result<Inference, InferError> {
    let input = Input::open_named(file)?.stopped_by(&options.limits.look);
    let mut notes = Vec::new();
    let encoding = match &options.encoding {
        None => None,
        Some(_) if input.format() != Format::Csv => {
            let message = format!("strike the encoding: {} is no CSV and says its own", input.name());
            return Err(InferError::File(Error::invalid(message)));
        }
        Some(label) => Some(encoding_labelled(label).map_err(Error::invalid)?),
    };
    let (csv, encoding_doubt) = match (&options.csv, input.format()) {
        (Some(csv), _) => (csv.clone(), None),
        (None, Format::Csv) => dialect::guess(input, encoding, &mut notes)?,
        (None, _) => (CsvOptions::default(), None),
    };
    let mut table = match (Table::open(Input::open_named(file)?, &csv, &options.limits), &encoding_doubt) {
        (Ok(table), _) => table,
        (Err(_), Some(doubt)) => return Err(InferError::NoEncoding(name_encoding(doubt))),
        (Err(fault), None) => return Err(fault.into()),
    };
    check_width(&table)?;
    let observed = observe_rows(&mut table, options, &mut notes)?;
    let rows_looked_at = table.rows_read();
    let rows_total = match table.rows_total() {
        Some(total) => Some(total),
        None => table.next(1).is_ok_and(|run| run.is_none()).then_some(rows_looked_at),
    };
    let entity_type = match (&options.known, &options.type_name) {
        (Some(known), _) => known.name.clone(),
        (None, Some(name)) => check_name("type", name)?,
        (None, None) => type_name_of(file.path),
    };
    let guessed = match &options.key_column {
        Some(name) => key::named(find_column(&table, name)?),
        None => key::guess(&observed, &entity_type, options)?,
    };
    let known = options.known.as_ref();
    let key = key::decide(&guessed, &observed[guessed.index], known, &mut notes);
    let columns = decide_columns(&observed, &guessed, known, &mut notes);
    let mut mapping = Mapping { entity_type, key, csv, mode: LoadMode::default(), columns, gates: Gates::default() };
    mapping.check()?;
    // What it holds is not held twice.
    drop(table);
    let limits = ReadOptions { rows_max: rows_looked_at, ..options.limits.clone() };
    let mut trial = trial::run(file, &mapping, known, &limits)?;
    // A row is rejected for its first fault, so that columns behind the first hopeless one show themselves later.
    // In another encoding they may be all right.
    let rounds = if encoding_doubt.is_some() { 0 } else { HOPELESS_ROUNDS_MAX };
    for _ in 0..rounds {
        if !hopeless::skip(&mut mapping, &observed, &trial, &mut notes) {
            break;
        }
        trial = trial::run(file, &mapping, known, &limits)?;
    }
    note_rejects(&trial, &mut notes);
    Ok(Inference { mapping, notes, key_doubt: guessed.doubt, encoding_doubt, rows_looked_at, rows_total, trial })
}

/// A mapping names at most so many columns; a load by one that names fewer reads wider files.
fn check_width(table: &Table) -> Result<()> {
    match table.columns().len() {
        ..=COLUMNS_MAX => Ok(()),
        columns => Err(Error::limit(format!(
            "name the columns that are wanted in a mapping of your own: {} has {columns} columns, and at most \
             {COLUMNS_MAX} (COLUMNS_MAX) are proposed for",
            table.name()
        ))),
    }
}

/// What is said where an encoding in doubt does not do.
pub fn name_encoding(doubt: &str) -> String {
    format!("name the encoding with --encoding NAME, such as --encoding gbk: {doubt}")
}

/// Walks the first rows.
fn observe_rows(table: &mut Table, options: &InferOptions, notes: &mut Vec<Note>) -> Result<Vec<Observed>> {
    let mut observed = Vec::new();
    let mut wanted = Vec::new();
    for (index, name) in table.columns().iter().enumerate() {
        let data_type = table.data_type(index);
        let shape = table.shape(index);
        let mut column = Observed::new(name.clone(), shape, data_type.is_none());
        if column.shape.is_none() {
            column.type_name = data_type.map(ToString::to_string).unwrap_or_default();
        } else {
            column.place = Some(wanted.len());
            wanted.push(Wanted { column: index, dictionary: false });
        }
        observed.push(column);
    }
    table.start(&wanted)?;
    let cells_max = options.cells_max / wanted.len().max(1) as u64;
    let rows_max = options.rows_max.min(cells_max).max(1);
    let mut text_budget = TextBudget::new(options.text_bytes_max);
    let mut malformed: Option<(u64, String)> = None;
    let mut malformed_count = 0_u64;
    while table.rows_read() < rows_max {
        let rows_left = (rows_max - table.rows_read()).min(text_budget.rows_left(table.rows_read()));
        if rows_left == 0 {
            break;
        }
        let left = usize::try_from(rows_left).unwrap_or(usize::MAX);
        let Some(run) = table.next(left)? else {
            break;
        };
        for column in &mut observed {
            column.rows += run.rows() as u64;
            if let Some(place) = column.place {
                column.look(table.cells(&run, place, &CellRule::PLAIN), &mut text_budget)?;
            }
        }
        if let Run::Csv(records) = &run {
            malformed_count += records.malformed.len() as u64;
            if let (None, Some(first)) = (&malformed, records.malformed.first()) {
                malformed = Some((first.line, first.reason.clone()));
            }
        }
    }
    if let Some((line, reason)) = malformed {
        notes.push(Note {
            column: String::new(),
            message: format!(
                "{} will be rejected, the first on line {line}: {reason}",
                plural(malformed_count, "record")
            ),
        });
    }
    Ok(observed)
}

/// What each column but the key becomes.
fn decide_columns(
    observed: &[Observed],
    key: &KeyGuess,
    known: Option<&KnownType>,
    notes: &mut Vec<Note>,
) -> Vec<ColumnMapping> {
    let mut columns = Vec::new();
    let mut tags = HashSet::new();
    for (index, seen) in observed.iter().enumerate() {
        if index == key.index {
            continue;
        }
        let name = tag_name(&seen.name, index);
        let tag = known.and_then(|known| known.tag(&name));
        let name = tag.map_or(name, |tag| tag.name.clone());
        let mut guess = match tag {
            None => decide(seen),
            Some(tag) => decide_known(seen, tag),
        };
        if !guess.column.skip {
            match tag {
                Some(tag) if tags.contains(&name) => {
                    guess.skip(format!("skipped: another column sets the tag `{}`", tag.name))
                }
                Some(tag) => note_closed(tag, &mut guess),
                None if name != nfkc(&seen.name) => guess.note("the column's name cannot be a tag's"),
                None => {}
            }
        }
        if !guess.column.skip {
            guess.column.tag = free_name(name, known, &mut tags);
        }
        let Guess { column, notes: on_column, on_kind } = guess;
        let note = |message: String| {
            notes.push(Note { column: seen.name.clone(), message });
        };
        on_column.into_iter().chain(on_kind).for_each(note);
        columns.push(column);
    }
    contrary::note_contrary(observed, &columns, notes);
    columns
}

/// Says at each column which rows it will cost. A faulty record is told of when it is met.
fn note_rejects(trial: &Trial, notes: &mut Vec<Note>) {
    for kind in trial.rejected.iter().filter(|kind| !kind.column.is_empty()) {
        let (rows, example) = (plural(kind.rows, "row"), &kind.example);
        notes.push(Note {
            column: kind.column.clone(),
            message: format!("{rows} will be rejected, the first on line {}: {}", example.line, example.reason),
        });
    }
}

/// The name of a tag for a column of this name.
fn tag_name(name: &str, index: usize) -> String {
    let name = nfkc(name);
    match check_name("tag", &name) {
        Ok(name) => name,
        Err(_) => plain_name(&name).unwrap_or_else(|| format!("column_{}", index + 1)),
    }
}

/// The name, changed until no other column has it; one that was changed is none of a tag that exists either.
fn free_name(mut name: String, known: Option<&KnownType>, tags: &mut HashSet<String>) -> String {
    let mut is_changed = false;
    while tags.contains(&name) || is_changed && known.is_some_and(|known| known.tag(&name).is_some()) {
        name.push_str("_2");
        is_changed = true;
    }
    tags.insert(name.clone());
    name
}

/// The name without what a name cannot hold.
fn plain_name(name: &str) -> Option<String> {
    let cleaned: String =
        name.chars().map(|c| if c.is_control() || matches!(c, '`' | '*') { '_' } else { c }).take(100).collect();
    let parts: Vec<&str> = cleaned.split('.').map(str::trim).filter(|part| !part.is_empty()).collect();
    check_name("tag", &parts.join(".")).ok()
}

/// The file's name up to its first dot.
fn type_name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    name.as_deref()
        .and_then(|name| name.split('.').next())
        .and_then(|stem| check_name("type", stem).ok())
        .unwrap_or_else(|| "entities".to_owned())
}
