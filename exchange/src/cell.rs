//! Trimming and nulls: what a column's cells are before their kind is looked at: white space around them, and what
//! stands for a null.

use crate::mapping::{ColumnMapping, KeyMapping, NanRule};
use crate::scalar::Scalar;
use muster_engine::catalog::TagKind;

/// How the cells of a column are taken before their kind is looked at.
#[derive(Clone, Debug)]
pub(crate) struct CellRule {
    trim: bool,
    null_words: Vec<String>,
    nan_is_null: bool,
    /// Whether a text that says that it is not a number is one.
    nan_text_is_null: bool,
}

impl CellRule {
    /// Cells as they stand in the file.
    pub(crate) const PLAIN: CellRule =
        CellRule { trim: false, null_words: Vec::new(), nan_is_null: false, nan_text_is_null: false };

    pub(crate) fn of(column: &ColumnMapping) -> CellRule {
        let nan_is_null = column.nan == NanRule::Null;
        CellRule {
            trim: column.trim,
            null_words: column.null_words.clone(),
            nan_is_null,
            nan_text_is_null: nan_is_null && matches!(column.kind, TagKind::Int | TagKind::Decimal { .. }),
        }
    }

    pub(crate) fn of_key(key: &KeyMapping) -> CellRule {
        CellRule { trim: key.trim, ..CellRule::PLAIN }
    }

    /// Whether cells are taken as they stand.
    pub(crate) fn is_plain(&self) -> bool {
        !self.trim && self.null_words.is_empty() && !self.nan_is_null
    }

    /// A field of a CSV. An unquoted empty one is null, and so is a word for null, quoted or not.
    #[inline]
    pub(crate) fn field<'a>(&self, text: &'a [u8], quoted: bool) -> Scalar<'a> {
        let text = self.trimmed(text);
        let is_null = !quoted && text.is_empty() || self.is_null_text(text);
        if is_null { Scalar::Null } else { Scalar::Text(text) }
    }

    /// A cell of a columnar file.
    #[inline]
    pub(crate) fn cell<'a>(&self, cell: Scalar<'a>) -> Scalar<'a> {
        match cell {
            Scalar::Text(text) => {
                let text = self.trimmed(text);
                if self.is_null_text(text) { Scalar::Null } else { Scalar::Text(text) }
            }
            Scalar::Float(number) if self.nan_is_null && number.is_nan() => Scalar::Null,
            Scalar::Float32(number) if self.nan_is_null && number.is_nan() => Scalar::Null,
            cell => cell,
        }
    }

    /// The text without white space around it, where that is left out.
    #[inline]
    pub(crate) fn trimmed<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        if !self.trim {
            return text;
        }
        match std::str::from_utf8(text) {
            Ok(text) => text.trim().as_bytes(),
            Err(_) => text.trim_ascii(),
        }
    }

    #[inline]
    fn is_null_text(&self, text: &[u8]) -> bool {
        self.null_words.iter().any(|word| word.as_bytes() == text)
            || self.nan_text_is_null && text.eq_ignore_ascii_case(b"nan")
    }
}
