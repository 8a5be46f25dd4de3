//! Which crate may know which, and why each foreign one is worth its cost.

use crate::tree::Tree;

/// What each crate of ours may depend on, of ours. Tests may use what they need.
const OURS: [(&str, &[&str]); 8] = [
    ("language", &[]),
    ("proto", &[]),
    ("engine", &["muster-language"]),
    ("exchange", &["muster-engine", "muster-language"]),
    ("store", &["muster-engine", "muster-exchange", "muster-language"]),
    ("server", &["muster-engine", "muster-language", "muster-proto", "muster-exchange", "muster-store"]),
    ("client", &["muster-language", "muster-proto"]),
    ("cli", &["muster-client", "muster-server", "muster-store", "muster-proto", "muster-language", "muster-exchange"]),
];

/// Crates that only one of ours may know.
const ONLY: [(&str, &str); 8] = [
    ("arrow-array", "exchange"),
    ("arrow-buffer", "exchange"),
    ("arrow-ipc", "exchange"),
    ("arrow-schema", "exchange"),
    ("arrow-select", "exchange"),
    ("parquet", "exchange"),
    ("memmap2", "engine"),
    ("reedline", "cli"),
];

/// The one crate that the language depends on: data of Unicode, and nothing below it.
const LANGUAGE_EXCEPTION: &str = "unicode-width";

/// What knows no wire and no runtime, and what these are.
const WITHOUT_WIRE: [&str; 4] = ["language", "engine", "exchange", "store"];
const WIRE: [&str; 6] = ["tonic", "tonic-prost", "prost", "tokio", "hyper", "h2"];

/// Crates whose tests, benches or fuzz targets may know everything.
const ABOVE_ALL: [&str; 3] = ["tests", "benches", "fuzz"];

/// Every dependency that the tables do not allow.
pub(crate) fn dependencies(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts() {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        if ABOVE_ALL.contains(&folder) {
            continue;
        }
        let Some((_, allowed)) = OURS.iter().find(|(name, _)| *name == folder) else {
            found.push(format!("{path}: crate {folder} has no place in {}", file!()));
            continue;
        };
        for (line, name) in names_in(text, "dependencies") {
            if name.starts_with("muster") && !allowed.contains(&name) {
                found.push(format!("{path}:{line}: {folder} may not depend on {name}"));
            }
            if let Some((_, home)) = ONLY.iter().find(|(it, _)| *it == name)
                && *home != folder
            {
                found.push(format!("{path}:{line}: only {home} knows {name}"));
            }
            if WITHOUT_WIRE.contains(&folder) && WIRE.contains(&name) {
                found.push(format!("{path}:{line}: {folder} knows no wire and no runtime, not {name} either"));
            }
            if folder == "language" && name != LANGUAGE_EXCEPTION {
                found.push(format!("{path}:{line}: language depends on {LANGUAGE_EXCEPTION} alone, not on {name}"));
            }
        }
    }
    found
}

/// Every shared version without a reason on its line.
pub(crate) fn reasons(tree: &Tree) -> Vec<String> {
    let Some(text) = tree.text("Cargo.toml") else { return Vec::new() };
    let lines: Vec<&str> = text.lines().collect();
    names_in(text, "workspace.dependencies")
        .into_iter()
        .filter(|(line, _)| !lines[line - 1].contains("path = ") && !lines[line - 1].contains("# "))
        .map(|(line, name)| format!("Cargo.toml:{line}: {name} has no reason beside it"))
        .collect()
}

/// Every dependency that a crate declares and does not name in its code.
pub(crate) fn idle(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
        let folder = path.trim_end_matches("Cargo.toml");
        for (line, name) in ["dependencies", "dev-dependencies"].into_iter().flat_map(|table| names_in(text, table)) {
            let named = format!("{}::", name.replace('-', "_"));
            if !tree
                .texts()
                .any(|(path, text)| path.starts_with(folder) && path.ends_with(".rs") && text.contains(&named))
            {
                found.push(format!("{path}:{line}: {name} is not named in {folder}"));
            }
        }
    }
    found
}

/// Every shared version that no crate of ours uses.
pub(crate) fn unused(tree: &Tree) -> Vec<String> {
    let Some(text) = tree.text("Cargo.toml") else { return Vec::new() };
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let is_used = |name: &str| {
        tree.texts()
            .filter(|(path, _)| path.ends_with("/Cargo.toml"))
            .any(|(_, text)| tables.iter().any(|table| names_in(text, table).iter().any(|(_, it)| *it == name)))
    };
    names_in(text, "workspace.dependencies")
        .into_iter()
        .filter(|(_, name)| !is_used(name))
        .map(|(line, name)| format!("Cargo.toml:{line}: nobody uses {name}"))
        .collect()
}

/// Every row of the tables that names what there is no more.
pub(crate) fn gone(tree: &Tree) -> Vec<String> {
    let folders = OURS.iter().map(|(folder, _)| *folder).chain(ABOVE_ALL);
    let lost = folders.filter(|folder| !tree.has(&format!("{folder}/Cargo.toml")));
    let mut found: Vec<String> = lost.map(|folder| format!("{}: there is no crate {folder}", file!())).collect();
    let knows = |home: &str, name: &str| {
        let manifest = tree.text(&format!("{home}/Cargo.toml")).unwrap_or_default();
        names_in(manifest, "dependencies").iter().any(|(_, it)| *it == name)
    };
    for (name, home) in ONLY.iter().filter(|(name, home)| !knows(home, name)) {
        found.push(format!("{}: {home} does not know {name}", file!()));
    }
    found
}

/// The dependencies of one table of a manifest, with their lines from 1.
fn names_in<'a>(text: &'a str, table: &str) -> Vec<(usize, &'a str)> {
    let mut inside = false;
    let mut names = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            inside = header == table;
            let long = header.strip_prefix(table).and_then(|rest| rest.strip_prefix('.'));
            names.extend(long.map(|name| (index + 1, name)));
        } else if inside && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if !name.is_empty() && line.contains('=') {
                names.push((index + 1, name));
            }
        }
    }
    names
}

#[test]
fn a_dependency_upwards_is_found() {
    let check = |path, text| dependencies(&Tree::of(&[(path, text)])).len();
    assert_eq!(check("engine/Cargo.toml", "[dependencies]\nmuster-proto.workspace = true\n"), 1);
    assert_eq!(check("cli/Cargo.toml", "[dependencies]\nmuster-engine = { path = \"../engine\" }\n"), 1);
    assert_eq!(check("server/Cargo.toml", "[dependencies.arrow-array]\nworkspace = true\n"), 1);
    assert_eq!(check("language/Cargo.toml", "[dependencies]\nserde.workspace = true\n"), 1);
    assert_eq!(check("language/Cargo.toml", "[dependencies]\nunicode-width.workspace = true\n"), 0);
    assert_eq!(check("novelty/Cargo.toml", ""), 1);
    assert_eq!(check("store/Cargo.toml", "[dependencies]\ntokio.workspace = true\n"), 1);
    assert_eq!(check("server/Cargo.toml", "[dependencies]\nmuster-engine.workspace = true\n"), 0);
    assert_eq!(check("server/Cargo.toml", "[dev-dependencies]\nmuster-client.workspace = true\n"), 0);
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let tree = Tree::of(&[(
        "Cargo.toml",
        "[workspace.dependencies]\nmuster-x = { path = \"x\" }\n# heading\na = \"1\"\nb = \"2\" # because\n",
    )]);
    assert_eq!(reasons(&tree), ["Cargo.toml:4: a has no reason beside it"]);
}

#[test]
fn an_unused_dependency_is_found() {
    let tree = Tree::of(&[
        ("Cargo.toml", "[workspace.dependencies]\na = \"1\" # x\nb = \"2\" # x\nc = \"3\" # x\n"),
        ("cli/Cargo.toml", "[dependencies]\na.workspace = true\n[dev-dependencies]\nb.workspace = true\n"),
    ]);
    assert_eq!(unused(&tree), ["Cargo.toml:4: nobody uses c"]);
}

#[test]
fn an_idle_dependency_is_found() {
    let tree = Tree::of(&[
        ("cli/Cargo.toml", "[dependencies]\na-b.workspace = true\nc.workspace = true\n"),
        ("cli/src/main.rs", "use a_b::x;\n// c is not used"),
        ("server/src/lib.rs", "use c::x;"),
    ]);
    assert_eq!(idle(&tree), ["cli/Cargo.toml:3: c is not named in cli/"]);
}
