//! Lists of texts in JSON, as an export to CSV writes the values of a set: `["a","b"]`.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};

/// Gives each text of the list, without holding the list.
///
/// Errors: the text is no such list, or `each` refuses one.
pub(crate) fn each_of_list(text: &[u8], each: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    let mut fault = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = reader.deserialize_seq(Texts { each, fault: &mut fault }).and_then(|()| reader.end());
    match (read, fault) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(fault)) => Err(fault),
        (Err(_), None) => Err("no list of texts in JSON: expected one such as [\"a\", \"b\"]".to_owned()),
    }
}

/// Whether the text is a list of texts.
pub(crate) fn is_list(text: &[u8]) -> bool {
    text.first() == Some(&b'[') && each_of_list(text, &mut |_| Ok(())).is_ok()
}

struct Texts<'a> {
    each: &'a mut dyn FnMut(&str) -> Result<(), String>,
    fault: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(text) = list.next_element::<String>()? {
            if let Err(fault) = (self.each)(&text) {
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
        assert!(is_list(b"[]"));
        for text in ["", "[", "a", "[1]", "[null]", "[\"a\"] x", "[[\"a\"]]", "{}", "[\"a\",]"] {
            assert!(!is_list(text.as_bytes()), "{text}");
        }
        let refused = each_of_list(b"[\"a\"]", &mut |text| Err(format!("{text} is refused")));
        assert_eq!(refused, Err("a is refused".to_owned()));
    }
}
