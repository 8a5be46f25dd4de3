//! The writer of members: keys or ids, with the values of some tags, as JSON, JSON lines, CSV or TSV.

use std::io::{Result, Write};

use muster_proto::v1::{self, MembersReply, ReplyInfo};
use serde_json::{Map, Value, json};

use crate::csv;
use crate::documents::value::value;
use crate::documents::{DataFormat, with_info};
use crate::json::inline;
use crate::zone::ShownZone;

/// What members are named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Their keys.
    Keys,
    /// Their ids.
    Ids,
}

impl Named {
    /// The name of the first column.
    pub fn column(self) -> &'static str {
        match self {
            Named::Keys => "key",
            Named::Ids => "id",
        }
    }
}

/// The members of one message: who, and the values of the tags that were asked for.
pub fn members(message: &MembersReply) -> impl Iterator<Item = (Value, Vec<Option<&v1::Value>>)> {
    let texts = message.text_keys.iter().map(|key| json!(key));
    let numbers = message.number_keys.iter().chain(&message.ids).map(|key| json!(key));
    let columns = &message.columns;
    let cells = move |index: usize| {
        columns.iter().map(|column| column.cells.get(index).and_then(|cell| cell.value.as_ref())).collect()
    };
    texts.chain(numbers).enumerate().map(move |(index, who)| (who, cells(index)))
}

/// Where members go.
#[derive(Debug)]
pub struct MemberRows<'a, W: Write> {
    out: W,
    format: DataFormat,
    named: Named,
    tags: &'a [String],
    /// That of the first message.
    zone: ShownZone,
    written: u64,
}

impl<'a, W: Write> MemberRows<'a, W> {
    /// Members with the values of `tags`.
    pub fn new(out: W, format: DataFormat, named: Named, tags: &'a [String]) -> MemberRows<'a, W> {
        MemberRows { out, format, named, tags, zone: ShownZone::named(""), written: 0 }
    }

    /// Writes the members of one message, all of them at once.
    pub fn message(&mut self, message: &MembersReply) -> Result<()> {
        if let Some(info) = &message.info {
            self.zone = ShownZone::named(&info.zone);
        }
        let mut text = String::new();
        for (who, cells) in members(message) {
            self.push(&mut text, &who, &cells);
            self.written += 1;
        }
        self.out.write_all(text.as_bytes())
    }

    fn push(&mut self, text: &mut String, who: &Value, cells: &[Option<&v1::Value>]) {
        match self.format {
            DataFormat::Json => {
                text.push_str(if self.written == 0 { "{\n\"members\": [\n" } else { ",\n" });
                text.push_str(&inline(&self.object(who, cells)));
            }
            DataFormat::Jsonl => {
                text.push_str(&inline(&self.object(who, cells)));
                text.push('\n');
            }
            DataFormat::Csv | DataFormat::Tsv => {
                let separator = self.format.separator();
                self.push_header(text);
                let cells: Vec<Value> = cells.iter().map(|cell| self.json(*cell)).collect();
                let all = std::iter::once(who).chain(&cells).map(|cell| csv::cell(Some(cell), separator));
                csv::push_row(text, separator, all);
            }
        }
    }

    fn object(&self, who: &Value, cells: &[Option<&v1::Value>]) -> Value {
        let mut object = Map::from_iter([(self.named.column().to_owned(), who.clone())]);
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

    fn push_header(&self, text: &mut String) {
        if self.written == 0 {
            let separator = self.format.separator();
            let names = std::iter::once(self.named.column()).chain(self.tags.iter().map(String::as_str));
            csv::push_row(text, separator, names.map(|name| csv::text(name, separator)));
        }
    }

    /// Writes what stands behind the last member; returns how many there were.
    pub fn finish(mut self, info: Option<&ReplyInfo>, page_token: &str) -> Result<u64> {
        let mut text = String::new();
        match self.format {
            DataFormat::Json => {
                text.push_str(if self.written == 0 { "{\n\"members\": [" } else { "\n" });
                let token = if page_token.is_empty() { Value::Null } else { json!(page_token) };
                let about = with_info(json!({"members_given": self.written, "next_page_token": token}), info);
                let about = inline(&about);
                text.push_str("],\n");
                text.push_str(about.strip_prefix('{').unwrap_or("\"members_given\": null}"));
                text.push('\n');
            }
            DataFormat::Jsonl => {}
            DataFormat::Csv | DataFormat::Tsv => self.push_header(&mut text),
        }
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush())?;
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_as(format: DataFormat, keys: &[&str]) -> String {
        let tags = ["城市".to_owned()];
        let mut out = Vec::new();
        let mut rows = MemberRows::new(&mut out, format, Named::Keys, &tags);
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
        assert_eq!(written_as(DataFormat::Csv, &["a", "b"]), "key,城市\na,北京\nb,\n");
        assert_eq!(written_as(DataFormat::Csv, &[]), "key,城市\n");
        assert_eq!(written_as(DataFormat::Jsonl, &["b"]), "{\"key\":\"b\",\"tags\":{\"城市\":null}}\n");
        for keys in [&["a", "b"][..], &[]] {
            let document: Value = serde_json::from_str(&written_as(DataFormat::Json, keys)).unwrap();
            assert_eq!(document["members"].as_array().unwrap().len(), keys.len());
            assert_eq!((&document["version"], &document["next_page_token"]), (&json!(9), &json!("0a")));
        }
    }
}
