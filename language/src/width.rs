//! Display width: how many cells of a terminal a text takes: two for East Asian wide and full-width characters and
//! emoji, none for combining marks and controls. Ambiguous characters are narrow. The data is Unicode's, by the crate
//! unicode-width.

use unicode_width::UnicodeWidthChar;

/// The cells that one character takes; control characters take none.
pub fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The cells that a text takes: the sum of its characters, so that a text can be cut at each of them.
pub fn display_width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_narrow_and_combining() {
        assert_eq!(display_width("age"), 3);
        assert_eq!(display_width("年龄"), 4);
        assert_eq!(display_width("（＞"), 4);
        assert_eq!(display_width("e\u{301}"), 1);
        assert_eq!(display_width("😀"), 2);
        assert_eq!(display_width("“é·”"), 4);
        assert_eq!(display_width("한국어カナ"), 10);
    }
}
