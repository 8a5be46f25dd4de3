//! One word is banned: to marketing it is an audience, to a database engineer a file.

use crate::tree::{Tree, is_generated};

/// The word itself, spelt so that this file does not hold it.
const BANNED: &str = concat!("seg", "ment");

/// Names of test data, and the one sentence and column that tell a reader of the word.
const ALLOWED: [&str; 2] =
    [concat!("market_", "seg", "ment"), concat!("what you may call a ", "seg", "ment is our audience")];

/// The file that may list the word among those that are not said.
const GLOSSARY: &str = "docs/glossary.md";

/// Every line that holds it, in any case.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let mut told = 0;
    for (path, text) in tree.texts() {
        if is_generated(path) && !path.ends_with(".rs") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            told += usize::from(lower.contains(ALLOWED[1]));
            let rest = ALLOWED.iter().fold(lower, |rest, allowed| rest.replace(allowed, ""));
            let listed = path == GLOSSARY && line.starts_with('|');
            if rest.contains(BANNED) && !listed {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    if told > 1 {
        found.push(format!("the docs tell of the word {told} times; once is enough"));
    }
    found
}

#[test]
fn the_word_is_found_and_test_data_is_not() {
    let count = |path: &str, text: &str| check(&Tree::of(&[(path, &text.replace('#', BANNED))])).len();
    assert_eq!(count("engine/src/a.rs", "struct LogSeg;\nstruct Log#;"), 1);
    assert_eq!(count("proto/muster/v1/query.proto", "// A # of users.\n"), 1);
    assert_eq!(count("engine/src/a.rs", &format!("{}s", BANNED.to_uppercase())), 1);
    assert_eq!(count("docs/glossary.md", "| query | .. | rule, # |\n"), 0);
    assert_eq!(count("docs/other.md", "| query | .. | rule, # |\n"), 1);
    assert_eq!(count("tests/tests/real_data.rs", "market_# = 'Online TA'"), 0);
    assert_eq!(count("docs/glossary.md", "what you may call a # is our audience; on disk we say part"), 0);
    assert_eq!(count("docs/glossary.md", &"What you may call a # is our audience.\n".repeat(2)), 1);
}
