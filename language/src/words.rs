//! The words of the language, English and Chinese: the one table behind lexer, highlighting and completion.
//!
//! Words are case-insensitive. Most count only where the grammar can use them, so that a tag named `top` or `days`
//! needs no backticks; the few that end or join conditions ([`Word::is_reserved`]) are never names without them.

use crate::ast::DurationUnit;

/// A word, whatever the language it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the word it is named after; the table below shows both spellings")]
pub enum Word {
    And,
    Or,
    Not,
    Except,
    In,
    NotIn,
    Between,
    /// 到 or 和 between the ends of 介于.
    To,
    Has,
    HasAny,
    HasAll,
    HasNone,
    Any,
    Like,
    Is,
    Missing,
    IsMissing,
    IsNotMissing,
    All,
    None,
    At,
    Least,
    Most,
    AtLeast,
    AtMost,
    Exactly,
    Of,
    Last,
    Previous,
    Since,
    Ending,
    Today,
    Yesterday,
    Now,
    As,
    Unit(DurationUnit),
    Split,
    Sample,
    Ids,
    Top,
    Bottom,
    Lookalike,
    Capped,
    Did,
    Never,
    First,
    Latest,
    Seq,
    Then,
    Within,
    Times,
    Sum,
    Avg,
    Max,
}

impl Word {
    /// Whether the word is never a name or value without quotes.
    pub fn is_reserved(self) -> bool {
        use Word::*;
        matches!(
            self,
            And | Or
                | Not
                | Except
                | In
                | NotIn
                | Between
                | Has
                | HasAny
                | HasAll
                | HasNone
                | Like
                | Is
                | IsMissing
                | IsNotMissing
                | All
                | None
                | At
        )
    }

    /// Whether the word is a moment: `today`, `yesterday`, `now`.
    pub fn is_moment(self) -> bool {
        matches!(self, Word::Today | Word::Yesterday | Word::Now)
    }

    /// Whether the word is a function when `(` follows.
    pub fn is_function(self) -> bool {
        matches!(self, Word::Split | Word::Sample | Word::Ids) || self.is_later_function()
    }

    /// Whether the word is a function of stage 2 when `(` follows.
    pub(crate) fn is_later_function(self) -> bool {
        use Word::*;
        matches!(self, Top | Bottom | Lookalike | Capped | Seq)
    }

    /// Whether the word begins a condition of stage 2 when a name follows. `MIN` is also the unit of minutes.
    pub(crate) fn is_later_start(self) -> bool {
        use Word::*;
        matches!(self, Did | Never | First | Latest | Sum | Avg | Max | Unit(DurationUnit::Minute))
    }
}

/// Every spelling with its word, shortest first, then by bytes. English is kept in upper case where it is printed so.
pub static WORDS: &[(&str, Word)] = &[
    ("d", Word::Unit(DurationUnit::Day)),
    ("h", Word::Unit(DurationUnit::Hour)),
    ("w", Word::Unit(DurationUnit::Week)),
    ("y", Word::Unit(DurationUnit::Year)),
    ("AS", Word::As),
    ("AT", Word::At),
    ("IN", Word::In),
    ("IS", Word::Is),
    ("OF", Word::Of),
    ("OR", Word::Or),
    ("mo", Word::Unit(DurationUnit::Month)),
    ("ALL", Word::All),
    ("AND", Word::And),
    ("ANY", Word::Any),
    ("AVG", Word::Avg),
    ("DID", Word::Did),
    ("HAS", Word::Has),
    ("MAX", Word::Max),
    ("NOT", Word::Not),
    ("SEQ", Word::Seq),
    ("SUM", Word::Sum),
    ("day", Word::Unit(DurationUnit::Day)),
    ("ids", Word::Ids),
    ("min", Word::Unit(DurationUnit::Minute)),
    ("now", Word::Now),
    ("top", Word::Top),
    ("且", Word::And),
    ("到", Word::To),
    ("周", Word::Unit(DurationUnit::Week)),
    ("和", Word::To),
    ("天", Word::Unit(DurationUnit::Day)),
    ("年", Word::Unit(DurationUnit::Year)),
    ("或", Word::Or),
    ("次", Word::Times),
    ("非", Word::Not),
    ("项", Word::Of),
    ("LAST", Word::Last),
    ("LIKE", Word::Like),
    ("MOST", Word::Most),
    ("NONE", Word::None),
    ("PREV", Word::Previous),
    ("THEN", Word::Then),
    ("days", Word::Unit(DurationUnit::Day)),
    ("hour", Word::Unit(DurationUnit::Hour)),
    ("week", Word::Unit(DurationUnit::Week)),
    ("year", Word::Unit(DurationUnit::Year)),
    ("FIRST", Word::First),
    ("LEAST", Word::Least),
    ("NEVER", Word::Never),
    ("SINCE", Word::Since),
    ("TIMES", Word::Times),
    ("hours", Word::Unit(DurationUnit::Hour)),
    ("month", Word::Unit(DurationUnit::Month)),
    ("split", Word::Split),
    ("today", Word::Today),
    ("weeks", Word::Unit(DurationUnit::Week)),
    ("years", Word::Unit(DurationUnit::Year)),
    ("ENDING", Word::Ending),
    ("EXCEPT", Word::Except),
    ("LATEST", Word::Latest),
    ("WITHIN", Word::Within),
    ("bottom", Word::Bottom),
    ("capped", Word::Capped),
    ("minute", Word::Unit(DurationUnit::Minute)),
    ("months", Word::Unit(DurationUnit::Month)),
    ("sample", Word::Sample),
    ("个月", Word::Unit(DurationUnit::Month)),
    ("今天", Word::Today),
    ("介于", Word::Between),
    ("从未", Word::Never),
    ("依次", Word::Seq),
    ("做过", Word::Did),
    ("全体", Word::All),
    ("分钟", Word::Unit(DurationUnit::Minute)),
    ("前一", Word::Previous),
    ("包含", Word::Has),
    ("小时", Word::Unit(DurationUnit::Hour)),
    ("属于", Word::In),
    ("形如", Word::Like),
    ("恰好", Word::Exactly),
    ("截至", Word::Ending),
    ("排除", Word::Except),
    ("昨天", Word::Yesterday),
    ("最近", Word::Last),
    ("有值", Word::IsNotMissing),
    ("末次", Word::Latest),
    ("然后", Word::Then),
    ("现在", Word::Now),
    ("缺失", Word::IsMissing),
    ("自从", Word::Since),
    ("至多", Word::AtMost),
    ("至少", Word::AtLeast),
    ("限时", Word::Within),
    ("首次", Word::First),
    ("BETWEEN", Word::Between),
    ("EXACTLY", Word::Exactly),
    ("MISSING", Word::Missing),
    ("minutes", Word::Unit(DurationUnit::Minute)),
    ("lookalike", Word::Lookalike),
    ("yesterday", Word::Yesterday),
    ("不包含", Word::HasNone),
    ("不属于", Word::NotIn),
    ("包含任一", Word::HasAny),
    ("包含全部", Word::HasAll),
];

/// The longest spelling in bytes.
const SPELLING_BYTES_MAX: usize = 12;

/// What differs between an upper and a lower case ASCII letter.
const CASE_BIT: u8 = 0x20;

/// Where the spellings of each length end in [`WORDS`].
static LENGTH_ENDS: [u8; SPELLING_BYTES_MAX + 1] = length_ends();

const fn length_ends() -> [u8; SPELLING_BYTES_MAX + 1] {
    let mut ends = [0u8; SPELLING_BYTES_MAX + 1];
    let mut index = 0;
    while index < WORDS.len() {
        ends[WORDS[index].0.len()] = index as u8 + 1;
        index += 1;
    }
    ends
}

/// Where to begin to look in [`WORDS`], by length and last byte: at its first word of both. Most names have none.
static STARTS: [[u8; LASTS]; SPELLING_BYTES_MAX + 1] = starts();

/// Last bytes that are told apart: without their case, and letters from digits.
const LASTS: usize = 64;

/// No word of the length ends so.
const NOWHERE: u8 = u8::MAX;

const fn starts() -> [[u8; LASTS]; SPELLING_BYTES_MAX + 1] {
    let mut starts = [[NOWHERE; LASTS]; SPELLING_BYTES_MAX + 1];
    let mut index = WORDS.len();
    while index > 0 {
        index -= 1;
        let spelling = WORDS[index].0.as_bytes();
        starts[spelling.len()][place_of(spelling[spelling.len() - 1])] = index as u8;
    }
    starts
}

const fn place_of(last: u8) -> usize {
    (last | CASE_BIT) as usize % LASTS
}

/// The word that `text` spells, in any case.
pub fn lookup(text: &str) -> Option<Word> {
    let length = text.len();
    let last = *text.as_bytes().last()?;
    let start = STARTS.get(length)?[place_of(last)];
    if start == NOWHERE {
        return None;
    }
    // The last byte tells most words apart; its case bit is left out of the comparison.
    let last = last | CASE_BIT;
    WORDS[start as usize..LENGTH_ENDS[length] as usize]
        .iter()
        .filter(|(spelling, _)| spelling.as_bytes()[length - 1] | CASE_BIT == last)
        .find(|(spelling, _)| spelling.eq_ignore_ascii_case(text))
        .map(|&(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_fits_its_index() {
        assert!(
            WORDS.windows(2).all(|pair| (pair[0].0.len(), pair[0].0) < (pair[1].0.len(), pair[1].0)),
            "shortest first, then by bytes, no spelling twice"
        );
        assert_eq!(WORDS.iter().map(|(text, _)| text.len()).max(), Some(SPELLING_BYTES_MAX));
        assert!(WORDS.len() < u8::MAX as usize);
    }

    #[test]
    fn every_spelling_is_found_in_any_case() {
        for (text, word) in WORDS {
            assert_eq!(lookup(text), Some(*word));
            assert_eq!(lookup(&text.to_lowercase()), Some(*word));
            assert_eq!(lookup(&text.to_uppercase()), Some(*word));
        }
        for text in ["", "x", "an", "且且", "yesterdays", "包含任一个", "ﬁrst"] {
            assert_eq!(lookup(text), None, "{text}");
        }
    }
}
