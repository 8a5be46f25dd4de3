//! What one column becomes, with the notes on it: the value that all that decides works on.

use muster_engine::catalog::TagKind;

use super::observe::Observed;
use super::truths::Truths;
use crate::mapping::ColumnMapping;
use crate::text::Marks;

/// What a column becomes, and where that could be wrong.
pub(super) struct Guess {
    pub(super) column: ColumnMapping,
    pub(super) notes: Vec<String>,
    /// Notes on another kind that the column could have, which a tag that exists does not take.
    pub(super) on_kind: Vec<String>,
}

impl Guess {
    pub(super) fn new(seen: &Observed, kind: TagKind) -> Guess {
        Guess { column: ColumnMapping::new(seen.name.clone(), kind), notes: Vec::new(), on_kind: Vec::new() }
    }

    pub(super) fn kind(&mut self, kind: TagKind) {
        self.column.kind = kind;
    }

    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.notes.push(message.into());
    }

    pub(super) fn note_kind(&mut self, message: impl Into<String>) {
        self.on_kind.push(message.into());
    }

    pub(super) fn skip(&mut self, message: impl Into<String>) {
        self.column.skip = true;
        self.note(message);
    }

    pub(super) fn marks(&mut self, marks: Marks) {
        self.column.decimal_point = (marks.point != '.').then_some(marks.point);
        self.column.thousands = marks.thousands;
    }

    pub(super) fn truths(&mut self, truths: Truths) {
        if !truths.is_default {
            self.column.true_words = truths.true_words;
            self.column.false_words = truths.false_words;
        }
    }
}
