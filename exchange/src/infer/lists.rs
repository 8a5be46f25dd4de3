//! Texts that are lists: in JSON, or with something between their values.

use muster_engine::catalog::TagKind;

use super::guess::Guess;
use super::nulls::take_null_words_of_lists;
use super::observe::{Observed, SEPARATORS};
use super::words::plural;
use crate::mapping::JSON_LISTS;

/// Of so many texts one has a separator where texts are lists.
const LISTS_SHARE: u64 = 20;

/// Whether the texts are lists, in JSON or with a separator.
pub(super) fn decide_lists(seen: &Observed, guess: &mut Guess) -> bool {
    let is_json = seen.json_lists + seen.json_nulls >= seen.worded() && seen.json_lists > seen.json_nulls;
    if !is_json {
        return decide_separated(seen, guess);
    }
    guess.kind(TagKind::Set);
    take_json(seen, guess);
    true
}

/// Reads lists in JSON. Those with a null are refused, which the note of the refused rows says.
pub(super) fn take_json(seen: &Observed, guess: &mut Guess) {
    guess.column.list_separator = Some(JSON_LISTS.to_owned());
    guess.note(format!("lists in JSON in {}", plural(seen.json_lists + seen.json_nulls, "row")));
    take_null_words_of_lists(seen, guess);
}

/// Whether the texts are lists: some have a separator, and what stands between repeats far more than the whole.
fn decide_separated(seen: &Observed, guess: &mut Guess) -> bool {
    for (at, (separator, (texts, pieces))) in SEPARATORS.iter().zip(&seen.separated).enumerate() {
        let is_list = *texts * LISTS_SHARE >= seen.values()
            && *texts >= 3
            && (pieces.len() as u64) * 2 <= seen.distinct()
            && seen.empty_pieces[at] * 2 <= *texts;
        if is_list {
            guess.kind(TagKind::Set);
            guess.column.list_separator = Some(separator.to_string());
            guess.note(format!("text with {separator:?} in {}: taken as lists", plural(*texts, "row")));
            guess.note_kind("kind = \"choice\" without list_separator keeps the texts");
            trim_pieces(seen, *separator, guess);
            return true;
        }
    }
    false
}

/// Says of a choice that some of its texts have what stands between the values of a list.
pub(super) fn note_separators(seen: &Observed, guess: &mut Guess) {
    for (at, (separator, (texts, _))) in SEPARATORS.iter().zip(&seen.separated).enumerate() {
        if *texts * LISTS_SHARE < seen.values() || *texts == 0 {
            continue;
        }
        let rows = plural(*texts, "row");
        let trim = if seen.blank_pieces[at].max(seen.blanks) > 0 { ", trim = true" } else { "" };
        guess.note_kind(match seen.empty_pieces[at] {
            0 => format!(
                "text with {separator:?} in {rows}, taken whole; if it stands between values: kind = \"set\", \
                 list_separator = \"{separator}\"{trim}"
            ),
            empty => format!(
                "text with {separator:?} in {rows}, taken whole; if it stands between values, strike in the file what \
                 has no value beside it, as at the end of \"a{separator}b{separator}\" ({}); then kind = \"set\", \
                 list_separator = \"{separator}\"{trim} reads it",
                plural(empty, "row")
            ),
        });
    }
}

/// Leaves out the blanks around the values of a list: who writes `a | b` means `a` and `b`.
pub(super) fn trim_pieces(seen: &Observed, separator: char, guess: &mut Guess) {
    let at = SEPARATORS.iter().position(|one| *one == separator);
    let rows = at.map_or(0, |at| seen.blank_pieces[at]).max(seen.blanks);
    if rows > 0 {
        guess.column.trim = true;
        guess.note(format!("blanks around the values of lists in {}: trim leaves them out", plural(rows, "row")));
    }
}
