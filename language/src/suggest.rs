//! Spelling corrections: the nearest name, the words inside a glued name, quotes around a value.

pub use crate::ago::{base as counted_from, counted};
use crate::ast::Span;
use crate::fold::{fold, is_bare_name};
pub use crate::literals::{literals, truth};
use crate::opposite::{Opposites, numbers};
pub use crate::parser::suggest_split;
pub use crate::periods::period;
pub use crate::sentence::condition_of;
use crate::words;

/// Words that are looked for inside names; longer ones before the words they begin with.
///
/// Only words with two characters or of one that joins conditions: 天 or 年 stand in too many names.
const GLUE: &[&str] = &[
    "包含任一",
    "包含全部",
    "不包含",
    "包含",
    "不属于",
    "属于",
    "排除",
    "介于",
    "形如",
    "缺失",
    "有值",
    "至少",
    "至多",
    "恰好",
    "最近",
    "前一",
    "自从",
    "截至",
    "且",
    "或",
    "非",
    "到",
    "项",
];
/// Words of [`GLUE`] that ask for a digit before or behind them: 最近7天, 25到34, 2项.
const GLUE_BESIDE_DIGITS: &[&str] = &["至少", "至多", "恰好", "最近", "前一", "到", "项"];

/// A longer word is not compared: suggestions are for typing errors.
const NEAREST_CHARS_MAX: usize = 64;

/// So many characters before or behind a name are a word of their own, not typing errors.
const WORD_CHARS_MIN: usize = 3;

/// `; did you mean ..?` for the candidate nearest to `wrong`, or nothing when none is near.
pub fn did_you_mean<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    match nearest(wrong, candidates) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// The candidate nearest to `word`, if one is near enough: about one typing error for every three characters.
///
/// A typing error is a character missing, added, changed, or exchanged with its neighbour. Case is no difference. A
/// candidate that differs in blanks, case and width only is nearer than any other. Another number and the opposite are
/// no typing errors, and of several that are equally near none is meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = word;
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if word.is_empty() || word.len() > NEAREST_CHARS_MAX {
        return None;
    }
    let errors_max = (word.len() / 3).max(1);
    let bare = bare(&word);
    let opposites = Opposites::of(written);
    let written_numbers = numbers(written);
    let mut best: Option<(usize, &str)> = None;
    let mut is_tied = false;
    for candidate in candidates {
        let other: Vec<char> = candidate.chars().take(NEAREST_CHARS_MAX + 1).flat_map(char::to_lowercase).collect();
        if bare_is(&bare, candidate) {
            return Some(candidate);
        }
        // One character is near to too much, and what lacks or adds a whole word is another name.
        if word.len() == 1 || is_part(&word, &other) {
            continue;
        }
        let limit = best.map_or(errors_max, |(errors, _)| errors);
        if other.len().abs_diff(word.len()) > limit {
            continue;
        }
        let errors = distance(&word, &other);
        // A word of one or two characters has nothing in common with one that differs in all of them.
        let is_near = errors <= limit && errors < word.len().max(other.len());
        if !is_near || is_other(&opposites, &written_numbers, candidate, errors) {
            continue;
        }
        is_tied = best.is_some_and(|(least, known)| errors == least && (is_tied || known != candidate));
        best = Some((errors, candidate));
    }
    best.filter(|_| !is_tied).map(|(_, candidate)| candidate)
}

/// Whether a candidate says another number or the opposite, however few characters differ.
fn is_other(opposites: &Opposites, written_numbers: &[String], candidate: &str, errors: usize) -> bool {
    let count = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
    numbers(candidate) != written_numbers || opposites.oppose(&Opposites::of(candidate), errors, count)
}

/// Whether one of two names is plainly the negation of the other: `inactive` of `is_active`, `没有孩子` of `有孩子`.
pub fn is_negation(name: &str, other: &str) -> bool {
    Opposites::of(name).negate(&Opposites::of(other))
}

/// Whether two names hold the same numbers, or the first none.
pub fn has_numbers_of(begun: &str, name: &str) -> bool {
    let begun = numbers(begun);
    begun.is_empty() || begun == numbers(name)
}

/// Whether a word is another with a word before or behind it.
fn is_part(word: &[char], other: &[char]) -> bool {
    word.len() >= other.len() + WORD_CHARS_MIN && (word.starts_with(other) || word.ends_with(other))
}

/// The characters without blanks, each in its narrow form.
fn bare(word: &[char]) -> Vec<char> {
    word.iter().map(|&c| fold(c)).filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn bare_is(bare: &[char], candidate: &str) -> bool {
    let other = candidate.chars().map(fold).filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase);
    !bare.is_empty() && other.eq(bare.iter().copied())
}

/// Edits between two words, a swap of neighbours counting as one (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            let is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if is_swap {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

/// The name with spaces around the words of the language inside it: `女且城市` is `女 且 城市`. None if it holds none, or
/// nothing else.
pub fn split_glued(name: &str) -> Option<String> {
    if name.is_ascii() || words::lookup(name).is_some() {
        return None;
    }
    let mut split = String::with_capacity(name.len() + 4);
    let mut found = false;
    let mut at = 0;
    while at < name.len() {
        match glued_word(name, at) {
            Some(word) => {
                found = true;
                push_apart(&mut split, word);
                split.push(' ');
                at += word.len();
            }
            None => {
                let length = name[at..].chars().next().map_or(1, char::len_utf8);
                split.push_str(&name[at..at + length]);
                at += length;
            }
        }
    }
    found.then(|| split.trim_end().to_owned())
}

fn push_apart(text: &mut String, word: &str) {
    if !text.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
    text.push_str(word);
}

/// The word that begins at a byte of a name.
fn glued_word(name: &str, at: usize) -> Option<&'static str> {
    let rest = &name[at..];
    let word = GLUE.iter().find(|word| rest.starts_with(**word))?;
    if GLUE_BESIDE_DIGITS.contains(word) {
        let before = name[..at].ends_with(|c: char| c.is_ascii_digit());
        let behind = rest[word.len()..].starts_with(|c: char| c.is_ascii_digit());
        if !before && !behind {
            return None;
        }
    }
    Some(word)
}

/// Appends a split name to the text before it, with spaces where it begins or ends with a word. `behind` follows.
pub(crate) fn push_split(before: &mut String, split: &str, behind: &str) {
    if GLUE.iter().any(|word| split.starts_with(word)) && before.ends_with(|c: char| !c.is_whitespace()) {
        before.push(' ');
    }
    before.push_str(split);
    if GLUE.iter().any(|word| split.ends_with(word)) && behind.starts_with(|c: char| !c.is_whitespace()) {
        before.push(' ');
    }
}

/// The whole text with the piece at `span` put in quotes: `Check-Out` becomes `'Check-Out'`.
pub fn suggest_quotes(text: &str, span: Span) -> String {
    replace(text, span, &quoted(span.of(text)))
}

/// The whole text with the piece at `span` replaced.
pub fn replace(text: &str, span: Span, replacement: &str) -> String {
    let before = text.get(..span.start as usize).unwrap_or(text);
    let behind = text.get(span.end as usize..).unwrap_or("");
    [before, replacement, behind].concat()
}

/// [`replace`] by a word, with one space on each side.
pub(crate) fn replace_word(text: &str, span: Span, word: &str) -> String {
    let before = text.get(..span.start as usize).unwrap_or(text);
    let behind = text.get(span.end as usize..).unwrap_or("");
    let is_apart = |c: char| c.is_whitespace() || matches!(c, '(' | '（');
    let left = if before.is_empty() || before.ends_with(is_apart) { "" } else { " " };
    let is_apart_behind = behind.is_empty() || behind.starts_with(char::is_whitespace) || word.ends_with('(');
    let right = if is_apart_behind { "" } else { " " };
    [before, left, word, right, behind].concat()
}

/// The text as a string of the language: in single quotes, quotes inside doubled.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The text as a name of the language: bare if it can be, else in backticks.
pub fn name(text: &str) -> String {
    let is_word = words::lookup(text).is_some_and(|word| word.is_reserved() || word.is_moment());
    if is_bare_name(text) && !is_word { text.to_owned() } else { format!("`{}`", text.replace('`', "``")) }
}

/// The text as a value of the language: bare if it can be, else in quotes.
pub fn value(text: &str) -> String {
    let is_word = words::lookup(text).is_some_and(|word| word.is_reserved() || word.is_moment());
    if is_bare_name(text) && !is_word { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_nearest_or_nothing() {
        let names = ["country", "city", "lead_time"];
        let hint = |wrong| did_you_mean(wrong, names.into_iter());
        assert_eq!(hint("contry"), "; did you mean `country`?");
        assert_eq!(hint("Lead_Time"), "; did you mean `lead_time`?");
        assert_eq!(hint("zzzzzz"), "");
    }

    #[test]
    fn one_typing_error_in_three_characters_is_near() {
        let tags = ["country", "city", "county_code", "年龄", "会员等级"];
        assert_eq!(nearest("contry", tags), Some("country"));
        assert_eq!(nearest("coutnry", tags), Some("country"), "a swap is one error");
        assert_eq!(nearest("COUNTRY", tags), Some("country"));
        assert_eq!(nearest("会员等极", tags), Some("会员等级"));
        assert_eq!(nearest("年令", tags), Some("年龄"));
        assert_eq!(nearest("spend", tags), None);
        assert_eq!(nearest("", tags), None);
        assert_eq!(nearest("x", tags), None);
        assert_eq!(nearest(&"x".repeat(100_000), tags), None);
    }

    #[test]
    fn another_number_the_opposite_and_one_of_several_are_no_typing_errors() {
        for (word, candidates) in [
            ("消费金额_60d", &["消费金额_30d", "消费金额_90d"][..]),
            ("spend_60d", &["spend_30d"]),
            ("orders_2026", &["orders_2025"]),
            ("T2", &["T1", "T3"]),
            ("009", &["007"]),
            ("二线城市", &["一线城市"]),
            ("未退订", &["退订"]),
            ("没有孩子", &["有孩子"]),
            ("无会员", &["会员"]),
            ("手机号未验证", &["手机号已验证"]),
            ("不vip", &["vip"]),
            ("unsubscribed", &["subscribed"]),
            ("unsubscibed", &["subscribed"]),
            ("inactive", &["is_active", "active"]),
            ("isnt_active", &["is_active"]),
            ("has_no_car", &["has_car"]),
            ("paid_flag", &["unpaid_flag"]),
            ("max_price", &["min_price"]),
            ("max_prise", &["min_price"]),
            ("married", &["unmarried"]),
            ("已婚", &["未婚"]),
            ("会员", &["非会员"]),
            ("is_not_canceled", &["is_canceled"]),
            ("cat", &["car", "cab"]),
        ] {
            assert_eq!(nearest(word, candidates.iter().copied()), None, "{word}");
        }
        for (word, candidate) in [("nterests", "interests"), ("spnd_30d", "spend_30d"), ("unpiad", "unpaid")] {
            assert_eq!(nearest(word, [candidate]), Some(candidate));
        }
        assert_eq!(nearest("cuntry", ["country", "country"]), Some("country"), "the same twice is one");
    }

    #[test]
    fn distance_counts_edits() {
        let edits = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", "acb"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn words_inside_names_are_set_apart() {
        assert_eq!(split_glued("女且城市").as_deref(), Some("女 且 城市"));
        assert_eq!(split_glued("手机号缺失或邮箱有值").as_deref(), Some("手机号 缺失 或 邮箱 有值"));
        assert_eq!(split_glued("城市不属于").as_deref(), Some("城市 不属于"));
        assert_eq!(split_glued("最近7天").as_deref(), Some("最近 7天"));
        assert_eq!(split_glued("至少2项").as_deref(), Some("至少 2 项"));
        assert_eq!(split_glued("25到34").as_deref(), Some("25 到 34"));
        assert_eq!(split_glued("最近交易日"), None);
        assert_eq!(split_glued("且"), None);
        assert_eq!(split_glued("brand"), None);
    }

    #[test]
    fn names_and_values_are_quoted_where_needed() {
        assert_eq!(name("VIP 等级"), "`VIP 等级`");
        assert_eq!(name("in"), "`in`");
        assert_eq!(name("top"), "top");
        assert_eq!(value("it's"), "'it''s'");
        assert_eq!(value("上海"), "上海");
        assert_eq!(value("3XL"), "'3XL'");
    }
}
