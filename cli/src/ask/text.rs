//! The text of a query on the command line: words, or standard input.

use muster_language::limits::TEXT_BYTES_MAX;

use super::Settings;
use crate::args::input::{STANDARD_INPUT, standard_input};
use crate::args::pasted::Face;
use crate::exit::Failure;

/// What selects everyone.
pub(crate) const EVERYONE: &str = "ALL";

/// The expression that the words of the command line spell; `-` alone reads it from standard input. `command` are the
/// words before it.
pub(crate) async fn query_text(words: &[String], command: &[&str], settings: &Settings) -> Result<String, Failure> {
    let text = match words {
        [] => return Err(no_expression(command, settings)),
        [word] if word == STANDARD_INPUT => standard_input().await?.trim_end().to_owned(),
        [word] => word.clone(),
        words => words.join(" "),
    };
    bounded(text)
}

/// The same, but everyone where no expression is given.
pub(crate) async fn query_text_or_everyone(words: &[String], settings: &Settings) -> Result<String, Failure> {
    if words.is_empty() { Ok(EVERYONE.to_owned()) } else { query_text(words, &[], settings).await }
}

/// A command without its expression: with one that every store answers it can be pasted.
fn no_expression(command: &[&str], settings: &Settings) -> Failure {
    let words: Vec<&str> = command.iter().copied().chain([EVERYONE]).collect();
    let input = match settings.face {
        Face::Program => ", or - to read it from standard input",
        Face::Shell => "",
    };
    Failure::usage(format!("write an expression, as in `{}`{input}", settings.command(&words)))
}

/// Refuses here what the language refuses, so that no message is too large to be refused with its reason.
fn bounded(text: String) -> Result<String, Failure> {
    if text.len() <= TEXT_BYTES_MAX {
        return Ok(text);
    }
    match muster_language::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::refused(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_its_limit_is_asked_and_one_above_it_is_refused() {
        let of = |bytes: usize| bounded(format!("vip{}OR ALL", " ".repeat(bytes - "vipOR ALL".len())));
        assert_eq!(of(TEXT_BYTES_MAX).unwrap().len(), TEXT_BYTES_MAX);
        let error = of(TEXT_BYTES_MAX + 1).unwrap_err().message().unwrap();
        assert!(error.starts_with("shorten the query") && error.ends_with("the limit is 262144"), "{error}");
    }
}
