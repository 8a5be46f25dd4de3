//! The builder of the column of keys.

use std::sync::Arc;

use muster_engine::EntityKey;
use muster_engine::Result;
use muster_engine::catalog::KeyKind;
use muster_engine::columns::KeyColumn;

use super::{Place, Rejects, kept};
use crate::rule::{number_key, value_text};
use crate::scalar::Scalar;
use crate::table::Cells;

/// The keys of a block that is being built.
pub(crate) struct KeyBuilder {
    name: String,
    kind: KeyKind,
    texts: Vec<String>,
    numbers: Vec<u64>,
    bytes: usize,
    /// What is said of bytes that are no text.
    not_text: Arc<str>,
}

impl KeyBuilder {
    pub(crate) fn new(name: String, kind: KeyKind, not_text: Arc<str>) -> KeyBuilder {
        KeyBuilder { name, kind, texts: Vec::new(), numbers: Vec::new(), bytes: 0, not_text }
    }

    /// The bytes of the keys so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + size_of_val(&self.texts[..]) + size_of_val(&self.numbers[..])
    }

    /// Adds a run of cells. A refused one is an empty key here and its row is in `rejects`.
    pub(crate) fn append(&mut self, cells: Cells<'_>, place: &Place<'_>, rejects: &mut Rejects) -> Result<()> {
        let name = &self.name;
        if self.kind != KeyKind::String {
            return cells.each(&mut |row, cell| {
                let key = number_key(self.kind, cell).unwrap_or_else(|reason| {
                    rejects.add(place, row, name, reason, || cell.raw());
                    0
                });
                self.numbers.push(key);
            });
        }
        let mut scratch = String::new();
        cells.each(&mut |row, cell| {
            let key = text_key(cell, &mut scratch, &self.not_text).unwrap_or_else(|reason| {
                rejects.add(place, row, name, reason, || cell.raw());
                String::new()
            });
            self.bytes += key.len();
            self.texts.push(key);
        })
    }

    /// The keys without the rows that `keep` leaves out.
    pub(crate) fn finish(&mut self, keep: Option<&[bool]>) -> KeyColumn {
        self.bytes = 0;
        if self.kind == KeyKind::String {
            KeyColumn::Text(kept(std::mem::take(&mut self.texts), keep))
        } else {
            KeyColumn::Number(kept(std::mem::take(&mut self.numbers), keep))
        }
    }
}

fn text_key(cell: Scalar<'_>, scratch: &mut String, not_text: &str) -> std::result::Result<String, String> {
    let Some(text) = value_text(cell, scratch)? else {
        return Err("the key is null".to_owned());
    };
    if text.is_empty() {
        return Err("the key is empty".to_owned());
    }
    if text.len() > EntityKey::BYTES_MAX {
        return Err(format!("the key has {} bytes, at most {} are allowed", text.len(), EntityKey::BYTES_MAX));
    }
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(not_text.to_owned()),
    }
}
