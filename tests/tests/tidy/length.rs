//! A ratchet on length: old excess may shrink, never grow, and there is no new one.

use crate::source::{close_of, identifiers, line_of, shipped_code};
use crate::tree::{Tree, is_generated, is_test};

/// The longest file, in lines, without its tests.
const FILE_LINES_MAX: usize = 500;

/// The longest function, in lines, from its name to its last brace.
const FUNCTION_LINES_MAX: usize = 70;

/// The longest line, in characters, of code, comments and prose; tables, links to addresses and what is shown as it is
/// apart.
const LINE_CHARS_MAX: usize = 120;

/// Files that were longer when the rule came: at most this long. An entry leaves when its file is short enough.
const LONG_FILES: [(&str, usize); 0] = [];

/// Functions that were longer when the rule came.
const LONG_FUNCTIONS: [(&str, usize); 0] = [];

/// Every file that is too long, and every entry of the ratchet that is no longer needed.
pub(crate) fn files(tree: &Tree) -> Vec<String> {
    let lengths = tree
        .rust()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| (path.to_owned(), shipped_lines(text)))
        .collect();
    judge(lengths, FILE_LINES_MAX, &LONG_FILES)
}

/// The same for functions, named `path::function`.
pub(crate) fn functions(tree: &Tree) -> Vec<String> {
    let mut lengths = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| !is_test(path)) {
        let code = shipped_code(text);
        let words: Vec<(usize, &str)> = identifiers(&code).collect();
        for pair in words.windows(2) {
            let [(at, "fn"), (name_at, name)] = pair else { continue };
            // The type of a function pointer has a parenthesis where a function has its name.
            if !code[at + "fn".len()..*name_at].trim().is_empty() {
                continue;
            }
            let rest = &code[*at..];
            let Some(open) = rest.find(['{', ';']).filter(|open| rest.as_bytes()[*open] == b'{') else { continue };
            let end = at + close_of(rest, open);
            lengths.push((format!("{path}::{name}"), line_of(&code, end) - line_of(&code, *at) + 1));
        }
    }
    judge(lengths, FUNCTION_LINES_MAX, &LONG_FUNCTIONS)
}

/// All lines that are too long.
pub(crate) fn lines(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !is_generated(path)) {
        let is_prose = path.ends_with(".md");
        if !is_prose && !path.ends_with(".rs") {
            continue;
        }
        let mut is_shown = false;
        for (index, line) in text.lines().enumerate() {
            is_shown ^= is_prose && line.trim_start().starts_with("```");
            let is_free = is_prose && (is_shown || line.starts_with('|'));
            let length = line.chars().count();
            if length > LINE_CHARS_MAX && !is_free {
                found.push(format!("{path}:{}: {length} characters, at most {LINE_CHARS_MAX}", index + 1));
            }
        }
    }
    found
}

/// Lines outside test modules.
fn shipped_lines(text: &str) -> usize {
    let Some(at) = text.find("#[cfg(test)]\nmod tests {") else { return text.lines().count() };
    text[..at].lines().count() + text[at..].lines().count() - text[at..at + close_of(&text[at..], 0)].lines().count()
}

fn judge(lengths: Vec<(String, usize)>, max: usize, ratchet: &[(&str, usize)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, length) in &lengths {
        let allowed = ratchet.iter().find(|(it, _)| it == name).map_or(max, |(_, length)| *length);
        if *length > allowed {
            found.push(format!("{name}: {length} lines, at most {allowed}"));
        }
    }
    for (name, _) in ratchet {
        if !lengths.iter().any(|(it, length)| it == name && *length > max) {
            found.push(format!("{name}: short enough or gone; take it out of the ratchet in {}", file!()));
        }
    }
    found
}

#[test]
fn a_long_file_is_found() {
    let long = "fn a() {}\n".repeat(FILE_LINES_MAX + 1);
    let tested = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
    let tree = Tree::of(&[("engine/src/a.rs", &long), ("engine/src/b.rs", &tested), ("engine/src/a/tests.rs", &long)]);
    assert_eq!(files(&tree), ["engine/src/a.rs: 501 lines, at most 500"]);
}

#[test]
fn a_long_function_is_found() {
    let body = "    step(\"{\");\n".repeat(FUNCTION_LINES_MAX);
    let tree = Tree::of(&[(
        "engine/src/a.rs",
        &format!("fn short() {{}}\nfn long() {{\n{body}}}\ntrait T {{ fn x(); }}\nstruct S {{ a: fn(u8), }}\n"),
    )]);
    assert_eq!(functions(&tree), ["engine/src/a.rs::long: 72 lines, at most 70"]);
}

#[test]
fn a_long_line_is_found_but_in_tables() {
    let long = "字".repeat(LINE_CHARS_MAX + 1);
    let prose = format!("{long}\n```\n{long}\n```\n| {long} |\n");
    let tree = Tree::of(&[("docs/a.md", &prose), ("engine/src/a.rs", &format!("// {long}\n"))]);
    assert_eq!(lines(&tree).len(), 2);
}

#[test]
fn the_ratchet_only_tightens() {
    let lengths = |length| vec![("a.rs".to_owned(), length)];
    assert_eq!(judge(lengths(600), 500, &[("a.rs", 600)]), Vec::<String>::new());
    assert_eq!(judge(lengths(601), 500, &[("a.rs", 600)]).len(), 1);
    assert_eq!(judge(lengths(400), 500, &[("a.rs", 600)]).len(), 1);
    assert_eq!(judge(Vec::new(), 500, &[("a.rs", 600)]).len(), 1);
}
