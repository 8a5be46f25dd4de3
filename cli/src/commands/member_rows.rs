//! Members written as they arrive, so that a stream of any length takes no memory.

use std::io::Write;

use muster_client::v1::{self, MembersReply, ReplyInfo};
use muster_language::visible::visible;
use serde_json::{Map, Value, json};

use crate::exit::Failure;
use crate::output::json::{inline, value, with_info};
use crate::output::table::{Align, Table};
use crate::output::zone::ShownZone;
use crate::output::{Format, csv, printable, written};

/// Where members go.
pub(super) struct Rows<'a, W: Write> {
    out: W,
    format: Format,
    /// The name of the first column.
    who: &'static str,
    tags: &'a [String],
    table: Option<Table>,
    /// That of the first message.
    zone: ShownZone,
    shown: u64,
}

impl<'a, W: Write> Rows<'a, W> {
    pub(super) fn new(out: W, format: Format, ids: bool, tags: &'a [String]) -> Rows<'a, W> {
        let who = if ids { "id" } else { "key" };
        // Only columns beside each other need to know how wide the others are.
        let table = (format == Format::Table && !tags.is_empty()).then(|| {
            let columns = std::iter::once(who).chain(tags.iter().map(String::as_str));
            Table::named(columns.map(|name| (name, Align::Left)))
        });
        Rows { out, format, who, tags, table, zone: ShownZone::named(""), shown: 0 }
    }

    /// Writes the members of one message.
    pub(super) fn message(&mut self, message: &MembersReply) -> Result<(), Failure> {
        if let Some(info) = &message.info {
            self.zone = ShownZone::named(&info.zone);
        }
        let texts = message.text_keys.iter().map(|key| json!(key));
        let numbers = message.number_keys.iter().chain(&message.ids).map(|key| json!(key));
        let mut text = String::new();
        for (index, who) in texts.chain(numbers).enumerate() {
            let cells: Vec<Option<&v1::Value>> = message
                .columns
                .iter()
                .map(|column| column.cells.get(index).and_then(|cell| cell.value.as_ref()))
                .collect();
            self.push(&mut text, &who, &cells);
            self.shown += 1;
        }
        written(self.out.write_all(printable(&text, self.format).as_bytes()))
    }

    fn push(&mut self, text: &mut String, who: &Value, cells: &[Option<&v1::Value>]) {
        match self.format {
            Format::Table => {
                let who = plain(who);
                match &mut self.table {
                    None => text.extend([visible(&who).as_ref(), "\n"]),
                    Some(table) => {
                        let cells = cells.iter().map(|cell| cell.map(|cell| self.zone.text(cell)).unwrap_or_default());
                        table.row(std::iter::once(who).chain(cells));
                    }
                }
            }
            Format::Json => {
                text.push_str(if self.shown == 0 { "{\n\"members\": [\n" } else { ",\n" });
                text.push_str(&inline(&self.object(who, cells)));
            }
            Format::Jsonl => {
                text.push_str(&inline(&self.object(who, cells)));
                text.push('\n');
            }
            Format::Csv | Format::Tsv => {
                let separator = self.separator();
                self.push_header(text);
                let cells: Vec<Value> = cells.iter().map(|cell| self.json(*cell)).collect();
                let all = std::iter::once(who).chain(&cells).map(|cell| csv::cell(Some(cell), separator));
                csv::push_row(text, separator, all);
            }
        }
    }

    fn object(&self, who: &Value, cells: &[Option<&v1::Value>]) -> Value {
        let mut object = Map::from_iter([(self.who.to_owned(), who.clone())]);
        if !self.tags.is_empty() {
            let tags = self.tags.iter().zip(cells);
            let tags: Map<String, Value> = tags.map(|(tag, cell)| (tag.clone(), self.json(*cell))).collect();
            object.insert("tags".to_owned(), Value::Object(tags));
        }
        Value::Object(object)
    }

    fn json(&self, cell: Option<&v1::Value>) -> Value {
        cell.map_or(Value::Null, |cell| value(cell, &self.zone))
    }

    fn separator(&self) -> char {
        if self.format == Format::Csv { ',' } else { '\t' }
    }

    fn push_header(&self, text: &mut String) {
        if self.shown == 0 {
            let separator = self.separator();
            let names = std::iter::once(self.who).chain(self.tags.iter().map(String::as_str));
            csv::push_row(text, separator, names.map(|name| csv::text(name, separator)));
        }
    }

    /// Writes what stands behind the last member; returns how many there were.
    pub(super) fn finish(mut self, info: Option<&ReplyInfo>, page_token: &str) -> Result<u64, Failure> {
        let mut text = String::new();
        match self.format {
            Format::Table => text.extend(self.table.take().map(|table| table.render())),
            Format::Json => {
                text.push_str(if self.shown == 0 { "{\n\"members\": [" } else { "\n" });
                let token = if page_token.is_empty() { Value::Null } else { json!(page_token) };
                let about = with_info(json!({"members_given": self.shown, "next_page_token": token}), info);
                let about = inline(&about);
                text.push_str("],\n");
                text.push_str(about.strip_prefix('{').unwrap_or("\"members_given\": null}"));
                text.push('\n');
            }
            Format::Jsonl => {}
            Format::Csv | Format::Tsv => self.push_header(&mut text),
        }
        written(self.out.write_all(printable(&text, self.format).as_bytes()).and_then(|()| self.out.flush()))?;
        Ok(self.shown)
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_as(format: Format, keys: &[&str]) -> String {
        let tags = ["城市".to_owned()];
        let mut out = Vec::new();
        let mut rows = Rows::new(&mut out, format, false, &tags);
        let cells = keys.iter().map(|key| v1::Cell {
            value: (*key != "b").then(|| v1::Value { value: Some(v1::value::Value::Text("北京".into())) }),
        });
        let columns = vec![v1::Column { tag: "城市".into(), cells: cells.collect() }];
        let text_keys = keys.iter().map(|key| (*key).to_owned()).collect();
        rows.message(&MembersReply { text_keys, columns, ..MembersReply::default() }).unwrap();
        let info = ReplyInfo { version: 9, ..ReplyInfo::default() };
        assert_eq!(rows.finish(Some(&info), "0a").unwrap(), keys.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn streams_have_every_format() {
        assert_eq!(written_as(Format::Csv, &["a", "b"]), "key,城市\na,北京\nb,\n");
        assert_eq!(written_as(Format::Csv, &[]), "key,城市\n");
        assert_eq!(written_as(Format::Jsonl, &["b"]), "{\"key\":\"b\",\"tags\":{\"城市\":null}}\n");
        assert!(written_as(Format::Table, &["a"]).ends_with("a    北京\n"));
        for keys in [&["a", "b"][..], &[]] {
            let document: Value = serde_json::from_str(&written_as(Format::Json, keys)).unwrap();
            assert_eq!(document["members"].as_array().unwrap().len(), keys.len());
            assert_eq!((&document["version"], &document["next_page_token"]), (&json!(9), &json!("0a")));
        }
    }
}
