//! Names of types, tags and audiences: one spelling, checked, and the nearest to a wrong one.
//!
//! A name is stored in NFKC, so that what looks the same is the same; it is case-sensitive. Its dots part it into a
//! path; every part says something.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use crate::catalog::limits::NAME_CHARS_MAX;
use crate::error::{Error, Result};

/// `text` in the spelling in which names are stored and compared.
pub fn normalize_name(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkc().collect())
    }
}

/// The stored spelling of a new name. `what` is "tag", "label" or the like.
///
/// Errors: invalid, when it is empty, longer than [`NAME_CHARS_MAX`], has an empty path part or `*` as one, begins or
/// ends a part with a space, or holds a backtick or a control character.
pub fn check_name(what: &str, text: &str) -> Result<String> {
    let name = normalize_name(text);
    match name_fault(&name) {
        Some(fault) => Err(Error::invalid(format!(
            "{what} name `{}` {fault}",
            shown(text)
        ))),
        None => Ok(name.into_owned()),
    }
}

/// What is wrong with a name in its stored spelling.
fn name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".into());
    }
    let chars = name.chars().count();
    if chars > NAME_CHARS_MAX {
        return Some(format!(
            "has {chars} characters, at most {NAME_CHARS_MAX} are allowed"
        ));
    }
    if let Some(bad) = name.chars().find(|c| c.is_control() || *c == '`') {
        return Some(format!("holds {bad:?}, which no name can hold"));
    }
    for part in name.split('.') {
        if part.is_empty() {
            return Some("has an empty part: a dot stands only between two parts".into());
        }
        if part == "*" {
            return Some("has `*` as a part, which means all tags below a path".into());
        }
        if part.trim() != part {
            return Some("begins or ends a part with a space".into());
        }
    }
    None
}

/// Whether bytes read back can be a stored name.
pub(crate) fn is_stored_name(name: &str) -> bool {
    name_fault(name).is_none() && matches!(normalize_name(name), Cow::Borrowed(_))
}

/// A text cut to what a message can carry.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(80) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// `; did you mean ..?` for the candidate nearest to `wrong`, or nothing when none is near.
pub fn did_you_mean<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    match nearest(wrong, candidates) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// The candidate with the fewest edits from `wrong`, when they are few for its length; a difference in case alone is
/// the nearest of all.
pub(crate) fn nearest<'a>(
    wrong: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.to_lowercase().chars().take(NAME_CHARS_MAX).collect();
    let edits_max = (wrong.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other: Vec<char> = candidate.to_lowercase().chars().collect();
        if other.len().abs_diff(wrong.len()) > edits_max {
            continue;
        }
        let edits = edit_distance(&wrong, &other);
        if edits <= edits_max && edits < wrong.len().max(2) && best.is_none_or(|(e, _)| edits < e) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stored_in_one_spelling() {
        assert_eq!(check_name("tag", "ＡＢＣ").unwrap(), "ABC");
        assert_eq!(check_name("tag", "兴趣.体育").unwrap(), "兴趣.体育");
        assert_eq!(check_name("tag", "VIP 等级").unwrap(), "VIP 等级");
    }

    #[test]
    fn faulty_names_are_refused() {
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        for bad in [
            "", ".", "a.", ".a", "a..b", " a", "a ", "a. b", "a`b", "a\nb", "a.*", "*", &long,
        ] {
            assert!(check_name("tag", bad).is_err(), "{bad:?}");
        }
        assert!(check_name("tag", &"汉".repeat(NAME_CHARS_MAX)).is_ok());
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["country", "city", "性别", "年龄", "lead_time"];
        let near = |wrong| nearest(wrong, names.into_iter());
        assert_eq!(near("contry"), Some("country"));
        assert_eq!(near("Country"), Some("country"));
        assert_eq!(near("lead_tiem"), Some("lead_time"));
        assert_eq!(near("性別"), Some("性别"));
        assert_eq!(near("zzzzzz"), None);
        assert_eq!(near("x"), None);
    }
}
