//! Words for yes and no, in which a column of flags may be written.

use crate::text::{DEFAULT_FALSE_WORDS, DEFAULT_TRUE_WORDS, is_word};

/// Words for yes and no, in small letters, of which a flag may be written.
const TRUTHS: [(&str, &str); 16] = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
    ("是", "否"),
    ("有", "无"),
    ("有", "没有"),
    ("对", "错"),
    ("真", "假"),
    ("ja", "nein"),
    ("oui", "non"),
    ("sí", "no"),
    ("si", "no"),
    ("да", "нет"),
    ("はい", "いいえ"),
];

/// How many of them are read without a setting.
const DEFAULT_TRUTHS: usize = 4;

/// The words of yes and of no as the column writes them.
pub(super) struct Truths {
    pub(super) true_words: Vec<String>,
    pub(super) false_words: Vec<String>,
    /// Texts that are neither.
    pub(super) others: Vec<String>,
    /// Whether they are read without a setting.
    pub(super) is_default: bool,
}

/// Whether these, all of a column's distinct texts, are words of yes and no. One of both alone is none, but for
/// `true` and `false`.
pub(super) fn truths(texts: &[String]) -> Option<Truths> {
    let mut pairs = (0..TRUTHS.len()).map(|pair| truths_of(texts, pair));
    pairs.find(|truths| truths.others.is_empty() && !texts.is_empty()).filter(|truths| {
        let is_pair = !truths.true_words.is_empty() && !truths.false_words.is_empty();
        is_pair || texts.iter().all(|text| matches!(text.to_lowercase().as_str(), "true" | "false"))
    })
}

/// What these texts of a column that is known to be a flag are: the words of the pair that most of them are of, and the
/// usual words, which keep their meaning beside those.
pub(super) fn most_truths(texts: &[String]) -> Truths {
    let pairs = (0..TRUTHS.len()).map(|pair| truths_of(texts, pair));
    let mut most = pairs.min_by_key(|truths| truths.others.len()).unwrap_or_else(|| truths_of(texts, 0));
    for text in std::mem::take(&mut most.others) {
        let words = match () {
            () if is_word(text.as_bytes(), &DEFAULT_TRUE_WORDS) => &mut most.true_words,
            () if is_word(text.as_bytes(), &DEFAULT_FALSE_WORDS) => &mut most.false_words,
            () => &mut most.others,
        };
        words.push(text);
    }
    most
}

/// The texts that are of one pair of words, and the others.
fn truths_of(texts: &[String], pair: usize) -> Truths {
    let (yes, no) = TRUTHS[pair];
    let is_default = pair < DEFAULT_TRUTHS;
    let mut truths = Truths { true_words: Vec::new(), false_words: Vec::new(), others: Vec::new(), is_default };
    for text in texts {
        let small = text.to_lowercase();
        let words = match () {
            () if small == yes => &mut truths.true_words,
            () if small == no => &mut truths.false_words,
            () => &mut truths.others,
        };
        words.push(text.clone());
    }
    truths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truths_are_pairs_of_words() {
        assert!(truths(&own(&["是", "否"])).is_some_and(|truths| !truths.is_default && truths.true_words == ["是"]));
        assert!(truths(&own(&["True", "FALSE", "true"])).is_some_and(|truths| truths.is_default));
        assert!(truths(&own(&["true"])).is_some());
        for none in [&["no"][..], &["yes", "nein"], &["yes", "no", "maybe"], &[]] {
            assert!(truths(&own(none)).is_none(), "{none:?}");
        }
    }

    #[test]
    fn words_that_are_not_known_are_told_beside_those_that_are() {
        type Words = &'static [&'static str];
        let cases: [(Words, Words, Words, Words, bool); 5] = [
            (&["是", "否", "未知"], &["是"], &["否"], &["未知"], false),
            (&["是", "1", "0"], &["是", "1"], &["0"], &[], false),
            (&["Yes", "no", "1"], &["Yes", "1"], &["no"], &[], true),
            (&["1", "0"], &["1"], &["0"], &[], true),
            (&["active", "gone"], &[], &[], &["active", "gone"], true),
        ];
        for (texts, yes, no, others, is_default) in cases {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let found = most_truths(&texts);
            assert_eq!((found.true_words, found.false_words, found.others), (own(yes), own(no), own(others)));
            assert_eq!(found.is_default, is_default, "{texts:?}");
        }
    }

    fn own(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}
