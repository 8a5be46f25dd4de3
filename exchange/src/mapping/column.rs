//! What one column of a file does: the tag that it sets, and how its cells are read.

use std::fmt::Write as _;

use muster_engine::catalog::check_name;
use muster_engine::catalog::{TagKind, Zone};
use muster_engine::{Error, LoadMode, Result};
use serde::{Deserialize, Deserializer};

use super::nfkc;
use super::print::{quote, quote_all};
use crate::text::{DEFAULT_FALSE_WORDS, DEFAULT_TRUE_WORDS, Rounding, Wanted, check_date_format};

/// The `list_separator` of lists that are written in JSON, as exports to CSV write them: `["a","b"]`.
pub const JSON_LISTS: &str = "json";

/// How many formats of dates a column may have.
const DATE_FORMATS_MAX: usize = 16;

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

/// What a floating-point cell that is not a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NanRule {
    /// The row is refused.
    #[default]
    Refuse,
    /// It is a null.
    Null,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMapping {
    /// The column's name in the file.
    pub column: String,
    /// The tag that it sets; the column's name in NFKC unless the mapping says otherwise.
    pub tag: String,
    /// The tag's kind: `flag`, `choice`, `set`, `int`, `decimal(2)`, `date` or `time`.
    pub kind: TagKind,
    /// What every row gets, where no column of the file is read; `column` is then a name for messages.
    pub constant: Option<String>,
    /// What a null does.
    pub null: NullRule,
    /// What is done with the tag of who has it already, where it is not what the mapping says for all.
    pub mode: Option<LoadMode>,
    /// Whether the column is left out on purpose.
    pub skip: bool,
    /// Whether white space around texts, and around the values of lists, is left out.
    pub trim: bool,
    /// Words that mean null, beside the unquoted empty field: `NULL`, `NA`, and the empty text where it is quoted.
    pub null_words: Vec<String>,
    /// What a floating-point cell that is not a number means.
    pub nan: NanRule,
    /// What stands between the values of a set that is written as text, as in `a|b`; [`JSON_LISTS`] for lists in JSON.
    pub list_separator: Option<String>,
    /// The words that mean true, instead of `true`, `t`, `yes`, `y` and `1`.
    pub true_words: Vec<String>,
    /// The words that mean false, instead of `false`, `f`, `no`, `n` and `0`.
    pub false_words: Vec<String>,
    /// What stands before the fraction of a number that is written as text, where it is not a point.
    pub decimal_point: Option<char>,
    /// What stands between the thousands of a number that is written as text.
    pub thousands: Option<char>,
    /// What happens to more digits behind the point than the tag has; without it such a cell is refused.
    pub round: Option<Rounding>,
    /// How a date or time is written, in the letters of strftime, where it is not as in ISO 8601. The first format
    /// that fits a cell is taken.
    pub date_formats: Vec<String>,
    /// The zone of times that are written without one, as in `Asia/Shanghai`; UTC unless given.
    pub time_zone: Option<String>,
    /// The unit of a time that is written as a whole number since 1970-01-01 UTC.
    pub time_unit: Option<TimeUnit>,
}

impl ColumnMapping {
    /// A column that sets the tag of its own name by the default rules.
    pub fn new(column: impl Into<String>, kind: TagKind) -> ColumnMapping {
        let column = column.into();
        ColumnMapping {
            tag: nfkc(&column),
            column,
            kind,
            constant: None,
            null: NullRule::Keep,
            mode: None,
            skip: false,
            trim: false,
            null_words: Vec::new(),
            nan: NanRule::Refuse,
            list_separator: None,
            true_words: Vec::new(),
            false_words: Vec::new(),
            decimal_point: None,
            thousands: None,
            round: None,
            date_formats: Vec::new(),
            time_zone: None,
            time_unit: None,
        }
    }

    /// What messages call the column of a constant.
    pub(super) fn name_of_constant(tag: &str) -> String {
        format!("{tag} (constant)")
    }

    /// The settings that not every kind reads: their names, whether they are given, and the kinds that read them.
    fn given(&self) -> [(&'static str, bool, Readers); 10] {
        [
            ("nan", self.nan != NanRule::Refuse, Readers::Floats),
            ("list_separator", self.list_separator.is_some(), Readers::Sets),
            ("true_words", !self.true_words.is_empty(), Readers::Flags),
            ("false_words", !self.false_words.is_empty(), Readers::Flags),
            ("decimal_point", self.decimal_point.is_some(), Readers::Numbers),
            ("thousands", self.thousands.is_some(), Readers::Numbers),
            ("round", self.round.is_some(), Readers::Numbers),
            ("date_format", !self.date_formats.is_empty(), Readers::Days),
            ("time_zone", self.time_zone.is_some(), Readers::Times),
            ("time_unit", self.time_unit.is_some(), Readers::Times),
        ]
    }

    pub(super) fn check(&self) -> Result<()> {
        let fault = |message: String| Err(Error::invalid(format!("column {:?}: {message}", self.column)));
        if let Err(error) = check_name("tag", &self.tag) {
            return fault(error.message().to_owned());
        }
        for (name, is_given, readers) in self.given() {
            if is_given && !readers.has(self.kind) {
                return fault(format!("{name} is for {}, not for {}", readers.name(), self.kind));
            }
        }
        if self.list_separator.as_ref().is_some_and(String::is_empty) {
            return fault("list_separator is empty".to_owned());
        }
        self.check_words().and_then(|()| self.check_marks()).and_then(|()| self.check_dates()).or_else(fault)
    }

    fn check_words(&self) -> std::result::Result<(), String> {
        let or_default = |given: &[String], default: &[&str]| -> Vec<String> {
            match given {
                [] => default.iter().map(|word| (*word).to_owned()).collect(),
                given => given.to_vec(),
            }
        };
        let false_words = or_default(&self.false_words, &DEFAULT_FALSE_WORDS);
        for word in or_default(&self.true_words, &DEFAULT_TRUE_WORDS) {
            if false_words.iter().any(|other| other.eq_ignore_ascii_case(&word)) {
                return Err(format!("{word:?} means true and false: give true_words and false_words apart"));
            }
        }
        let words = [("true_words", &self.true_words), ("false_words", &self.false_words)];
        for (name, words) in words.into_iter().chain([("null_words", &self.null_words)]) {
            if self.trim && words.iter().any(|word| word.trim() != word) {
                return Err(format!("a word of {name} begins or ends with white space, which trim leaves out"));
            }
        }
        Ok(())
    }

    fn check_marks(&self) -> std::result::Result<(), String> {
        for (name, mark) in [("decimal_point", self.decimal_point), ("thousands", self.thousands)] {
            if mark.is_some_and(|mark| mark.is_alphanumeric() || mark.is_control() || matches!(mark, '+' | '-')) {
                return Err(format!("{name} cannot be a letter, a digit or a sign"));
            }
        }
        match self.thousands {
            Some(mark) if mark == self.decimal_point.unwrap_or('.') => Err(format!(
                "thousands and decimal_point are both {mark:?}: give the other one too, such as decimal_point = \",\""
            )),
            _ => Ok(()),
        }
    }

    fn check_dates(&self) -> std::result::Result<(), String> {
        if self.date_formats.len() > DATE_FORMATS_MAX {
            return Err(format!("date_format has more than {DATE_FORMATS_MAX} formats"));
        }
        if self.time_unit.is_some() && !self.date_formats.is_empty() {
            return Err("time_unit and date_format read the same numbers: strike one".to_owned());
        }
        let asked = if self.kind == TagKind::Time { Wanted::Time } else { Wanted::Date };
        self.date_formats.iter().try_for_each(|format| check_date_format(format, asked))?;
        let Some(zone) = &self.time_zone else {
            return Ok(());
        };
        if self.time_unit.is_some() {
            return Err("time_unit counts since 1970 in UTC: strike time_zone".to_owned());
        }
        Zone::named(zone).map(|_| ()).map_err(|_| format!("there is no time zone {zone:?}"))
    }

    pub(super) fn print_into(&self, out: &mut String) {
        match &self.constant {
            Some(constant) => {
                let _ = write!(out, "  {{ constant = {}, tag = {}", quote(constant), quote(&self.tag));
            }
            None => {
                let _ = write!(out, "  {{ column = {}", quote(&self.column));
                if self.tag != nfkc(&self.column) {
                    let _ = write!(out, ", tag = {}", quote(&self.tag));
                }
            }
        }
        let _ = write!(out, ", kind = {}", quote(&self.kind.to_string()));
        if self.null == NullRule::Clear {
            out.push_str(", null = \"clear\"");
        }
        if let Some(mode) = self.mode {
            let _ = write!(out, ", mode = {}", quote(mode.name()));
        }
        if self.trim {
            out.push_str(", trim = true");
        }
        if self.nan == NanRule::Null {
            out.push_str(", nan = \"null\"");
        }
        let date_format = match self.date_formats.as_slice() {
            [] => None,
            [one] => Some(quote(one)),
            several => Some(quote_all(several)),
        };
        let list = |words: &[String]| (!words.is_empty()).then(|| quote_all(words));
        let texts = [
            ("null_words", list(&self.null_words)),
            ("list_separator", self.list_separator.as_deref().map(quote)),
            ("true_words", list(&self.true_words)),
            ("false_words", list(&self.false_words)),
            ("decimal_point", self.decimal_point.map(|mark| quote(&mark.to_string()))),
            ("thousands", self.thousands.map(|mark| quote(&mark.to_string()))),
            ("round", self.round.map(|round| quote(round.name()))),
            ("date_format", date_format),
            ("time_zone", self.time_zone.as_deref().map(quote)),
            ("time_unit", self.time_unit.map(|unit| quote(unit.name()))),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                let _ = write!(out, ", {name} = {value}");
            }
        }
        if self.skip {
            out.push_str(", skip = true");
        }
        out.push_str(" },\n");
    }
}

/// The kinds of tags that read a setting.
#[derive(Clone, Copy)]
enum Readers {
    Floats,
    Sets,
    Flags,
    Numbers,
    Days,
    Times,
}

impl Readers {
    fn has(self, kind: TagKind) -> bool {
        match self {
            Readers::Floats => {
                matches!(kind, TagKind::Flag | TagKind::Choice | TagKind::Int | TagKind::Decimal { .. })
            }
            Readers::Sets => kind == TagKind::Set,
            Readers::Flags => kind == TagKind::Flag,
            Readers::Numbers => matches!(kind, TagKind::Int | TagKind::Decimal { .. }),
            Readers::Days => matches!(kind, TagKind::Date | TagKind::Time),
            Readers::Times => kind == TagKind::Time,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Readers::Floats => "flag, choice, int and decimal",
            Readers::Sets => TagKind::Set.name(),
            Readers::Flags => TagKind::Flag.name(),
            Readers::Numbers => "int and decimal",
            Readers::Days => "date and time",
            Readers::Times => TagKind::Time.name(),
        }
    }
}

/// A column as TOML has it, before defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a column such as { column = \"age\", kind = \"int\" }")]
pub(super) struct ColumnText {
    column: Option<String>,
    tag: Option<String>,
    constant: Option<String>,
    #[serde(default, deserialize_with = "kind_of_text")]
    kind: Option<TagKind>,
    #[serde(default)]
    null: NullRule,
    #[serde(default, deserialize_with = "mode_of_text")]
    mode: Option<LoadMode>,
    #[serde(default)]
    skip: bool,
    #[serde(default)]
    trim: bool,
    #[serde(default)]
    null_words: Vec<String>,
    #[serde(default)]
    nan: NanRule,
    list_separator: Option<String>,
    #[serde(default)]
    true_words: Vec<String>,
    #[serde(default)]
    false_words: Vec<String>,
    decimal_point: Option<char>,
    thousands: Option<char>,
    round: Option<Rounding>,
    date_format: Option<Formats>,
    time_zone: Option<String>,
    time_unit: Option<TimeUnit>,
}

fn mode_of_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<LoadMode>, D::Error> {
    super::mode_of_text(deserializer).map(Some)
}

/// The kind is read where it stands, so that a fault has its line.
fn kind_of_text<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<TagKind>, D::Error> {
    let name = String::deserialize(deserializer)?;
    match name.parse() {
        Ok(kind) => Ok(Some(kind)),
        Err(_) => Err(serde::de::Error::custom(format!(
            "give kind one of flag, choice, set, int, decimal(2), date, time: there is no kind {name:?}"
        ))),
    }
}

/// One text, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "date_format is a text such as \"%d/%m/%Y\", or a list of such texts")]
enum Formats {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<ColumnText> for ColumnMapping {
    type Error = String;

    fn try_from(text: ColumnText) -> std::result::Result<Self, String> {
        let column = match (text.column, &text.constant, &text.tag) {
            (Some(_), Some(_), _) => return Err("strike column or constant: a constant is in no column".to_owned()),
            (Some(column), None, _) => column,
            (None, Some(_), Some(tag)) if !text.skip => ColumnMapping::name_of_constant(tag),
            (None, None, _) => return Err("there is no `column`".to_owned()),
            (None, Some(_), _) => return Err("give the tag of a constant, as in tag = \"in_file\"".to_owned()),
        };
        let kind = match text.kind {
            Some(kind) => kind,
            None if text.skip => TagKind::Choice,
            None => {
                return Err(format!(
                    "give kind = \"choice\" or another, or skip = true: column {:?} has no kind",
                    column
                ));
            }
        };
        Ok(ColumnMapping {
            tag: text.tag.unwrap_or_else(|| nfkc(&column)),
            constant: text.constant,
            null: text.null,
            mode: text.mode,
            skip: text.skip,
            trim: text.trim,
            null_words: text.null_words,
            nan: text.nan,
            list_separator: text.list_separator,
            true_words: text.true_words,
            false_words: text.false_words,
            decimal_point: text.decimal_point,
            thousands: text.thousands,
            round: text.round,
            date_formats: match text.date_format {
                None => Vec::new(),
                Some(Formats::One(format)) => vec![format],
                Some(Formats::Several(formats)) if formats.is_empty() => {
                    return Err(format!("column {column:?}: date_format has no format"));
                }
                Some(Formats::Several(formats)) => formats,
            },
            time_zone: text.time_zone,
            time_unit: text.time_unit,
            ..ColumnMapping::new(column, kind)
        })
    }
}
