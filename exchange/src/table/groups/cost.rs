//! Cost estimates: what the pages of a column become in memory, by what their bytes say and before a decoder makes it.

use arrow_schema::{DataType, Field};
use parquet::basic::{Encoding, Repetition, Type};
use parquet::schema::types::ColumnDescriptor;

use super::budget::Cost;
use super::delta;
use super::levels::{Depth, Lists};

/// What a value of a list takes: two levels, itself, and its code, each while its vector grows.
const LIST_VALUE_BYTES: u64 = 64;
/// How often a copied text stands in memory while what it is copied into grows.
const COPIES: u64 = 3;
/// What a text takes beside its bytes: a view.
const VIEW_BYTES: u64 = 16;
/// The longest number and its level.
const NUMBER_BYTES: u64 = 36;

/// A column of values, or of lists of values.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) is_list: bool,
    pub(super) depth: Depth,
    values: Values,
    /// The bytes of one value in a dictionary, at least.
    width: u64,
}

/// What a decoder makes of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Values {
    Numbers,
    /// Views into the pages, which stay as long as the views.
    Views,
    /// Codes of the page's dictionary; copies where pages have none.
    Coded,
    Copies,
}

/// A page of data.
pub(super) struct DataPage<'a> {
    pub(super) bytes: u64,
    /// Its values with nulls.
    pub(super) values: u64,
    pub(super) encoding: Encoding,
    /// `None` where each value is a row.
    pub(super) lists: Option<Lists>,
    /// What is behind the levels.
    pub(super) body: &'a [u8],
}

/// The dictionary of a column, and whether pages without it were seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dictionary {
    pub(super) longest: u64,
    pub(super) is_present: bool,
    pub(super) is_left: bool,
}

impl Leaf {
    pub(super) fn of(column: &ColumnDescriptor, field: &Field) -> Leaf {
        let value = match field.data_type() {
            DataType::List(value) | DataType::LargeList(value) | DataType::FixedSizeList(value, _) => value.data_type(),
            other => other,
        };
        let values = match (column.physical_type(), value) {
            (Type::BYTE_ARRAY, DataType::Utf8View | DataType::BinaryView) => Values::Views,
            (Type::BYTE_ARRAY, DataType::Dictionary(..)) => Values::Coded,
            (Type::BYTE_ARRAY, _) => Values::Copies,
            _ => Values::Numbers,
        };
        let width = match column.physical_type() {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(column.type_length()).unwrap_or(1).max(1),
        };
        let max = column.max_def_level();
        let info = column.self_type().get_basic_info();
        let is_optional = info.has_repetition() && info.repetition() == Repetition::OPTIONAL;
        let depth = Depth { max, element: max - i16::from(is_optional) };
        Leaf { is_list: column.max_rep_level() > 0, depth, values, width }
    }

    /// What a row takes without its page.
    pub(super) fn row_bytes(&self) -> u64 {
        let value = if self.values == Values::Numbers { NUMBER_BYTES.max(2 * self.width) } else { 2 * VIEW_BYTES };
        value + u64::from(self.is_list) * LIST_VALUE_BYTES
    }

    /// The dictionary that a page holds, and what it takes. `None`: it is damaged.
    pub(super) fn dictionary(&self, page: &[u8], values: u64) -> Option<(Dictionary, u64)> {
        if values.checked_mul(self.width)? > page.len() as u64 {
            return None;
        }
        let mut dictionary = Dictionary { longest: self.width, is_present: true, is_left: false };
        if self.values == Values::Numbers {
            return Some((dictionary, page.len() as u64));
        }
        let mut left = page;
        for _ in 0..values {
            let (length, rest) = left.split_first_chunk()?;
            let length = u32::from_le_bytes(*length) as usize;
            left = rest.get(length..)?;
            dictionary.longest = dictionary.longest.max(length as u64);
        }
        // Views hold the page; else its texts are copied, into room that has grown.
        let copies = if self.values == Values::Views { 1 } else { 2 };
        Some((dictionary, copies * page.len() as u64 + VIEW_BYTES * values))
    }

    /// What a page takes, of which `rows_at_once` are read at once. `None`: it is damaged.
    pub(super) fn cost(&self, page: &DataPage<'_>, dictionary: &mut Dictionary, rows_at_once: u64) -> Option<Cost> {
        let (at_once, of_lists) = match page.lists {
            None => (page.values.min(rows_at_once), 0),
            Some(lists) => (lists.values_max, lists.values_max.checked_mul(LIST_VALUE_BYTES)?),
        };
        let mut cost = Cost { page: page.bytes, rows: of_lists };
        if self.values == Values::Numbers {
            return Some(cost);
        }
        let is_coded = matches!(page.encoding, Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY);
        dictionary.is_left |= !is_coded;
        // Codes are written out where one run has both, whichever comes first.
        let is_written_out = self.values == Values::Copies || self.values == Values::Coded && dictionary.is_left;
        let written = if is_written_out && dictionary.is_present {
            COPIES.checked_mul(at_once)?.checked_mul(dictionary.longest)?
        } else {
            0
        };
        let copies = if self.values == Values::Views { 0 } else { COPIES };
        let (bytes_made, lengths) = match page.encoding {
            Encoding::DELTA_BYTE_ARRAY => {
                let texts = delta::shared(page.body, page.values)?;
                (COPIES.checked_mul(texts.bytes.min(at_once.checked_mul(texts.longest)?))?, 2 * page.values)
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                let lengths = delta::count(page.body).filter(|count| *count <= page.values)?;
                (copies * page.bytes, lengths)
            }
            _ if is_coded => (0, 0),
            _ => (copies * page.bytes, 0),
        };
        cost.page += lengths * size_of::<i32>() as u64;
        cost.rows = cost.rows.checked_add(written)?.checked_add(bytes_made)?;
        if self.values == Values::Views {
            // Views hold the page as long as there are rows of it.
            cost = Cost { page: 0, rows: cost.rows + cost.page };
        }
        Some(cost)
    }

    /// What a decoder takes for the lengths of a page of so many values before it looks at them.
    pub(super) fn lengths_bytes(&self, encoding: Encoding, values: u64) -> u64 {
        match encoding {
            Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY => 2 * values * size_of::<i32>() as u64,
            _ => 0,
        }
    }
}
