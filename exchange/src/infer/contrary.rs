//! Numbers that can be read in two ways: `1.500`, alone or where another column has `1.250,00`.
//!
//! Each column is decided by itself, and `1.500` alone is one and a half. Where each of its points could stand between
//! thousands as well, a person has to say which is meant; what another column of the file has is told.

use muster_engine::catalog::TagKind;

use super::observe::Observed;
use crate::mapping::ColumnMapping;
use crate::note::Note;
use crate::text::Marks;

/// Adds a note for each column whose fractions may be thousands, by how another column is written.
pub(super) fn note_contrary(observed: &[Observed], columns: &[ColumnMapping], notes: &mut Vec<Note>) {
    for column in columns.iter().filter(|column| is_amount(column)) {
        let point = column.decimal_point.unwrap_or('.');
        let seen = observed.iter().find(|seen| seen.name == column.column);
        let Some((seen, contrary)) =
            seen.and_then(|seen| Some((seen, seen.texts.contrary(Marks { point, thousands: None })?)))
        else {
            continue;
        };
        // Numbers with an exponent alone have no point that could be another.
        let Some(sample) = seen.texts.first.iter().find(|text| text.contains(point)) else { continue };
        let (other_point, thousands) = (contrary.point.to_string(), point.to_string());
        let in_other = columns.iter().filter(|other| !other.skip).find_map(|other| match () {
            () if other.thousands == Some(point) => {
                Some(format!(", which stands between thousands in {:?}; if it does here too", other.column))
            }
            () if other.decimal_point == Some(contrary.point) => {
                Some(format!(", as {other_point:?} does in {:?}; if it stands between thousands", other.column))
            }
            () => None,
        });
        let why = in_other.unwrap_or_else(|| "; if it stands between thousands".to_owned());
        let message = format!(
            "{sample:?} is read with {thousands:?} before the fraction{why}: thousands = {thousands:?}, \
             decimal_point = {other_point:?}"
        );
        notes.push(Note { column: column.column.clone(), message });
    }
}

fn is_amount(column: &ColumnMapping) -> bool {
    !column.skip && column.thousands.is_none() && matches!(column.kind, TagKind::Int | TagKind::Decimal { .. })
}
