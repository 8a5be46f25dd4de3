//! Whether a line is whole, or goes on in the next one.

use muster_language::highlight::{PieceKind, tokens};
use reedline::{ValidationResult, Validator};

/// Asks for another line where an expression cannot be over.
pub(super) struct Validate;

impl Validator for Validate {
    fn validate(&self, line: &str) -> ValidationResult {
        if is_complete(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

/// Whether a text is whole. An empty line ends one that is not.
pub(super) fn is_complete(text: &str) -> bool {
    if text.ends_with("\n\n") || text.ends_with('\n') && text.trim().is_empty() {
        return true;
    }
    if text.lines().count() > 1 && text.lines().last().is_some_and(|line| line.trim().is_empty()) {
        return true;
    }
    let pieces = tokens(text);
    if pieces.iter().all(|piece| piece.kind == PieceKind::Comment) {
        return true;
    }
    if text.trim_start().starts_with('\\') {
        return !is_open(text);
    }
    match muster_language::parse(text) {
        Ok(_) => true,
        Err(error) => !error.is_incomplete(text),
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
        for whole in ["a", "a AND b", "", "-- c", "a = = b", "\\tags", "\\count a AND", "(a OR\n", "(a\n\n", "a)"] {
            assert!(is_complete(whole) || whole.ends_with('\n') && whole.matches('\n').count() == 1, "{whole}");
        }
        assert!(is_complete("(a OR\n\n"));
        assert!(!is_complete("(a OR\nb"));
        assert!(is_complete("(a OR\nb)"));
    }
}
