//! Numbers that one file seems to write in two ways: `1.100` where another column has `1.250,00`.
//!
//! Each column is decided by itself, and `1.100` alone is one and a tenth. Where another column of the file has the same
//! sign between thousands, a person has to say which is meant.

use muster_engine::catalog::TagKind;

use super::observe::Observed;
use crate::mapping::ColumnMapping;
use crate::note::Note;

/// Digits between two signs that part thousands.
const GROUP_DIGITS: usize = 3;

/// Adds a note for each column whose fractions may be thousands, by how another column is written.
pub(super) fn note_contrary(observed: &[Observed], columns: &[ColumnMapping], notes: &mut Vec<Note>) {
    for column in columns.iter().filter(|column| is_amount(column)) {
        let point = column.decimal_point.unwrap_or('.');
        let Some(other) = columns.iter().find(|other| !other.skip && other.thousands == Some(point)) else {
            continue;
        };
        let Some(seen) = observed.iter().find(|seen| seen.name == column.column) else {
            continue;
        };
        let mut pointed = seen.samples.iter().filter(|text| text.contains(point));
        if let Some(sample) = pointed.clone().next()
            && pointed.all(|text| has_group(text, point))
        {
            let message = format!(
                "{sample:?} is read with {point:?} before the fraction, which stands between thousands in {:?}; if it does \
                 here too: thousands = {:?}, decimal_point = {:?}",
                other.column,
                point.to_string(),
                other.decimal_point.unwrap_or('.').to_string()
            );
            notes.push(Note { column: column.column.clone(), message });
        }
    }
}

fn is_amount(column: &ColumnMapping) -> bool {
    !column.skip && column.thousands.is_none() && matches!(column.kind, TagKind::Decimal { .. })
}

fn has_group(text: &str, point: char) -> bool {
    text.rsplit(point).next().is_some_and(|group| group.len() == GROUP_DIGITS)
}
