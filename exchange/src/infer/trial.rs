//! The trial (dry run) of a proposed mapping: the rows that were looked at go through the reader that a load uses.

use std::collections::BTreeMap;

use muster_engine::Result;
use muster_engine::TagId;

use super::words::{count_text, plural};
use crate::input::{Input, NamedFile};
use crate::mapping::Mapping;
use crate::options::ReadOptions;
use crate::reader::LoadReader;
use crate::reject::Reject;
use crate::resolved::ResolvedColumn;

use super::known::KnownType;

/// How many kinds of rejects are told apart; further ones are counted together.
const KINDS_MAX: usize = 100;
/// How many kinds are named in one line.
const SHOWN_MAX: usize = 5;

/// What a load of the rows would come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// The rows that would be loaded.
    pub rows_loaded: u64,
    /// The rows that would be rejected.
    pub rows_rejected: u64,
    /// Why, the commonest first.
    pub rejected: Vec<RejectKind>,
}

/// Rows that would be rejected for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectKind {
    /// The faulty column, empty where the whole record is at fault.
    pub column: String,
    /// What is wrong, without the cell.
    pub reason: String,
    /// How many rows.
    pub rows: u64,
    /// The first of them.
    pub example: Reject,
}

impl Trial {
    /// `2,000 rows would load, 13 be rejected: …`.
    pub fn print(&self) -> String {
        let mut line =
            format!("{} would load, {} be rejected", plural(self.rows_loaded, "row"), count_text(self.rows_rejected));
        for (index, kind) in self.rejected.iter().take(SHOWN_MAX).enumerate() {
            line.push_str(if index == 0 { ": " } else { "; " });
            line.push_str(&kind.print());
        }
        if self.rejected.len() > SHOWN_MAX {
            line.push_str(&format!("; and {} further reasons", self.rejected.len() - SHOWN_MAX));
        }
        if self.rows_rejected > 0 {
            line.push_str(&format!(". Correct them, or allow so many: --max-rejects {}", self.rows_rejected));
        }
        line
    }
}

impl RejectKind {
    /// `12 in price: "abc" is no number (line 17)`.
    fn print(&self) -> String {
        let column = match self.example.column.is_empty() {
            true => String::new(),
            false => format!(" in {}", self.example.column),
        };
        format!("{}{column}: {} (line {})", count_text(self.rows), self.example.reason, self.example.line)
    }
}

/// Reads the rows that `options` allows by `mapping`, as a load would.
///
/// Errors: those of the reader.
pub(super) fn run(
    file: NamedFile<'_>,
    mapping: &Mapping,
    known: Option<&KnownType>,
    options: &ReadOptions,
) -> Result<Trial> {
    let resolved: Vec<ResolvedColumn> = (1..)
        .zip(mapping.loaded_columns())
        .map(|(number, column)| ResolvedColumn {
            column: column.column.clone(),
            tag: TagId(number),
            kind: column.kind,
            closed_values: known.and_then(|known| known.tag(&column.tag)).and_then(|tag| tag.closed_values.clone()),
        })
        .collect();
    let mut reader = LoadReader::open(Input::open_named(file)?, mapping, &resolved, options.clone())?;
    let mut trial = Trial::default();
    let mut kinds: BTreeMap<(String, String), RejectKind> = BTreeMap::new();
    while let Some(block) = reader.next_block()? {
        trial.rows_loaded += block.load.keys.len() as u64;
        trial.rows_rejected += block.rejected.len() as u64;
        block.rejected.into_iter().for_each(|reject| count(&mut kinds, reject));
    }
    trial.rejected = kinds.into_values().collect();
    trial.rejected.sort_by_key(|kind| std::cmp::Reverse(kind.rows));
    Ok(trial)
}

fn count(kinds: &mut BTreeMap<(String, String), RejectKind>, reject: Reject) {
    let mut reason = reason_alone(&reject);
    let is_new = |reason: &String| !kinds.contains_key(&(reject.column.clone(), reason.clone()));
    if kinds.len() >= KINDS_MAX && is_new(&reason) {
        reason = "further reasons".to_owned();
    }
    let kind = kinds.entry((reject.column.clone(), reason.clone())).or_insert_with(|| RejectKind {
        column: reject.column.clone(),
        reason,
        rows: 0,
        example: reject,
    });
    kind.rows += 1;
}

/// The reason without the cell that it begins with, or has after a word.
fn reason_alone(reject: &Reject) -> String {
    let reason = reject.reason.as_str();
    // A long cell stands cut in its reason.
    let behind_cell = match reason.strip_prefix('"') {
        None => reason.strip_prefix(reject.raw.as_str()).filter(|_| !reject.raw.is_empty()),
        Some(rest) => end_of_quoted(rest).map(|end| rest[end..].trim_start_matches('…')),
    };
    behind_cell.unwrap_or(reason).trim().to_owned()
}

/// Where what begins inside quotes ends, behind them.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !is_escaped => return Some(at + 1),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}
