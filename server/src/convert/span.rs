//! Places in a query's text, in the units of terminals, editors and browsers.

use muster_language::ast::Span;
use muster_language::position;
use muster_proto::v1;

/// The place as the wire says it.
pub(crate) fn span(text: &str, span: Span) -> v1::Span {
    let (start, end) = (position(text, span.start), position(text, span.end));
    v1::Span {
        byte_start: start.byte,
        byte_end: end.byte,
        utf16_start: start.utf16,
        utf16_end: end.utf16,
        line: start.line,
        column: start.column,
    }
}
