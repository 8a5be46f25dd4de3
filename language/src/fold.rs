//! Width folding: what an input method types, as its narrow form: `（` is `(`, `＞` is `>`, `、` is a comma.
//!
//! Folding happens outside quotes only and never changes the number of characters, so that spans stay those of the
//! original text. Names are brought to NFKC by the catalog; the letters folded here are folded the same way there.

/// The distance between a full-width form and its ASCII character.
const FULL_WIDTH_OFFSET: u32 = 0xFEE0;

/// The common ideographs, which are what most names here are made of: known without a look into tables.
const IDEOGRAPH_FIRST: char = '\u{4E00}';
const IDEOGRAPH_LAST: char = '\u{9FFF}';

/// The first byte of every full-width form in UTF-8.
const FULL_WIDTH_BYTE: u8 = 0xEF;

/// The narrow form of one character; itself if it has none.
pub(crate) fn fold(c: char) -> char {
    match c {
        '\0'..='\u{7f}' | IDEOGRAPH_FIRST..=IDEOGRAPH_LAST => c,
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - FULL_WIDTH_OFFSET).expect("an ASCII character"),
        '、' => ',',
        '。' => '.',
        '《' | '〈' => '<',
        '》' | '〉' => '>',
        '【' => '[',
        '】' => ']',
        '￥' | '¥' => '$',
        '×' => '*',
        '÷' => '/',
        '≧' | '⩾' => '≥',
        '≦' | '⩽' => '≤',
        '\u{2212}' => '-',
        '〜' => '~',
        // Spaces that paste brings along from chats and documents, the ideographic one, and a byte order mark.
        '\u{3000}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' => ' ',
        _ => c,
    }
}

/// `text` with every character folded.
pub(crate) fn fold_text(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.chars().map(fold).collect() }
}

/// Whether a name, which holds no sign, can change when it is folded.
pub(crate) fn may_fold(name: &str) -> bool {
    name.as_bytes().contains(&FULL_WIDTH_BYTE)
}

/// [`fold_text`] of a name.
pub(crate) fn fold_name(name: &str) -> String {
    if may_fold(name) { fold_text(name) } else { name.to_owned() }
}

/// Whether a name may begin with this (already folded) character.
pub(crate) fn starts_name(c: char) -> bool {
    matches!(c, IDEOGRAPH_FIRST..=IDEOGRAPH_LAST | '_') || c.is_alphabetic()
}

/// Whether a name may go on with this (already folded) character.
pub(crate) fn continues_name(c: char) -> bool {
    matches!(c, IDEOGRAPH_FIRST..=IDEOGRAPH_LAST | '_' | '·') || c.is_alphanumeric() || is_mark(c)
}

/// Combining marks that `char::is_alphanumeric` leaves out.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36F}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{3099}'..='\u{309A}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

/// Whether `text` is read as one name, and as exactly these characters, without backticks.
pub(crate) fn is_bare_name(text: &str) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    starts_name(first) && fold(first) == first && chars.all(|c| continues_name(c) && fold(c) == c)
}
