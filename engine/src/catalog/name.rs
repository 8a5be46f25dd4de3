//! Names of types, tags and audiences: one spelling, checked.
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
        Some(fault) => Err(Error::invalid(format!("{what} name `{}` {fault}", shown(text)))),
        None => Ok(name.into_owned()),
    }
}

/// The stored spelling of a new audience's name, which stands behind `@`.
///
/// Errors: those of [`check_name`]; invalid, when it begins with `@` or ends like a version, `:v1`.
pub(super) fn check_audience_name(text: &str) -> Result<String> {
    let name = check_name("audience", text)?;
    let is_version =
        |text: &str| text.strip_prefix(['v', 'V']).unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    if let Some((before, _)) = name.rsplit_once(':').filter(|(_, text)| is_version(text)) {
        return Err(Error::invalid(format!(
            "name it `{before}`, which gets its versions by itself: in `@{}` what follows the colon asks for a version",
            shown(&name)
        )));
    }
    match name.strip_prefix('@') {
        Some(rest) => Err(Error::invalid(format!("name it `{}`, which is written @ and its name", shown(rest)))),
        None => Ok(name),
    }
}

/// What is wrong with a name in its stored spelling.
fn name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".into());
    }
    let chars = name.chars().count();
    if chars > NAME_CHARS_MAX {
        return Some(format!("has {chars} characters, at most {NAME_CHARS_MAX} are allowed"));
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
    fn an_audience_is_not_named_like_a_version() {
        for bad in ["w:v1", "w:V12", "w：v1", "w:3", "w:v", "w:", "@w", "a:b:v2"] {
            assert!(check_audience_name(bad).is_err(), "{bad:?}");
        }
        for good in ["w", "w v1", "w.v1", "a:b", "w:v1 old", "会员"] {
            assert!(check_audience_name(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn faulty_names_are_refused() {
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        for bad in ["", ".", "a.", ".a", "a..b", " a", "a ", "a. b", "a`b", "a\nb", "a.*", "*", &long] {
            assert!(check_name("tag", bad).is_err(), "{bad:?}");
        }
        assert!(check_name("tag", &"汉".repeat(NAME_CHARS_MAX)).is_ok());
    }
}
