//! Laws of the cells of a terminal: what queries are written in keeps its width, whoever's tables say so.

use std::ops::RangeInclusive;

use muster_language::width::{char_width, display_width};
use proptest::prelude::*;

/// Blocks whose characters take two cells, assigned or not: what names, values and queries in Chinese, Japanese and
/// Korean are made of.
const WIDE: [RangeInclusive<u32>; 9] = [
    0x3001..=0x3029,   // CJK symbols and punctuation, without the tone marks
    0x3041..=0x3096,   // Hiragana
    0x30A0..=0x30FF,   // Katakana
    0x3105..=0x312F,   // Bopomofo
    0x3400..=0x4DBF,   // ideographs, extension A
    0x4E00..=0x9FFF,   // ideographs
    0xAC00..=0xD7A3,   // Hangul
    0xFF01..=0xFF60,   // full-width forms
    0x20000..=0x2FFFD, // ideographs beyond the first plane
];

/// Marks that combine with the letter before them: of Latin, Cyrillic, Hebrew, Arabic, Devanagari, Bengali, Tamil,
/// Thai, and for symbols and kana.
const ZERO: [RangeInclusive<u32>; 16] = [
    0x300..=0x36F,
    0x483..=0x489,
    0x591..=0x5BD,
    0x5BF..=0x5BF,
    0x610..=0x61A,
    0x64B..=0x65F,
    0x6D6..=0x6DC,
    0x6DF..=0x6E4,
    0x900..=0x902,
    0x941..=0x948,
    0x981..=0x981,
    0xBC0..=0xBC0,
    0xE34..=0xE3A,
    0xE47..=0xE4E,
    0x20D0..=0x20F0,
    0x3099..=0x309A,
];

fn widths(ranges: &[RangeInclusive<u32>], cells: usize) {
    for c in ranges.iter().cloned().flatten().filter_map(char::from_u32) {
        assert_eq!(char_width(c), cells, "U+{:04X}", u32::from(c));
    }
}

#[test]
fn east_asian_characters_take_two_cells() {
    widths(&WIDE, 2);
}

#[test]
fn combining_marks_and_controls_take_none() {
    widths(&ZERO, 0);
    widths(&[0..=0x1F, 0x7F..=0x9F, 0x200B..=0x200F, 0xFE00..=0xFE0F], 0);
}

#[test]
fn letters_and_quotes_take_one() {
    widths(&[0x20..=0x7E, 0xA1..=0xAC, 0xAE..=0x2FF, 0x370..=0x377, 0x400..=0x482, 0x2018..=0x201F], 1);
}

proptest! {
    #[test]
    fn a_text_is_as_wide_as_its_pieces(text in "\\PC{0,40}", at in 0usize..40) {
        let cut = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
        let (head, tail) = text.split_at(cut);
        prop_assert_eq!(display_width(head) + display_width(tail), display_width(&text));
        prop_assert!(display_width(&text) <= 2 * text.chars().count());
    }
}
