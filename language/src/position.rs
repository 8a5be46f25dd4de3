//! Lines, columns and offsets: places in a text, in the units that terminals, editors and browsers count in.

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The byte.
    pub byte: u32,
    /// The line, from 1.
    pub line: u32,
    /// The character in its line, from 1.
    pub column: u32,
    /// The UTF-16 code unit in the whole text, from 0.
    pub utf16: u32,
}

/// Where `byte` is; a byte inside a character or behind the end is moved back to the nearest place that exists.
pub fn position(text: &str, byte: u32) -> Position {
    let byte = floor_char_boundary(text, byte as usize);
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        byte: byte as u32,
        line: before.bytes().filter(|&b| b == b'\n').count() as u32 + 1,
        column: before[line_start..].chars().count() as u32 + 1,
        utf16: before.chars().map(|c| c.len_utf16() as u32).sum(),
    }
}

/// The last character boundary at or before `byte`.
pub(crate) fn floor_char_boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_differ_where_characters_are_wide() {
        let text = "年龄 = 1\nAND 😀x";
        let byte = text.find('x').expect("there is one") as u32;
        assert_eq!(position(text, byte), Position { byte, line: 2, column: 6, utf16: 13 });
        assert_eq!(position(text, 0), Position { byte: 0, line: 1, column: 1, utf16: 0 });
    }

    #[test]
    fn places_that_do_not_exist_are_moved_back() {
        assert_eq!(position("年龄", 4).byte, 3);
        assert_eq!(position("年龄", 99).byte, 6);
        assert_eq!(position("", 7), Position { byte: 0, line: 1, column: 1, utf16: 0 });
    }
}
