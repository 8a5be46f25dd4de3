//! Lists of texts in JSON, as an export to CSV writes the values of a set: `["a","b"]`.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};

/// Gives each text of the list, without holding the list.
///
/// Errors: the text is no such list, has a null, or `each` refuses one.
pub(crate) fn each_of_list(text: &[u8], each: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    read_list(text, &mut |value| match value {
        Some(value) => each(value),
        None => Err("a value of the list is null".to_owned()),
    })
}

fn read_list(text: &[u8], each: &mut dyn FnMut(Option<&str>) -> Result<(), String>) -> Result<(), String> {
    let mut fault = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = reader.deserialize_seq(Texts { each, fault: &mut fault }).and_then(|()| reader.end());
    match (read, fault) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(fault)) => Err(fault),
        (Err(_), None) => Err("no list of texts in JSON: expected one such as [\"a\", \"b\"]".to_owned()),
    }
}

/// Whether the text is a list of texts, and whether nulls are among them.
pub(crate) fn list_with_nulls(text: &[u8]) -> Option<bool> {
    let mut has_nulls = false;
    let mut look = |value: Option<&str>| {
        has_nulls |= value.is_none();
        Ok(())
    };
    (text.first() == Some(&b'[') && read_list(text, &mut look).is_ok()).then_some(has_nulls)
}

struct Texts<'a> {
    each: &'a mut dyn FnMut(Option<&str>) -> Result<(), String>,
    fault: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(text) = list.next_element::<Option<String>>()? {
            if let Err(fault) = (self.each)(text.as_deref()) {
                *self.fault = Some(fault);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_texts_are_read_and_nothing_else() {
        let mut read = Vec::new();
        let mut keep = |text: &str| {
            read.push(text.to_owned());
            Ok(())
        };
        each_of_list(br#" ["a", "b,c", "\u4e2d\"|"] "#, &mut keep).expect("a list");
        assert_eq!(read, ["a", "b,c", "中\"|"]);
        assert_eq!(list_with_nulls(b"[]"), Some(false));
        assert_eq!(list_with_nulls(b"[\"a\", null]"), Some(true));
        let refused = each_of_list(b"[null]", &mut |_| Ok(()));
        assert_eq!(refused, Err("a value of the list is null".to_owned()));
        for text in ["", "[", "a", "[1]", "null", "[null", "[\"a\"] x", "[[\"a\"]]", "{}", "[\"a\",]"] {
            assert_eq!(list_with_nulls(text.as_bytes()), None, "{text}");
        }
        let refused = each_of_list(b"[\"a\"]", &mut |text| Err(format!("{text} is refused")));
        assert_eq!(refused, Err("a is refused".to_owned()));
    }
}
