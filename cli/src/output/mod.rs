//! How answers are written: for people as tables, for programs as JSON, JSON lines, CSV or TSV.
//!
//! Answers go to standard output; what is only to be known (warnings, times, progress) goes to standard error.

pub(crate) mod bars;
pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod numbers;
mod streams;
pub(crate) mod table;
pub(crate) mod tree;
pub(crate) mod zone;

use clap::ValueEnum;
use muster_client::v1;
use muster_language::ast::Span;
use muster_language::visible::visible;
use serde_json::Value;

use crate::exit::Failure;
pub(crate) use streams::{LogLines, buffered, emit, emit_data, note, note_lines, printable, written};

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

/// An answer in all its forms.
pub(crate) struct Answer {
    document: Value,
    rows: Option<Rows>,
    table: String,
}

/// Where the rows of an answer are: an array of objects in its document.
struct Rows {
    key: &'static str,
    columns: &'static [&'static str],
}

impl Answer {
    /// One object: one line of JSON lines, one row of CSV.
    pub(crate) fn object(document: Value, table: String) -> Answer {
        Answer { document, rows: None, table }
    }

    /// A list: the array of objects `key` of `document`, whose keys `columns` are the columns of CSV.
    pub(crate) fn list(document: Value, key: &'static str, columns: &'static [&'static str], table: String) -> Answer {
        Answer { document, rows: Some(Rows { key, columns }), table }
    }

    /// Writes the answer to standard output.
    pub(crate) fn print(&self, format: Format) -> Result<(), Failure> {
        let text = self.render(format);
        match format {
            Format::Table => emit(&text),
            Format::Json | Format::Jsonl | Format::Csv | Format::Tsv => emit_data(&text),
        }
    }

    fn render(&self, format: Format) -> String {
        match (format, &self.rows) {
            (Format::Table, _) => self.table.clone(),
            (Format::Json, _) => json::document(&self.document),
            (Format::Jsonl, None) => json::line(&self.document),
            (Format::Jsonl, Some(rows)) => self.items(rows).iter().map(json::line).collect(),
            (Format::Csv | Format::Tsv, rows) => {
                let separator = if format == Format::Csv { ',' } else { '\t' };
                self.separated(rows.as_ref(), separator)
            }
        }
    }

    fn items(&self, rows: &Rows) -> &[Value] {
        self.document.get(rows.key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn separated(&self, rows: Option<&Rows>, separator: char) -> String {
        let mut out = String::new();
        match rows {
            Some(rows) => {
                csv::push_row(&mut out, separator, rows.columns.iter().map(|name| csv::text(name, separator)));
                for item in self.items(rows) {
                    let cells = rows.columns.iter().map(|name| csv::cell(item.get(*name), separator));
                    csv::push_row(&mut out, separator, cells);
                }
            }
            None => {
                let empty = serde_json::Map::new();
                let object = self.document.as_object().unwrap_or(&empty);
                csv::push_row(&mut out, separator, object.keys().map(|name| csv::text(name, separator)));
                csv::push_row(&mut out, separator, object.values().map(|value| csv::cell(Some(value), separator)));
            }
        }
        out
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
    use serde_json::json;

    #[test]
    fn an_answer_has_all_its_forms() {
        let list = Answer::list(
            json!({"version": 3, "groups": [{"label": "北京", "count": 2}, {"label": "", "count": 1, "x": [1]}]}),
            "groups",
            &["label", "count"],
            "table\n".to_owned(),
        );
        assert_eq!(list.render(Format::Csv), "label,count\n北京,2\n\"\",1\n");
        assert_eq!(list.render(Format::Jsonl).lines().count(), 2);
        assert_eq!(list.render(Format::Table), "table\n");
        let object = Answer::object(json!({"count": 2, "warnings": []}), String::new());
        assert_eq!(object.render(Format::Tsv), "count\twarnings\n2\t[]\n");
        assert_eq!(object.render(Format::Jsonl), "{\"count\":2,\"warnings\":[]}\n");
        assert!(object.render(Format::Json).starts_with("{\n  \"count\": 2"));
    }

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
