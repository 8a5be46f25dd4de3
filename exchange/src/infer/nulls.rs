//! Words that mean null: taken as such among values of another kind, named among values of a choice.

use super::decide::Guess;
use super::observe::Observed;
use super::words::plural;

/// Takes the words that mean null among values of another kind.
pub(super) fn take_null_words(seen: &Observed, guess: &mut Guess) {
    let words: Vec<&str> = seen.null_words.keys().copied().collect();
    if words.is_empty() {
        return;
    }
    let rows: u64 = seen.null_words.values().sum();
    guess.note(format!("{} in {} taken as null", shown_words(&words), plural(rows, "row")));
    guess.column.null_words = words.into_iter().map(str::to_owned).collect();
}

/// Names all words that mean null and stay values.
pub(super) fn note_null_words(seen: &Observed, guess: &mut Guess) {
    let words: Vec<&str> = seen.null_words.keys().copied().collect();
    if words.is_empty() {
        return;
    }
    let rows: u64 = seen.null_words.values().sum();
    let (shown, rows) = (shown_words(&words), plural(rows, "row"));
    guess.note(format!("{shown} in {rows} taken as a value: null_words = {words:?}?"));
}

fn shown_words(words: &[&str]) -> String {
    let shown: Vec<&str> = words.iter().map(|word| if word.is_empty() { "\"\"" } else { word }).collect();
    shown.join(", ")
}
