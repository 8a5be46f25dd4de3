//! A run of rows, and the cells of one of its columns.

use arrow_array::{ArrayRef, RecordBatch};
use muster_engine::Result;

use crate::cell::CellRule;
use crate::csv::Records;
use crate::scalar::{Scalar, each_scalar};

/// The most rows of a run: what a column of a run takes stays in the second-level cache.
pub(super) const RUN_ROWS_MAX: usize = 16_384;

/// A column that is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) column: usize,
    /// Whether its texts are better given as a dictionary.
    pub(crate) dictionary: bool,
}

/// A run of rows.
pub(crate) enum Run {
    Arrow { batch: RecordBatch, first_row: u64 },
    Csv(Records),
}

impl Run {
    /// The rows that have cells.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Run::Arrow { batch, .. } => batch.num_rows(),
            Run::Csv(records) => records.len(),
        }
    }

    /// The line of a row.
    pub(crate) fn line(&self, row: usize) -> u64 {
        match self {
            Run::Arrow { first_row, .. } => first_row + row as u64,
            Run::Csv(records) => records.lines()[row],
        }
    }
}

/// One column of a run.
#[derive(Clone, Copy)]
pub(crate) enum Cells<'a> {
    Array(&'a ArrayRef, &'a CellRule),
    Fields { records: &'a Records, field: usize, rule: &'a CellRule },
}

impl Cells<'_> {
    /// How the cells are taken.
    pub(crate) fn rule(&self) -> &CellRule {
        match self {
            Cells::Array(_, rule) | Cells::Fields { rule, .. } => rule,
        }
    }

    /// Gives each cell with its row to `visit`.
    pub(crate) fn each(&self, visit: &mut impl FnMut(usize, Scalar<'_>)) -> Result<()> {
        match *self {
            Cells::Array(array, rule) if rule.is_plain() => each_scalar(array, visit),
            Cells::Array(array, rule) => each_scalar(array, &mut |row, cell| visit(row, rule.cell(cell))),
            Cells::Fields { records, field, rule } => {
                for row in 0..records.len() {
                    let (text, quoted) = records.cell(row, field);
                    visit(row, rule.field(text, quoted));
                }
                Ok(())
            }
        }
    }
}
