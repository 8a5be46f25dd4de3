//! Output: answers for people as tables, for programs as the documents and rows of the client.
//!
//! Answers go to standard output; what is only to be known (warnings, times, progress) goes to standard error.

pub(crate) mod bars;
pub(crate) mod numbers;
pub(crate) mod progress;
mod streams;
pub(crate) mod table;
pub(crate) mod tree;

use clap::ValueEnum;
use muster_client::documents::{DataFormat, Document};
use muster_client::v1;
use muster_language::ast::Span;
use muster_language::visible::visible;

use crate::exit::Failure;
pub(crate) use streams::{DataOut, LogLines, emit, emit_data, note, note_lines, written};

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// One JSON document a line
    Jsonl,
    /// Comma-separated, with a header
    Csv,
    /// Tab-separated, with a header
    Tsv,
}

impl Format {
    /// The same for programs; none where people read.
    pub(crate) fn of_data(self) -> Option<DataFormat> {
        match self {
            Format::Table => None,
            Format::Json => Some(DataFormat::Json),
            Format::Jsonl => Some(DataFormat::Jsonl),
            Format::Csv => Some(DataFormat::Csv),
            Format::Tsv => Some(DataFormat::Tsv),
        }
    }
}

/// An answer for programs, and the same for people.
pub(crate) struct Answer {
    document: Document,
    table: String,
}

impl Answer {
    /// An answer whose `table` people read.
    pub(crate) fn new(document: Document, table: String) -> Answer {
        Answer { document, table }
    }

    /// Writes the answer to standard output.
    pub(crate) fn print(&self, format: Format) -> Result<(), Failure> {
        match format.of_data() {
            None => emit(&self.table),
            Some(format) => emit_data(&self.document.text(format)),
        }
    }
}

/// Says what a server warned about, with carets under the characters of `text`.
pub(crate) fn warn(warnings: &[v1::Warning], text: &str) {
    for warning in warnings {
        note_lines(&warning_text(warning, text));
    }
}

fn warning_text(warning: &v1::Warning, text: &str) -> String {
    let span = warning.span.as_ref().filter(|span| {
        span.byte_start < span.byte_end && text.get(span.byte_start as usize..span.byte_end as usize).is_some()
    });
    let headline = format!("warning: {}", visible(&warning.message));
    let Some(span) = span else {
        return match warning.suggestion.as_str() {
            "" => headline,
            suggestion => format!("{headline}\n  {suggestion}"),
        };
    };
    let mut error = muster_language::Error::new("warning", Span::new(span.byte_start, span.byte_end), headline, "");
    if !warning.suggestion.is_empty() {
        error = error.suggest(warning.suggestion.clone());
    }
    error.render(text).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_points_at_its_characters() {
        let text = "年龄 IN (25, 35)";
        let span = v1::Span { byte_start: 10, byte_end: 18, ..v1::Span::default() };
        let warning = v1::Warning { message: "two ages".into(), span: Some(span), ..v1::Warning::default() };
        let rendered = warning_text(&warning, text);
        assert!(rendered.starts_with("warning: two ages"), "{rendered}");
        assert!(rendered.contains("^^^^^^^^"), "{rendered}");
        let beyond = v1::Span { byte_start: 1, byte_end: 99, ..v1::Span::default() };
        let warning = v1::Warning { span: Some(beyond), ..warning };
        assert_eq!(warning_text(&warning, text), "warning: two ages");
    }
}
