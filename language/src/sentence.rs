//! The condition inside of a sentence: `SELECT * FROM users WHERE age > 3 ORDER BY age`, `how many users have age > 3`.

use crate::lexer::{Token, TokenKind, tokenize};

/// Words that a sentence may begin with, and nothing but these may stand before the word that leads to its condition.
const HEADS: &[&str] = &[
    "count",
    "show",
    "list",
    "find",
    "get",
    "how",
    "many",
    "the",
    "all",
    "users",
    "people",
    "customers",
    "members",
    "everyone",
    "everybody",
    "who",
    "number",
    "of",
    "distinct",
];
/// Words that lead to the condition.
const LEADS: &[&str] = &["where", "with", "have", "has", "having", "whose"];
/// Signs that begin a comment elsewhere.
const COMMENTS: &[&str] = &["#", "//"];
/// Other quotes than those of the language, each with what closes it.
const QUOTES: &[(char, &[char])] =
    &[('„', &['“', '”', '"']), ('«', &['»']), ('‹', &['›']), ('「', &['」']), ('『', &['』']), ('´', &['´'])];

/// The condition of a sentence; the text itself where it is none.
///
/// ```
/// use muster_language::suggest::condition_of;
///
/// assert_eq!(condition_of("SELECT * FROM users WHERE level = 'x';"), "level = 'x'");
/// assert_eq!(condition_of("level = 'x'"), "level = 'x'");
/// ```
pub fn condition_of(text: &str) -> &str {
    let tokens = tokenize(text);
    let start = behind_head(text, &tokens);
    let end = before_tail(text, &tokens);
    text.get(start.min(end)..end).map_or(text, str::trim)
}

/// Other readings of a text as a sentence, with a comment, or with the quotes of other languages.
pub(crate) fn rewritten(text: &str, tokens: &[Token]) -> Vec<String> {
    let condition = condition_of(text);
    let mut texts = Vec::new();
    if condition.is_empty() {
        texts.push("ALL".to_owned());
    } else if condition.len() < text.len() {
        texts.push(condition.to_owned());
    }
    texts.extend(without_comment(text, tokens));
    texts.extend(in_quotes(text));
    texts
}

/// Where the condition begins.
fn behind_head(text: &str, tokens: &[Token]) -> usize {
    let is = |token: &Token, words: &[&str]| {
        matches!(token.kind, TokenKind::Name(_))
            && words.iter().any(|word| word.eq_ignore_ascii_case(token.span.of(text)))
    };
    let selects = is(&tokens[0], &["select", "from"]);
    if selects && tokens.iter().any(|token| is(token, &["from"])) {
        let lead = tokens.iter().find(|token| is(token, &["where"]));
        return lead.map_or(text.len(), |lead| lead.span.end as usize);
    }
    let is_head = |token: &Token| {
        is(token, HEADS) || matches!(token.kind, TokenKind::Star | TokenKind::LeftParen | TokenKind::RightParen)
    };
    let lead = tokens.iter().position(|token| !is_head(token)).unwrap_or(0);
    match tokens[lead].kind {
        TokenKind::End if lead > 1 && is(&tokens[0], &["count"]) => text.len(),
        _ if lead > 0 && is(&tokens[lead], LEADS) => tokens[lead].span.end as usize,
        _ => 0,
    }
}

/// Where the condition ends.
fn before_tail(text: &str, tokens: &[Token]) -> usize {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.span.of(text).eq_ignore_ascii_case(word));
    let begins_tail = |at: &usize| {
        is(*at, "order") && is(at + 1, "by")
            || is(*at, "limit") && tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Number)
            || is(*at, ";") && tokens[at + 1].kind == TokenKind::End
    };
    (1..tokens.len()).find(begins_tail).map_or(text.len(), |at| tokens[at].span.start as usize)
}

/// The text without the comment of another language.
fn without_comment(text: &str, tokens: &[Token]) -> Option<String> {
    let ends_line = |at: usize| COMMENTS.iter().any(|sign| text[at..].starts_with(sign));
    let start = tokens
        .iter()
        .skip(1)
        .map(|token| token.span.start as usize)
        .find(|&at| text[..at].ends_with(char::is_whitespace) && (ends_line(at) || text[at..].starts_with("/*")))?;
    let end = match ends_line(start) {
        true => text[start..].find('\n').map_or(text.len(), |end| start + end),
        false => text[start..].find("*/").map_or(text.len(), |end| start + end + 2),
    };
    Some([text[..start].trim_end(), &text[end..]].concat())
}

/// The text with the first pair of such quotes as ours.
fn in_quotes(text: &str) -> Option<String> {
    let (start, opening) = text.char_indices().find(|(_, c)| QUOTES.iter().any(|(opening, _)| opening == c))?;
    let (_, closing) = QUOTES.iter().find(|(known, _)| *known == opening)?;
    let inside = start + opening.len_utf8();
    let end = inside + text[inside..].find(*closing)?;
    let closing_bytes = text[end..].chars().next().map_or(0, char::len_utf8);
    let quoted = crate::suggest::quoted(&text[inside..end]);
    Some([&text[..start], &quoted, &text[end + closing_bytes..]].concat())
}

#[cfg(test)]
mod tests {
    use super::condition_of;

    #[test]
    fn a_sentence_is_its_condition() {
        for (text, condition) in [
            ("SELECT * FROM users WHERE level = 'x'", "level = 'x'"),
            ("select count(*) from users where a = 1 order by b limit 3;", "a = 1"),
            ("COUNT(*) WHERE age > 3", "age > 3"),
            ("how many users have age > 30", "age > 30"),
            ("users with age > 30", "age > 30"),
            ("select * from users", ""),
            ("count(*)", ""),
            ("age > 30 LIMIT 10", "age > 30"),
            ("vip where age > 3", "vip where age > 3"),
            ("age > 30", "age > 30"),
            ("level = 'select a from b where c'", "level = 'select a from b where c'"),
            ("count = 3", "count = 3"),
            ("all", "all"),
            ("", ""),
        ] {
            assert_eq!(condition_of(text), condition, "{text}");
        }
    }
}
