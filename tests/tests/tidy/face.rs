//! The public face of the libraries: every name that an embedder can reach, as a list that is kept beside.
//!
//! The features `internals` and `simulator` are no part of it. A name that can be reached by two paths, such as one of
//! the engine that the store gives on, counts once; methods and fields are not listed.

use std::collections::BTreeSet;

use crate::source::{close_of, code_only};
use crate::tree::Tree;

/// The crates that people embed, with their lists.
const LISTS: [(&str, &str); 2] = [("engine/src/", "tests/face/engine.txt"), ("store/src/", "tests/face/store.txt")];

/// Names of both together that nobody should have to look through more of.
const NAMES_MAX: usize = 120;

/// Set to write the lists anew.
const WRITE_VARIABLE: &str = "MUSTER_WRITE_FACE";

/// Every name that is not in its list, or the other way round, and too many of them.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let mut all = BTreeSet::new();
    for (folder, list) in LISTS {
        let names = match names_of(tree, folder) {
            Ok(names) => names,
            Err(fault) => {
                found.push(fault);
                continue;
            }
        };
        all.extend(names.iter().cloned());
        let listed: BTreeSet<String> = tree.text(list).unwrap_or_default().lines().map(str::to_owned).collect();
        found.extend(names.difference(&listed).map(|name| format!("{folder}: {name} is public and not in {list}")));
        found.extend(listed.difference(&names).map(|name| format!("{list}: {name} is not public any more")));
    }
    if all.len() > NAMES_MAX {
        found.push(format!("{} public names, at most {NAMES_MAX}", all.len()));
    }
    found
}

/// Writes the lists, where the variable says so.
pub(crate) fn write(tree: &Tree, root: &std::path::Path) {
    if std::env::var_os(WRITE_VARIABLE).is_none() {
        return;
    }
    for (folder, list) in LISTS {
        let names = names_of(tree, folder).expect("the face can be read");
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        std::fs::create_dir_all(root.join(list).parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(root.join(list), text).expect("the list can be written");
    }
}

fn names_of(tree: &Tree, folder: &str) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    collect(tree, &format!("{folder}lib.rs"), folder, &mut names)?;
    Ok(names)
}

/// The public names of one module's file, and of the public modules in `folder`.
fn collect(tree: &Tree, file: &str, folder: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    let text = tree.text(file).ok_or_else(|| format!("{file}: there is no such file"))?;
    for item in public_items(&code_only(text)) {
        let (kind, rest) = item.split_once(' ').unwrap_or((&item, ""));
        match kind {
            "mod" => {
                let inner = format!("{folder}{rest}/");
                let file = [format!("{folder}{rest}.rs"), format!("{inner}mod.rs")].into_iter().find(|it| tree.has(it));
                collect(
                    tree,
                    &file.ok_or_else(|| format!("{file}: no module {rest}", file = file_of(folder)))?,
                    &inner,
                    names,
                )?;
            }
            "use" if rest.contains('*') => return Err(format!("{file}: name what is public, instead of `{rest}`")),
            "use" => names.extend(used(rest)),
            _ => drop(names.insert(rest.to_owned())),
        }
    }
    Ok(())
}

fn file_of(folder: &str) -> String {
    format!("{folder}lib.rs")
}

/// `kind name` of everything that stands in a module, is public, and needs no feature: `use` has its whole tree.
fn public_items(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut needs_feature = false;
    while at < code.len() {
        let rest = &code[at..];
        if rest.starts_with("#[") {
            let end = rest.find(']').map_or(code.len(), |end| at + end + 1);
            let attribute = &code[at..end];
            // What stands in quotes is not in the code: `cfg(feature = )` says enough.
            needs_feature |= attribute.contains("cfg(") && !attribute.contains("not(");
            at = end;
            continue;
        }
        let word: &str = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        if word == "pub" && rest[3..].starts_with(' ') {
            let head = &rest[4..];
            let end = head.find([';', '{', '(', '=', '<', ':']).unwrap_or(head.len());
            let mut words = head[..end].split_whitespace().filter(|it| !["unsafe", "async"].contains(it)).peekable();
            let is_function = head[..end].split_whitespace().any(|it| it == "fn");
            let kind = match is_function {
                true => {
                    words.by_ref().find(|it| *it == "fn");
                    "fn"
                }
                false => words.next().unwrap_or(""),
            };
            if !needs_feature {
                let name = match kind {
                    "use" => head[4..head.find(';').unwrap_or(head.len())].to_owned(),
                    _ => words.next().unwrap_or("").to_owned(),
                };
                found.push(format!("{kind} {name}"));
            }
        }
        if word.is_empty() {
            match rest.as_bytes()[0] {
                // A macro's braces hold items of this module.
                b'{' if code[..at].trim_end().ends_with('!') => needs_feature = false,
                b'{' => {
                    at = close_of(code, at) + 1;
                    needs_feature = false;
                    continue;
                }
                b';' => needs_feature = false,
                _ => {}
            }
            at += rest.chars().next().map_or(1, char::len_utf8);
        } else if word == "use" {
            at += rest.find(';').unwrap_or(rest.len());
        } else {
            at += word.len();
        }
    }
    found
}

/// The names that a tree of `use` brings: `a::{B, c::D as E}` brings B and E.
fn used(tree: &str) -> Vec<String> {
    let flat = tree.replace(['{', '}'], ",");
    let parts = flat.split(',').map(str::trim).filter(|part| !part.is_empty() && !part.ends_with("::"));
    parts.map(|part| part.rsplit([':', ' ']).next().unwrap_or(part).to_owned()).collect()
}

#[test]
fn a_face_is_read() {
    let tree = Tree::of(&[
        (
            "engine/src/lib.rs",
            "mod a;\npub mod b;\n#[cfg(feature = \"internals\")]\npub mod c;\npub use a::{One, deep::Two as Deux};\n\
             pub(crate) use a::Three;\npub const fn f() {\n    pub_inside();\n}\n#[cfg(test)]\npub struct T;\n",
        ),
        (
            "engine/src/b.rs",
            "pub struct S<T>(T);\nimpl S {\n    pub fn method() {}\n}\nnumber! {\n    pub struct N(u32)\n}\n",
        ),
    ]);
    let names = names_of(&tree, "engine/src/").unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Deux", "N", "One", "S", "f"]);
    let glob = Tree::of(&[("engine/src/lib.rs", "pub use a::*;\n")]);
    assert!(names_of(&glob, "engine/src/").is_err());
    assert!(check(&tree).iter().any(|fault| fault.contains("Deux is public and not in")));
}
