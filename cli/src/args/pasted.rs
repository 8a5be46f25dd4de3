//! Commands that can be pasted: into a command shell, or into the shell of this program.

use crate::shell::quotes;

/// What reads the commands that a message names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Face {
    /// A command shell, which starts the program anew.
    #[default]
    Program,
    /// The shell of this program.
    Shell,
}

impl Face {
    /// A command of these words.
    pub(crate) fn command(self, words: &[&str]) -> String {
        let (start, word): (&str, fn(&str) -> String) = match self {
            Face::Program => ("muster ", shell_word),
            Face::Shell => ("\\", quotes::quoted),
        };
        let words: Vec<String> = words.iter().map(|text| word(text)).collect();
        format!("{start}{}", words.join(" "))
    }
}

/// A text as one word of a command line, quoted where the command shell would read more into it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | ',' | ':' | '/' | '@' | '+');
    match !text.is_empty() && text.chars().all(is_plain) {
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
        assert_eq!(shell_word(""), "''");
        assert_eq!(Face::Shell.command(&["set", "u1", "a=it's $x"]), "\\set u1 'a=it''s $x'");
    }
}
