//! Shell quoting: a text as one word of a command line, for remedies that are pasted.

/// The text as a command shell (POSIX, zsh) reads it back as one word: quoted where the shell would read more into it.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | ',' | ':' | '/' | '@' | '+');
    // zsh takes a word that begins with `=` for the path of a command.
    match !text.is_empty() && !text.starts_with('=') && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_can_be_pasted() {
        assert_eq!(shell_word("城市=北京"), "城市=北京");
        assert_eq!(shell_word("city=New York"), "'city=New York'");
        assert_eq!(shell_word("it's $x"), r"'it'\''s $x'");
        assert_eq!(shell_word("=ls"), "'=ls'");
        assert_eq!(shell_word(""), "''");
    }
}
