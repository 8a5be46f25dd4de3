//! Links of the documents lead to files and headings that exist; so do paths in documents and comments.

use crate::tree::{Tree, is_generated};

/// The folders of the root in which a written path can lie.
const FOLDERS: [&str; 12] = [
    "language/",
    "engine/",
    "proto/",
    "exchange/",
    "server/",
    "client/",
    "cli/",
    "tests/",
    "benches/",
    "fuzz/",
    "docs/",
    ".ci/",
];

/// Every link of a document to a file or a heading that does not exist.
pub(crate) fn links(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in targets(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.to_owned() } else { join(path, file) };
            if !tree.has(&file) {
                found.push(format!("{path}:{line}: no file {file}"));
            } else if !anchor.is_empty() && !tree.text(&file).is_some_and(|text| headings(text).any(|it| it == anchor))
            {
                found.push(format!("{path}:{line}: no heading #{anchor} in {file}"));
            }
        }
    }
    found
}

/// Every written path that does not exist: in code quotes of documents, and of `docs/` in any comment.
pub(crate) fn paths(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !is_generated(path)) {
        let document = path.ends_with(".md");
        if !document && !path.ends_with(".rs") && !path.ends_with(".proto") {
            continue;
        }
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if !document && !line.trim_start().starts_with("//") {
                continue;
            }
            for (position, quoted) in line.split('`').enumerate() {
                let in_quotes = document && !fenced && position % 2 == 1;
                for word in quoted.split(|it: char| it.is_whitespace() || "()[],;\"'<>".contains(it)) {
                    let word = word.trim_end_matches(['.', ':']).split('#').next().unwrap_or_default();
                    let checked = match document {
                        true => in_quotes && FOLDERS.iter().any(|folder| word.starts_with(folder)),
                        false => word.starts_with("docs/") && word.ends_with(".md"),
                    };
                    if checked && !exists(tree, word) {
                        found.push(format!("{path}:{}: no path {word}", index + 1));
                    }
                }
            }
        }
    }
    found
}

/// Every module that fixes a layout but stands in no page of docs/formats, and every page that the index leaves out.
pub(crate) fn formats(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let pages: Vec<(&str, &str)> =
        tree.texts().filter(|(path, _)| path.starts_with("docs/formats/") && path.ends_with(".md")).collect();
    let layouts = tree.rust().filter(|(path, text)| path.contains("/src/") && text.contains("MAGIC: [u8; 8]"));
    for (path, _) in layouts {
        if !pages.iter().any(|(_, page)| page.contains(path)) {
            found.push(format!("{path}: fixes a layout, but no page of docs/formats names it"));
        }
    }
    for (path, _) in &pages {
        let name = path.trim_start_matches("docs/formats/");
        let listed =
            pages.iter().any(|(index, text)| index.ends_with("/README.md") && text.contains(&format!("]({name})")));
        if name != "README.md" && !listed {
            found.push(format!("{path}: not in docs/formats/README.md"));
        }
    }
    found
}

/// Every page of docs/ that no other page leads to.
pub(crate) fn orphans(tree: &Tree) -> Vec<String> {
    let pages = || tree.texts().filter(|(path, _)| path.ends_with(".md"));
    let leads_to = |from: &str, text: &str, page: &str| {
        from != page
            && targets(text).iter().any(|(_, target)| join(from, target.split('#').next().unwrap_or_default()) == page)
    };
    pages()
        .filter(|(page, _)| page.starts_with("docs/") && !pages().any(|(from, text)| leads_to(from, text, page)))
        .map(|(page, _)| format!("{page}: no other page leads to it"))
        .collect()
}

/// Every folder of the table that there is no more.
pub(crate) fn gone(tree: &Tree) -> Vec<String> {
    let lost = FOLDERS.iter().filter(|folder| !tree.has(folder));
    lost.map(|folder| format!("{}: there is no folder {folder}", file!())).collect()
}

/// Whether a written path exists; one star stands for any ending, braces are not resolved.
fn exists(tree: &Tree, word: &str) -> bool {
    match word.split_once(['*', '{', '…']) {
        Some((folder, _)) => tree.has(folder.rsplit_once('/').map_or("", |(folder, _)| folder)),
        None => tree.has(word.split(':').next().unwrap_or_default()),
    }
}

/// The targets of `[text](target)` outside code, with their lines.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let quotes_before = |at: usize| line[..at].matches('`').count();
        for (at, _) in line.match_indices("](").filter(|(at, _)| quotes_before(*at) % 2 == 0) {
            if let Some(length) = line[at + 2..].find(')') {
                found.push((index + 1, &line[at + 2..at + 2 + length]));
            }
        }
    }
    found
}

/// The anchors of a document's headings.
fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|it| it.is_alphanumeric() || " -_".contains(*it))
            .map(|it| if it == ' ' { '-' } else { it })
            .collect()
    })
}

/// `target` as seen from the folder of `path`.
fn join(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn dead_links_are_found() {
    let tree = Tree::of(&[
        (
            "docs/a.md",
            "[b](b.md) [c](c.md) [up](../README.md#two-words) [gone](../README.md#gone)\n\
             [web](https://x.y)\n\
             `[no](link)`",
        ),
        ("docs/b.md", "# B\n[self](#b) [formats](formats)"),
        ("README.md", "## Two words\n[a](docs/a.md)"),
    ]);
    assert_eq!(
        links(&tree),
        [
            "docs/a.md:1: no file docs/c.md",
            "docs/a.md:1: no heading #gone in README.md",
            "docs/b.md:2: no file docs/formats"
        ]
    );
}

#[test]
fn dead_paths_are_found() {
    let tree = Tree::of(&[
        ("docs/a.md", "`engine/src/part/` and `engine/src/gone.rs:12`; engine/prose is free; `engine/src/*.rs`\n"),
        ("engine/src/part/read.rs", "// docs/formats/part.md is its text; see docs/a.md.\n"),
    ]);
    assert_eq!(
        paths(&tree),
        ["docs/a.md:1: no path engine/src/gone.rs:12", "engine/src/part/read.rs:1: no path docs/formats/part.md"]
    );
}

#[test]
fn a_layout_without_a_page_is_found() {
    let tree = Tree::of(&[
        ("engine/src/wal/format.rs", "pub(crate) const MAGIC: [u8; 8] = *b\"12345678\";"),
        ("engine/src/part/format.rs", "pub(crate) const MAGIC: [u8; 8] = *b\"12345678\";"),
        ("docs/formats/README.md", "[the log](log.md)"),
        ("docs/formats/log.md", "The code is `engine/src/wal/format.rs`."),
        ("docs/formats/lost.md", ""),
    ]);
    assert_eq!(
        formats(&tree),
        [
            "engine/src/part/format.rs: fixes a layout, but no page of docs/formats names it",
            "docs/formats/lost.md: not in docs/formats/README.md"
        ]
    );
}

#[test]
fn an_orphan_is_found() {
    let tree = Tree::of(&[("README.md", "[a](docs/a.md)"), ("docs/a.md", "[a](a.md)"), ("docs/b.md", "[b](b.md)")]);
    assert_eq!(orphans(&tree), ["docs/b.md: no other page leads to it"]);
}
