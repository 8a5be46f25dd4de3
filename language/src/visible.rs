//! Escaping for terminals: which characters a terminal acts upon instead of showing them, and how they are written out.
//!
//! A value of somebody else's file must not colour, move or turn around what stands beside it on a terminal.

use std::borrow::Cow;

/// Whether a terminal acts upon `c`, or `c` changes the order in which others are shown: control characters (C0, DEL
/// and C1, which hold ESC and CSI), the marks of bidirectional text, and the separators of lines and paragraphs.
pub fn is_acted_upon(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A text of which nothing is acted upon: such characters are written out, as `\n` or `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, is_acted_upon)
}

/// The same for a text of several lines, whose ends stay.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    written_out(text, |c| c != '\n' && is_acted_upon(c))
}

fn written_out(text: &str, is_written_out: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_written_out) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_written_out(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_upon_is_written_out() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(visible("a\nb\t\u{9b}c\u{7f}"), "a\\nb\\t\\u{9b}c\\u{7f}");
        assert_eq!(visible("invoice\u{202e}cod.exe"), "invoice\\u{202e}cod.exe");
        assert_eq!(visible_lines("a\nb\r\n"), "a\nb\\r\n");
    }

    #[test]
    fn every_other_text_stays_as_it_is() {
        for text in ["", "北京", "e\u{301}", "👨\u{200d}👩", "می\u{200c}خواهم", "עברית", "a  b"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
