//! What is wrong with the text of a mapping, and on which line.

use std::ops::Range;

use muster_engine::Error;

/// How many characters of a faulty line are shown.
const SHOWN_CHARS: usize = 100;

/// What the reader of TOML found, in the words of a mapping.
pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Error {
    let message = error
        .message()
        .replace("unknown field", "no setting is called")
        .replace("missing field", "there is no")
        .replace("unknown variant", "no word for it is")
        .replace('\n', ", ");
    at(text, error.span(), &message)
}

/// A fault of what stands at `span`.
pub(super) fn at(text: &str, span: Option<Range<usize>>, message: &str) -> Error {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else {
        return Error::invalid(format!("correct the mapping: {message}"));
    };
    let number = before.matches('\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[begin..].lines().next().unwrap_or_default().trim();
    let shown: String = line.chars().take(SHOWN_CHARS).collect();
    let dots = if shown.len() < line.len() { "…" } else { "" };
    Error::invalid(format!("correct line {number} of the mapping: {message}: {shown}{dots}"))
}
