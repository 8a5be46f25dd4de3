//! From what was seen of a column to what it becomes.

use muster_engine::catalog::TagKind;
use muster_engine::catalog::limits::VALUE_BYTES_MAX;

use super::observe::{Observed, SEPARATORS};
use super::{InferOptions, plural};
use crate::mapping::{ColumnMapping, TimeUnit};
use crate::scalar::Shape;

/// A text column of more values, of which each stands in one row only, is no choice.
const UNIQUE_MIN: u64 = 1000;
/// A choice of more distinct values gets a note.
const MANY_VALUES: u64 = 10_000;
/// An int of fewer distinct values looks like a count, not like a code.
const CODE_VALUES_MIN: u64 = 16;
/// Names that end like this are those of codes.
const CODE_ENDINGS: [&str; 10] = ["_id", "_code", "_no", "_nr", "_sku", "zip", "zipcode", "postcode", "编号", "代码"];

/// What a column becomes, and where that could be wrong.
pub(super) struct Guess {
    pub(super) column: ColumnMapping,
    pub(super) notes: Vec<String>,
}

impl Guess {
    fn kind(&mut self, kind: TagKind) {
        self.column.kind = kind;
    }

    fn note(&mut self, message: impl Into<String>) {
        self.notes.push(message.into());
    }

    fn skip(&mut self, message: impl Into<String>) {
        self.column.skip = true;
        self.note(message);
    }
}

pub(super) fn decide(seen: &Observed, options: &InferOptions) -> Guess {
    let mut guess = Guess { column: ColumnMapping::new(seen.name.clone(), TagKind::Choice), notes: Vec::new() };
    match &seen.shape {
        None => guess.skip(format!("skipped: no tag takes the type {}", seen.type_name)),
        Some(Shape::List(_)) => guess.kind(TagKind::Set),
        Some(Shape::Null) => guess.skip("skipped: the column has no values"),
        Some(_) if seen.values() == 0 => {
            guess.skip(format!("skipped: null in all {}", plural(seen.rows, "row")));
        }
        Some(Shape::Bool) => guess.kind(TagKind::Flag),
        Some(Shape::Int) => decide_whole(seen, &mut guess),
        Some(Shape::Float) => decide_float(seen, options, &mut guess),
        Some(Shape::Decimal { scale }) => decide_decimal(*scale, &mut guess),
        Some(Shape::Date) => decide_day(seen, &mut guess),
        Some(Shape::Time) => decide_time(seen, &mut guess),
        Some(Shape::Uuid) => decide_values(seen, &mut guess),
        Some(Shape::Text) => decide_text(seen, options, &mut guess),
    }
    if guess.column.kind != TagKind::Choice {
        return guess;
    }
    if seen.bytes_max > VALUE_BYTES_MAX && !guess.column.skip {
        guess.skip(format!("skipped: a value has {} bytes, at most {VALUE_BYTES_MAX} are allowed", seen.bytes_max));
    }
    guess
}

fn decide_whole(seen: &Observed, guess: &mut Guess) {
    guess.kind(TagKind::Int);
    if seen.zero_ones == seen.values() {
        if seen.nulls == 0 {
            guess.kind(TagKind::Flag);
            guess.note("only 0 and 1: a flag; kind = \"int\" keeps the numbers");
        } else {
            guess.note(format!("only 0 and 1, and null in {}: flag?", plural(seen.nulls, "row")));
        }
    } else if seen.whole_max > i64::MAX.into() || seen.whole_min <= i64::MIN.into() {
        guess.kind(TagKind::Choice);
        guess.note("numbers beyond 2^63: taken as values of a choice");
    } else if let Some(unit) = epoch_unit(seen) {
        guess.note(format!("int that looks like a time since 1970: kind = \"time\", time_unit = {:?}?", unit.name()));
    } else if looks_like_days(seen) {
        guess.note("int that looks like dates: kind = \"date\", date_format = \"%Y%m%d\"?");
    } else if looks_like_code(seen) {
        guess.note(format!("int with {}, looks like a code: choice?", plural(seen.distinct(), "distinct value")));
    }
}

/// Whether the numbers name things: they are called so, or are missing where there is no thing, and never 0.
fn looks_like_code(seen: &Observed) -> bool {
    let name = seen.name.to_lowercase();
    let is_called_so = name == "id" || CODE_ENDINGS.iter().any(|end| name.ends_with(end));
    let distinct = seen.distinct();
    let is_used_so =
        seen.nulls > 0 && seen.whole_min >= 1 && distinct >= CODE_VALUES_MIN && distinct * 4 <= seen.values();
    is_called_so || is_used_so
}

/// The unit in which all numbers lie between 1990 and 2100, for columns that are called like times.
fn epoch_unit(seen: &Observed) -> Option<TimeUnit> {
    const FROM: i128 = 631_152_000;
    const TO: i128 = 4_102_444_800;
    let name = seen.name.to_lowercase();
    let is_called_so = ["time", "ts", "_at", "_ms", "_us", "epoch", "时间"].iter().any(|word| name.contains(word));
    let units = [
        (TimeUnit::Second, 1),
        (TimeUnit::Millisecond, 1_000),
        (TimeUnit::Microsecond, 1_000_000),
        (TimeUnit::Nanosecond, 1_000_000_000),
    ];
    let unit = units.iter().find(|(_, factor)| {
        (FROM * factor..TO * factor).contains(&seen.whole_min) && (FROM * factor..TO * factor).contains(&seen.whole_max)
    });
    unit.filter(|_| is_called_so).map(|(unit, _)| *unit)
}

/// Whether all numbers could be written as YYYYMMDD.
fn looks_like_days(seen: &Observed) -> bool {
    let is_day = |number: i128| {
        (1900..2100).contains(&(number / 10_000))
            && (1..=12).contains(&(number / 100 % 100))
            && (1..=31).contains(&(number % 100))
    };
    is_day(seen.whole_min) && is_day(seen.whole_max)
}

fn decide_float(seen: &Observed, options: &InferOptions, guess: &mut Guess) {
    if seen.numbers < seen.values() {
        guess.note(format!(
            "{} infinite or not a number, and will be rejected",
            match seen.values() - seen.numbers {
                1 => "1 value is".to_owned(),
                count => format!("{} values are", count_text(count)),
            }
        ));
    }
    if seen.wholes == seen.values() {
        decide_whole(seen, guess);
        if guess.column.kind == TagKind::Int {
            guess.note("floating-point numbers, all of them whole: an int");
        }
        return;
    }
    decide_amount(seen, seen.digits, options, guess);
}

/// An amount of so many digits behind the point.
fn decide_amount(seen: &Observed, digits: u8, options: &InferOptions, guess: &mut Guess) {
    let scale_max = options.decimal_digits_max;
    let endless = seen.endless.as_deref();
    if endless.is_none() && digits <= scale_max {
        guess.kind(TagKind::Decimal { scale: digits });
        return;
    }
    guess.kind(TagKind::Decimal { scale: scale_max });
    guess.skip(match endless {
        Some(sample) => format!(
            "skipped: {sample} fits no decimal exactly; round the column in the file to load it"
        ),
        None => format!(
            "skipped: the numbers need {digits} digits behind the point; strike skip and set decimal({digits}) to keep them all"
        ),
    });
}

fn decide_decimal(scale: i8, guess: &mut Guess) {
    match u8::try_from(scale) {
        Err(_) | Ok(0) => guess.kind(TagKind::Int),
        Ok(scale @ 1..=18) => guess.kind(TagKind::Decimal { scale }),
        Ok(scale) => {
            guess.kind(TagKind::Decimal { scale: 18 });
            guess.note(format!("decimals of scale {scale}: those that need more than 18 digits will be rejected"));
        }
    }
}

fn decide_day(seen: &Observed, guess: &mut Guess) {
    if seen.times > 0 {
        decide_time(seen, guess);
    } else {
        guess.kind(TagKind::Date);
    }
}

fn decide_time(seen: &Observed, guess: &mut Guess) {
    guess.kind(TagKind::Time);
    if seen.times > 0 && seen.midnights == seen.times {
        guess.note("times that all are midnight: date?");
    }
    if seen.cuts > 0 {
        guess.note(format!(
            "{} finer than a millisecond and cut to it",
            match seen.cuts {
                1 => "1 time is".to_owned(),
                count => format!("{} times are", count_text(count)),
            }
        ));
    }
}

fn decide_text(seen: &Observed, options: &InferOptions, guess: &mut Guess) {
    let typed = seen.numbers + seen.dates + seen.times + seen.truths;
    let mut values = seen.values();
    let null_words: u64 = seen.null_words.values().sum();
    if null_words > 0 && typed > 0 && typed + null_words == values {
        let words: Vec<&str> = seen.null_words.keys().copied().collect();
        guess.note(format!("{} in {} taken as null", words.join(", "), plural(null_words, "row")));
        guess.column.null_words = words.into_iter().map(str::to_owned).collect();
        values -= null_words;
    } else if let Some((word, count)) = seen.null_words.iter().next() {
        guess.note(format!("{word} in {} taken as a value: null_words = [{word:?}]?", plural(*count, "row")));
    }
    if seen.dates == values {
        guess.kind(TagKind::Date);
    } else if seen.dates + seen.times == values {
        decide_time(seen, guess);
        if seen.dates > 0 {
            guess.note("dates and times: a date is taken as its first moment in UTC");
        }
    } else if seen.truths == values {
        guess.kind(TagKind::Flag);
    } else if seen.numbers == values {
        decide_text_numbers(seen, values, options, guess);
    } else if !decide_separated(seen, guess) {
        decide_values(seen, guess);
    }
}

fn decide_text_numbers(seen: &Observed, values: u64, options: &InferOptions, guess: &mut Guess) {
    if seen.unplain > 0 {
        guess.note("numbers with leading zeros or signs: kept as they are written");
        return decide_values(seen, guess);
    }
    if !seen.is_csv {
        guess.note("text of numbers only: a number kind?");
        return decide_values(seen, guess);
    }
    if seen.wholes == values && seen.digits_written == 0 {
        return decide_csv_whole(seen, values, guess);
    }
    if seen.wholes == values && seen.digits_written == 1 {
        decide_csv_whole(seen, values, guess);
        guess.note("whole numbers written with a point, such as 3.0");
        return;
    }
    // Two zeros behind the point say that cents are meant.
    let digits = match seen.digits_written {
        written if written <= options.decimal_digits_max => seen.digits.max(written),
        _ => seen.digits,
    };
    decide_amount(seen, digits, options, guess);
}

/// Whole numbers among which null words may stand: then they are null in some rows.
fn decide_csv_whole(seen: &Observed, values: u64, guess: &mut Guess) {
    if values == seen.values() || seen.zero_ones < values {
        return decide_whole(seen, guess);
    }
    guess.kind(TagKind::Int);
    guess.note(format!("only 0 and 1, and null in {}: flag?", plural(seen.rows - values, "row")));
}

/// Whether the texts are lists: some have a separator, and what stands between repeats far more than the whole.
fn decide_separated(seen: &Observed, guess: &mut Guess) -> bool {
    for (separator, (texts, pieces)) in SEPARATORS.iter().zip(&seen.separated) {
        let is_list = *texts * 20 >= seen.values() && *texts >= 3 && (pieces.len() as u64) * 2 <= seen.distinct();
        if is_list {
            guess.kind(TagKind::Set);
            guess.column.list_separator = Some(separator.to_string());
            guess.note(format!("text with {separator:?} in {}: taken as lists; choice?", plural(*texts, "row")));
            return true;
        }
    }
    false
}

fn decide_values(seen: &Observed, guess: &mut Guess) {
    let distinct = seen.distinct();
    if distinct >= UNIQUE_MIN && distinct * 10 >= seen.values() * 9 {
        guess.skip(format!(
            "skipped: {}, nearly one a row, such as {:?}; strike skip to load it as a choice",
            plural(distinct, "distinct text"),
            seen.samples.first().map_or("", String::as_str)
        ));
    } else if distinct > MANY_VALUES {
        guess.note(format!("choice with {}: is it one?", plural(distinct, "distinct value")));
    }
}

/// A count with its thousands apart.
pub(super) fn count_text(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
