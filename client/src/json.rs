//! JSON text: documents on several lines or on one, in which nothing stands that a terminal acts upon.

use muster_language::visible::is_acted_upon;
use serde_json::Value;

/// A document on several lines.
pub(crate) fn document(value: &Value) -> String {
    // Values made here have text keys only, and such values can always be written.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text.push('\n');
    escaped(text)
}

/// A document on one line.
pub(crate) fn line(value: &Value) -> String {
    format!("{}\n", inline(value))
}

/// A document within a line.
pub(crate) fn inline(value: &Value) -> String {
    escaped(value.to_string())
}

/// JSON whose texts hold nothing that a terminal acts upon: what JSON does not escape by itself (DEL, C1, the marks of
/// bidirectional text) stands as `\u202e`, which reads back as the same character.
fn escaped(json: String) -> String {
    let is_raw = |c: char| c != '\n' && is_acted_upon(c);
    if !json.contains(is_raw) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match is_raw(c) {
            // All of them lie in the first plane, and outside of texts JSON has none.
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_hold_nothing_that_a_terminal_acts_upon_and_read_back() {
        let hostile = "\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2066}\u{61c}\u{2028}\n\t北京\"\\";
        let value = json!({hostile: [hostile]});
        for text in [document(&value), line(&value)] {
            assert!(!text.contains(|c| c != '\n' && is_acted_upon(c)), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
