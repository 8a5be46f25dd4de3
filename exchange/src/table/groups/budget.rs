//! The memory budget: what the pages and dictionaries of a file take while some of its rows are read.
//!
//! The decoders ask for pages one by one, so that each page is charged before it is unpacked. Where rows that are read
//! at once would take more than there is, they are read again in smaller numbers; where one row does, the file is
//! refused.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
pub(super) struct Budget {
    /// What the footer takes, and what the rows at once take without their pages.
    base_bytes: u64,
    rows_at_once: u64,
    state: Mutex<State>,
}

struct State {
    bytes_max: u64,
    columns: Vec<Held>,
    total: u64,
    /// The first row of those that are read.
    first_row: u64,
    refusal: Option<Refusal>,
}

/// Why a page was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// So many bytes would be held.
    TooMuch(u64),
    Damaged(String),
    /// It is in a form that is not read.
    NotRead(&'static str),
}

/// What a column holds.
#[derive(Clone, Copy, Default)]
struct Held {
    dictionary: u64,
    /// Pages whose values are among the rows at hand.
    pages: u64,
    /// The last of them, from which the next rows come too.
    last: Cost,
    /// The row behind it.
    end_row: u64,
}

/// What a page takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// As long as it is read.
    pub(super) page: u64,
    /// As long as rows of it are at hand.
    pub(super) rows: u64,
}

impl Budget {
    pub(super) fn new(bytes_max: u64, base_bytes: u64, rows_at_once: u64, columns: usize) -> Budget {
        let state = State { bytes_max, columns: vec![Held::default(); columns], total: 0, first_row: 0, refusal: None };
        Budget { base_bytes, rows_at_once, state: Mutex::new(state) }
    }

    /// The rows that are read at once.
    pub(super) fn rows_at_once(&self) -> u64 {
        self.rows_at_once
    }

    /// What is held.
    pub(super) fn held_bytes(&self) -> u64 {
        self.base_bytes + self.state().total
    }

    /// The rows from this on are read next; those before are no longer at hand.
    pub(super) fn begin(&self, first_row: u64, bytes_max: u64) {
        let mut state = self.state();
        state.bytes_max = bytes_max;
        state.first_row = first_row;
        state.total = 0;
        for index in 0..state.columns.len() {
            let column = &mut state.columns[index];
            column.pages = column.last.page + column.last.rows;
            state.total += column.dictionary + column.pages;
        }
    }

    /// Whether there is room for `bytes` more for a moment.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        let mut state = self.state();
        self.is_within(&mut state, bytes)
    }

    /// A dictionary takes the place of that before.
    pub(super) fn hold_dictionary(&self, column: usize, bytes: u64) -> bool {
        let mut state = self.state();
        state.total = state.total - state.columns[column].dictionary + bytes;
        state.columns[column].dictionary = bytes;
        self.is_within(&mut state, 0)
    }

    /// A page of rows that end before `end_row` follows the one before in its column.
    pub(super) fn hold_page(&self, column: usize, cost: Cost, end_row: u64) -> bool {
        let mut state = self.state();
        let first_row = state.first_row;
        let held = &mut state.columns[column];
        let before = held.pages;
        if held.end_row <= first_row {
            // It was passed, or all its rows were taken before.
            held.pages = 0;
        } else {
            held.pages -= held.last.page;
        }
        held.pages += cost.page + cost.rows;
        held.last = cost;
        held.end_row = end_row;
        let after = held.pages;
        state.total = state.total - before + after;
        self.is_within(&mut state, 0)
    }

    fn is_within(&self, state: &mut State, more: u64) -> bool {
        let bytes = self.base_bytes.saturating_add(state.total).saturating_add(more);
        let is_within = bytes <= state.bytes_max;
        if !is_within {
            state.refusal = Some(Refusal::TooMuch(bytes));
        }
        is_within
    }

    /// Keeps why a page is not given, which the decoders would tell in their own words.
    pub(super) fn refuse(&self, refusal: Refusal) {
        self.state().refusal.get_or_insert(refusal);
    }

    /// Why a page was not given.
    pub(super) fn take_refusal(&self) -> Option<Refusal> {
        self.state().refusal.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_held_as_long_as_rows_of_them_are_at_hand() {
        let budget = Budget::new(100, 10, 8, 2);
        assert!(budget.hold_dictionary(0, 20));
        assert!(budget.hold_page(0, Cost { page: 30, rows: 5 }, 100));
        // The next page of the same rows: the page before is let go, its rows are not.
        assert!(budget.hold_page(0, Cost { page: 30, rows: 5 }, 200));
        assert!(budget.has_room(30) && !budget.has_room(31));
        assert_eq!(budget.take_refusal(), Some(Refusal::TooMuch(101)));
        assert!(budget.hold_page(1, Cost { page: 0, rows: 30 }, 50));
        assert!(!budget.hold_page(1, Cost { page: 0, rows: 1 }, 60));
        // Later rows: what was taken before is no longer held.
        budget.begin(60, 100);
        assert!(budget.hold_page(1, Cost { page: 0, rows: 30 }, 90));
        assert!(!budget.has_room(11) && budget.has_room(5));
    }

    #[test]
    fn pages_that_are_passed_are_not_held() {
        let budget = Budget::new(100, 0, 8, 1);
        budget.begin(1_000, 100);
        for end in 1..=1_000 {
            assert!(budget.hold_page(0, Cost { page: 0, rows: 60 }, end));
        }
        assert!(budget.hold_page(0, Cost { page: 0, rows: 60 }, 1_001));
        assert!(!budget.hold_page(0, Cost { page: 0, rows: 60 }, 1_002));
    }
}
