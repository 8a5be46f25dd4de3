//! Words that mean null: taken as such among values of another kind, named among values of a choice.

use super::guess::Guess;
use super::observe::Observed;
use super::words::plural;

/// Takes the words that mean null among values of another kind.
pub(super) fn take_null_words(seen: &Observed, guess: &mut Guess) {
    take_words(seen, guess, |_| true);
}

/// The same among lists, where an empty text is a list without values.
pub(super) fn take_null_words_of_lists(seen: &Observed, guess: &mut Guess) {
    take_words(seen, guess, |word| !word.is_empty());
}

fn take_words(seen: &Observed, guess: &mut Guess, is_taken: impl Fn(&str) -> bool) {
    let taken = || seen.null_words.iter().filter(|(word, _)| is_taken(word));
    let words: Vec<&str> = taken().map(|(word, _)| *word).collect();
    if words.is_empty() {
        return;
    }
    let rows: u64 = taken().map(|(_, rows)| *rows).sum();
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
    let rows = plural(rows, "row");
    // Blanks alone are the empty text only without them.
    let (shown, trim) = match (seen.blank_cells, words.as_slice()) {
        (0, _) => (shown_words(&words), ""),
        (_, [""]) => ("blanks alone".to_owned(), "trim = true, "),
        (_, ["", others @ ..]) => (format!("blanks alone, {}", shown_words(others)), "trim = true, "),
        _ => (shown_words(&words), "trim = true, "),
    };
    guess.note(format!("{shown} in {rows} taken as a value: {trim}null_words = {words:?}?"));
}

fn shown_words(words: &[&str]) -> String {
    let shown: Vec<&str> = words.iter().map(|word| if word.is_empty() { "\"\"" } else { word }).collect();
    shown.join(", ")
}
