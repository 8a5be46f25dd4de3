//! What the rows show of one column.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use muster_engine::Result;
use xxhash_rust::xxh3::xxh3_64;

use crate::cell::CellRule;
use crate::column::lists_of;
use crate::rule::value_text;
use crate::scalar::{Scalar, Shape};
use crate::table::Cells;
use crate::text::{DAY_MS, NumberFault, decimal_of_f32, decimal_of_f64, parse_date, parse_decimal, parse_time};

/// Words that programs write for a null.
pub(super) const NULL_WORDS: [&str; 9] = ["NULL", "null", "NA", "N/A", "n/a", "\\N", "NaN", "nan", "None"];
/// What may stand between the values of a list that is written as text.
pub(super) const SEPARATORS: [char; 2] = ['|', ';'];
/// The most digits behind the point that are looked for.
const DIGITS_MAX: u8 = 18;
/// How many distinct values are remembered to show.
const SAMPLES: usize = 3;
/// How many distinct pieces of lists are remembered.
const PIECES_MAX: usize = 100_000;

/// Hashes of distinct values, which need no hash of their own.
pub(super) type Hashes = HashSet<u64, BuildHasherDefault<Itself>>;

/// The hasher of what is a hash.
#[derive(Default)]
pub(super) struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What the rows show of one column.
pub(super) struct Observed {
    pub(super) name: String,
    /// What it holds; `None` where no tag takes its type.
    pub(super) shape: Option<Shape>,
    /// The type that no tag takes.
    pub(super) type_name: String,
    /// Whether it comes from text alone, so that numbers are to be recognised.
    pub(super) is_csv: bool,
    /// Its place among the columns that are read.
    pub(super) place: Option<usize>,
    pub(super) rows: u64,
    pub(super) nulls: u64,
    hashes: Hashes,
    /// The first distinct values.
    pub(super) samples: Vec<String>,
    pub(super) bytes_max: usize,
    /// Values that are whole numbers of 64 bits, that are 0 or 1, that are numbers at all.
    pub(super) wholes: u64,
    pub(super) zero_ones: u64,
    pub(super) numbers: u64,
    /// Text numbers that would not be written again as they stand: `007`, `+1`.
    pub(super) unplain: u64,
    pub(super) whole_min: i128,
    pub(super) whole_max: i128,
    /// The digits behind the point that all numbers fit; the first number that fits none.
    pub(super) digits: u8,
    /// The most digits that stand behind a point of a text, needed or not.
    pub(super) digits_written: u8,
    pub(super) endless: Option<String>,
    pub(super) dates: u64,
    pub(super) times: u64,
    /// Times that are a day's beginning, times that are finer than a millisecond.
    pub(super) midnights: u64,
    pub(super) cuts: u64,
    /// `true` and `false` in any case.
    pub(super) truths: u64,
    pub(super) null_words: BTreeMap<&'static str, u64>,
    /// For each separator the texts that have it, and the pieces between.
    pub(super) separated: [(u64, Hashes); SEPARATORS.len()],
}

impl Observed {
    pub(super) fn new(name: String, shape: Option<Shape>, is_csv: bool) -> Observed {
        Observed {
            name,
            shape,
            type_name: String::new(),
            is_csv,
            place: None,
            rows: 0,
            nulls: 0,
            hashes: Hashes::default(),
            samples: Vec::new(),
            bytes_max: 0,
            wholes: 0,
            zero_ones: 0,
            numbers: 0,
            unplain: 0,
            whole_min: i128::MAX,
            whole_max: i128::MIN,
            digits: 0,
            digits_written: 0,
            endless: None,
            dates: 0,
            times: 0,
            midnights: 0,
            cuts: 0,
            truths: 0,
            null_words: BTreeMap::new(),
            separated: Default::default(),
        }
    }

    /// The rows with a value.
    pub(super) fn values(&self) -> u64 {
        self.rows - self.nulls
    }

    /// How many distinct values, or elements of lists, there are.
    pub(super) fn distinct(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Whether it never is null and never repeats.
    pub(super) fn is_unique(&self) -> bool {
        self.rows > 0 && self.nulls == 0 && self.distinct() == self.rows
    }

    /// Whether its values can name entities.
    pub(super) fn can_be_key(&self) -> bool {
        match &self.shape {
            Some(Shape::Int | Shape::Uuid) => true,
            Some(Shape::Text) => {
                let is_amount = self.numbers > self.wholes;
                let is_day = self.dates + self.times > 0 && self.dates + self.times == self.values();
                !is_amount && !is_day && self.bytes_max <= 256
            }
            _ => false,
        }
    }

    /// Whether all values are keys of kind u64.
    pub(super) fn is_key_numbers(&self) -> bool {
        let is_number = match &self.shape {
            Some(Shape::Int) => true,
            Some(Shape::Text) => self.is_csv && self.unplain == 0,
            _ => false,
        };
        is_number && self.values() > 0 && self.wholes == self.values() && self.whole_min >= 0
    }

    /// Looks at a run of cells, whose rows are counted by the caller.
    pub(super) fn look(&mut self, cells: Cells<'_>) -> Result<()> {
        let mut scratch = String::new();
        if let (Cells::Array(array, _), Some(Shape::List(_))) = (cells, &self.shape) {
            self.nulls += array.null_count() as u64;
            let (elements, ranges) = lists_of(array)?;
            let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
            let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
            let elements = elements.slice(first, last.saturating_sub(first));
            return Cells::Array(&elements, &CellRule::PLAIN)
                .each(&mut |_, cell| self.look_at_text(cell, &mut scratch));
        }
        cells.each(&mut |_, cell| {
            if cell == Scalar::Null {
                self.nulls += 1;
                return;
            }
            self.look_at_text(cell, &mut scratch);
            self.look_at_cell(cell);
        })
    }

    /// Counts distinct values.
    fn look_at_text(&mut self, cell: Scalar<'_>, scratch: &mut String) {
        if let Scalar::Int(number) = cell {
            if self.hashes.insert(xxh3_64(&number.to_le_bytes())) && self.samples.len() < SAMPLES {
                self.samples.push(number.to_string());
            }
            return;
        }
        let text = match value_text(cell, scratch) {
            Ok(Some(text)) => text,
            _ => return,
        };
        self.bytes_max = self.bytes_max.max(text.len());
        if self.hashes.insert(xxh3_64(text)) && self.samples.len() < SAMPLES {
            let sample = String::from_utf8_lossy(text);
            self.samples.push(sample.chars().take(40).collect());
        }
    }

    fn look_at_cell(&mut self, cell: Scalar<'_>) {
        match cell {
            Scalar::Int(number) => self.look_at_whole(number.into()),
            Scalar::Uint(number) => self.look_at_whole(number.into()),
            Scalar::Float(number) => {
                self.look_at_float(cell, |digits| decimal_of_f64(number, digits));
            }
            Scalar::Float32(number) => {
                self.look_at_float(cell, |digits| decimal_of_f32(number, digits));
            }
            Scalar::Decimal { .. } | Scalar::Wide { .. } => self.numbers += 1,
            Scalar::Date(_) => self.dates += 1,
            Scalar::Time { ms, cut } => self.look_at_time(ms, cut),
            Scalar::Text(text) => self.look_at_characters(text),
            Scalar::Null | Scalar::Bool(_) | Scalar::FarTime | Scalar::Uuid(_) => {}
        }
    }

    fn look_at_whole(&mut self, number: i128) {
        self.numbers += 1;
        self.wholes += 1;
        self.zero_ones += u64::from(number == 0 || number == 1);
        self.whole_min = self.whole_min.min(number);
        self.whole_max = self.whole_max.max(number);
    }

    fn look_at_time(&mut self, ms: i64, cut: bool) {
        self.times += 1;
        self.midnights += u64::from(ms % DAY_MS == 0 && !cut);
        self.cuts += u64::from(cut);
    }

    /// Finds the digits that the number needs, beginning with those that others needed.
    fn look_at_float(&mut self, cell: Scalar<'_>, fit: impl Fn(u8) -> std::result::Result<i64, NumberFault>) {
        if let Ok(number) = fit(0) {
            self.look_at_whole(number.into());
            return;
        }
        self.numbers += 1;
        if self.endless.is_some() {
            return;
        }
        match (self.digits..=DIGITS_MAX).find(|digits| fit(*digits).is_ok()) {
            Some(digits) => self.digits = digits,
            None => self.endless = Some(cell.raw()),
        }
    }

    fn look_at_characters(&mut self, text: &[u8]) {
        match text {
            [b'0'..=b'9' | b'-' | b'+' | b'.', ..] => self.look_at_digits(text),
            _ if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") => {
                self.truths += 1;
            }
            _ => {}
        }
        if text.len() <= 4
            && let Some(word) = NULL_WORDS.iter().find(|word| word.as_bytes() == text)
        {
            *self.null_words.entry(word).or_default() += 1;
        }
        for (separator, (texts, pieces)) in SEPARATORS.iter().zip(&mut self.separated) {
            let separator = *separator as u8;
            let is_separated = text.contains(&separator);
            *texts += u64::from(is_separated);
            if (is_separated || *texts > 0) && pieces.len() < PIECES_MAX {
                pieces.extend(text.split(|byte| *byte == separator).map(xxh3_64));
            }
        }
    }

    fn look_at_digits(&mut self, text: &[u8]) {
        if let Ok(number) = parse_decimal(text, 0) {
            self.look_at_whole(number.into());
            let is_plain = match text {
                [b'0'] => true,
                [b'-', b'1'..=b'9', rest @ ..] | [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
                _ => false,
            };
            match fraction_digits(text) {
                0 => self.unplain += u64::from(!is_plain),
                digits => self.digits_written = self.digits_written.max(digits),
            }
            return;
        }
        if parse_date(text).is_some() {
            self.dates += 1;
        } else if let Some((ms, cut)) = parse_time(text, None) {
            self.look_at_time(ms, cut);
        } else if text.len() <= 20
            && text.iter().all(u8::is_ascii_digit)
            && let Some(number) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u64>().ok())
        {
            self.look_at_whole(number.into());
            self.unplain += u64::from(text.starts_with(b"0"));
        } else if let Some(digits) = (self.digits..=DIGITS_MAX).find(|digits| parse_decimal(text, *digits).is_ok()) {
            self.numbers += 1;
            self.digits = digits;
            self.digits_written = self.digits_written.max(fraction_digits(text));
            self.unplain += u64::from(matches!(text, [b'0', b'0'..=b'9', ..]));
        } else if is_number(text) {
            self.numbers += 1;
            self.endless.get_or_insert_with(|| Scalar::Text(text).raw());
        }
    }
}

/// The digits behind the point, 255 where there are more or an exponent stands.
fn fraction_digits(text: &[u8]) -> u8 {
    let Some(point) = text.iter().position(|byte| *byte == b'.') else {
        return 0;
    };
    let digits = &text[point + 1..];
    match digits.iter().all(u8::is_ascii_digit) {
        true => u8::try_from(digits.len()).unwrap_or(u8::MAX),
        false => u8::MAX,
    }
}

/// Whether the text is a number, whatever its digits.
fn is_number(text: &[u8]) -> bool {
    !matches!(parse_decimal(text, 0), Err(NumberFault::NotANumber))
}
