//! The mapping: which column of a file is the key, and which tag each other column sets.
//!
//! It is read from and printed as TOML. One line a column, so that a person can read, change and strike lines:
//!
//! ```toml
//! type = "bookings"
//! key = { column = "booking_id", kind = "u64" }
//! columns = [
//!   { column = "hotel", kind = "choice" },
//!   { column = "adr", tag = "price", kind = "decimal(2)", null = "clear" },
//! ]
//! ```
//!
//! Columns of the file that the mapping does not name are not loaded.

mod column;
mod csv;
mod fault;
mod gates;
mod print;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fmt::Write as _;

use muster_engine::catalog::{KeyKind, TagKind};
use muster_engine::catalog::{check_name, normalize_name};
use muster_engine::{Error, LoadMode, Result};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use column::ColumnText;
pub use column::{ColumnMapping, JSON_LISTS, NanRule, NullRule, TimeUnit};
pub use csv::CsvOptions;
pub(crate) use csv::{encoding_label, encoding_labelled};
pub use gates::{Gates, Share};
pub(crate) use print::push_comment;
use print::quote;

pub use crate::text::Rounding;

/// How many columns a mapping may name.
pub(crate) const COLUMNS_MAX: usize = 10_000;
/// The longest mapping that is read, in bytes: reading one takes up to a hundred times as much.
pub const MAPPING_BYTES_MAX: usize = 2 << 20;

/// Which column is the key, and which tag each other column sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The entity type whose entities the rows are; `type` in TOML.
    pub entity_type: String,
    /// The key.
    pub key: KeyMapping,
    /// How a CSV file is written; other formats refuse what is not the default.
    pub csv: CsvOptions,
    /// What is done with tags of who has them already, where a column does not say it.
    pub mode: LoadMode,
    /// The columns that set tags, and those that are skipped on purpose.
    pub columns: Vec<ColumnMapping>,
    /// What must hold before anybody sees the load.
    pub gates: Gates,
}

/// A mapping as TOML has it, which knows where its columns stand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingText {
    #[serde(rename = "type")]
    entity_type: String,
    key: KeyMapping,
    #[serde(default)]
    csv: CsvOptions,
    #[serde(default, deserialize_with = "mode_of_text")]
    mode: LoadMode,
    #[serde(default)]
    columns: ColumnTexts,
    gates: Option<Spanned<Gates>>,
}

/// The first columns, as many as a mapping may have, and how many there are: whoever sends very many makes
/// nobody hold them.
#[derive(Default)]
struct ColumnTexts {
    first: Vec<Spanned<ColumnText>>,
    count: usize,
}

impl<'de> Deserialize<'de> for ColumnTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<ColumnTexts, D::Error> {
        deserializer.deserialize_seq(ColumnTexts::default())
    }
}

impl<'de> Visitor<'de> for ColumnTexts {
    type Value = ColumnTexts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of columns")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut columns: A) -> std::result::Result<ColumnTexts, A::Error> {
        while self.first.len() < COLUMNS_MAX
            && let Some(column) = columns.next_element()?
        {
            self.first.push(column);
        }
        self.count = self.first.len();
        while columns.next_element::<IgnoredAny>()?.is_some() {
            self.count += 1;
        }
        Ok(self)
    }
}

/// The column that holds the key of each row's entity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a key such as { column = \"id\", kind = \"u64\" }")]
pub struct KeyMapping {
    /// The column's name in the file.
    pub column: String,
    /// What the keys of the entity type are: `string`, `u64` or `dense`.
    #[serde(deserialize_with = "key_kind_of_text")]
    pub kind: KeyKind,
    /// Whether white space around a key that is written as text is left out.
    #[serde(default)]
    pub trim: bool,
}

fn key_kind_of_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<KeyKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error: Error| serde::de::Error::custom(error.message()))
}

fn mode_of_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<LoadMode, D::Error> {
    let name = String::deserialize(deserializer)?;
    mode_named(&name).map_err(serde::de::Error::custom)
}

/// The mode of this name. Errors: what names there are, in words.
pub fn mode_named(name: &str) -> std::result::Result<LoadMode, String> {
    let found = LoadMode::ALL.into_iter().find(|mode| mode.name() == name);
    found.ok_or_else(|| format!("give mode one of upsert, replace, append: there is no mode {name:?}"))
}

/// Errors: limit, for more columns than a mapping may name.
fn check_count(count: usize) -> Result<()> {
    match count > COLUMNS_MAX {
        true => Err(Error::limit(format!(
            "name at most {COLUMNS_MAX} columns (COLUMNS_MAX) in a mapping, and load the others by a second one: it \
             names {count}"
        ))),
        false => Ok(()),
    }
}

/// A name as it is compared: two names that look alike are one.
pub(crate) fn nfkc(name: &str) -> String {
    normalize_name(name).into_owned()
}

impl Mapping {
    /// Reads a mapping and checks it.
    ///
    /// Errors: invalid, when the text is no TOML, has an unknown setting, or contradicts itself; the message has the
    /// line.
    pub fn parse(text: &str) -> Result<Mapping> {
        if text.len() > MAPPING_BYTES_MAX {
            let len = text.len();
            return Err(Error::limit(format!(
                "give a mapping of at most {MAPPING_BYTES_MAX} bytes (MAPPING_BYTES_MAX), not {len}"
            )));
        }
        let read: MappingText = toml::from_str(text).map_err(|error| fault::of_toml(text, &error))?;
        check_count(read.columns.count)?;
        let mut columns = Vec::with_capacity(read.columns.first.len());
        for column in read.columns.first {
            let span = column.span();
            let column = ColumnMapping::try_from(column.into_inner());
            columns.push(column.map_err(|message| fault::at(text, Some(span), &message))?);
        }
        let gates_span = read.gates.as_ref().map(Spanned::span);
        let mapping = Mapping {
            entity_type: read.entity_type,
            key: read.key,
            csv: read.csv,
            mode: read.mode,
            columns,
            gates: read.gates.map(Spanned::into_inner).unwrap_or_default(),
        };
        mapping.check()?;
        mapping.check_gates().map_err(|message| fault::at(text, gates_span, &message))?;
        Ok(mapping)
    }

    /// The mapping as TOML; [`Mapping::parse`] gives an equal mapping back.
    pub fn print(&self) -> String {
        self.print_with(&[], |_| Vec::new())
    }

    /// The columns that set tags, in the order of the mapping.
    pub fn loaded_columns(&self) -> impl Iterator<Item = &ColumnMapping> {
        self.columns.iter().filter(|column| !column.skip)
    }

    /// What is done with the tag of `column` of who has it already.
    pub fn mode_of(&self, column: &ColumnMapping) -> LoadMode {
        column.mode.unwrap_or(self.mode)
    }

    /// Errors: a gate of a tag that the mapping does not set, or that does not fit its kind; words say which.
    fn check_gates(&self) -> std::result::Result<(), String> {
        let kinds: HashMap<String, TagKind> =
            self.loaded_columns().map(|column| (nfkc(&column.tag), column.kind)).collect();
        self.gates.check(&|name| kinds.get(&nfkc(name)).copied())
    }

    /// Checks what one line of the mapping cannot know of another.
    ///
    /// Errors: invalid, when a column or tag stands twice, or an option does not fit its kind.
    pub fn check(&self) -> Result<()> {
        check_name("type", &self.entity_type)?;
        check_count(self.columns.len())?;
        self.csv.check()?;
        let mut columns = HashSet::new();
        let mut tags = HashSet::new();
        for column in &self.columns {
            if !columns.insert(nfkc(&column.column)) {
                return Err(Error::invalid(format!("the mapping names column {:?} twice", column.column)));
            }
            if column.skip {
                continue;
            }
            if !tags.insert(nfkc(&column.tag)) {
                return Err(Error::invalid(format!(
                    "two columns of the mapping set tag {:?}: skip one, or name another tag",
                    column.tag
                )));
            }
            column.check()?;
        }
        Ok(())
    }

    /// The mapping as TOML, `head` and what `comments` gives for a column as comment lines.
    pub(crate) fn print_with(&self, head: &[String], comments: impl Fn(&str) -> Vec<String>) -> String {
        let mut out = String::new();
        for line in head {
            push_comment(&mut out, "", line);
        }
        let _ = writeln!(out, "type = {}", quote(&self.entity_type));
        for line in comments(&self.key.column) {
            push_comment(&mut out, "", &line);
        }
        let trim = if self.key.trim { ", trim = true" } else { "" };
        let (column, kind) = (quote(&self.key.column), quote(self.key.kind.name()));
        let _ = writeln!(out, "key = {{ column = {column}, kind = {kind}{trim} }}");
        self.csv.print_into(&mut out);
        if self.mode != LoadMode::default() {
            let _ = writeln!(out, "mode = {}", quote(self.mode.name()));
        }
        out.push_str("columns = [\n");
        for column in &self.columns {
            for line in comments(&column.column) {
                push_comment(&mut out, "  ", &line);
            }
            column.print_into(&mut out);
        }
        out.push_str("]\n");
        self.gates.print_into(&mut out);
        out
    }
}

#[cfg(test)]
mod tests;
