//! What a reader comes to with an input: notes that are the same for inputs of the same sort.

use std::collections::BTreeSet;

/// The most words of a note.
const NOTE_WORDS_MAX: usize = 12;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Trace(BTreeSet<String>);

impl Trace {
    /// Notes an outcome of one sort.
    pub fn note(&mut self, note: impl Into<String>) {
        self.0.insert(note.into());
    }

    /// Notes an error by the beginning of its text, up to what the input itself put into it: a quotation, letters of
    /// another script. Words with digits are left out.
    pub fn error(&mut self, error: impl std::fmt::Display) {
        let is_own = |it: &char| it.is_ascii() && !matches!(it, '\'' | '"' | '`' | '\\');
        let text: String = error.to_string().chars().take_while(is_own).collect();
        let words: Vec<&str> = text
            .split(' ')
            .filter(|word| !word.contains(|it: char| it.is_ascii_digit()))
            .take(NOTE_WORDS_MAX)
            .collect();
        self.0.insert(format!("error: {}", words.join(" ")));
    }

    /// All notes.
    pub fn into_notes(self) -> impl Iterator<Item = String> {
        self.0.into_iter()
    }

    /// Whether each of `notes` is here.
    pub fn has_all(&self, notes: &[String]) -> bool {
        notes.iter().all(|note| self.0.contains(note))
    }
}
