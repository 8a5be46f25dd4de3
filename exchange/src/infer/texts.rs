//! Long texts, which a dictionary can repeat in every row: each is looked at once a run, and all of them are bounded.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::observe::{LOOSE_SEPARATORS, SEPARATORS, trimmed};
use crate::json_list::list_with_nulls;

/// Shorter texts are looked at each time.
const LONG_BYTES: usize = 64;
/// The rows of the first run, whose texts may be of any length.
const FIRST_RUN_ROWS: u64 = 16;

/// The most values of lists that are looked at.
const LIST_VALUES_MAX: u64 = 1 << 26;

/// How many bytes of long texts the rows may have, and how many values of lists.
pub(super) struct TextBudget {
    left: u64,
    longest: u64,
    list_values: u64,
}

impl TextBudget {
    pub(super) fn new(bytes_max: u64) -> TextBudget {
        TextBudget { left: bytes_max, longest: 0, list_values: 0 }
    }

    /// How many rows more can be looked at, whatever of the texts so far each of them has.
    pub(super) fn rows_left(&self, rows_read: u64) -> u64 {
        match self.longest {
            _ if self.list_values > LIST_VALUES_MAX => 0,
            0 if rows_read == 0 => FIRST_RUN_ROWS,
            0 => u64::MAX,
            longest => self.left.div_ceil(longest),
        }
    }

    /// So many values of lists are looked at.
    pub(super) fn count_list_values(&mut self, values: usize) {
        self.list_values += values as u64;
    }

    fn count(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        self.longest = self.longest.max(bytes as u64);
    }
}

/// The long texts of one column of one run, by where they stand: a dictionary gives the same place for the same text.
pub(super) struct LongTexts<'a> {
    budget: &'a mut TextBudget,
    marks: HashMap<(usize, usize), RowMarks>,
}

impl<'a> LongTexts<'a> {
    pub(super) fn new(budget: &'a mut TextBudget) -> LongTexts<'a> {
        LongTexts { budget, marks: HashMap::new() }
    }

    /// What counts for a row with `text`, and whether the text was not looked at before in this run.
    pub(super) fn look(&mut self, text: &[u8]) -> (RowMarks, bool) {
        if text.len() < LONG_BYTES {
            return (RowMarks::of(text), true);
        }
        self.budget.count(text.len());
        let place = (text.as_ptr() as usize, text.len());
        if let Some(marks) = self.marks.get(&place) {
            return (*marks, false);
        }
        let marks = RowMarks::of(text);
        self.marks.insert(place, marks);
        (marks, true)
    }
}

/// What a text counts for in each row that has it.
#[derive(Clone, Copy)]
pub(super) struct RowMarks {
    pub(super) has_blanks: bool,
    /// For each separator whether it stands in the text, and whether blanks stand around what it separates.
    pub(super) separated: [bool; SEPARATORS.len()],
    pub(super) blank_pieces: [bool; SEPARATORS.len()],
    /// Whether it separates nothing from something, as at the end of `a;b;`, which is refused.
    pub(super) empty_pieces: [bool; SEPARATORS.len()],
    /// The same of marks that separate values, but stand inside of them too.
    pub(super) loose: [bool; LOOSE_SEPARATORS.len()],
    pub(super) is_json: bool,
    /// Whether it is a list in JSON with a null among its values, which is refused.
    pub(super) has_json_null: bool,
    /// The text without blanks around it, as a piece of a list of one.
    pub(super) whole: u64,
}

impl RowMarks {
    fn of(text: &[u8]) -> RowMarks {
        let inner = trimmed(text);
        let separated = SEPARATORS.map(|separator| text.contains(&(separator as u8)));
        let mut blank_pieces = [false; SEPARATORS.len()];
        for ((separator, is_separated), has_blanks) in SEPARATORS.iter().zip(separated).zip(&mut blank_pieces) {
            let mut pieces = text.split(|byte| *byte == *separator as u8);
            *has_blanks = is_separated && pieces.any(|piece| trimmed(piece).len() < piece.len());
        }
        let json = list_with_nulls(inner);
        let empty_pieces = [0, 1].map(|at| {
            let mut pieces = text.split(|byte| *byte == SEPARATORS[at] as u8);
            separated[at] && pieces.any(|piece| trimmed(piece).is_empty())
        });
        let readable = std::str::from_utf8(text).unwrap_or_default();
        RowMarks {
            has_blanks: inner.len() < text.len(),
            separated,
            blank_pieces,
            empty_pieces,
            loose: LOOSE_SEPARATORS.map(|separator| readable.contains(separator)),
            is_json: json == Some(false),
            has_json_null: json == Some(true),
            whole: xxh3_64(inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_looked_at_once_a_run_and_counted_in_every_row() {
        let text = vec![b'a'; 1_000];
        let equal = text.clone();
        let mut budget = TextBudget::new(10_000);
        assert_eq!(budget.rows_left(0), FIRST_RUN_ROWS);
        let mut long = LongTexts::new(&mut budget);
        assert!(long.look(&text).1 && !long.look(&text).1 && !long.look(&text).1);
        // Another place, and a part of the same.
        assert!(long.look(&equal).1 && long.look(&text[1..]).1);
        // Short ones are always looked at.
        assert!(long.look(b"short").1 && long.look(b"short").1);
        assert_eq!(budget.rows_left(5), (10_000_u64 - 4_999).div_ceil(1_000));
        LongTexts::new(&mut budget).look(&[b'a'; 6_000]);
        assert_eq!(budget.rows_left(6), 0);
    }
}
