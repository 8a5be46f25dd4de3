//! Quoting of commands that can be pasted: into a command shell, or into the shell of this program.

use muster_language::shell_word;

use super::quotes;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_the_face_reads_them() {
        assert_eq!(Face::Program.command(&["set", "u1", "a=it's $x"]), r"muster set u1 'a=it'\''s $x'");
        assert_eq!(Face::Shell.command(&["set", "u1", "a=it's $x"]), "\\set u1 'a=it''s $x'");
    }
}
