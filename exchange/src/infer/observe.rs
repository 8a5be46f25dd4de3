//! What the rows show of one column.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use muster_engine::Result;
use muster_engine::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::numbers::{Numbers, measure};
use super::texts::{LongTexts, RowMarks, TextBudget};
use super::writing::Writing;
use crate::cell::CellRule;
use crate::column::lists_of;
use crate::rule::value_text;
use crate::scalar::{Scalar, Shape};
use crate::table::Cells;
use crate::text::DAY_MS;

/// Words that programs write for a null.
pub(super) const NULL_WORDS: [&str; 13] =
    ["", "-", "NULL", "null", "NA", "N/A", "n/a", "\\N", "NaN", "nan", "None", "#N/A", "<NA>"];
/// The longest of them, in bytes.
const NULL_WORD_BYTES_MAX: usize = 4;
/// What may stand between the values of a list that is written as text.
pub(super) const SEPARATORS: [char; 2] = ['|', ';'];
/// What does so too, and stands inside of texts as well: only a tag that is a set is read so.
pub(super) const LOOSE_SEPARATORS: [&str; 4] = [",", "、", "，", "；"];
/// How many distinct values are remembered to show, and to tell whether all are words of yes and no.
const SAMPLES: usize = 5;
/// How many characters of one are shown.
const SAMPLE_CHARS: usize = 40;
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

/// Distinct texts that are equal to shorter ones.
#[derive(Default)]
struct Reduced {
    count: u64,
    hashes: Hashes,
}

impl Reduced {
    fn look(&mut self, text: &[u8], shorter: &[u8]) {
        if shorter.len() < text.len() {
            self.count += 1;
            self.hashes.insert(xxh3_64(shorter));
        }
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
    /// The first distinct values, texts without blanks around them.
    pub(super) samples: Vec<String>,
    pub(super) bytes_max: usize,
    /// The distinct numbers of a column of numbers.
    pub(super) numbers: Numbers,
    /// The distinct texts of a column of texts, but for words that mean null.
    pub(super) texts: Writing,
    /// Floating-point numbers that are none; that are infinite, and the first of them.
    pub(super) nans: u64,
    pub(super) infinite: u64,
    pub(super) dates: u64,
    pub(super) times: u64,
    /// Times that are a day's beginning, times that are finer than a millisecond.
    pub(super) midnights: u64,
    pub(super) cuts: u64,
    /// Texts with blanks around them, and for each separator those with blanks around what it separates.
    pub(super) blanks: u64,
    pub(super) blank_pieces: [u64; SEPARATORS.len()],
    /// Distinct texts that would be another key without their blanks, or also without the zeros behind their point.
    blank_keys: Reduced,
    pointed_keys: Reduced,
    pub(super) null_words: BTreeMap<&'static str, u64>,
    /// For each separator the texts that have it, and the pieces between.
    pub(super) separated: [(u64, Hashes); SEPARATORS.len()],
    /// The texts that have what may separate values, and those that are lists in JSON.
    pub(super) loose: [u64; LOOSE_SEPARATORS.len()],
    pub(super) json_lists: u64,
    /// Lists in JSON of which a value is null.
    pub(super) json_nulls: u64,
    /// For each separator the texts in which it separates nothing from something.
    pub(super) empty_pieces: [u64; SEPARATORS.len()],
    /// Texts that are blanks alone, and texts that are too long for a value.
    pub(super) blank_cells: u64,
    pub(super) too_long: u64,
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
            numbers: Numbers::default(),
            texts: Writing::new(),
            nans: 0,
            infinite: 0,
            dates: 0,
            times: 0,
            midnights: 0,
            cuts: 0,
            blanks: 0,
            blank_pieces: [0; SEPARATORS.len()],
            blank_keys: Reduced::default(),
            pointed_keys: Reduced::default(),
            null_words: BTreeMap::new(),
            separated: Default::default(),
            loose: Default::default(),
            json_lists: 0,
            json_nulls: 0,
            empty_pieces: [0; SEPARATORS.len()],
            blank_cells: 0,
            too_long: 0,
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

    /// How many distinct keys the values would be: ` 1` and `1` are one, and as whole numbers `1.0` too.
    pub(super) fn distinct_keys(&self) -> u64 {
        let reduced = match self.is_key_numbers() {
            true => &self.pointed_keys,
            false => &self.blank_keys,
        };
        let others = reduced.hashes.iter().filter(|hash| !self.hashes.contains(hash)).count() as u64;
        self.distinct() - reduced.count + others
    }

    /// Whether it never is null and never repeats.
    pub(super) fn is_unique(&self) -> bool {
        self.rows > 0 && self.nulls == 0 && self.distinct_keys() == self.rows
    }

    /// The first distinct values that are no words for null, each once.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = self.samples.clone();
        words.retain(|word| null_word(word.as_bytes()).is_none());
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The rows with a text that is neither empty nor a word for null.
    pub(super) fn worded(&self) -> u64 {
        self.values().saturating_sub(self.null_words.values().sum())
    }

    /// Whether texts are numbers of which some are not whole.
    pub(super) fn has_amounts(&self) -> bool {
        let (_, numbers) = self.texts.most_numbers();
        numbers.count > numbers.wholes && numbers.count == self.texts.tried
    }

    /// Whether texts are days or times.
    pub(super) fn is_dated(&self) -> bool {
        self.texts.tried > 0 && self.texts.dates().fits == self.texts.tried
    }

    /// Whether all numbers of a column that could have others are whole.
    pub(super) fn is_whole(&self) -> bool {
        self.numbers.count > 0 && self.numbers.wholes == self.numbers.count && self.infinite == 0
    }

    /// Whether keys of a CSV are whole numbers with a point: `1.0`.
    pub(super) fn has_points(&self) -> bool {
        let (_, numbers) = self.texts.most_numbers();
        self.is_csv && (1..u32::MAX).contains(&numbers.digits_written)
    }

    /// Whether all values are keys of kind u64.
    pub(super) fn is_key_numbers(&self) -> bool {
        match &self.shape {
            Some(Shape::Int | Shape::Float | Shape::Decimal { .. }) => self.is_whole() && self.numbers.whole_min >= 0,
            Some(Shape::Text) if self.is_csv => {
                let plain = self.texts.all_numbers(self.texts.tried);
                plain.is_some_and(|(marks, numbers, _)| {
                    let is_plain = numbers.unplain == 0
                        && numbers.digits_written < u32::MAX
                        && marks.thousands.is_none()
                        && marks.point == '.';
                    numbers.count > 0 && is_plain && numbers.wholes == numbers.count && numbers.whole_min >= 0
                })
            }
            _ => false,
        }
    }

    /// Looks at a run of cells, whose rows are counted by the caller.
    pub(super) fn look(&mut self, cells: Cells<'_>, budget: &mut TextBudget) -> Result<()> {
        let mut scratch = String::new();
        if let (Cells::Array(array, _), Some(Shape::List(_))) = (cells, &self.shape) {
            self.nulls += array.null_count() as u64;
            let (elements, ranges) = lists_of(array)?;
            let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
            let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
            budget.count_list_values(last.saturating_sub(first));
            let mut long = LongTexts::new(budget);
            let elements = elements.slice(first, last.saturating_sub(first));
            return Cells::Array(&elements, &CellRule::PLAIN).each(&mut |_, cell| {
                let is_repeated = matches!(cell, Scalar::Text(text) if !long.look(text).1);
                if !is_repeated {
                    self.is_new(cell, &mut scratch);
                }
            });
        }
        let mut long = LongTexts::new(budget);
        cells.each(&mut |_, cell| self.look_at_cell(cell, &mut scratch, &mut long))
    }

    fn look_at_cell(&mut self, cell: Scalar<'_>, scratch: &mut String, long: &mut LongTexts<'_>) {
        match cell {
            Scalar::Null => {
                self.nulls += 1;
                return;
            }
            Scalar::Float(number) if !number.is_finite() => return self.look_at_no_number(number.is_nan()),
            Scalar::Float32(number) if !number.is_finite() => return self.look_at_no_number(number.is_nan()),
            Scalar::Text(text) => {
                let (marks, is_first) = long.look(text);
                self.look_at_row(text, marks, is_first);
                if !is_first {
                    return;
                }
            }
            Scalar::Date(_) => self.dates += 1,
            Scalar::Time { ms, cut } => {
                self.times += 1;
                self.midnights += u64::from(ms % DAY_MS == 0 && !cut);
                self.cuts += u64::from(cut);
            }
            _ => {}
        }
        if self.is_new(cell, scratch) {
            self.look_at_new(cell, scratch);
        }
    }

    /// A null by its meaning, and infinity, which no tag has.
    fn look_at_no_number(&mut self, is_nan: bool) {
        self.nulls += u64::from(is_nan);
        self.nans += u64::from(is_nan);
        self.infinite += u64::from(!is_nan);
    }

    /// Whether the value was not seen before; its text, where it is none itself, is then in `scratch`.
    fn is_new(&mut self, cell: Scalar<'_>, scratch: &mut String) -> bool {
        if let Scalar::Int(number) = cell {
            let is_new = self.hashes.insert(xxh3_64(&number.to_le_bytes()));
            if is_new && self.samples.len() < SAMPLES {
                self.samples.push(number.to_string());
            }
            return is_new;
        }
        let Ok(Some(text)) = value_text(cell, scratch) else {
            return true;
        };
        self.bytes_max = self.bytes_max.max(text.len());
        let is_new = self.hashes.insert(xxh3_64(text));
        if is_new && self.samples.len() < SAMPLES {
            let sample = String::from_utf8_lossy(text);
            self.samples.push(sample.trim().chars().take(SAMPLE_CHARS).collect());
        }
        is_new
    }

    fn look_at_new(&mut self, cell: Scalar<'_>, scratch: &str) {
        match cell {
            Scalar::Int(number) => self.numbers.add_whole(number.into()),
            Scalar::Uint(number) => self.numbers.add_whole(number.into()),
            Scalar::Float(_) | Scalar::Float32(_) | Scalar::Decimal { .. } => {
                if let Some(measured) = measure(scratch.as_bytes()) {
                    self.numbers.add(measured, || cell.raw());
                }
            }
            Scalar::Wide { unscaled, scale } => {
                let text = format!("{unscaled}e{}", -i32::from(scale));
                if let Some(measured) = measure(text.as_bytes()) {
                    self.numbers.add(measured, || cell.raw());
                }
            }
            Scalar::Text(text) => {
                let inner = trimmed(text);
                self.blank_keys.look(text, inner);
                self.pointed_keys.look(text, without_point(inner));
                if null_word(inner).is_none() {
                    self.texts.look(inner);
                }
            }
            _ => {}
        }
    }

    /// What is counted in rows.
    fn look_at_row(&mut self, text: &[u8], marks: RowMarks, is_first: bool) {
        self.blanks += u64::from(marks.has_blanks);
        if let Some(word) = null_word(trimmed(text)) {
            *self.null_words.entry(word).or_default() += 1;
        }
        self.json_lists += u64::from(marks.is_json);
        self.json_nulls += u64::from(marks.has_json_null);
        self.blank_cells += u64::from(marks.has_blanks && trimmed(text).is_empty());
        self.too_long += u64::from(text.len() > Value::BYTES_MAX);
        for (texts, is_separated) in self.loose.iter_mut().zip(marks.loose) {
            *texts += u64::from(is_separated);
        }
        for (index, (texts, pieces)) in self.separated.iter_mut().enumerate() {
            let is_separated = marks.separated[index];
            *texts += u64::from(is_separated);
            self.blank_pieces[index] += u64::from(marks.blank_pieces[index]);
            self.empty_pieces[index] += u64::from(marks.empty_pieces[index]);
            if pieces.len() >= PIECES_MAX {
                continue;
            }
            if !is_separated && *texts > 0 {
                pieces.insert(marks.whole);
            } else if is_separated && is_first {
                let separator = SEPARATORS[index] as u8;
                pieces.extend(text.split(|byte| *byte == separator).map(|piece| xxh3_64(trimmed(piece))));
            }
        }
    }
}

fn null_word(text: &[u8]) -> Option<&'static str> {
    if text.len() > NULL_WORD_BYTES_MAX {
        return None;
    }
    NULL_WORDS.into_iter().find(|word| word.as_bytes() == text)
}

/// A whole number without the zeros behind its point.
fn without_point(text: &[u8]) -> &[u8] {
    match text.iter().position(|byte| *byte == b'.') {
        Some(at) if at > 0 && at + 1 < text.len() && text[at + 1..].iter().all(|byte| *byte == b'0') => &text[..at],
        _ => text,
    }
}

/// The text without white space around it, as `trim` of a mapping leaves it.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let is_plain = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_graphic());
    if is_plain(text.first()) && is_plain(text.last()) {
        return text;
    }
    std::str::from_utf8(text).map_or(text, |text| text.trim().as_bytes())
}
