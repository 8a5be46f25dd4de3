//! How a CSV file is written: the settings of the mapping's `csv`.

use std::fmt::Write as _;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, X_USER_DEFINED};
use muster_engine::{Error, Result};
use serde::{Deserialize, Deserializer};

use super::print::quote;

/// How a CSV file is written. Quotes are `"`, doubled inside quotes, as in RFC 4180.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvOptions {
    /// What stands between two fields: one ASCII character.
    pub delimiter: char,
    /// Whether the first record names the columns; otherwise they are `column_1`, `column_2` and so on.
    pub header: bool,
    /// How its characters are written as bytes.
    #[serde(deserialize_with = "encoding_of_label")]
    pub encoding: &'static Encoding,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions { delimiter: ',', header: true, encoding: UTF_8 }
    }
}

impl CsvOptions {
    pub(super) fn check(&self) -> Result<()> {
        let delimiter = self.delimiter;
        if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r' | '\0') {
            return Err(Error::invalid(format!(
                "csv.delimiter {delimiter:?} cannot stand between fields: give one ASCII character such as , ; or \\t"
            )));
        }
        Ok(())
    }

    pub(super) fn print_into(&self, out: &mut String) {
        if *self == CsvOptions::default() {
            return;
        }
        let delimiter = quote(&self.delimiter.to_string());
        let _ = write!(out, "csv = {{ delimiter = {delimiter}, header = {}", self.header);
        if self.encoding != UTF_8 {
            let _ = write!(out, ", encoding = {}", quote(&encoding_label(self.encoding)));
        }
        out.push_str(" }\n");
    }
}

/// What a mapping calls an encoding.
pub(crate) fn encoding_label(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// The labels are those of the web, of which `gbk`, `latin1` and `utf-16le` are some.
fn encoding_of_label<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<&'static Encoding, D::Error> {
    let label = String::deserialize(deserializer)?;
    encoding_labelled(&label).map_err(serde::de::Error::custom)
}

/// The encoding of a label, or what is wrong with the label.
pub(crate) fn encoding_labelled(label: &str) -> std::result::Result<&'static Encoding, String> {
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding != REPLACEMENT && encoding != X_USER_DEFINED => Ok(encoding),
        _ => Err(format!(
            "there is no encoding {label:?}: give utf-8, gbk, gb18030, big5, shift_jis, latin1, windows-1252, \
             utf-16le, utf-16be or another label of the web"
        )),
    }
}
