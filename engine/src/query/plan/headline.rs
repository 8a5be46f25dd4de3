//! What an error says when nothing that it offers works: no text that would be refused when it is written.

use muster_language::{Error as Refusal, code};

use super::fault;

/// The error of a text without a suggestion. `next` is what its likeliest offer is refused with, where that is about
/// what the offer had put in.
pub(super) fn without_offer(own: Refusal, next: Option<Refusal>) -> Refusal {
    let Some(next) = next else {
        // What the parser would put in is about what stands around it; a near name is right even where another is
        // wrong.
        let is_of_parser =
            matches!(own.code, code::MISSING_AND | code::FOREIGN | code::CHAINED_COMPARISON | code::SYNTAX);
        return match is_of_parser && own.suggestion.is_some() {
            true => worded(own),
            false => Refusal { suggestion: None, ..own },
        };
    };
    let detail = next.detail;
    // The remedy of the next shows what it offers in turn, and that does not work either.
    let remedy = match next.suggestion {
        None => next.remedy,
        Some(_) => worded(own.clone()).remedy,
    };
    Refusal { suggestion: None, remedy, detail, ..own }
}

/// The error with a remedy that shows no text.
fn worded(error: Refusal) -> Refusal {
    let remedy = match error.code {
        fault::UNKNOWN_TAG => "use a tag that exists, or compare one with a value in quotes",
        fault::UNKNOWN_VALUE => "use a value that the tag has",
        _ => return error.without_offer(),
    };
    Refusal { suggestion: None, remedy: remedy.to_owned(), ..error }
}
