//! Rejected rows (error rows) of a block that is being built.

use crate::reject::{Reject, raw_text};
use crate::table::Run;

/// Where a run stands in its block.
pub(crate) struct Place<'a> {
    pub(crate) run: &'a Run,
    /// The rows of the block before this run.
    pub(crate) rows_before: usize,
}

/// Which rows of the block are refused, and why.
#[derive(Default)]
pub(crate) struct Rejects {
    keep: Vec<bool>,
    rejected: Vec<Reject>,
    bytes: usize,
    any_row: bool,
}

impl Rejects {
    /// Makes room for the rows of a run.
    pub(crate) fn extend(&mut self, rows: usize) {
        self.keep.resize(self.keep.len() + rows, true);
    }

    /// Refuses a row, unless an earlier column has done so.
    #[cold]
    pub(crate) fn add(
        &mut self,
        place: &Place<'_>,
        row: usize,
        column: &str,
        reason: String,
        raw: impl FnOnce() -> String,
    ) {
        let keep = &mut self.keep[place.rows_before + row];
        if !std::mem::replace(keep, false) {
            return;
        }
        self.any_row = true;
        self.add_record(Reject {
            line: place.run.line(row),
            column: column.to_owned(),
            reason,
            raw: raw_text(raw().as_bytes()),
        });
    }

    /// Refuses a record that never became a row.
    pub(crate) fn add_record(&mut self, reject: Reject) {
        self.bytes += reject.bytes();
        self.rejected.push(reject);
    }

    /// What they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.keep.len()
    }

    /// How many are refused.
    pub(crate) fn len(&self) -> usize {
        self.rejected.len()
    }

    /// Which rows to keep, `None` for all.
    pub(crate) fn keep(&self) -> Option<&[bool]> {
        self.any_row.then_some(self.keep.as_slice())
    }

    /// The rejects by line.
    pub(crate) fn finish(mut self) -> Vec<Reject> {
        self.rejected.sort_by_key(|reject| reject.line);
        self.rejected
    }
}
