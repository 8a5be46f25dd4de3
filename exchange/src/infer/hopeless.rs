//! Columns of which not one value can be loaded: they are left out, so that the rest of the file loads.

use super::observe::Observed;
use super::odd;
use super::trial::{RejectKind, Trial};
use super::words::plural;
use crate::mapping::{ColumnMapping, Mapping};
use crate::note::Note;

/// Leaves out the columns whose every value was rejected in the trial, with a note in place of what was said of how
/// they would be read.
///
/// Returns whether there were any.
pub(super) fn skip(mapping: &mut Mapping, observed: &[Observed], trial: &Trial, notes: &mut Vec<Note>) -> bool {
    let mut is_any = false;
    for column in mapping.columns.iter_mut().filter(|column| !column.skip) {
        let Some(seen) = observed.iter().find(|seen| seen.name == column.column) else {
            continue;
        };
        let Some(first) = hopeless(column, seen, trial) else {
            continue;
        };
        is_any = true;
        notes.retain(|note| note.column != column.column);
        let count = plural(values(column, seen), "value");
        let (kind, reason) = (column.kind, &first.example.reason);
        let mut message = format!("skipped: none of its {count} can be {kind} (line {}: {reason})", first.example.line);
        if let Some(remedy) = odd::remedy_for(kind, &seen.texts.first) {
            message.push_str(&format!("; {remedy}"));
        }
        notes.push(Note { column: column.column.clone(), message });
        *column = ColumnMapping { skip: true, ..ColumnMapping::new(column.column.clone(), kind) };
    }
    is_any
}

/// The first reject of a column that has no other values.
fn hopeless<'a>(column: &ColumnMapping, seen: &Observed, trial: &'a Trial) -> Option<&'a RejectKind> {
    let of_column = || trial.rejected.iter().filter(|kind| kind.column == column.column);
    let rejected: u64 = of_column().map(|kind| kind.rows).sum();
    let is_all = rejected > 0 && rejected >= values(column, seen);
    of_column().min_by_key(|kind| kind.example.line).filter(|_| is_all)
}

/// The rows with a value, words that mean null left out.
fn values(column: &ColumnMapping, seen: &Observed) -> u64 {
    let nulls: u64 = column.null_words.iter().filter_map(|word| seen.null_words.get(word.as_str())).sum();
    seen.values().saturating_sub(nulls)
}
