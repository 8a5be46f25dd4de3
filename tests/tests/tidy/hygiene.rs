//! Small rules about single lines.

use crate::source::{code_only, identifiers, line_of, shipped_code};
use crate::tree::{Tree, is_generated, is_test};

/// The only places where `unsafe` may stand.
const UNSAFE_HOMES: [&str; 2] = ["engine/src/bitmap/kernel/", "engine/src/storage/mmap.rs"];

/// Marks of unfinished work, spelt so that this file does not hold them.
const LEFTOVERS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Every `unsafe` outside its homes, and every permission for one.
pub(crate) fn unsafe_homes(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| !UNSAFE_HOMES.iter().any(|home| path.starts_with(home))) {
        let code = code_only(text);
        for (offset, _) in identifiers(&code).filter(|(_, word)| ["unsafe", "unsafe_code"].contains(word)) {
            let line = line_of(&code, offset);
            let text = code.lines().nth(line - 1).unwrap_or_default();
            if !text.contains("deny(unsafe_code)")
                && !text.contains("forbid(unsafe_code)")
                && !opens_the_home(path, text, &code, line)
            {
                found.push(format!("{path}:{line}: unsafe has its homes: {}", UNSAFE_HOMES.join(", ")));
            }
        }
    }
    found
}

/// The parent of a home gives the permission, on the line above or at the module's declaration.
fn opens_the_home(path: &str, text: &str, code: &str, line: usize) -> bool {
    let module = match path {
        "engine/src/bitmap/mod.rs" => "mod kernel;",
        "engine/src/storage/mod.rs" => "mod mmap;",
        _ => return false,
    };
    text.contains("allow(unsafe_code") && code.lines().nth(line).is_some_and(|next| next.contains(module))
}

/// Where everything passes that the program prints.
const STREAMS_HOME: &str = "cli/src/output/streams.rs";

/// Every line of a shipped crate that prints past the one place where characters are looked at that a terminal acts
/// upon.
pub(crate) fn printing(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let is_shipped = |path: &str| {
        ["cli", "client", "engine", "exchange", "language", "server", "store"]
            .iter()
            .any(|name| path.strip_prefix(name).is_some_and(|rest| rest.starts_with("/src/")))
    };
    for (path, text) in tree.rust().filter(|(path, _)| is_shipped(path) && !is_test(path) && *path != STREAMS_HOME) {
        let code = shipped_code(text);
        for (index, line) in code.lines().enumerate() {
            let prints = ["println!", "print!", "dbg!"].iter().any(|word| line.contains(word));
            let opens = ["io::stdout", "io::stderr"].iter().any(|word| line.contains(word));
            if prints || opens && !line.contains("is_terminal") {
                found.push(format!("{path}:{}: print through {STREAMS_HOME}", index + 1));
            }
        }
    }
    found
}

/// Every ignored test and every mark of unfinished work.
pub(crate) fn leftovers(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !is_generated(path) && !path.ends_with(".json")) {
        let is_rust = path.ends_with(".rs");
        for (index, line) in text.lines().enumerate() {
            for (_, word) in identifiers(line).filter(|(_, word)| LEFTOVERS.contains(word)) {
                found.push(format!("{path}:{}: {word}", index + 1));
            }
            if line.starts_with(concat!("<<<<", "<<< ")) || line.starts_with(concat!(">>>>", ">>> ")) {
                found.push(format!("{path}:{}: an unfinished merge", index + 1));
            }
        }
        if is_rust {
            let code = code_only(text);
            for mark in [concat!("#[", "ignore"), concat!("to", "do!"), concat!("unimple", "mented!")] {
                let places = code.match_indices(mark).map(|(at, _)| format!("{path}:{}: {mark}", line_of(&code, at)));
                found.extend(places);
            }
        }
    }
    found
}

/// Every module that does not begin with what it is.
pub(crate) fn module_docs(tree: &Tree) -> Vec<String> {
    tree.rust()
        .filter(|(path, text)| !is_test(path) && !text.trim_start().starts_with("//!"))
        .map(|(path, _)| format!("{path}: does not begin with //! and what it is"))
        .collect()
}

/// Every home of the rules above that there is no more.
pub(crate) fn gone(tree: &Tree) -> Vec<String> {
    let homes = UNSAFE_HOMES.into_iter().chain([STREAMS_HOME]).chain(FACES);
    homes.filter(|home| !tree.has(home)).map(|home| format!("{}: there is no {home}", file!())).collect()
}

/// Every comment that tells of errors in another way than `Errors: kind, kind when ...`.
pub(crate) fn errors(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| !is_test(path)) {
        for (index, line) in text.lines().enumerate() {
            let Some(comment) = line.trim_start().strip_prefix("///") else { continue };
            let words = comment.trim_start();
            let is_heading = words.starts_with("# Error");
            let is_other = ["Error:", "errors:", "Fails:", "Fails if ", "Fails when ", "Returns an error"]
                .iter()
                .any(|it| words.starts_with(it) || words.contains(&format!(". {it}")));
            if is_heading || is_other {
                found.push(format!("{path}:{}: tell of errors in a line, `Errors: kind, kind when ...`", index + 1));
            }
        }
    }
    found
}

/// What an embedder meets of engine, store and exchange.
const FACES: [&str; 6] = [
    "engine/src/catalog/",
    "engine/src/engine.rs",
    "engine/src/query/",
    "engine/src/write/settings.rs",
    "exchange/src/",
    "store/src/",
];

/// Every public function of a face that can fail and does not tell how, or that it is the same as what stands above it.
/// What the system refuses is told by `io::Result`.
pub(crate) fn untold_errors(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let is_face = |path: &str| !is_test(path) && FACES.iter().any(|face| path.starts_with(face));
    for (path, text) in tree.rust().filter(|(path, _)| is_face(path)) {
        let code = shipped_code(text);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        for (at, _) in code.match_indices("pub fn ") {
            let signature = code[at..].split(['{', ';']).next().unwrap_or_default();
            let returned = signature.rsplit_once("->").map_or("", |(_, returned)| returned.trim());
            let fails = returned.trim_start_matches("std::result::").starts_with("Result<");
            let line = line_of(&code, at);
            let above = lines[..line - 1].iter().rev().take_while(|it| it.starts_with("///") || it.starts_with("#["));
            let comment: Vec<&&str> = above.collect();
            let is_told = comment.iter().any(|it| it.contains("Errors:"))
                || comment.last().is_some_and(|first| first.starts_with("/// The same"));
            if fails && !is_told {
                found.push(format!("{path}:{line}: tell how it fails, `Errors: kind, kind when ...`"));
            }
        }
    }
    found
}

/// The README names one test command, and CI takes it from there.
pub(crate) fn test_command(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let readme = tree.text("README.md").unwrap_or_default();
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo test")).collect();
    if commands != ["cargo test --workspace --locked"] {
        found.push(format!("README.md: one line with the test command, not {commands:?}"));
    }
    let ci = tree.text(".ci/run").unwrap_or_default();
    if !ci
        .lines()
        .any(|line| !line.trim_start().starts_with('#') && line.contains("README.md") && line.contains("^cargo test"))
    {
        found.push(".ci/run: does not take the test command from README.md".to_owned());
    }
    found
}

#[test]
fn unsafe_outside_its_homes_is_found() {
    let count = |path, text| unsafe_homes(&Tree::of(&[(path, text)])).len();
    assert_eq!(count("engine/src/part/read.rs", "fn a() { unsafe { b() } }"), 1);
    assert_eq!(count("engine/src/part/read.rs", "#![allow(unsafe_code)]"), 1);
    assert_eq!(count("engine/src/bitmap/many.rs", "#[allow(unsafe_code, reason = \"x\")]\nmod other;"), 1);
    assert_eq!(count("engine/src/part/read.rs", "// unsafe\nlet a = \"unsafe\";"), 0);
    assert_eq!(count("engine/src/bitmap/kernel/avx2.rs", "unsafe { b() }"), 0);
    assert_eq!(count("engine/src/bitmap/mod.rs", "#[allow(unsafe_code, reason = \"x\")]\nmod kernel;"), 0);
}

#[test]
fn printing_elsewhere_is_found() {
    let count = |path, text| printing(&Tree::of(&[(path, text)])).len();
    assert_eq!(count("cli/src/main.rs", concat!("fn a() { eprint", "ln!(\"b\") }")), 1);
    assert_eq!(count("cli/src/ask.rs", "fn a() { std::io::stdout().lock(); }"), 1);
    assert_eq!(count("cli/src/ask.rs", "fn a() -> bool { std::io::stdout().is_terminal() }"), 0);
    assert_eq!(count(STREAMS_HOME, "fn a() { std::io::stdout().lock(); }"), 0);
    assert_eq!(count("engine/src/a.rs", concat!("#[cfg(test)]\nmod tests { fn a() { print", "ln!() } }")), 0);
}

#[test]
fn leftovers_are_found() {
    let count = |text: &str| leftovers(&Tree::of(&[("engine/src/a.rs", text)])).len();
    assert_eq!(count(concat!("// TO", "DO: later")), 1);
    assert_eq!(count(concat!("#[", "ignore]\nfn a() {}")), 1);
    assert_eq!(count(concat!("fn a() { to", "do!() }")), 1);
    assert_eq!(count(concat!("<<<<", "<<< ours")), 1);
    assert_eq!(count("fn a() {} // nothing to do"), 0);
}

#[test]
fn another_style_of_errors_is_found() {
    let count = |text: &str| errors(&Tree::of(&[("engine/src/a.rs", text)])).len();
    assert_eq!(count(concat!("/// # Err", "ors\n/// It may fail.\nfn a() {}")), 1);
    assert_eq!(count(concat!("/// Reads. Fails w", "hen it is torn.\nfn a() {}")), 1);
    assert_eq!(count("/// Reads. Errors: corrupt; invalid, when a newer program wrote it.\nfn a() {}"), 0);
}

#[test]
fn errors_that_are_not_told_are_found() {
    let count = |text: &str| untold_errors(&Tree::of(&[("store/src/a.rs", text)])).len();
    assert_eq!(count("/// Reads.\npub fn a() -> Result<()> {}"), 1);
    assert_eq!(count("/// Reads. Errors: corrupt.\n#[must_use]\npub fn a(\n) -> Result<()> {}"), 0);
    assert_eq!(count("/// The same, later.\npub fn a() -> Result<()> {}"), 0);
    assert_eq!(count("/// Asks.\npub fn a(ask: impl Fn() -> Result<()>) -> Asked {}\nfn b() -> Result<()> {}"), 0);
}

#[test]
fn a_module_without_a_first_sentence_is_found() {
    let tree = Tree::of(&[("engine/src/a.rs", "use b;"), ("engine/src/b.rs", "//! What it is.\nuse b;")]);
    assert_eq!(module_docs(&tree), ["engine/src/a.rs: does not begin with //! and what it is"]);
}

#[test]
fn another_test_command_is_found() {
    let ci = "#!/usr/bin/env bash\nrun \"$(grep '^cargo test' README.md)\"\n";
    let count = |readme, ci| test_command(&Tree::of(&[("README.md", readme), (".ci/run", ci)])).len();
    assert_eq!(count("```\ncargo test --workspace --locked\n```\n", ci), 0);
    assert_eq!(count("```\ncargo test\n```\n", ci), 1);
    assert_eq!(count("```\ncargo test --workspace --locked\n```\n", "cargo test --workspace --locked\n"), 1);
    assert_eq!(count("", ""), 2);
}
