//! From what was seen of a column to what it becomes, where no tag of its name exists.

use muster_engine::Value;
use muster_engine::catalog::TagKind;

use super::coded::meaning;
use super::guess::Guess;
use super::lists::{decide_lists, note_separators};
use super::nulls::{note_null_words, take_null_words};
use super::numbers::Numbers;
use super::observe::Observed;
use super::odd;
use super::truths::truths;
use super::words::{count_text, plural};
use super::writing::DateWriting;
use crate::mapping::NanRule;
use crate::scalar::Shape;
use crate::text::{Marks, Rounding};

/// A text column of more values, of which each stands in one row only, is no choice.
const UNIQUE_MIN: u64 = 1000;
/// A choice of more distinct values gets a note.
const MANY_VALUES: u64 = 10_000;
/// The digits behind the point with which numbers become decimals; finer ones are rounded to so many, counted from
/// the first that is none of the zeros behind the point of the largest.
pub(super) const FINE_DIGITS: u8 = 6;

/// What a column becomes by what was seen of it alone.
pub(super) fn decide(seen: &Observed) -> Guess {
    let mut guess = Guess::new(seen, TagKind::Choice);
    match &seen.shape {
        None => guess.skip(format!("skipped: no tag takes the type {}", seen.type_name)),
        Some(Shape::List(_)) => guess.kind(TagKind::Set),
        Some(Shape::Null) => guess.skip("skipped: the column has no values"),
        Some(_) if seen.values() == 0 => {
            guess.skip(format!("skipped: null in all {}", plural(seen.rows, "row")));
        }
        Some(Shape::Bool) => guess.kind(TagKind::Flag),
        Some(Shape::Int) => decide_whole(seen, &seen.numbers, seen.nulls, &mut guess),
        Some(Shape::Float) => decide_float(seen, &mut guess),
        Some(Shape::Decimal { scale }) => decide_decimal(seen, *scale, &mut guess),
        Some(Shape::Date) => decide_day(seen, &mut guess),
        Some(Shape::Time) => decide_time(seen, &mut guess),
        Some(Shape::Uuid) => decide_values(seen, &mut guess),
        Some(Shape::Text) => decide_text(seen, &mut guess),
    }
    // A few that are too long are rows to be rejected, which their own note says.
    if guess.column.kind == TagKind::Choice && seen.too_long * 2 > seen.values() && !guess.column.skip {
        guess.skip(format!(
            "skipped: most values are too long, up to {} bytes, and at most {} are allowed; strike skip to load the \
             others",
            seen.bytes_max,
            Value::BYTES_MAX
        ));
    }
    guess
}

/// Whole numbers, in some rows null.
fn decide_whole(seen: &Observed, numbers: &Numbers, nulls: u64, guess: &mut Guess) {
    guess.kind(TagKind::Int);
    if numbers.zero_ones == numbers.count {
        if nulls == 0 {
            guess.kind(TagKind::Flag);
            guess.note_kind("only 0 and 1: a flag; kind = \"int\" keeps the numbers");
        } else {
            guess.note_kind(format!("only 0 and 1, and null in {}: flag?", plural(nulls, "row")));
        }
    } else if numbers.magnitude_max > i64::MAX as u128 {
        guess.kind(TagKind::Choice);
        guess.column.decimal_point = None;
        guess.column.thousands = None;
        guess.note(format!("numbers beyond 2^63, such as {}: taken as values of a choice", largest(numbers)));
    } else if let Some(meaning) = meaning(seen, numbers, nulls) {
        guess.note_kind(meaning);
    }
}

fn largest(numbers: &Numbers) -> String {
    match numbers.largest.is_empty() {
        true => numbers.whole_max.max(-numbers.whole_min).to_string(),
        false => numbers.largest.clone(),
    }
}

fn decide_float(seen: &Observed, guess: &mut Guess) {
    take_nans(seen, guess);
    let numbers = &seen.numbers;
    if numbers.count > 0 && numbers.wholes == numbers.count && numbers.magnitude_max <= i64::MAX as u128 {
        decide_whole(seen, numbers, seen.nulls, guess);
        if guess.column.kind == TagKind::Int {
            guess.note("floating-point numbers, all of them whole: an int");
        }
        return;
    }
    decide_amount(numbers, 0, guess);
}

/// Says what becomes of floating-point cells that are no number.
pub(super) fn take_nans(seen: &Observed, guess: &mut Guess) {
    if seen.nans > 0 {
        guess.column.nan = NanRule::Null;
        guess.note(format!("NaN in {} taken as null", plural(seen.nans, "row")));
    }
}

/// An amount that is written with so many digits behind the point, whether or not it needs them.
fn decide_amount(numbers: &Numbers, digits_written: u8, guess: &mut Guess) {
    let needed = u8::try_from(numbers.digits).unwrap_or(u8::MAX);
    let Some(room) = numbers.scale_max() else {
        // Whatever the scale, some are too large: those are refused, and the note of the refused rows says so.
        guess.kind(TagKind::Decimal { scale: needed.clamp(1, FINE_DIGITS) });
        if needed > FINE_DIGITS {
            guess.column.round = Some(Rounding::HalfEven);
        }
        return guess.note(format!("{} is larger than any tag holds: such rows will be rejected", numbers.largest));
    };
    let wanted = needed.max(digits_written);
    if wanted <= fine_digits(numbers) && wanted <= room {
        return guess.kind(decimal(wanted));
    }
    let scale = fine_digits(numbers).min(room);
    if needed <= scale {
        return guess.kind(decimal(needed));
    }
    guess.kind(decimal(scale));
    guess.column.round = Some(Rounding::HalfEven);
    let kind = guess.column.kind;
    guess.note(match needed > room {
        true if room < fine_digits(numbers) => format!(
            "{} has {needed} digits behind the point, and beside {} there is room for {room}: rounded to {kind}",
            numbers.finest, numbers.largest
        ),
        _ => format!(
            "{} has {} digits behind the point: rounded to {kind}; kind = \"decimal({})\" keeps more of them",
            numbers.finest,
            numbers.digits,
            needed.min(room)
        ),
    });
}

/// A decimal of so many digits behind the point; without any it is an int.
fn decimal(scale: u8) -> TagKind {
    match scale {
        0 => TagKind::Int,
        scale => TagKind::Decimal { scale: scale.min(TagKind::SCALE_MAX) },
    }
}

/// The digits behind the point that numbers of this size keep: more of them where all are very small.
fn fine_digits(numbers: &Numbers) -> u8 {
    let zeros = u8::try_from(numbers.zeros).unwrap_or(TagKind::SCALE_MAX);
    match numbers.magnitude_max {
        0 => zeros.saturating_add(FINE_DIGITS).min(TagKind::SCALE_MAX),
        _ => FINE_DIGITS,
    }
}

/// Decimals keep the digits that their type has, as long as all of them find room.
fn decide_decimal(seen: &Observed, scale: i8, guess: &mut Guess) {
    let numbers = &seen.numbers;
    let declared = u8::try_from(scale.max(0)).unwrap_or(0);
    let needed = u8::try_from(numbers.digits).unwrap_or(u8::MAX);
    match numbers.scale_max() {
        Some(room) if declared <= room.min(TagKind::SCALE_MAX) => guess.kind(decimal(declared)),
        Some(room) if needed <= room => {
            guess.kind(decimal(needed));
            guess.note(format!("decimals of scale {scale} that need {needed} digits behind the point at most"));
        }
        Some(room) => {
            guess.kind(decimal(room));
            guess.column.round = Some(Rounding::HalfEven);
            let kind = guess.column.kind;
            guess.note(format!(
                "{} has {} digits behind the point, and beside {} there is room for {room}: rounded to {kind}",
                numbers.finest, numbers.digits, numbers.largest
            ));
        }
        None if numbers.wholes == numbers.count || needed == 0 => {
            guess.kind(TagKind::Choice);
            guess.note(format!("numbers beyond 2^63, such as {}: taken as values of a choice", numbers.largest));
        }
        None => decide_amount(numbers, 0, guess),
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
        guess.note_kind("times that all are midnight: date?");
    }
    note_cuts(seen.cuts, guess);
}

fn note_cuts(times: u64, guess: &mut Guess) {
    if times > 0 {
        let are = if times == 1 { "is" } else { "are" };
        guess.note(format!("{} {are} finer than a millisecond and cut to it", plural(times, "time")));
    }
}

fn decide_text(seen: &Observed, guess: &mut Guess) {
    let count = seen.texts.tried;
    let dates = seen.texts.dates();
    let dates_fit = dates.fits;
    let is_kind = match () {
        () if count == 0 => false,
        () if dates.fits == count => decide_dates(dates, guess),
        () if (seen.samples.len() as u64) == seen.distinct() && decide_truths(seen, guess) => true,
        () => decide_text_numbers(seen, guess),
    };
    if is_kind {
        take_null_words(seen, guess);
        if seen.blanks > 0 {
            guess.column.trim = true;
            guess.note(format!("blanks around the text in {}: trim leaves them out", plural(seen.blanks, "row")));
        }
        return;
    }
    note_near_kind(seen, guess);
    if decide_lists(seen, guess) {
        return;
    }
    note_null_words(seen, guess);
    let padded = seen.blanks - seen.blank_cells;
    if padded > 0 {
        guess.note(format!("blanks around the text in {} are kept: trim = true?", plural(padded, "row")));
    }
    decide_values(seen, guess);
    let is_told = dates_fit == count;
    if let Some(remedy) = odd::remedy(&seen.texts.first).filter(|_| !is_told) {
        guess.note_kind(remedy);
    } else if !guess.column.skip {
        note_separators(seen, guess);
    }
}

/// Whether the texts are days or times, of which the order of day and month is sure.
fn decide_dates(dates: DateWriting, guess: &mut Guess) -> bool {
    let kind = if dates.has_times { TagKind::Time } else { TagKind::Date };
    if let Some(other) = dates.or_else {
        guess.note(format!(
            "looks like {kind}s of which the day or the month stands first: kind = \"{kind}\" with date_format = {:?} \
             or {:?}?",
            dates.formats.first().map_or("", String::as_str),
            other.first().map_or("", String::as_str)
        ));
        return false;
    }
    note_cuts(dates.cuts, guess);
    if dates.has_times && dates.has_dates {
        guess.note("dates and times: a date is taken as its first moment");
    }
    guess.kind(if dates.has_times { TagKind::Time } else { TagKind::Date });
    if !dates.formats.is_empty() {
        guess.note(format!("{kind}s written as {}", dates.formats.join(", ")));
    }
    guess.column.date_formats = dates.formats;
    true
}

/// Whether the texts are words of yes and no.
fn decide_truths(seen: &Observed, guess: &mut Guess) -> bool {
    let words = seen.words();
    let Some(truths) = truths(&words) else {
        return false;
    };
    guess.kind(TagKind::Flag);
    let is_plain = words.iter().all(|word| matches!(word.to_lowercase().as_str(), "true" | "false"));
    if !is_plain {
        guess.note_kind(format!("only {}: a flag; kind = \"choice\" keeps the words", words.join(" and ")));
    }
    guess.truths(truths);
    true
}

/// Whether the texts are numbers of a CSV.
fn decide_text_numbers(seen: &Observed, guess: &mut Guess) -> bool {
    let Some((marks, numbers, other)) = seen.texts.all_numbers(seen.texts.tried) else {
        return false;
    };
    if numbers.unplain > 0 {
        guess.note("numbers with leading zeros or signs: kept as they are written");
        return false;
    }
    if !seen.is_csv {
        guess.note_kind("text of numbers only: a number kind?");
        return false;
    }
    if let Some(short) = odd::shortened(&seen.texts.first) {
        guess.note(format!("numbers such as {short} may have lost digits in a spreadsheet"));
    }
    let null_words: u64 = seen.null_words.values().sum();
    let nulls = seen.nulls + null_words;
    guess.marks(marks);
    note_marks(seen, marks, other, guess);
    if numbers.wholes == numbers.count && numbers.digits_written <= 1 && numbers.scale_max().is_some() {
        if numbers.digits_written == 1 {
            guess.note("whole numbers written with a point, such as 3.0");
            guess.kind(TagKind::Int);
            return true;
        }
        decide_whole(seen, &numbers, nulls, guess);
        return guess.column.kind != TagKind::Choice;
    }
    if numbers.digits == 0 && numbers.scale_max().is_none() {
        // Texts are kept as they are written.
        guess.column.decimal_point = None;
        guess.column.thousands = None;
        guess.note(format!("numbers beyond 2^63, such as {}: taken as values of a choice", largest(&numbers)));
        return false;
    }
    // Two zeros behind the point say that cents are meant.
    let written = u8::try_from(numbers.digits_written).ok().filter(|digits| *digits <= FINE_DIGITS);
    decide_amount(&numbers, written.unwrap_or(0), guess);
    true
}

pub(super) fn note_marks(seen: &Observed, marks: Marks, other: Option<Marks>, guess: &mut Guess) {
    if let Some(other) = other.filter(|_| marks.thousands.is_some()) {
        let sample = seen.samples.iter().chain(&seen.texts.first).find(|text| text.contains(other.point));
        let shown = sample.map_or_else(String::new, |sample| format!(", as in {sample:?}"));
        let digits = sample.and_then(|sample| sample.rsplit(other.point).next()).map_or(3, str::len);
        guess.note(format!(
            "{:?} is taken as what stands between thousands{shown}; if it stands before a fraction: \
             kind = \"decimal({digits})\", decimal_point = {:?}, without thousands",
            marks.thousands.unwrap_or(' '),
            other.point.to_string()
        ));
    } else if marks.point != '.' {
        guess.note(format!("numbers written with {:?} before the fraction", marks.point));
    } else if let Some(thousands) = marks.thousands {
        guess.note(format!("numbers written with {thousands:?} between thousands"));
    }
}

/// Says of a choice that nearly all of it is of another kind.
fn note_near_kind(seen: &Observed, guess: &mut Guess) {
    let count = seen.texts.tried;
    let is_near = |fits: u64| fits < count && fits * 10 >= count * 9;
    let (_, numbers) = seen.texts.most_numbers();
    let (kind, fits) = match seen.texts.dates() {
        // Few texts are days that are not meant so.
        dates if dates.fits < count && dates.fits * 2 >= count => {
            (if dates.has_times { "times" } else { "dates" }, dates.fits)
        }
        _ if is_near(numbers.count) && seen.is_csv => ("numbers", numbers.count),
        _ => return,
    };
    guess.note_kind(format!(
        "{} of {} distinct texts are {kind}, the others are not: name those in null_words, or correct them",
        count_text(fits),
        count_text(count)
    ));
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
        guess.note_kind(format!("choice with {}: is it one?", plural(distinct, "distinct value")));
    }
}
