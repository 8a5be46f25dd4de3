//! How a column is read into a tag that exists: its kind is given, and only the writing is guessed.

use std::collections::HashMap;

use muster_engine::catalog::{KeyKind, TagKind};

use super::coded::{epoch_unit, looks_like_days};
use super::decide::{decide, note_marks, take_nans};
use super::guess::Guess;
use super::lists::{take_json, trim_pieces};
use super::nulls::take_null_words;
use super::observe::{LOOSE_SEPARATORS, Observed, SEPARATORS};
use super::truths::most_truths;
use super::words::plural;
use crate::mapping::{TimeUnit, nfkc};
use crate::rule::accept;
use crate::scalar::Shape;
use crate::text::Rounding;

/// Digits between two signs that part thousands.
const GROUP_DIGITS: u8 = 3;

/// An entity type that exists, as far as a guess has to know it.
#[derive(Clone, Debug)]
pub struct KnownType {
    /// Its name.
    pub name: String,
    /// What its keys are.
    pub key: KeyKind,
    tags: Vec<KnownTag>,
    /// The places of tags, by the names and second names of them.
    places: HashMap<String, usize>,
}

/// A tag that exists.
#[derive(Clone, Debug)]
pub struct KnownTag {
    /// Its name.
    pub name: String,
    /// Its second name.
    pub label: Option<String>,
    /// What it is.
    pub kind: TagKind,
    /// What may be written, where not everything may: its values and their labels.
    pub closed_values: Option<Vec<String>>,
}

impl KnownType {
    /// A type with these tags.
    pub fn new(name: String, key: KeyKind, tags: Vec<KnownTag>) -> KnownType {
        let mut places = HashMap::new();
        for (place, tag) in tags.iter().enumerate() {
            places.insert(nfkc(&tag.name), place);
        }
        for (place, tag) in tags.iter().enumerate() {
            if let Some(label) = &tag.label {
                places.entry(nfkc(label)).or_insert(place);
            }
        }
        KnownType { name, key, tags, places }
    }

    /// The tag that a column of this name sets.
    pub(super) fn tag(&self, name: &str) -> Option<&KnownTag> {
        self.places.get(&nfkc(name)).and_then(|place| self.tags.get(*place))
    }
}

/// What the column becomes, of which the tag's kind is given.
pub(super) fn decide_known(seen: &Observed, tag: &KnownTag) -> Guess {
    let free = decide(seen);
    let mut guess = match free.column.kind == tag.kind && !free.column.skip {
        true => free,
        false => written_as(seen, tag),
    };
    guess.on_kind.clear();
    let Some(shape) = &seen.shape else {
        return decide(seen);
    };
    if !guess.column.skip && accept(&guess.column, shape).is_err() {
        let kind = tag.kind;
        let mut refused = Guess::new(seen, kind);
        refused.skip(format!("skipped: the tag `{}` is {kind}, and the column holds {}", tag.name, shape.name()));
        return refused;
    }
    guess
}

/// The kind of the tag, and the writing of the column that fits it best.
fn written_as(seen: &Observed, tag: &KnownTag) -> Guess {
    let mut guess = Guess::new(seen, tag.kind);
    guess.note(format!("{} as the tag `{}` is", tag.kind, tag.name));
    let is_text = seen.shape == Some(Shape::Text);
    match tag.kind {
        TagKind::Flag if is_text => flags_as(seen, &mut guess),
        TagKind::Flag => take_nans(seen, &mut guess),
        TagKind::Choice => {
            if seen.shape == Some(Shape::Float) {
                take_nans(seen, &mut guess);
            }
        }
        TagKind::Set if is_text => lists_as(seen, &mut guess),
        TagKind::Set => {}
        TagKind::Int | TagKind::Decimal { .. } => numbers_as(seen, tag.kind, &mut guess),
        TagKind::Date | TagKind::Time => days_as(seen, tag.kind, &mut guess),
    }
    if is_text && tag.kind != TagKind::Choice && tag.kind != TagKind::Set {
        take_null_words(seen, &mut guess);
        if seen.blanks > 0 {
            guess.column.trim = true;
            guess.note(format!("blanks around the text in {}: trim leaves them out", plural(seen.blanks, "row")));
        }
    }
    guess
}

/// Texts as words of yes and no.
fn flags_as(seen: &Observed, guess: &mut Guess) {
    let truths = most_truths(&seen.words());
    if !truths.others.is_empty() {
        let shown: Vec<String> = truths.others.iter().map(|word| format!("{word:?}")).collect();
        guess.note(format!(
            "neither true nor false is {}: name it in true_words, in false_words or in null_words",
            shown.join(" or ")
        ));
    }
    guess.truths(truths);
}

/// Texts as lists of a set, by what most of them have between values.
fn lists_as(seen: &Observed, guess: &mut Guess) {
    if (seen.json_lists + seen.json_nulls) * 2 > seen.worded() {
        return take_json(seen, guess);
    }
    let firm = SEPARATORS.iter().zip(&seen.separated).map(|(separator, (texts, _))| (separator.to_string(), *texts));
    let loose = LOOSE_SEPARATORS.iter().zip(&seen.loose).map(|(separator, texts)| ((*separator).to_owned(), *texts));
    let count_firm = SEPARATORS.len();
    let all: Vec<(String, u64)> = firm.chain(loose).collect();
    let most = (0..all.len()).rev().max_by_key(|at| all[*at].1).unwrap_or(0);
    let (separator, texts) = &all[most];
    guess.column.list_separator = Some(separator.clone());
    if *texts == 0 {
        return guess
            .note("no text has a separator: each is taken as one value; give list_separator where it is a list");
    }
    let rows = plural(*texts, "row");
    if most < count_firm {
        guess.note(format!("text with {separator:?} in {rows}: taken as lists"));
        return trim_pieces(seen, SEPARATORS[most], guess);
    }
    guess.column.trim = true;
    guess.note(format!(
        "text with {separator:?} in {rows}: taken as lists, without blanks around their values; give another \
         list_separator where it stands inside of values"
    ));
}

/// Numbers of the tag's scale; what is finer is rounded, which a note says.
fn numbers_as(seen: &Observed, kind: TagKind, guess: &mut Guess) {
    let numbers = match &seen.shape {
        Some(Shape::Text) => {
            let (mut marks, mut numbers) = seen.texts.most_numbers();
            let mut other = seen.texts.contrary(marks);
            // Of what may be thousands or a fraction of three digits the tag has such fractions, or none at all.
            let is_unlike = match marks.thousands {
                Some(_) => kind.scale() >= GROUP_DIGITS,
                None => kind == TagKind::Int && numbers.digits > 0,
            };
            if let Some(contrary) = other.filter(|_| is_unlike)
                && let Some(read) = seen.texts.numbers_as(contrary)
            {
                (other, marks, numbers) = (Some(marks), contrary, read);
            }
            guess.marks(marks);
            note_marks(seen, marks, other, guess);
            numbers
        }
        _ => {
            take_nans(seen, guess);
            seen.numbers.clone()
        }
    };
    if numbers.digits > u32::from(kind.scale()) {
        guess.column.round = Some(Rounding::HalfEven);
        guess.note(format!(
            "{} has {} digits behind the point: rounded to {kind}; strike round to refuse such rows",
            numbers.finest, numbers.digits
        ));
    }
}

fn days_as(seen: &Observed, kind: TagKind, guess: &mut Guess) {
    match &seen.shape {
        Some(Shape::Text) => {
            let dates = seen.texts.dates();
            if let Some(other) = &dates.or_else {
                let first = |formats: &[String]| formats.first().cloned().unwrap_or_default();
                let (day, month) = (first(&dates.formats), first(other));
                return guess.skip(format!(
                    "skipped: the day or the month may stand first; strike skip and give date_format = {day:?} or \
                     {month:?}"
                ));
            }
            let digits = seen.texts.digits();
            if dates.fits == 0 && looks_like_days(digits) {
                take_compact_days(guess);
            } else if dates.fits == 0 && digits.count > 0 && kind == TagKind::Time {
                take_unit(epoch_unit(digits), guess);
            } else if let Some(formats) = dates.midnights.filter(|_| kind == TagKind::Date && dates.has_times) {
                guess.note(format!("times that all are midnight: dates, written as {}", formats.join(", ")));
                guess.column.date_formats = formats;
            } else {
                if !dates.formats.is_empty() {
                    guess.note(format!("{kind}s written as {}", dates.formats.join(", ")));
                }
                guess.column.date_formats = dates.formats;
            }
        }
        Some(Shape::Int) if looks_like_days(&seen.numbers) => take_compact_days(guess),
        Some(Shape::Int) if kind == TagKind::Time => take_unit(epoch_unit(&seen.numbers), guess),
        _ => {}
    }
}

fn take_compact_days(guess: &mut Guess) {
    guess.column.date_formats = vec!["%Y%m%d".to_owned()];
    guess.note("whole numbers taken as days: %Y%m%d");
}

fn take_unit(unit: Option<TimeUnit>, guess: &mut Guess) {
    guess.column.time_unit = unit;
    if let Some(unit) = unit {
        guess.note(format!("whole numbers taken as times since 1970 in {}", unit.name()));
    }
}

/// Says that a tag with a closed list takes no other values.
pub(super) fn note_closed(tag: &KnownTag, guess: &mut Guess) {
    if tag.closed_values.is_some() {
        guess.note(format!("the tag `{}` takes its declared values alone, or their labels", tag.name));
    }
}
