//! A ratchet on what functions are given: few arguments, and none that only says yes or no.

use crate::source::{identifiers, shipped_code};
use crate::tree::{Tree, is_test};

/// The most arguments of a function, without `self`.
const ARGUMENTS_MAX: usize = 5;

/// Functions that had more when the rule came. An entry leaves when its function has few enough.
const MANY: [&str; 5] = [
    "engine/src/bitmap/threshold.rs::threshold_into",
    "engine/src/bitmap/threshold.rs::compare",
    "engine/src/query/evaluate/and.rs::union_and_count",
    "engine/src/query/evaluate/number.rs::number_count",
    "engine/src/query/evaluate/number.rs::number_into",
];

/// How many arguments of the type `bool` there were when the rule came: two functions, or a type with two words, say at
/// the call what is meant. The number only falls.
const FLAGS_MAX: usize = 71;

/// Every function with too many arguments, and every entry of the ratchet that is no longer needed.
pub(crate) fn many(tree: &Tree) -> Vec<String> {
    judge(&functions(tree), &MANY)
}

fn judge(functions: &[(String, Vec<String>)], ratchet: &[&str]) -> Vec<String> {
    let too_many = || functions.iter().filter(|(_, arguments)| arguments.len() > ARGUMENTS_MAX);
    let mut found = Vec::new();
    for (name, arguments) in too_many().filter(|(name, _)| !ratchet.contains(&name.as_str())) {
        found.push(format!("{name}: {} arguments, at most {ARGUMENTS_MAX}", arguments.len()));
    }
    for name in ratchet.iter().filter(|name| !too_many().any(|(it, _)| it == *name)) {
        found.push(format!("{name}: few enough or gone; take it out of the ratchet in {}", file!()));
    }
    found
}

/// All arguments that only say yes or no, if there are more than there were.
pub(crate) fn flags(tree: &Tree) -> Vec<String> {
    let functions = functions(tree);
    let is_flag = |argument: &&String| argument.split_once(':').is_some_and(|(_, kind)| kind.trim() == "bool");
    let found: Vec<String> = functions
        .iter()
        .flat_map(|(name, arguments)| arguments.iter().filter(is_flag).map(move |it| format!("{name}: {it}")))
        .collect();
    if found.len() > FLAGS_MAX {
        let told = format!("{} arguments of the type bool, at most {FLAGS_MAX}:", found.len());
        return std::iter::once(told).chain(found).collect();
    }
    Vec::new()
}

/// The functions of what is shipped, named `path::function`, with their arguments but for `self`.
fn functions(tree: &Tree) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let is_shipped =
        |path: &str| path.contains("/src/") && !["tests/", "benches/", "fuzz/"].iter().any(|it| path.starts_with(it));
    for (path, text) in tree.rust().filter(|(path, _)| is_shipped(path) && !is_test(path)) {
        let code = shipped_code(text);
        let words: Vec<(usize, &str)> = identifiers(&code).collect();
        for pair in words.windows(2) {
            let [(at, "fn"), (name_at, name)] = pair else { continue };
            if code[at + "fn".len()..*name_at].trim().is_empty() {
                found.push((format!("{path}::{name}"), arguments(&code[name_at + name.len()..])));
            }
        }
    }
    found
}

/// The arguments of a function, from behind its name.
fn arguments(code: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let (mut depth, mut angles) = (0, 0);
    let mut before = ' ';
    for it in code.chars() {
        match it {
            '<' => angles += 1,
            '>' if before != '-' => angles -= 1,
            // Bounds of a generic argument may have parentheses of their own.
            '(' | '[' if depth > 0 || angles == 0 => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            _ => {}
        }
        let opens = depth == 1 && it == '(' && found == [""];
        match (it, depth) {
            (_, 0) if it == ')' && angles == 0 => break,
            (',', 1) if angles == 0 => found.push(String::new()),
            _ if depth > 0 && !opens => found.last_mut().expect("never empty").push(it),
            _ => {}
        }
        before = it;
    }
    let is_self = |it: &str| it.split(':').next().is_some_and(|name| name.trim_end().ends_with("self"));
    found.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty() && !is_self(it)).collect()
}

#[test]
fn arguments_are_told_apart() {
    let of = |code: &str| functions(&Tree::of(&[("engine/src/a.rs", code)])).remove(0).1;
    assert_eq!(of("fn a() {}"), Vec::<String>::new());
    assert_eq!(of("fn a(&mut self) {}"), Vec::<String>::new());
    assert_eq!(of("fn a(self: Arc<Self>, b: bool,) -> u8 {}"), ["b: bool"]);
    assert_eq!(of("fn a<F: Fn(u8, u8) -> X>(b: (u8, u8), c: Map<K, V>, d: &dyn Fn(u8, X) -> [u8; 3]) {}").len(), 3);
}

#[test]
fn many_arguments_are_found() {
    let tree = Tree::of(&[(
        "engine/src/a.rs",
        "fn few(&self, a: A, b: B, c: C, d: D, e: E) {}\nfn many(a: A, b: B, c: C, d: D, e: E, f: F) {}",
    )]);
    let functions = functions(&tree);
    assert_eq!(judge(&functions, &[]), ["engine/src/a.rs::many: 6 arguments, at most 5"]);
    assert_eq!(judge(&functions, &["engine/src/a.rs::many"]), Vec::<String>::new());
    assert_eq!(judge(&functions, &["engine/src/a.rs::many", "engine/src/a.rs::few"]).len(), 1);
}
