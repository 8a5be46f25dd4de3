//! How a column is read into a tag that exists: its kind is given, and only the writing is guessed.

use std::collections::HashMap;

use muster_engine::catalog::{KeyKind, TagKind};

use super::decide::{Guess, decide, epoch_unit, looks_like_days, take_nans, take_null_words, trim_pieces};
use super::observe::{Observed, SEPARATORS};
use super::words::{count_text, plural};
use super::writing::words_of_flag;
use crate::mapping::nfkc;
use crate::rule::accept;
use crate::scalar::Shape;
use crate::text::Rounding;

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
    /// The values that it can have, where no others may be written.
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
    let guess = match free.column.kind == tag.kind && !free.column.skip {
        true => free,
        false => written_as(seen, tag),
    };
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
        TagKind::Flag if is_text => {
            if let Some(truths) = words_of_flag(&seen.words()) {
                guess.truths(truths);
            }
        }
        TagKind::Flag => take_nans(seen, &mut guess),
        TagKind::Choice => {
            if seen.shape == Some(Shape::Float) {
                take_nans(seen, &mut guess);
            }
        }
        TagKind::Set => {
            let (separator, _) = SEPARATORS
                .iter()
                .zip(&seen.separated)
                .map(|(separator, (texts, _))| (*separator, *texts))
                .rev()
                .max_by_key(|(_, texts)| *texts)
                .unwrap_or((SEPARATORS[0], 0));
            guess.column.list_separator = is_text.then(|| separator.to_string());
            if is_text {
                trim_pieces(seen, separator, &mut guess);
            }
        }
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

/// Numbers of the tag's scale; what is finer is rounded, which a note says.
fn numbers_as(seen: &Observed, kind: TagKind, guess: &mut Guess) {
    let numbers = match &seen.shape {
        Some(Shape::Text) => {
            let (marks, numbers) = seen.texts.most_numbers();
            guess.marks(marks);
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
                guess.note(format!(
                    "taken with the day first; with the month first: date_format = {:?}",
                    other.first().map_or("", String::as_str)
                ));
            }
            let digits = seen.texts.digits();
            if dates.fits == 0 && looks_like_days(digits) {
                guess.column.date_formats = vec!["%Y%m%d".to_owned()];
            } else if dates.fits == 0 && digits.count > 0 && kind == TagKind::Time {
                guess.column.time_unit = epoch_unit(digits);
            } else {
                guess.column.date_formats = dates.formats;
            }
        }
        Some(Shape::Int) if looks_like_days(&seen.numbers) => {
            guess.column.date_formats = vec!["%Y%m%d".to_owned()];
        }
        Some(Shape::Int) if kind == TagKind::Time => guess.column.time_unit = epoch_unit(&seen.numbers),
        _ => {}
    }
}

/// Says which values of the column a tag with a closed list does not have.
pub(super) fn note_closed(tag: &KnownTag, guess: &mut Guess) {
    if let Some(values) = &tag.closed_values {
        guess.note(format!(
            "the tag `{}` takes its {} alone",
            tag.name,
            match values.len() {
                1 => "1 value".to_owned(),
                count => format!("{} values", count_text(count as u64)),
            }
        ));
    }
}
