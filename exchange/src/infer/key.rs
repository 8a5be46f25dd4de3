//! Key detection: which column is the key, and how sure that is.
//!
//! A name that says "key" is believed, whatever a few rows say: a null or a repetition is a fault of those rows.
//! Without such a name a column that never repeats is offered, as a doubt; without one of those there is no guess.

use muster_engine::catalog::KeyKind;
use muster_engine::catalog::normalize_name;
use muster_language::shell_word;

use super::error::InferError;
use super::known::KnownType;
use super::observe::Observed;
use super::odd::shortened;
use super::options::InferOptions;
use super::words::plural;
use crate::mapping::{KeyMapping, nfkc};
use crate::note::Note;
use crate::scalar::Shape;

/// The longest text that can be a key by its looks, in bytes.
const KEY_TEXT_BYTES_MAX: usize = 256;

/// From here on floating-point numbers leave out whole ones.
const EXACT_IN_FLOATS: u128 = 1 << 53;

/// The column of the key.
pub(super) struct KeyGuess {
    /// Its place among the columns.
    pub(super) index: usize,
    /// Why it should not be taken without a person's word.
    pub(super) doubt: Option<String>,
    /// How it was found, where that wants to be said.
    found: Option<String>,
}

/// How much a name sounds like that of a key; the greatest is the surest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyName {
    /// Like that of anything.
    Unnamed,
    /// Like that of a key of something: `order_id`.
    OfSomething,
    /// That of a key of persons or accounts, of which most tables are: `uid`, `user_id`, 会员号.
    OfPersons,
    /// That of the key of this table: `id`, `key`, and, for the type `people`, `people_id` and `people`.
    OfType,
}

/// The key by the names and the values of the columns.
///
/// Errors: no column is named like a key, and none never repeats.
pub(super) fn guess(observed: &[Observed], type_name: &str, options: &InferOptions) -> Result<KeyGuess, InferError> {
    let known = options.known.as_ref();
    if let Some(found) = known.and_then(|known| alone(observed, type_name, known)) {
        return Ok(found);
    }
    // A tag of the type is its key only where no other column can be.
    let is_key = |index: usize| can_be_key(&observed[index], key_name(&observed[index].name, type_name));
    let has_others = (0..observed.len()).any(|index| !is_tag(&observed[index], known) && is_key(index));
    let candidates: Vec<(usize, KeyName)> = observed
        .iter()
        .enumerate()
        .map(|(index, column)| (index, key_name(&column.name, type_name)))
        .filter(|(index, name)| can_be_key(&observed[*index], *name))
        .filter(|(index, _)| !has_others || !is_tag(&observed[*index], known))
        .collect();
    // A key of this table first; of others the one that would not put many rows into one entity, and says more.
    let named = candidates.iter().filter(|(_, name)| *name != KeyName::Unnamed).max_by_key(|(index, name)| {
        let column = &observed[*index];
        (*name == KeyName::OfType, !repeats_much(column), *name, column.is_unique(), std::cmp::Reverse(*index))
    });
    let unique =
        || candidates.iter().find(|(index, _)| observed[*index].is_unique() && !is_tag(&observed[*index], known));
    if let Some((index, name)) = named {
        let column = &observed[*index];
        let index = *index;
        if *name != KeyName::OfSomething || !repeats_much(column) {
            return Ok(KeyGuess { index, doubt: repeats_much(column).then(|| many_rows(column)), found: None });
        }
        // `city_id` with five values is the key of another table.
        if unique().is_none() {
            return Ok(KeyGuess { index, doubt: Some(many_rows(column)), found: None });
        }
    }
    match unique() {
        Some((index, _)) => Ok(unique_guess(*index)),
        None => Err(InferError::NoKey(no_key(observed))),
    }
}

/// The key that the caller named.
pub(super) fn named(index: usize) -> KeyGuess {
    KeyGuess { index, doubt: None, found: None }
}

/// The one column of the file that is none of the tags of the type that it goes into: that is the type's key, whatever
/// the names of the others say.
fn alone(observed: &[Observed], type_name: &str, known: &KnownType) -> Option<KeyGuess> {
    let mut others = observed.iter().enumerate().filter(|(_, column)| !is_tag(column, Some(known)));
    let (index, column) = others.next().filter(|_| observed.len() > 1)?;
    let is_kind = known.key == KeyKind::String || column.is_key_numbers();
    let is_key = is_kind && can_be_key(column, key_name(&column.name, type_name).max(KeyName::OfSomething));
    if others.next().is_some() || !is_key {
        return None;
    }
    let found = format!("taken as the key: all other columns are tags of `{}`", known.name);
    Some(KeyGuess { index, doubt: repeats_much(column).then(|| many_rows(column)), found: Some(found) })
}

/// A column that never repeats.
fn unique_guess(index: usize) -> KeyGuess {
    let doubt = "taken as the key because it is never null and never repeats, not because of its name".to_owned();
    KeyGuess { index, doubt: Some(doubt), found: None }
}

fn is_tag(column: &Observed, known: Option<&KnownType>) -> bool {
    known.is_some_and(|known| known.tag(&nfkc(&column.name)).is_some())
}

/// Whether a load would put the rows into at most half as many entities.
fn repeats_much(column: &Observed) -> bool {
    column.values() > 0 && column.distinct_keys() * 2 <= column.values()
}

fn many_rows(column: &Observed) -> String {
    format!(
        "{} in {}: of rows with one key the last wins; is this a table with several rows an entity?",
        plural(column.distinct_keys(), "distinct key"),
        plural(column.rows, "row")
    )
}

fn no_key(observed: &[Observed]) -> String {
    const SHOWN_MAX: usize = 8;
    let names: Vec<String> = observed.iter().take(SHOWN_MAX).map(|column| format!("{:?}", column.name)).collect();
    let more = match observed.len() > SHOWN_MAX {
        true => format!(" and {} more", observed.len() - SHOWN_MAX),
        false => String::new(),
    };
    format!(
        "name it with --key COLUMN: no column is named like a key, and none is whole and without repetition; there \
         are {}{more}",
        names.join(", ")
    )
}

/// Whether values of this column can name entities. Of a column that is called a key less is asked.
fn can_be_key(column: &Observed, name: KeyName) -> bool {
    let is_named = name != KeyName::Unnamed;
    match &column.shape {
        Some(Shape::Int | Shape::Uuid) => true,
        // `id` is the key whatever it holds.
        Some(Shape::Float | Shape::Decimal { .. }) => is_named && column.is_whole() || name == KeyName::OfType,
        Some(Shape::Date | Shape::Time) => name == KeyName::OfType,
        Some(Shape::Text) => {
            let is_short = column.bytes_max <= KEY_TEXT_BYTES_MAX;
            is_short && (is_named || !column.has_amounts() && !column.is_dated())
        }
        _ => false,
    }
}

/// What the name of a column says, in the spellings of `user_id`, `userId`, `User ID` and `用户ID`.
pub(super) fn key_name(name: &str, type_name: &str) -> KeyName {
    const ENDS: [&str; 3] = ["id", "key", "uuid"];
    const CHINESE_ENDS: [&str; 6] = ["编号", "编码", "号码", "账号", "帐号", "号"];
    const NOT_KEYS: [&str; 8] = ["手机号", "手机号码", "电话号码", "型号", "版本号", "批号", "邮编", "序列号"];
    const PERSONS: [&str; 12] =
        ["user", "member", "customer", "client", "person", "account", "用户", "会员", "客户", "顾客", "人员", "账户"];
    let words = words_of(name);
    let joined = words.concat();
    let kind = words_of(type_name).concat();
    let kinds = [kind.as_str(), kind.strip_suffix('s').unwrap_or(&kind), kind.strip_suffix("ies").unwrap_or(&kind)];
    let is_type = |stem: &str| {
        let stem_y = stem.strip_suffix('y').unwrap_or(stem);
        !stem.is_empty() && (kinds.contains(&stem) || kinds[2] != kind && kinds[2] == stem_y)
    };
    let is_person = |stem: &str| PERSONS.contains(&stem);
    match joined.as_str() {
        "id" | "key" | "uuid" | "guid" | "编号" | "主键" | "pk" => return KeyName::OfType,
        "uid" | "userid" => return KeyName::OfPersons,
        whole if is_type(whole) => return KeyName::OfType,
        _ => {}
    }
    let by_word = words.split_last().filter(|(last, _)| ENDS.contains(&last.as_str())).map(|(_, stem)| stem.concat());
    let by_chinese = || {
        let is_number = !NOT_KEYS.contains(&joined.as_str());
        CHINESE_ENDS.iter().find_map(|end| joined.strip_suffix(end)).filter(|_| is_number).map(str::to_owned)
    };
    match by_word.or_else(by_chinese) {
        None => KeyName::Unnamed,
        Some(stem) if is_type(&stem) => KeyName::OfType,
        Some(stem) if is_person(&stem) => KeyName::OfPersons,
        Some(_) => KeyName::OfSomething,
    }
}

/// The words of a name in small letters: divided where it has no letter or digit, before a capital letter after a
/// small one, and between Chinese and Latin.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in normalize_name(name).chars() {
        let is_part = c.is_alphanumeric();
        let is_new =
            !before.is_alphanumeric() || before.is_lowercase() && c.is_uppercase() || before.is_ascii() != c.is_ascii();
        if is_part && is_new {
            words.push(String::new());
        }
        if is_part && let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words
}

/// The key's line of the mapping, with what is to be said of it.
pub(super) fn decide(
    guess: &KeyGuess,
    column: &Observed,
    known: Option<&KnownType>,
    notes: &mut Vec<Note>,
) -> KeyMapping {
    let kind = match known {
        Some(known) => known.key,
        None if column.is_key_numbers() => KeyKind::U64,
        None => KeyKind::String,
    };
    let mut note = |message: String| {
        notes.push(Note { column: column.name.clone(), message });
    };
    if let Some(found) = &guess.found {
        note(found.clone());
    }
    // An empty key is refused, which the note of the refused rows says.
    let named = || column.null_words.iter().filter(|(word, _)| !word.is_empty());
    let nameless: u64 = named().map(|(_, rows)| *rows).sum();
    if nameless > 0 && kind == KeyKind::String {
        let words: Vec<&str> = named().map(|(word, _)| *word).collect();
        note(format!(
            "{} in {}: taken as a key like any other, so that these rows become one entity a word",
            words.join(", "),
            plural(nameless, "row")
        ));
    }
    if let Some(short) = shortened(&column.texts.first) {
        note(format!(
            "keys such as {short} have lost digits in a spreadsheet, so that different ones became equal: export them \
             as text"
        ));
    }
    let repeated = column.values().saturating_sub(column.distinct_keys());
    match &guess.doubt {
        Some(doubt) => note(format!("{doubt}; --yes wants it named: --key={}", shell_word(&column.name))),
        None if repeated > 0 && repeats_much(column) => note(many_rows(column)),
        None if repeated > 0 => {
            note(format!("the key of {} stands in an earlier row already: the last row wins", plural(repeated, "row")))
        }
        None => {}
    }
    let trim = column.blanks > 0 && column.shape == Some(Shape::Text);
    if trim {
        note(format!("blanks around the key in {}: trim leaves them out", plural(column.blanks, "row")));
    }
    let is_float = matches!(column.shape, Some(Shape::Float));
    if is_float && column.is_whole() && column.numbers.magnitude_max >= EXACT_IN_FLOATS {
        note(
            "keys beyond 2^53 as floating-point numbers have lost digits, so that different ones became equal: export \
             them as whole numbers or text"
                .to_owned(),
        );
    }
    if kind == KeyKind::U64 && column.has_points() {
        note("keys written with a point, such as 1.0, are taken as whole numbers".to_owned());
    }
    KeyMapping { column: column.name.clone(), kind, trim }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys_are_known_in_all_their_spellings() {
        let cases = [
            (KeyName::OfType, &["id", "ID", "Key", "uuid", "people_id", "peopleId", "People ID", "people", "编号"][..]),
            (
                KeyName::OfPersons,
                &["uid", "user_id", "userId", "UserID", "用户ID", "会员号", "会员编号", "ｕｉｄ", "账号"],
            ),
            (KeyName::OfSomething, &["order_id", "orderId", "order-id", "卡号", "订单编号", "session_key"]),
            (KeyName::Unnamed, &["paid", "valid", "monkey", "name", "手机号", "年龄", "grid", "idea", "city", ""]),
        ];
        for (expected, names) in cases {
            for name in names {
                let found = key_name(name, "people");
                assert_eq!(found, if *name == "账号" { KeyName::OfSomething } else { expected }, "{name}");
            }
        }
        assert_eq!(key_name("order_id", "orders"), KeyName::OfType);
        assert_eq!(key_name("company id", "companies"), KeyName::OfType);
        assert_eq!(key_name("booking", "bookings"), KeyName::OfType);
    }
}
