//! The text of a query on the command line: words, or standard input.

use std::io::Read;

use muster_language::limits::TEXT_BYTES_MAX;

use crate::exit::Failure;

/// What selects everyone.
pub(crate) const EVERYONE: &str = "ALL";

/// The expression that the words of the command line spell; `-` alone reads it from standard input.
pub(crate) fn query_text(words: &[String]) -> Result<String, Failure> {
    match words {
        [] => Err(Failure::usage(
            "write an expression, as in muster count \"age >= 30\", or - to read it from standard input",
        )),
        [word] if word == "-" => standard_input(),
        [word] => Ok(word.clone()),
        words => Ok(words.join(" ")),
    }
}

/// The same, but everyone where no expression is given.
pub(crate) fn query_text_or_everyone(words: &[String]) -> Result<String, Failure> {
    if words.is_empty() { Ok(EVERYONE.to_owned()) } else { query_text(words) }
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(TEXT_BYTES_MAX as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read the expression from standard input: {error}")))?;
    Ok(text.trim_start_matches('\u{FEFF}').trim_end().to_owned())
}
