//! Word splitting of a line of the shell, with its quotes: a quote that opens must close, and one inside its like is
//! doubled.

use crate::exit::Failure;

/// The words of a text; spaces inside quotes do not part them, and the quotes stay. One that stays open takes the rest.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A word without its quotes: `城市='New York'` means `城市=New York`, and `'O''Neil'` means `O'Neil`. Backticks, which
/// are part of a tag's name in an expression, stay unless they hold the whole word.
///
/// Errors: usage, where a quote stays open.
pub(crate) fn unquoted(word: &str) -> Result<String, Failure> {
    let mut out = String::with_capacity(word.len());
    let mut quote = None;
    let mut characters = word.chars().peekable();
    while let Some(c) = characters.next() {
        match quote {
            Some(open) if c == open && c != '`' && characters.peek() == Some(&open) => {
                characters.next();
                out.push(open);
            }
            Some(open) if c == open => {
                quote = None;
                if c == '`' {
                    out.push(c);
                }
            }
            None if matches!(c, '\'' | '"' | '`') => {
                quote = Some(c);
                if c == '`' {
                    out.push(c);
                }
            }
            _ => out.push(c),
        }
    }
    if let Some(open) = quote {
        let other = if open == '\'' { '"' } else { '\'' };
        return Err(Failure::usage(format!(
            "close the {open} in {word}, or put the whole word that holds it in {other}: a quote that opens takes \
             everything up to the next one"
        )));
    }
    let inside = out.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    Ok(match inside {
        Some(name) if !name.contains('`') => name.to_owned(),
        _ => out,
    })
}

/// A text as one word of a line, in quotes where it would be more than one without.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '\'' | '"' | '`' | ';' | '；');
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back() {
        for text in ["a", "two words", "O'Neil", "a=\"b\"", "", "a;b", "'", "''", "城市=New York", "x '' y"] {
            let line = quoted(text);
            assert_eq!(split(&line).len(), 1, "{line}");
            assert_eq!(unquoted(&line).unwrap(), text);
        }
    }

    #[test]
    fn a_quote_that_stays_open_is_refused() {
        for word in ["level=O'Neil age=3", "\"level=AT age=4", "'", "`VIP x", "a='b''"] {
            assert!(unquoted(word).unwrap_err().message().unwrap().starts_with("close the "), "{word}");
        }
        assert_eq!(unquoted("level=\"O'Neil\"").unwrap(), "level=O'Neil");
        assert_eq!(unquoted("`VIP 等级`").unwrap(), "VIP 等级");
        assert_eq!(unquoted("`VIP 等级`=`x`").unwrap(), "`VIP 等级`=`x`");
    }
}
