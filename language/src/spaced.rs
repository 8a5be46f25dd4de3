//! Chinese phrases that were typed without spaces: `年龄大于30` is one name to the lexer, and three words to who wrote it.
//!
//! Nothing here decides what is meant. The texts that come out are further readings of one that was refused, and
//! offered only if they are queries.

use crate::fold::fold_text;
use crate::lexer::{Token, TokenKind};
use crate::words::{WORDS, Word};

/// The text with spaces around the Chinese words in its names: those of two characters and more, then all of them; then
/// in the names that begin with one and hold a number only, 超过30天 beside the tag 最近交易日.
///
/// `phrases` are words of phrases beside those of the language. Empty if that changes nothing.
pub(crate) fn spaced<'p>(text: &str, tokens: &[Token], phrases: impl Iterator<Item = &'p str>) -> Vec<String> {
    if text.is_ascii() {
        return Vec::new();
    }
    let is_chinese = |word: &&str| !word.is_empty() && word.chars().all(is_han);
    // Units stand behind their number as they are, and are a part of many names: 年 in 年龄.
    let of_language = WORDS.iter().filter(|(_, word)| !matches!(word, Word::Unit(_) | Word::Times));
    let mut words: Vec<&str> = of_language.map(|(word, _)| *word).chain(phrases).filter(is_chinese).collect();
    // The longest word at a place is the one that is meant: 大于等于 before 大于.
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    let long: Vec<&str> = words.iter().copied().filter(|word| word.chars().nth(1).is_some()).collect();
    let mut texts: Vec<String> = Vec::new();
    for (words, is_numbers_only) in [(&long, false), (&words, false), (&words, true)] {
        let apart = names_apart(text, tokens, words, is_numbers_only);
        if apart != text && !texts.contains(&apart) {
            texts.push(apart);
        }
    }
    texts
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// The text with each of its names taken apart; what is quoted stays.
fn names_apart(text: &str, tokens: &[Token], words: &[&str], is_numbers_only: bool) -> String {
    let mut apart = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for token in tokens.iter().filter(|token| is_taken_apart(token.kind)) {
        let start = token.span.start as usize;
        let written = fold_text(token.span.of(text));
        // A word that stands apart already would only gain blanks.
        if !written.chars().any(is_han)
            || words.contains(&written.as_str())
            || is_numbers_only && !is_number_behind_word(&written, words)
        {
            continue;
        }
        apart.push_str(&text[copied..start]);
        push_apart(&mut apart, &written, words);
        copied = token.span.end as usize;
    }
    apart.push_str(&text[copied..]);
    apart
}

fn is_number_behind_word(name: &str, words: &[&str]) -> bool {
    name.contains(|c: char| c.is_ascii_digit()) && words.iter().any(|word| name.starts_with(*word))
}

fn is_taken_apart(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Name(None) | TokenKind::BadNumber)
}

/// Appends a name with a space on either side of each word in it.
fn push_apart(apart: &mut String, name: &str, words: &[&str]) {
    let mut rest = name;
    let mut is_behind_word = false;
    while let Some(first) = rest.chars().next() {
        let word = words.iter().find(|word| rest.starts_with(**word));
        let length = word.map_or(first.len_utf8(), |word| word.len());
        let is_apart = word.is_some() || is_behind_word;
        if is_apart && !apart.is_empty() && !apart.ends_with(char::is_whitespace) {
            apart.push(' ');
        }
        apart.push_str(&rest[..length]);
        is_behind_word = word.is_some();
        rest = &rest[length..];
    }
    if is_behind_word {
        apart.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::spaced;
    use crate::lexer::tokenize;

    fn all(text: &str) -> Vec<String> {
        spaced(text, &tokenize(text), ["大于", "大于等于", "在", "之间", "是"].into_iter())
    }

    #[test]
    fn the_longest_words_stand_apart_then_all_of_them() {
        assert_eq!(all("年龄大于等于30"), ["年龄 大于等于 30"]);
        assert_eq!(all("年龄在20到30之间"), ["年龄在20到30 之间 ", "年龄 在 20 到 30 之间 "]);
        assert_eq!(all("城市是北京且vip"), ["城市 是 北京 且 vip"]);
    }

    #[test]
    fn what_is_quoted_or_holds_no_word_stays() {
        assert!(all("`年龄大于30` = '年龄大于30'").is_empty());
        assert!(all("性别 = 女").is_empty());
        assert!(all("age > 30").is_empty());
    }
}
