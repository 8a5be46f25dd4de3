//! Multi-line input: whether a line is whole, or goes on in the next one.

use muster_language::highlight::{PieceKind, tokens};
use reedline::{ValidationResult, Validator};

use super::words;

/// Asks for another line where an expression cannot be over.
pub(super) struct Validate;

impl Validator for Validate {
    fn validate(&self, line: &str) -> ValidationResult {
        if is_complete(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

/// Whether a text is whole. An empty line ends one that is not, and so does `;`.
pub(super) fn is_complete(text: &str) -> bool {
    if text.rsplit_once('\n').is_some_and(|(_, last)| last.trim().is_empty()) {
        return true;
    }
    // What a `;` ended is over, whatever it lacks.
    let last = words::statements(text).pop().unwrap_or_default();
    if words::is_blank(last) {
        return true;
    }
    if last.trim_start().starts_with('\\') {
        return !is_open(last);
    }
    match muster_language::parse(last) {
        Ok(_) => true,
        Err(error) => !error.is_incomplete(last),
    }
}

/// Whether a parenthesis or quote is open.
fn is_open(text: &str) -> bool {
    let mut depth = 0_usize;
    for piece in tokens(text) {
        match piece.span.of(text) {
            "(" | "（" => depth += 1,
            ")" | "）" => depth = depth.saturating_sub(1),
            quoted if piece.kind == PieceKind::Error && quoted.starts_with(['\'', '"', '`', '‘', '“']) => {
                return true;
            }
            _ => {}
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_goes_on_where_it_cannot_be_over() {
        for open in ["(a OR", "城市 IN (北京,", "a = 'x", "a AND", "NOT", "\\count (a", "\\count a = 'x"] {
            assert!(!is_complete(open), "{open}");
        }
        for whole in ["a", "a AND b", "", "-- c", "a = = b", "\\tags", "\\count a AND", "a)", "(a OR\nb)"] {
            assert!(is_complete(whole), "{whole}");
        }
        assert!(!is_complete("(a OR\nb"));
    }

    #[test]
    fn one_empty_line_or_a_semicolon_ends_what_is_open() {
        for ended in
            ["(a OR\n", "(a OR\n  ", "a = 'x\n", "(a OR\nb\n", "(a OR;", "a; b;", "a; b", "(a; \\tags", "(a\n\\tags"]
        {
            assert!(is_complete(ended), "{ended:?}");
        }
        for open in ["a; (b OR", "a; b AND", "a; \\count (b", "a = 'x;"] {
            assert!(!is_complete(open), "{open:?}");
        }
    }
}
