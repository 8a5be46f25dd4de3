//! `name = expression`, a line of a file of expressions: the name that may stand before its first sign.
//!
//! A comparison has the same form. Which of the two a line is depends on the tags that there are, so it is decided by
//! whoever knows them; here stands only what the tokens say.

use crate::ast::CompareOp;
use crate::lexer::{Token, TokenKind, tokenize, unquote};
use crate::words::Word;

/// A line that can be read as a name and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The name, its quotes removed.
    pub name: String,
    /// What stands behind the sign.
    pub text: &'a str,
}

/// The name before the `=` of a line: one token, a path, or anything in quotes or backticks. None where another token
/// stands there.
///
/// ```
/// let named = muster_language::named("young = vip AND age < 30").expect("a name");
/// assert_eq!((named.name.as_str(), named.text), ("young", "vip AND age < 30"));
/// assert_eq!(muster_language::named("vip OR level = vip"), None);
/// ```
pub fn named(line: &str) -> Option<Named<'_>> {
    let tokens = tokenize(line);
    let sign = tokens.iter().position(|token| matches!(token.kind, TokenKind::Compare(_)))?;
    if tokens[sign].kind != TokenKind::Compare(CompareOp::Equal) {
        return None;
    }
    let text = line[tokens[sign].span.end as usize..].trim();
    let written = |token: &Token| token.span.of(line);
    let name = match &tokens[..sign] {
        [one] => match one.kind {
            TokenKind::Text | TokenKind::QuotedName => unquote(written(one)),
            _ if is_word(one.kind) => written(one).to_owned(),
            _ => return None,
        },
        path if is_path(path) => path[0].span.to(path[path.len() - 1].span).of(line).to_owned(),
        _ => return None,
    };
    Some(Named { name, text })
}

/// A headline that is no name as it is written: several words, or words with a sign between them, before the first `=`,
/// or anything of that form before a colon. None where a word that joins or asks stands among them: that is an
/// expression.
///
/// ```
/// let headline = muster_language::headline("big spenders = age > 3").expect("a headline");
/// assert_eq!((headline.name.as_str(), headline.text), ("big spenders", "age > 3"));
/// assert_eq!(muster_language::headline("vip OR level = vip"), None);
/// ```
pub fn headline(line: &str) -> Option<Named<'_>> {
    let tokens = tokenize(line);
    let sign = tokens.iter().position(|token| matches!(token.kind, TokenKind::Compare(_) | TokenKind::Colon))?;
    let is_equal = |place: usize| tokens[place].kind == TokenKind::Compare(CompareOp::Equal);
    let is_colon = tokens[sign].kind == TokenKind::Colon;
    let last = if is_colon && is_equal(sign + 1) { sign + 1 } else { sign };
    if !is_colon && !is_equal(sign) || sign == 0 || !tokens[..sign].iter().all(is_part) {
        return None;
    }
    let name = tokens[0].span.to(tokens[sign - 1].span).of(line).to_owned();
    Some(Named { name, text: line[tokens[last].span.end as usize..].trim() })
}

/// Whether a token stands in headlines: a word that is none of the language, or a sign between words.
fn is_part(token: &Token) -> bool {
    use TokenKind::*;
    is_word(token.kind) && !token.word().is_some_and(Word::is_reserved)
        || matches!(token.kind, Minus | Plus | Slash | Percent | Dot | Unknown)
}

fn is_word(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(kind, Name(_) | Number | BadNumber | Duration | Date)
}

/// Words with a dot between each two and no blank.
fn is_path(tokens: &[Token]) -> bool {
    let is_glued = tokens.windows(2).all(|pair| pair[0].span.end == pair[1].span.start);
    let alternates = tokens.iter().enumerate().all(|(place, token)| match place % 2 {
        0 => is_word(token.kind),
        _ => token.kind == TokenKind::Dot,
    });
    tokens.len() % 2 == 1 && is_glued && alternates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_token_before_the_sign() {
        for (line, name, text) in [
            ("young = vip AND age < 30", "young", "vip AND age < 30"),
            ("年轻=年龄 < 30", "年轻", "年龄 < 30"),
            ("a.b = NOT c", "a.b", "NOT c"),
            ("'two words' = (a OR b)", "two words", "(a OR b)"),
            ("\"it \"\"is\"\"\" = a", "it \"is\"", "a"),
            ("`Q4 x` = a", "Q4 x", "a"),
            ("3g = a", "3g", "a"),
            ("2024 = a OR b = c", "2024", "a OR b = c"),
            ("x ＝ y", "x", "y"),
            ("empty =", "empty", ""),
        ] {
            let found = named(line).unwrap_or_else(|| panic!("{line} has a name"));
            assert_eq!((found.name.as_str(), found.text), (name, text), "{line}");
        }
        for line in [
            "vip OR level = vip",
            "NOT level = gold",
            "非 等级 = 金",
            "age BETWEEN 30 AND 31 AND level = gold",
            "ALL EXCEPT city = Berlin",
            "(a = b)",
            "a != b",
            "a >= b AND c = d",
            "a == b",
            "a . b = c",
            "$x = 3",
            "vip",
            "",
        ] {
            assert_eq!(named(line), None, "{line}");
        }
    }

    #[test]
    fn a_headline_is_words_before_the_sign() {
        for (line, name, text) in [
            ("big spenders = age > 3", "big spenders", "age > 3"),
            ("高 价值 = 年龄 > 3", "高 价值", "年龄 > 3"),
            ("young: age < 30", "young", "age < 30"),
            ("young：age < 30", "young", "age < 30"),
            ("young := age < 30", "young", "age < 30"),
            ("spend-30d = vip", "spend-30d", "vip"),
            ("R&D = vip", "R&D", "vip"),
        ] {
            let found = headline(line).unwrap_or_else(|| panic!("{line} has a headline"));
            assert_eq!((found.name.as_str(), found.text), (name, text), "{line}");
        }
        for line in ["vip OR level = vip", "NOT level = gold", "age >= 3", "(a b) = c", "@a:v1", "= 3", "a, b = c", ""]
        {
            assert_eq!(headline(line), None, "{line}");
        }
    }
}
