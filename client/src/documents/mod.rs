//! The documents of answers: what a program reads as JSON, JSON lines, CSV or TSV, made from the messages of the wire.
//!
//! One function an answer, and one shape wherever it is written: on standard output, in a file, by the shell. The keys
//! are stable, and docs/cli.md lists them. Tables for people are not made here. Canonical JSON of the messages
//! themselves is another thing, which follows from their descriptors.

mod audiences;
mod backup;
mod breakdown;
mod changes;
mod count;
mod erasures;
mod explain;
mod info;
mod load;
mod members;
mod profile;
mod spaces;
mod stats;
mod status;
mod tags;
mod types;
pub(crate) mod value;
mod why;

use serde_json::Value;

use crate::{csv, json};

pub use audiences::{audience, audiences, saved_audience};
pub use backup::backup;
pub use breakdown::breakdown;
pub use changes::{dropped, durable, reached, write};
pub use count::{count, count_batch, share};
pub use erasures::erasures;
pub use explain::explain;
pub(crate) use info::with_info;
pub use load::{load, proposal};
pub use members::member_bitmap;
pub use profile::profile;
pub use spaces::{changed_space, dropped_space, spaces};
pub use stats::stats;
pub use status::status;
pub use tags::{kind_text, tag, tag_with_values, tags};
pub use types::{entity_type, key_word, types};
pub use why::why;

/// How data is written for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFormat {
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
}

impl DataFormat {
    /// What stands between two fields of a row.
    pub(crate) fn separator(self) -> char {
        if self == DataFormat::Tsv { '\t' } else { ',' }
    }
}

/// An answer as data.
#[derive(Clone, Debug)]
pub struct Document {
    value: Value,
    rows: Option<Rows>,
}

/// Where the rows of an answer are: an array of objects in its document.
#[derive(Clone, Copy, Debug)]
struct Rows {
    key: &'static str,
    columns: &'static [&'static str],
}

impl Document {
    /// One object: one line of JSON lines, one row of CSV.
    pub fn object(value: Value) -> Document {
        Document { value, rows: None }
    }

    /// A list: the array of objects `key` of `value`, whose keys `columns` are the columns of CSV.
    pub fn list(value: Value, key: &'static str, columns: &'static [&'static str]) -> Document {
        Document { value, rows: Some(Rows { key, columns }) }
    }

    /// The text of the document.
    pub fn text(&self, format: DataFormat) -> String {
        match (format, &self.rows) {
            (DataFormat::Json, _) => json::document(&self.value),
            (DataFormat::Jsonl, None) => json::line(&self.value),
            (DataFormat::Jsonl, Some(rows)) => self.items(rows).iter().map(json::line).collect(),
            (DataFormat::Csv | DataFormat::Tsv, rows) => self.separated(rows.as_ref(), format.separator()),
        }
    }

    fn items(&self, rows: &Rows) -> &[Value] {
        self.value.get(rows.key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
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
                let object = self.value.as_object().unwrap_or(&empty);
                csv::push_row(&mut out, separator, object.keys().map(|name| csv::text(name, separator)));
                csv::push_row(&mut out, separator, object.values().map(|value| csv::cell(Some(value), separator)));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_has_all_its_forms() {
        let list = Document::list(
            json!({"version": 3, "groups": [{"label": "北京", "count": 2}, {"label": "", "count": 1, "x": [1]}]}),
            "groups",
            &["label", "count"],
        );
        assert_eq!(list.text(DataFormat::Csv), "label,count\n北京,2\n\"\",1\n");
        assert_eq!(list.text(DataFormat::Jsonl).lines().count(), 2);
        let object = Document::object(json!({"count": 2, "warnings": []}));
        assert_eq!(object.text(DataFormat::Tsv), "count\twarnings\n2\t[]\n");
        assert_eq!(object.text(DataFormat::Jsonl), "{\"count\":2,\"warnings\":[]}\n");
        assert!(object.text(DataFormat::Json).starts_with("{\n  \"count\": 2"));
    }
}
