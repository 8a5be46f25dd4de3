//! A module imports only from lower levels: the tables of docs/architecture.md.

use crate::source::{close_of, identifiers, line_of, shipped_code};
use crate::tree::{Tree, is_test};

/// The modules of the engine with their rank. Tens are the levels; within a level only a higher rank may import a
/// lower one, and equal ranks never meet.
const RANKS: [(&str, u32); 23] = [
    ("error", 0),
    ("formats", 1),
    ("ids", 1),
    ("codec", 10),
    ("bitmap", 10),
    ("storage", 10),
    ("threads", 10),
    ("columns", 20),
    ("catalog", 20),
    ("wal", 30),
    ("part", 30),
    ("manifest", 30),
    ("keys", 30),
    ("snapshot", 41),
    ("write", 50),
    ("query", 50),
    ("check", 60),
    ("backup", 61),
    ("options", 60),
    ("background", 61),
    ("engine", 62),
    // Made of whatever stands below; the crate's front door.
    ("lib", 99),
    // Compiled for tests only, and knows nothing of ours.
    ("dump", 0),
];

/// The same for the modules of the store.
const STORE_RANKS: [(&str, u32); 13] = [
    ("access", 0),
    ("folder", 0),
    ("holder", 10),
    ("leases", 10),
    ("ledger", 10),
    ("options", 11),
    ("known", 20),
    ("space", 20),
    ("load", 30),
    ("check", 30),
    ("backup", 31),
    ("store", 40),
    ("lib", 99),
];

/// The same for the modules of the server.
const SERVER_RANKS: [(&str, u32); 21] = [
    ("status", 0),
    ("limits", 0),
    ("connections", 0),
    ("spool", 0),
    ("config", 1),
    ("options", 2),
    ("memory", 10),
    ("lingering", 10),
    ("incoming", 11),
    ("receiving", 20),
    ("serving", 21),
    ("entrance", 30),
    ("work", 40),
    ("shared", 50),
    ("view", 60),
    ("asked", 61),
    ("convert", 62),
    ("loads", 70),
    ("service", 71),
    ("run", 80),
    ("lib", 99),
];

/// The same for the modules of the command line.
const CLI_RANKS: [(&str, u32); 13] = [
    ("exit", 0),
    ("output", 10),
    ("args", 20),
    ("folder", 20),
    ("interrupt", 20),
    ("log", 20),
    ("ask", 30),
    ("connect", 40),
    ("commands", 50),
    // Knows all commands; the shell reads its lines as a command line.
    ("cli", 60),
    ("shell", 70),
    ("demo", 80),
    ("main", 99),
];

/// The crates with levels: their folders and tables.
const CRATES: [(&str, &[(&str, u32)]); 4] =
    [("engine/src/", &RANKS), ("store/src/", &STORE_RANKS), ("server/src/", &SERVER_RANKS), ("cli/src/", &CLI_RANKS)];

/// Every import that does not go down.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    CRATES.iter().flat_map(|(folder, ranks)| check_crate(tree, folder, ranks)).collect()
}

fn check_crate(tree: &Tree, folder: &str, ranks: &[(&str, u32)]) -> Vec<String> {
    let rank = |module: &str| ranks.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank);
    let mut found = Vec::new();
    let exported = tree.text(&format!("{folder}lib.rs")).map(exports).unwrap_or_default();
    for (path, text) in tree.rust() {
        let Some(inside) = path.strip_prefix(folder) else { continue };
        if is_test(path) {
            continue;
        }
        let own = inside.split(['/', '.']).next().expect("a first part");
        let Some(own_rank) = rank(own) else {
            found.push(format!("{path}: module {own} has no level; give it one in {}", file!()));
            continue;
        };
        let code = shipped_code(text);
        for (line, name) in imports(&code, depth_of(inside)) {
            let other = exported.iter().find(|(export, _)| *export == name).map_or(name.as_str(), |(_, module)| module);
            if let Some(other_rank) = rank(other)
                && other != own
                && other_rank >= own_rank
            {
                found.push(format!("{path}:{line}: {own} (rank {own_rank}) imports {other} (rank {other_rank})"));
            }
        }
    }
    found
}

/// Every module of the table that there is no more.
pub(crate) fn gone(tree: &Tree) -> Vec<String> {
    let rows = CRATES.iter().flat_map(|(folder, ranks)| ranks.iter().map(move |(name, _)| format!("{folder}{name}")));
    let is_there = |module: &String| tree.has(&format!("{module}.rs")) || tree.has(module);
    let lost = rows.filter(|module| !is_there(module));
    lost.map(|module| format!("{}: there is no module {module}", file!())).collect()
}

/// How many `super` lead from a file to the root of the crate.
fn depth_of(inside: &str) -> usize {
    let path = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { 0 } else { path.split('/').count() }
}

/// Names that `lib.rs` exports, each with its module.
fn exports(lib: &str) -> Vec<(String, String)> {
    let code = shipped_code(lib);
    let mut names = Vec::new();
    for statement in code.split(';') {
        let Some(at) = statement.find("pub use ") else { continue };
        let mut words = identifiers(&statement[at + "pub use ".len()..]).map(|(_, word)| word.to_owned());
        let Some(module) = words.next() else { continue };
        names.extend(words.map(|word| (word, module.clone())));
    }
    names
}

/// The first names behind `crate::`, and behind `super::` as often as leads to the root, each with its line.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let words: Vec<(usize, &str)> = identifiers(code).collect();
    for (index, (offset, word)) in words.iter().enumerate() {
        let supers = words[..=index].iter().rev().take_while(|(_, it)| *it == "super").count();
        let next_is_super = words.get(index + 1).is_some_and(|(_, it)| *it == "super");
        let at_root = *word == "crate" || (*word == "super" && supers == depth && !next_is_super);
        let rest = &code[offset + word.len()..];
        if !at_root || !rest.starts_with("::") {
            continue;
        }
        let behind = &rest[2..];
        let line = line_of(code, *offset);
        if behind.starts_with('{') {
            found.extend(first_names(&behind[1..close_of(behind, 0) - 1]).map(|name| (line, name)));
        } else if let Some((0, name)) = identifiers(behind).next() {
            found.push((line, name.to_owned()));
        }
    }
    found
}

/// The first name of each item of a use group.
fn first_names(group: &str) -> impl Iterator<Item = String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for it in group.chars() {
        match it {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        items.last_mut().expect("never empty").push(it);
    }
    items.into_iter().filter_map(|item| identifiers(&item).next().map(|(_, name)| name.to_owned()))
}

#[cfg(test)]
fn found_in(path: &str, text: &str) -> Vec<String> {
    check(&Tree::of(&[("engine/src/lib.rs", "mod error;\npub use query::{Run, plan};\n"), (path, text)]))
}

#[test]
fn an_import_from_above_is_found() {
    assert_eq!(found_in("engine/src/part/read.rs", "//! x\nuse crate::snapshot::Snapshot;").len(), 1);
    assert_eq!(found_in("engine/src/part/read.rs", "use crate::{error::{Error, Result}, write::Batch};").len(), 1);
    assert_eq!(found_in("engine/src/part/read.rs", "fn a() -> crate::query::Run { }").len(), 1);
    assert_eq!(found_in("engine/src/part/read.rs", "use super::super::keys::Names;").len(), 1);
    assert_eq!(found_in("engine/src/part/mod.rs", "use super::keys::Names;").len(), 1);
    assert_eq!(found_in("engine/src/novelty.rs", "").len(), 1, "a module without a level");
    assert_eq!(found_in("store/src/ledger.rs", "use crate::space::Space;").len(), 1, "another crate");
    assert_eq!(found_in("server/src/memory.rs", "use crate::convert::value;").len(), 1, "and a third");
    assert_eq!(found_in("cli/src/args/text.rs", "use crate::ask::Settings;").len(), 1, "arguments that ask");
}

#[test]
fn equal_levels_never_meet() {
    assert_eq!(found_in("engine/src/query/mod.rs", "use crate::write::Batch;").len(), 1);
    assert_eq!(found_in("engine/src/write/mod.rs", "use crate::query::plan;").len(), 1);
    assert_eq!(found_in("engine/src/write/mod.rs", "use crate::Run;").len(), 1, "through the front door");
    assert_eq!(found_in("engine/src/wal/mod.rs", "use crate::manifest::Manifest;").len(), 1);
}

#[test]
fn imports_that_go_down_and_comments_are_fine() {
    let text = "/// See [`x`](crate::engine::x).\nuse crate::part::Part;\nuse super::files::File;\n\
        #[cfg(test)]\nmod tests { use crate::engine::Engine; }";
    assert_eq!(found_in("engine/src/write/flush.rs", text), Vec::<String>::new());
    assert_eq!(found_in("engine/src/query/tests/model.rs", "use crate::write::Batch;"), Vec::<String>::new());
}
