//! Antonyms, words that say the opposite of each other: no typing error leads from `inactive` to `active`.

use crate::fold::fold;

/// Words between signs that negate what they stand beside, and what remains of each.
const NEGATING_WORDS: &[(&str, &str)] = &[
    ("not", ""),
    ("no", ""),
    ("non", ""),
    ("never", ""),
    ("without", ""),
    ("isnt", "is"),
    ("hasnt", "has"),
    ("havent", "have"),
    ("wasnt", "was"),
    ("arent", "are"),
    ("didnt", "did"),
    ("doesnt", "does"),
    ("cant", "can"),
];
/// What negates a word that it begins.
const NEGATING_BEGINNINGS: &[&str] = &["un", "in", "im", "ir", "non", "not", "no", "dis", "de"];
/// The least that remains of a word without its beginning.
const ROOT_CHARS_MIN: usize = 3;
/// What negates in Chinese, wherever it stands, and what may stand there instead.
const NEGATING_CHARACTERS: &[(&str, &str)] = &[
    ("没有", ""),
    ("没有", "有"),
    ("没", ""),
    ("没", "有"),
    ("无", ""),
    ("无", "有"),
    ("不是", ""),
    ("不", ""),
    ("未", ""),
    ("未", "已"),
    ("非", ""),
];
/// Two ends of something: neither is the other mistyped, nor its negation.
const ENDS: &[(&str, &str)] = &[
    ("min", "max"),
    ("minimum", "maximum"),
    ("first", "last"),
    ("low", "high"),
    ("lower", "upper"),
    ("old", "new"),
    ("start", "end"),
    ("before", "after"),
    ("male", "female"),
    ("首", "末"),
    ("前", "后"),
    ("上", "下"),
    ("高", "低"),
    ("大", "小"),
    ("多", "少"),
    ("新", "老"),
    ("新", "旧"),
    ("男", "女"),
    ("开", "关"),
    ("进", "出"),
    ("早", "晚"),
];
/// Words that a name of a question begins with: `is_active` is what `inactive` negates.
const ASKING: &[&str] = &["is_", "has_", "was_", "did_", "can_", "are_", "是否", "有无"];

/// A word, and all that it is the negation of.
pub(crate) struct Opposites {
    word: String,
    negates: Vec<String>,
}

impl Opposites {
    pub(crate) fn of(word: &str) -> Opposites {
        let word: String = word.chars().map(fold).filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        Opposites { negates: roots(&word), word }
    }

    /// Whether one of the two is plainly the negation of the other: it is the other and what negates.
    pub(crate) fn negate(&self, other: &Opposites) -> bool {
        let is_root = |all: &Opposites, word: &str| all.negates.iter().any(|root| asked(root) == asked(word));
        is_root(self, &other.word) || is_root(other, &self.word)
    }

    /// Whether the two are nearer to being opposite than `errors` typing errors are; `distance` counts these.
    pub(crate) fn oppose(&self, other: &Opposites, errors: usize, distance: impl Fn(&str, &str) -> usize) -> bool {
        let is_near = |one: &str, two: &str| distance(asked(one), asked(two)) < errors;
        self.negates.iter().any(|root| is_near(root, &other.word))
            || other.negates.iter().any(|root| is_near(root, &self.word))
            || exchanged(&self.word).iter().any(|exchanged| is_near(exchanged, &other.word))
    }
}

/// What a name asks, without the word that makes it a question.
fn asked(name: &str) -> &str {
    ASKING.iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name)
}

/// The word with each of its negations taken away, one at a time.
fn roots(word: &str) -> Vec<String> {
    let mut roots = Vec::new();
    for (start, part) in parts(word) {
        let put = |instead: &str| [&word[..start], instead, &word[start + part.len()..]].concat();
        for (_, instead) in NEGATING_WORDS.iter().filter(|(negating, _)| *negating == part) {
            // The sign beside a word goes with it.
            let is_sign = |c: char| matches!(c, '_' | '.' | '-');
            let root = match instead.is_empty() {
                true => match word[start + part.len()..].strip_prefix(is_sign) {
                    Some(behind) => [&word[..start], behind].concat(),
                    None => word[..start].trim_end_matches(is_sign).to_owned(),
                },
                false => put(instead),
            };
            roots.push(root);
        }
        let begun = NEGATING_BEGINNINGS.iter().filter_map(|beginning| part.strip_prefix(beginning));
        roots.extend(begun.filter(|root| root.chars().count() >= ROOT_CHARS_MIN).map(put));
    }
    for (negating, instead) in NEGATING_CHARACTERS {
        let places = word.match_indices(negating);
        roots.extend(places.map(|(at, _)| [&word[..at], instead, &word[at + negating.len()..]].concat()));
    }
    roots.retain(|root| !root.is_empty());
    roots
}

/// The word with each of its ends exchanged for the other, one at a time.
fn exchanged(word: &str) -> Vec<String> {
    let mut others = Vec::new();
    for (one, two) in ENDS.iter().flat_map(|&(one, two)| [(one, two), (two, one)]) {
        let places: Vec<usize> = match one.is_ascii() {
            true => parts(word).filter(|(_, part)| *part == one).map(|(at, _)| at).collect(),
            false => word.match_indices(one).map(|(at, _)| at).collect(),
        };
        others.extend(places.iter().map(|&at| [&word[..at], two, &word[at + one.len()..]].concat()));
    }
    others
}

/// The words between the signs of a name, each with its place.
fn parts(word: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    word.split(['_', '.', '-']).map(move |part| {
        let start = at;
        at += part.len() + 1;
        (start, part)
    })
}

/// The numbers in a word, one after the other, those of Chinese too: another number is another thing.
pub(crate) fn numbers(word: &str) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::new();
    let mut is_open = false;
    for c in word.chars().map(fold) {
        let is_digit = c.is_ascii_digit() || "〇零一二三四五六七八九十百千两".contains(c);
        match (is_digit, is_open, numbers.last_mut()) {
            (true, true, Some(number)) => number.push(c),
            (true, ..) => numbers.push(c.to_string()),
            _ => {}
        }
        is_open = is_digit;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negate(one: &str, two: &str) -> bool {
        Opposites::of(one).negate(&Opposites::of(two))
    }

    #[test]
    fn a_word_and_what_negates_it_is_the_negation() {
        for (one, two) in [
            ("inactive", "active"),
            ("inactive", "is_active"),
            ("not_active", "is_active"),
            ("isnt_active", "is_active"),
            ("has_no_car", "has_car"),
            ("hasnt_car", "has_car"),
            ("is_not_canceled", "is_canceled"),
            ("sport.notgolf", "sport.golf"),
            ("unpaid_flag", "paid_flag"),
            ("未退订", "退订"),
            ("没退订", "退订"),
            ("没有孩子", "有孩子"),
            ("无孩子", "有孩子"),
            ("手机号未验证", "手机号已验证"),
            ("不 VIP", "vip"),
        ] {
            assert!(negate(one, two) && negate(two, one), "{one} {two}");
        }
        for (one, two) in [("nterests", "interests"), ("max_price", "min_price"), ("国家", "city"), ("a", "a")] {
            assert!(!negate(one, two), "{one} {two}");
        }
    }

    #[test]
    fn numbers_of_a_word_are_those_in_it() {
        assert_eq!(numbers("spend_30d_2"), ["30", "2"]);
        assert_eq!(numbers("二线城市"), ["二"]);
        assert_eq!(numbers("Ｔ２"), ["2"]);
        assert!(numbers("country").is_empty());
    }
}
