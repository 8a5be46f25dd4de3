//! The guess at a mapping: what the first rows of a file say about its columns.
//!
//! A guess is never silent: where another reading was possible, a [`Note`] says so. Nothing is guessed that would
//! change a value; what needs a person's word is kept as it stands, with a note.

mod decide;
mod dialect;
mod observe;

use std::collections::HashSet;
use std::path::Path;

use muster_engine::Result;
use muster_engine::catalog::KeyKind;
use muster_engine::catalog::name::check_name;

use crate::cell::CellRule;
use crate::input::{Format, Input};
use crate::mapping::{ColumnMapping, CsvOptions, KeyMapping, Mapping, nfkc};
use crate::note::Note;
use crate::reader::ReadOptions;
use crate::table::{Run, Table, Wanted};
use decide::{Guess, count_text, decide};
use observe::Observed;

/// What to look at, and what to assume.
#[derive(Clone, Debug)]
pub struct InferOptions {
    /// The entity type; the file's name without its endings unless given.
    pub type_name: Option<String>,
    /// The column that is the key; guessed unless given.
    pub key_column: Option<String>,
    /// How a CSV file is written; guessed unless given.
    pub csv: Option<CsvOptions>,
    /// The most rows that are looked at.
    pub rows_max: u64,
    /// The most cells that are looked at, so that a wide file takes no longer than a narrow one.
    pub cells_max: u64,
    /// The most digits behind the point with which floating-point numbers become decimals.
    pub decimal_digits_max: u8,
}

impl Default for InferOptions {
    fn default() -> Self {
        InferOptions {
            type_name: None,
            key_column: None,
            csv: None,
            rows_max: 1_000_000,
            cells_max: 8_000_000,
            decimal_digits_max: 6,
        }
    }
}

/// A guessed mapping.
#[derive(Clone, Debug)]
pub struct Inference {
    /// The mapping.
    pub mapping: Mapping,
    /// Where it could be wrong: first on the file, then by column in the order of the file.
    pub notes: Vec<Note>,
    /// The rows that were looked at, from the first on.
    pub rows_looked_at: u64,
    /// All rows, where the format says it or all were looked at.
    pub rows_total: Option<u64>,
}

impl Inference {
    /// The mapping as TOML, the notes as comments above their lines.
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
        self.mapping.print_with(&head, |column| self.notes_on(column))
    }

    fn notes_on(&self, column: &str) -> Vec<String> {
        self.notes.iter().filter(|note| note.column == column).map(|note| note.message.clone()).collect()
    }
}

/// Guesses a mapping from the first rows of the file at `path`.
///
/// # Errors
/// When the file cannot be read, is damaged or empty, or has columns of equal names.
pub fn infer(path: &Path, options: &InferOptions) -> Result<Inference> {
    let input = Input::open(path)?;
    let mut notes = Vec::new();
    let csv = match (&options.csv, input.format()) {
        (Some(csv), _) => csv.clone(),
        (None, Format::Csv) => dialect::guess(input, &mut notes)?,
        (None, _) => CsvOptions::default(),
    };
    let record_bytes_max = ReadOptions::default().record_bytes_max;
    let mut table = Table::open(Input::open(path)?, &csv, record_bytes_max)?;
    let observed = observe_rows(&mut table, options, &mut notes)?;
    let rows_total = match table.rows_total() {
        Some(total) => Some(total),
        None => table.next(1).is_ok_and(|run| run.is_none()).then(|| table.rows_read()),
    };
    let entity_type = match &options.type_name {
        Some(name) => check_name("type", name)?,
        None => type_name_of(path),
    };
    let rows_looked_at = observed.first().map_or(0, |column| column.rows);
    let key_index = key_index(&observed, &entity_type, options, &table)?;
    let key = decide_key(&observed[key_index], &mut notes);
    let mut columns = Vec::new();
    let mut tags = HashSet::new();
    for (index, column) in observed.iter().enumerate() {
        if index == key_index {
            continue;
        }
        let Guess { mut column, notes: on_column } = decide(column, options);
        let name = column.column.clone();
        let mut note = |message: String| {
            notes.push(Note { column: name.clone(), message });
        };
        if let Some(message) = name_tag(&mut column, index, &mut tags) {
            note(message);
        }
        on_column.into_iter().for_each(note);
        columns.push(column);
    }
    Ok(Inference { mapping: Mapping { entity_type, key, csv, columns }, notes, rows_looked_at, rows_total })
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
    let mut malformed: Option<(u64, String)> = None;
    let mut malformed_count = 0_u64;
    while table.rows_read() < rows_max {
        let left = usize::try_from(rows_max - table.rows_read()).unwrap_or(usize::MAX);
        let Some(run) = table.next(left)? else {
            break;
        };
        for column in &mut observed {
            column.rows += run.rows() as u64;
            if let Some(place) = column.place {
                column.look(table.cells(&run, place, &CellRule::PLAIN))?;
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

/// The place of the key: a column that never is null and never repeats, by preference one that is called so.
fn key_index(observed: &[Observed], entity_type: &str, options: &InferOptions, table: &Table) -> Result<usize> {
    if let Some(name) = &options.key_column {
        return crate::reader::find_column(table, name);
    }
    let candidates = || {
        observed
            .iter()
            .enumerate()
            .filter(|(_, column)| column.can_be_key())
            .map(|(index, column)| (key_name_rank(&column.name, entity_type), index))
    };
    let unique = candidates().filter(|(_, index)| observed[*index].is_unique()).min();
    // A null key is a rejected row, a repeated one is not: a column without nulls comes first, whatever its name.
    let whole = || candidates().filter(|(_, index)| observed[*index].nulls == 0).min();
    Ok(unique.or_else(whole).or_else(|| candidates().min()).map_or(0, |(_, index)| index))
}

const UNNAMED_RANK: u8 = 3;

/// How much a name sounds like that of a key; less is more.
fn key_name_rank(name: &str, entity_type: &str) -> u8 {
    let name = nfkc(name).to_lowercase();
    let entity_type = entity_type.to_lowercase();
    let one = entity_type.strip_suffix('s').unwrap_or(&entity_type);
    let stem = ["_id", "_key", " id"].iter().find_map(|end| name.strip_suffix(end));
    if matches!(name.as_str(), "id" | "key" | "编号") {
        return 0;
    }
    match stem {
        Some(stem) if stem == one || stem == entity_type => 1,
        Some(_) => 2,
        None if name.ends_with("编号") || name.ends_with("userid") => 2,
        None => UNNAMED_RANK,
    }
}

fn decide_key(column: &Observed, notes: &mut Vec<Note>) -> KeyMapping {
    let kind = match column.is_key_numbers() {
        true => KeyKind::U64,
        false => KeyKind::String,
    };
    let mut note = |message: String| {
        notes.push(Note { column: column.name.clone(), message });
    };
    if column.nulls > 0 {
        note(format!("the key is null in {}, which will be rejected", plural(column.nulls, "row")));
    }
    let keys = column.distinct();
    if keys < column.values() {
        note(format!(
            "{} distinct keys in {}: of rows with one key the last wins; is this a table with several rows an entity?",
            count_text(keys),
            plural(column.rows, "row")
        ));
    } else if key_name_rank(&column.name, "") == UNNAMED_RANK {
        note("taken as the key because it is never null and never repeats".to_owned());
    }
    KeyMapping { column: column.name.clone(), kind, trim: false }
}

/// Gives the column a tag's name that can be one and that no other column has; the answer says what was changed.
fn name_tag(column: &mut ColumnMapping, index: usize, tags: &mut HashSet<String>) -> Option<String> {
    if column.skip {
        return None;
    }
    let mut name = match check_name("tag", &column.tag) {
        Ok(name) => name,
        Err(_) => plain_name(&column.tag).unwrap_or_else(|| format!("column_{}", index + 1)),
    };
    while !tags.insert(name.clone()) {
        name.push_str("_2");
    }
    let changed = name != column.tag;
    column.tag = name;
    changed.then(|| "the column's name cannot be a tag's".to_owned())
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

/// `1 row`, `2,000 rows`.
fn plural(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {what}{s}", count_text(count))
}
