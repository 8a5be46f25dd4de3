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

use std::collections::HashSet;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use muster_engine::catalog::name::{check_name, normalize_name};
use muster_engine::catalog::{KeyKind, TagKind};
use muster_engine::{Error, Result};
use serde::{Deserialize, Deserializer};

/// How many columns a mapping may name.
pub(crate) const COLUMNS_MAX: usize = 10_000;
/// The longest mapping that is read, in bytes: reading one takes up to a hundred times as much.
pub const MAPPING_BYTES_MAX: usize = 2 << 20;

/// Which column is the key, and which tag each other column sets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The entity type whose entities the rows are; `type` in TOML.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The key.
    pub key: KeyMapping,
    /// How a CSV file is written; not looked at for other formats.
    #[serde(default)]
    pub csv: CsvOptions,
    /// The columns that set tags, and those that are skipped on purpose.
    #[serde(default)]
    pub columns: Vec<ColumnMapping>,
}

/// The column that holds the key of each row's entity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyMapping {
    /// The column's name in the file.
    pub column: String,
    /// What the keys of the entity type are: `string`, `u64` or `dense`.
    #[serde(deserialize_with = "key_kind_of_text")]
    pub kind: KeyKind,
}

/// How a CSV file is written. Quotes are `"`, doubled inside quotes, as in RFC 4180.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvOptions {
    /// What stands between two fields: one ASCII character.
    pub delimiter: char,
    /// Whether the first record names the columns; otherwise they are `column_1`, `column_2` and so on.
    pub header: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions { delimiter: ',', header: true }
    }
}

/// What a null does to a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NullRule {
    /// The entity keeps what it had.
    #[default]
    Keep,
    /// The tag is cleared.
    Clear,
}

/// What one step of a whole number is, for whole numbers that count time since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TimeUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Second,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Millisecond,
    /// Microseconds; cut to the millisecond before.
    #[serde(rename = "us")]
    Microsecond,
    /// Nanoseconds; cut to the millisecond before.
    #[serde(rename = "ns")]
    Nanosecond,
}

impl TimeUnit {
    /// The unit as the mapping writes it.
    pub const fn name(self) -> &'static str {
        match self {
            TimeUnit::Second => "s",
            TimeUnit::Millisecond => "ms",
            TimeUnit::Microsecond => "us",
            TimeUnit::Nanosecond => "ns",
        }
    }
}

/// What one column does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ColumnText")]
pub struct ColumnMapping {
    /// The column's name in the file.
    pub column: String,
    /// The tag that it sets; the column's name in NFKC unless the mapping says otherwise.
    pub tag: String,
    /// The tag's kind: `flag`, `choice`, `set`, `int`, `decimal(2)`, `date` or `time`.
    pub kind: TagKind,
    /// What a null does.
    pub null: NullRule,
    /// Whether the column is left out on purpose.
    pub skip: bool,
    /// What stands between the values of a set that is written as text: `a|b`.
    pub list_separator: Option<String>,
    /// How a date or time is written, in the letters of strftime, where it is not as in ISO 8601.
    pub date_format: Option<String>,
    /// The zone of times that are written without one, as in `Asia/Shanghai`; UTC unless given.
    pub time_zone: Option<String>,
    /// The unit of a time that is written as a whole number since 1970-01-01 UTC.
    pub time_unit: Option<TimeUnit>,
    /// Unquoted words that mean null, beside the empty field: `NULL`, `NA`.
    pub null_words: Vec<String>,
}

impl ColumnMapping {
    /// A column that sets the tag of its own name by the default rules.
    pub fn new(column: impl Into<String>, kind: TagKind) -> ColumnMapping {
        let column = column.into();
        ColumnMapping {
            tag: nfkc(&column),
            column,
            kind,
            null: NullRule::Keep,
            skip: false,
            list_separator: None,
            date_format: None,
            time_zone: None,
            time_unit: None,
            null_words: Vec::new(),
        }
    }
}

/// A column as TOML has it, before defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnText {
    column: String,
    tag: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    null: NullRule,
    #[serde(default)]
    skip: bool,
    list_separator: Option<String>,
    date_format: Option<String>,
    time_zone: Option<String>,
    time_unit: Option<TimeUnit>,
    #[serde(default)]
    null_words: Vec<String>,
}

impl TryFrom<ColumnText> for ColumnMapping {
    type Error = String;

    fn try_from(text: ColumnText) -> std::result::Result<Self, String> {
        let kind = match &text.kind {
            Some(name) => {
                name.parse().map_err(|error: Error| format!("column {:?}: {}", text.column, error.message()))?
            }
            None if text.skip => TagKind::Choice,
            None => {
                return Err(format!(
                    "column {:?} has no kind: give kind = \"choice\" or another, or skip = true",
                    text.column
                ));
            }
        };
        Ok(ColumnMapping {
            tag: text.tag.unwrap_or_else(|| nfkc(&text.column)),
            null: text.null,
            skip: text.skip,
            list_separator: text.list_separator,
            date_format: text.date_format,
            time_zone: text.time_zone,
            time_unit: text.time_unit,
            null_words: text.null_words,
            ..ColumnMapping::new(text.column, kind)
        })
    }
}

fn key_kind_of_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<KeyKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error: Error| serde::de::Error::custom(error.message()))
}

/// A name as it is compared: two names that look alike are one.
pub(crate) fn nfkc(name: &str) -> String {
    normalize_name(name).into_owned()
}

impl Mapping {
    /// Reads a mapping and checks it.
    ///
    /// # Errors
    /// When the text is no TOML, has an unknown setting, or contradicts itself; the message has the line.
    pub fn parse(text: &str) -> Result<Mapping> {
        if text.len() > MAPPING_BYTES_MAX {
            let len = text.len();
            return Err(Error::limit(format!(
                "give a mapping of at most {MAPPING_BYTES_MAX} bytes (MAPPING_BYTES_MAX), not {len}"
            )));
        }
        let mapping: Mapping = toml::from_str(text)
            .map_err(|error| Error::invalid(format!("the mapping cannot be read: {error}").trim_end()))?;
        mapping.check()?;
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

    /// Checks what one line of the mapping cannot know of another.
    ///
    /// # Errors
    /// When a column or tag stands twice, or an option does not fit its kind.
    pub fn check(&self) -> Result<()> {
        check_name("type", &self.entity_type)?;
        if self.columns.len() > COLUMNS_MAX {
            return Err(Error::limit(format!(
                "the mapping names {} columns, more than {COLUMNS_MAX}",
                self.columns.len()
            )));
        }
        let delimiter = self.csv.delimiter;
        if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r' | '\0') {
            return Err(Error::invalid(format!(
                "csv.delimiter {delimiter:?} cannot stand between fields: give one ASCII character such as , ; or \\t"
            )));
        }
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
        let _ =
            writeln!(out, "key = {{ column = {}, kind = {} }}", quote(&self.key.column), quote(self.key.kind.name()));
        if self.csv != CsvOptions::default() {
            let _ = writeln!(
                out,
                "csv = {{ delimiter = {}, header = {} }}",
                quote(&self.csv.delimiter.to_string()),
                self.csv.header
            );
        }
        out.push_str("columns = [\n");
        for column in &self.columns {
            for line in comments(&column.column) {
                push_comment(&mut out, "  ", &line);
            }
            column.print_into(&mut out);
        }
        out.push_str("]\n");
        out
    }
}

impl ColumnMapping {
    fn check(&self) -> Result<()> {
        let column = &self.column;
        let fault = |message: String| Err(Error::invalid(format!("column {column:?}: {message}")));
        if let Err(error) = check_name("tag", &self.tag) {
            return fault(error.message().to_owned());
        }
        let dated = matches!(self.kind, TagKind::Date | TagKind::Time);
        let kind_name = self.kind;
        if let Some(separator) = &self.list_separator {
            if self.kind != TagKind::Set {
                return fault(format!("list_separator is for sets, not for {kind_name}"));
            }
            if separator.is_empty() {
                return fault("list_separator is empty".to_owned());
            }
        }
        if self.date_format.is_some() && !dated {
            return fault(format!("date_format is for date and time, not for {kind_name}"));
        }
        if self.time_unit.is_some() && self.kind != TagKind::Time {
            return fault(format!("time_unit is for time, not for {kind_name}"));
        }
        if let Some(zone) = &self.time_zone {
            if self.kind != TagKind::Time {
                return fault(format!("time_zone is for time, not for {kind_name}"));
            }
            if TimeZone::get(zone).is_err() {
                return fault(format!("there is no time zone {zone:?}"));
            }
        }
        Ok(())
    }

    fn print_into(&self, out: &mut String) {
        let _ = write!(out, "  {{ column = {}", quote(&self.column));
        if self.tag != nfkc(&self.column) {
            let _ = write!(out, ", tag = {}", quote(&self.tag));
        }
        let _ = write!(out, ", kind = {}", quote(&self.kind.to_string()));
        if self.null == NullRule::Clear {
            out.push_str(", null = \"clear\"");
        }
        let texts = [
            ("list_separator", &self.list_separator),
            ("date_format", &self.date_format),
            ("time_zone", &self.time_zone),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                let _ = write!(out, ", {name} = {}", quote(value));
            }
        }
        if let Some(unit) = self.time_unit {
            let _ = write!(out, ", time_unit = {}", quote(unit.name()));
        }
        if !self.null_words.is_empty() {
            let words: Vec<String> = self.null_words.iter().map(|word| quote(word)).collect();
            let _ = write!(out, ", null_words = [{}]", words.join(", "));
        }
        if self.skip {
            out.push_str(", skip = true");
        }
        out.push_str(" },\n");
    }
}

/// A comment line; control characters, which TOML forbids in comments, become spaces.
fn push_comment(out: &mut String, indent: &str, line: &str) {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(out, "{indent}# {line}");
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
