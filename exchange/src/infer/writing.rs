//! The ways in which a text column may write its numbers, dates and truths.
//!
//! Each distinct text is held against the ways that are still possible; what all of them fit is what the column is
//! written in. Ways that nothing was written in for a while are given up, so that a long column of names costs little.

use std::collections::HashMap;

use crate::text::{Marks, parse_date, parse_date_as, parse_time_as, parse_written_time};

use super::numbers::{Numbers, measure};

/// How many texts are held against all ways before one may be given up.
const TRIED_MIN: u64 = 64;
/// After how many texts a way that none of them was written in is given up.
const IDLE_MAX: u64 = 1_000;

/// The bytes of a date in ISO 8601.
const ISO_DATE_BYTES: usize = 10;
/// In how many ways midnights may be written.
const MIDNIGHTS_MAX: usize = 8;

/// How many texts are kept to be looked at once more, and how long they may be.
const FIRST_MAX: usize = 32;
const FIRST_BYTES_MAX: usize = 64;

/// The ways of writing numbers, the likelier first. The first is the one that needs no setting.
pub(super) const NUMBER_FORMS: [Marks; 10] = [
    marks('.', None),
    marks('.', Some(',')),
    marks(',', None),
    marks('.', Some(' ')),
    marks(',', Some('.')),
    marks(',', Some(' ')),
    marks(',', Some('\u{a0}')),
    marks(',', Some('\u{202f}')),
    marks('.', Some('\'')),
    marks('.', Some('\u{2019}')),
];

const fn marks(point: char, thousands: Option<char>) -> Marks {
    Marks { point, thousands }
}

/// How dates are written, in the letters of strftime. The first is ISO 8601.
pub(super) const DATE_FORMS: [&str; 11] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%d-%b-%Y",
];
/// Two that read most texts of each other, but for a day behind the twelfth.
const DAY_FIRST: usize = 5;
const MONTH_FIRST: usize = 6;
/// Not looked for: eight digits are a number, unless a tag says that they are a day.
const COMPACT: usize = 8;
/// What may stand behind a date to make it a time; nothing makes it a date.
pub(super) const CLOCK_FORMS: [&str; 4] = ["", " %H:%M:%S", " %H:%M", " %H:%M:%S%.f"];
/// Bit of a time in ISO 8601, which is read without a format.
const ISO_TIME: u64 = 1 << 63;
/// Bit of a date in ISO 8601.
const ISO_DATE: u64 = 1;

/// How the dates and times of a column are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateWriting {
    /// The formats; empty where all is written as in ISO 8601.
    pub(super) formats: Vec<String>,
    pub(super) has_times: bool,
    pub(super) has_dates: bool,
    /// Another order of day and month that reads all of them as well.
    pub(super) or_else: Option<Vec<String>>,
    /// How many of the texts are read.
    pub(super) fits: u64,
    /// Those in ISO 8601 that are finer than a millisecond.
    pub(super) cuts: u64,
    /// The formats that read the days, where all times are midnight, and nothing but midnights.
    pub(super) midnights: Option<Vec<String>>,
}

/// What the distinct texts of a column fit.
pub(super) struct Writing {
    /// The distinct texts that were looked at.
    pub(super) tried: u64,
    /// The first of them.
    pub(super) first: Vec<String>,
    /// Those that are digits with a sign or without, which are numbers in every way.
    digits: Numbers,
    /// Those that begin like numbers and are more than digits, and the ways that they are written in.
    beyond_digits: u64,
    numbers: Vec<Option<Numbers>>,
    /// Sets of ways, as bits, in which dates and times are written, and how many texts each has.
    dates: HashMap<u64, u64>,
    dates_tried: u64,
    cuts: u64,
    /// What stands behind the days of times that are midnight; `None` once one is not, or they are too many.
    midnights: Option<Vec<String>>,
    /// The ways that are still looked at; none of them once most texts are no dates.
    dates_live: u64,
    dates_seen: u64,
    scratch: Vec<u8>,
}

impl Writing {
    pub(super) fn new() -> Writing {
        let mut dates_live = 0;
        for (index, _) in date_forms() {
            dates_live |= 1 << index;
        }
        Writing {
            tried: 0,
            first: Vec::new(),
            digits: Numbers::default(),
            beyond_digits: 0,
            numbers: vec![Some(Numbers::default()); NUMBER_FORMS.len()],
            dates: HashMap::new(),
            dates_tried: 0,
            cuts: 0,
            midnights: Some(Vec::new()),
            dates_live,
            dates_seen: 0,
            scratch: Vec::new(),
        }
    }

    /// Looks at a text that was not seen before, without blanks around it.
    pub(super) fn look(&mut self, text: &[u8]) {
        self.tried += 1;
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        if self.first.len() < FIRST_MAX && text.len() <= FIRST_BYTES_MAX {
            self.first.push(text.to_owned());
        }
        let Some(first) = text.bytes().next() else {
            return;
        };
        if first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.' | b',') {
            self.look_at_number(text);
        }
        if first.is_ascii_digit() {
            self.look_at_date(text);
        }
    }

    fn look_at_number(&mut self, text: &str) {
        let raw = || text.to_owned();
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            if let Some(measured) = measure(text.as_bytes()) {
                self.digits.add(measured, raw);
            }
            return;
        }
        self.beyond_digits += 1;
        for (form, numbers) in NUMBER_FORMS.iter().zip(&mut self.numbers) {
            let Some(so_far) = numbers else {
                continue;
            };
            let plain = form.strip(text.as_bytes(), &mut self.scratch).ok();
            if let Some(measured) = plain.and_then(|()| measure(&self.scratch)) {
                so_far.add(measured, raw);
            } else if self.beyond_digits >= TRIED_MIN && so_far.count * 2 < self.beyond_digits {
                *numbers = None;
            }
        }
    }

    fn look_at_date(&mut self, text: &str) {
        self.dates_tried += 1;
        let bits = self.date_bits(text);
        if bits != 0 {
            *self.dates.entry(bits).or_default() += 1;
            self.dates_seen |= bits;
        }
        if self.dates_tried == IDLE_MAX {
            self.dates_live &= self.dates_seen;
        }
        if self.dates_tried >= TRIED_MIN && self.dates_found() * 2 < self.dates_tried {
            self.dates_live = 0;
        }
    }

    fn dates_found(&self) -> u64 {
        self.dates.values().sum()
    }

    fn date_bits(&mut self, text: &str) -> u64 {
        const DATE_BYTES: std::ops::RangeInclusive<usize> = 8..=40;
        if parse_date(text.as_bytes()).is_some() {
            return ISO_DATE;
        }
        if let Some(written) = parse_written_time(text.as_bytes()) {
            self.cuts += u64::from(written.cut);
            self.look_at_clock(&text[ISO_DATE_BYTES..]);
            return ISO_TIME;
        }
        let has_year = text.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_digit));
        if self.dates_live == 0 || !DATE_BYTES.contains(&text.len()) || !has_year {
            return 0;
        }
        let mut bits = 0;
        for (index, format) in date_forms().filter(|(index, _)| self.dates_live & (1 << index) != 0) {
            let is_written_so = match index < DATE_FORMS.len() {
                true => parse_date_as(text, &format).is_some(),
                false => parse_time_as(text, &format).is_some(),
            };
            bits |= u64::from(is_written_so) << index;
        }
        if bits >> DATE_FORMS.len() != 0 {
            self.look_at_clock(text.rfind(' ').map_or("", |at| &text[at..]));
        }
        bits
    }

    /// Keeps what stands behind a day while all of it is midnight.
    fn look_at_clock(&mut self, clock: &str) {
        let Some(seen) = self.midnights.as_mut().filter(|seen| !seen.iter().any(|one| one == clock)) else {
            return;
        };
        let of_day = clock.get(1..).unwrap_or("").split(['Z', 'z', '+', '-']).next().unwrap_or("");
        let is_midnight = of_day.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0');
        match is_midnight && seen.len() < MIDNIGHTS_MAX {
            true => seen.push(clock.to_owned()),
            false => self.midnights = None,
        }
    }

    /// The formats that read the days of these bits with what stands behind them, letter by letter.
    fn midnight_formats(&self, bits: &[u32]) -> Option<Vec<String>> {
        let clocks = self.midnights.as_ref()?;
        let mut formats: Vec<String> = Vec::new();
        for bit in bits {
            let form = if 1_u64 << bit == ISO_TIME { 0 } else { *bit as usize % DATE_FORMS.len() };
            let is_day = (*bit as usize) < DATE_FORMS.len();
            let behind = if is_day { &[String::new()][..] } else { clocks };
            formats.extend(behind.iter().map(|clock| format!("{}{clock}", DATE_FORMS[form])));
        }
        formats.sort_unstable();
        formats.dedup();
        (formats.len() <= MIDNIGHTS_MAX).then_some(formats)
    }

    /// The numbers of a way of writing them, if all `count` texts are.
    pub(super) fn all_numbers(&self, count: u64) -> Option<(Marks, Numbers, Option<Marks>)> {
        let whole = |index: &usize| self.numbers_in(*index).is_some_and(|numbers| numbers.count == count);
        let first = (0..NUMBER_FORMS.len()).find(whole)?;
        let marks = NUMBER_FORMS[first];
        Some((marks, self.numbers_in(first)?, self.contrary(marks)))
    }

    /// Another way that reads all that this one does, with the one's mark between thousands as the other's point:
    /// `1,234` and `1.234` alone are thousands or one and a quarter.
    pub(super) fn contrary(&self, marks: Marks) -> Option<Marks> {
        let count = |form: Marks| {
            let at = NUMBER_FORMS.iter().position(|one| *one == form)?;
            self.numbers[at].as_ref().map(|numbers| numbers.count)
        };
        let read = count(marks).filter(|read| *read > 0)?;
        let is_contrary = |form: &&Marks| match marks.thousands {
            Some(mark) => form.point == mark,
            None => form.thousands == Some(marks.point),
        };
        NUMBER_FORMS.iter().filter(is_contrary).find(|form| count(**form) == Some(read)).copied()
    }

    /// The numbers of one of the ways.
    pub(super) fn numbers_as(&self, marks: Marks) -> Option<Numbers> {
        self.numbers_in(NUMBER_FORMS.iter().position(|form| *form == marks)?)
    }

    /// The way of writing numbers that most texts are written in, and its numbers.
    pub(super) fn most_numbers(&self) -> (Marks, Numbers) {
        let counted = (0..NUMBER_FORMS.len()).filter_map(|index| Some((index, self.numbers_in(index)?)));
        let best = counted.max_by_key(|(index, numbers)| (numbers.count, std::cmp::Reverse(*index)));
        best.map_or((NUMBER_FORMS[0], self.digits.clone()), |(index, numbers)| (NUMBER_FORMS[index], numbers))
    }

    fn numbers_in(&self, index: usize) -> Option<Numbers> {
        let mut numbers = self.digits.clone();
        numbers.add_all(self.numbers[index].as_ref()?);
        Some(numbers)
    }

    /// Texts that are digits alone.
    pub(super) fn digits(&self) -> &Numbers {
        &self.digits
    }

    /// The fewest ways that read the most texts as dates or times.
    pub(super) fn dates(&self) -> DateWriting {
        const FORMATS_MAX: usize = 4;
        let mut left = self.dates.clone();
        let mut chosen: Vec<u32> = Vec::new();
        let mut fits = 0;
        let mut or_else = false;
        while chosen.len() < FORMATS_MAX && !left.is_empty() {
            let read = |bit: u32| -> u64 {
                left.iter().filter(|(bits, _)| **bits & (1 << bit) != 0).map(|(_, count)| *count).sum()
            };
            let is_free = |bit: &u32| {
                let contrary = contrary_of(*bit);
                contrary.is_none_or(|contrary| !chosen.contains(&contrary))
            };
            let best = (0..64).filter(is_free).max_by_key(|bit| (read(*bit), std::cmp::Reverse(*bit)));
            let Some(bit) = best.filter(|bit| read(*bit) > 0) else {
                break;
            };
            or_else |= contrary_of(bit).is_some_and(|contrary| read(contrary) == read(bit));
            fits += read(bit);
            chosen.push(bit);
            left.retain(|bits, _| *bits & (1 << bit) == 0);
        }
        chosen.sort_unstable();
        let swapped = || chosen.iter().map(|bit| contrary_of(*bit).unwrap_or(*bit)).collect::<Vec<u32>>();
        DateWriting {
            formats: formats_of(&chosen),
            has_times: chosen.iter().any(|bit| *bit as usize >= DATE_FORMS.len()),
            has_dates: chosen.iter().any(|bit| (*bit as usize) < DATE_FORMS.len()),
            or_else: or_else.then(|| formats_of(&swapped())),
            fits,
            cuts: self.cuts,
            midnights: self.midnight_formats(&chosen),
        }
    }
}

/// The formats of these bits; none where all of them is read without a format.
fn formats_of(bits: &[u32]) -> Vec<String> {
    let is_iso = |bit: &u32| 1_u64 << bit == ISO_DATE || 1_u64 << bit == ISO_TIME;
    if bits.iter().all(is_iso) {
        return Vec::new();
    }
    let mut formats: Vec<String> = Vec::new();
    for bit in bits {
        match 1_u64 << bit {
            ISO_TIME => formats.extend(["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%:z"].map(str::to_owned)),
            _ => formats.extend(date_form(*bit as usize)),
        }
    }
    formats
}

/// The other order of day and month.
fn contrary_of(bit: u32) -> Option<u32> {
    let (clock, date) = (bit as usize / DATE_FORMS.len(), bit as usize % DATE_FORMS.len());
    let other = match date {
        _ if clock >= CLOCK_FORMS.len() => return None,
        DAY_FIRST => MONTH_FIRST,
        MONTH_FIRST => DAY_FIRST,
        _ => return None,
    };
    u32::try_from(clock * DATE_FORMS.len() + other).ok()
}

fn date_form(index: usize) -> Option<String> {
    let clock = CLOCK_FORMS.get(index / DATE_FORMS.len())?;
    Some(format!("{}{clock}", DATE_FORMS[index % DATE_FORMS.len()]))
}

/// The forms that are looked for, by their bit.
fn date_forms() -> impl Iterator<Item = (usize, String)> {
    let forms = DATE_FORMS.len() * CLOCK_FORMS.len();
    let is_sought = |index: &usize| *index != 0 && index % DATE_FORMS.len() != COMPACT;
    (0..forms).filter(is_sought).filter_map(|index| Some((index, date_form(index)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(texts: &[&str]) -> Writing {
        let mut writing = Writing::new();
        texts.iter().for_each(|text| writing.look(text.as_bytes()));
        writing
    }

    #[test]
    fn numbers_show_their_point_and_thousands() {
        let cases: [(&[&str], char, Option<char>, bool); 15] = [
            (&["1", "2.5"], '.', None, false),
            (&["1.500", "250"], '.', None, true),
            (&["1.500", "0.250"], '.', None, false),
            (&["1.500", "1250.125"], '.', None, false),
            (&["0,125", "1,250", "12,375"], ',', None, false),
            (&["-0,125", "1,250"], ',', None, false),
            (&["1,250.5", "1,250"], '.', Some(','), false),
            (&["1", "2,5"], ',', None, false),
            (&["1,234", "7"], '.', Some(','), true),
            (&["1,234", "2,345.5"], '.', Some(','), false),
            (&["1.234,5", "7"], ',', Some('.'), false),
            (&["1 234,5", "-12 000"], ',', Some(' '), false),
            (&["1\u{a0}234,5", "7"], ',', Some('\u{a0}'), false),
            (&["1 234.5"], '.', Some(' '), false),
            (&["1'234.5", "9"], '.', Some('\''), false),
        ];
        for (texts, point, thousands, is_ambiguous) in cases {
            let (form, numbers, other) = written(texts).all_numbers(texts.len() as u64).expect("numbers");
            assert_eq!((form.point, form.thousands), (point, thousands), "{texts:?}");
            assert_eq!(other.is_some(), is_ambiguous, "{texts:?}");
            assert_eq!(numbers.count, texts.len() as u64);
        }
        for texts in [&["1,23,4"][..], &["1.2.3"], &["1234,567", "1.5"], &["12a"]] {
            assert!(written(texts).all_numbers(texts.len() as u64).is_none(), "{texts:?}");
        }
    }

    #[test]
    fn dates_show_their_order() {
        let cases: [(&[&str], &[&str], bool); 8] = [
            (&["2026-01-05"], &[], false),
            (&["2026/1/5", "2025/12/31"], &["%Y/%m/%d"], false),
            (&["2026/1/5", "2026-01-05"], &["%Y-%m-%d", "%Y/%m/%d"], false),
            (&["2026年1月5日"], &["%Y年%m月%d日"], false),
            (&["05.01.2026"], &["%d.%m.%Y"], false),
            (&["05/01/2026", "13/01/2026"], &["%d/%m/%Y"], false),
            (&["05/01/2026", "01/13/2026"], &["%m/%d/%Y"], false),
            (&["05/01/2026", "06/07/2026"], &["%d/%m/%Y"], true),
        ];
        for (texts, formats, is_ambiguous) in cases {
            let dates = written(texts).dates();
            assert_eq!(dates.formats, formats, "{texts:?}");
            assert_eq!(dates.fits, texts.len() as u64, "{texts:?}");
            assert_eq!(dates.or_else.is_some(), is_ambiguous, "{texts:?}");
        }
        assert_eq!(written(&["05/01/26", "2026/13/41"]).dates().fits, 0);
        let times = written(&["2026/1/5 9:07", "2026/1/5 19:07:30"]).dates();
        assert_eq!(times.formats, ["%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"]);
        assert!(times.has_times && !times.has_dates);
    }
}
