//! The words of the project. One is banned: to marketing it is an audience, to a database engineer a file. Some words
//! of the field belong to the modules that are it, and names that were given up do not come back.

use crate::source::{code_only, identifiers, line_of};
use crate::tree::{Tree, is_generated, is_test};

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

/// Words of the field, and the modules whose first sentence says them; the glossary says them too.
const HOMES: [(&str, &str); 18] = [
    ("write-ahead log", "engine/src/wal/mod.rs"),
    ("mvcc", "engine/src/snapshot/mod.rs"),
    ("thread pool", "engine/src/threads/mod.rs"),
    ("thread pool", "engine/src/threads/pool.rs"),
    ("morsel", "engine/src/query/evaluate/spread.rs"),
    ("bit-sliced index", "engine/src/bitmap/slices.rs"),
    ("simd", "engine/src/bitmap/kernel/mod.rs"),
    ("tenant", "store/src/space.rs"),
    ("cursor", "store/src/leases.rs"),
    ("suppression list", "store/src/ledger.rs"),
    ("bulk load", "store/src/load/mod.rs"),
    ("bulk load", "client/src/load.rs"),
    ("error row", "exchange/src/reject.rs"),
    ("schema inference", "exchange/src/infer.rs"),
    ("dictionary encoding", "exchange/src/column/dictionary.rs"),
    ("pretty-print", "language/src/print.rs"),
    ("progress bar", "cli/src/output/progress.rs"),
    ("exit code", "cli/src/exit.rs"),
];

/// Words of the model: kinds, layers, sensitivities, durabilities, and names of files. The code that writes one down is
/// the one table that has it; all else asks the table. Words that mean other things too (`set`, `time`) are not held.
const MODEL: [&str; 13] = [
    "flag",
    "choice",
    "int",
    "decimal",
    "u64",
    "dense",
    "behaviour",
    "prediction",
    "public",
    "private",
    "commit",
    "interval",
    "LOCK",
];

/// The crates that ship.
const SHIPPED: [&str; 7] =
    ["engine/src/", "exchange/src/", "store/src/", "server/src/", "proto/src/", "client/src/", "cli/src/"];

/// The tables of these words: the engine's, those of the wire, and a mapping that is written as its users write one.
const TABLES: [&str; 6] = [
    "engine/src/catalog/kind.rs",
    "engine/src/catalog/tag.rs",
    "engine/src/write/settings.rs",
    "engine/src/storage/lock.rs",
    "proto/src/words.rs",
    "cli/src/demo/columns.rs",
];

/// Every place beside its table where a word of the model is written down.
pub(crate) fn model(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let is_shipped = |path: &str| SHIPPED.iter().any(|folder| path.starts_with(folder)) && !is_test(path);
    for (path, text) in
        tree.rust().filter(|(path, _)| is_shipped(path) && !TABLES.contains(path) && !is_generated(path))
    {
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in MODEL.iter().filter(|word| line.contains(&format!("\"{word}\""))) {
                found.push(format!("{path}:{}: \"{word}\" has its table in {}", index + 1, TABLES.join(", ")));
            }
        }
    }
    found.extend(TABLES.iter().filter(|path| !tree.has(path)).map(|path| format!("{}: there is no {path}", file!())));
    found
}

/// Names of types and modules for which the glossary has another word. A rename puts the old name here.
const GIVEN_UP: [&str; 13] = [
    "Memtable",
    "memtable",
    "Tombstone",
    "tombstone",
    "PostingList",
    "Cohort",
    "Facet",
    "Checkpoint",
    "Ordinal",
    "Quota",
    "Told",
    "untake",
    "look_near",
];

/// Every word that its module, or the glossary, does not say.
pub(crate) fn homes(tree: &Tree) -> Vec<String> {
    let glossary = tree.text(GLOSSARY).unwrap_or_default().to_lowercase();
    let mut found = Vec::new();
    for (word, path) in HOMES {
        if !glossary.lines().any(|line| line.starts_with('|') && line.contains(word)) {
            found.push(format!("{GLOSSARY}: no row says {word}"));
        }
        let text = tree.text(path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let header = lines.join(" ").to_lowercase();
        let first = header.split(". ").next().unwrap_or_default();
        if !first.split_whitespace().collect::<Vec<_>>().join(" ").contains(word) {
            found.push(format!("{path}: its first sentence does not say {word}"));
        }
    }
    found
}

/// Every use of a name that was given up.
pub(crate) fn given_up(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.rust() {
        let code = code_only(text);
        for (at, word) in identifiers(&code).filter(|(_, word)| GIVEN_UP.contains(word)) {
            found.push(format!("{path}:{}: {word} was given up; {GLOSSARY} has the word", line_of(&code, at)));
        }
    }
    found
}

#[test]
fn a_module_that_does_not_say_its_word_is_found() {
    let with = |header: &str| {
        let mut files: Vec<(&str, String)> =
            HOMES.iter().map(|(word, path)| (*path, format!("//! The {word}: more.\n"))).collect();
        files.push((GLOSSARY, HOMES.map(|(word, _)| format!("| a | {word} | b |\n")).concat()));
        files[0].1 = header.to_owned();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        homes(&Tree::of(&files)).len()
    };
    assert_eq!(with("//! The write-ahead\n//! log. It is long.\n"), 0);
    assert_eq!(with("//! The records. It is a write-ahead log.\n"), 1);
    assert_eq!(with("use a;\n"), 1);
}

#[test]
fn a_word_of_the_model_beside_its_table_is_found() {
    let found = |path: &str, text: &str| {
        let mut files: Vec<(&str, &str)> = TABLES.iter().map(|path| (*path, "\"flag\"")).collect();
        files.push((path, text));
        model(&Tree::of(&files)).len()
    };
    assert_eq!(found("client/src/a.rs", "let kind = \"flag\";"), 1);
    assert_eq!(found("client/src/a.rs", "// \"flag\"\n#[cfg(test)]\nmod tests { let kind = \"flag\"; }"), 0);
    assert_eq!(found("client/src/a.rs", "let kind = TagKind::Flag.word();"), 0);
    assert_eq!(model(&Tree::of(&[])).len(), TABLES.len());
}

#[test]
fn a_name_that_was_given_up_is_found() {
    let count = |text: &str| given_up(&Tree::of(&[("engine/src/a.rs", text)])).len();
    assert_eq!(count(&format!("struct {};", GIVEN_UP[0])), 1);
    assert_eq!(count(&format!("// {}\nstruct Delta;", GIVEN_UP[0])), 0);
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
