//! The files of the project, or a few made up for a test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const NOT_OURS: [&str; 6] = [".git", "target", ".venv", "node_modules", "__pycache__", ".ci-cache"];

/// The endings of files that are read as text.
const TEXT: [&str; 10] = ["rs", "toml", "md", "proto", "py", "txt", "yml", "yaml", "sh", "json"];

/// Texts by path relative to the root, with `/` between the parts; and the paths of all files.
#[derive(Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    paths: Vec<String>,
}

impl Tree {
    /// The project's own tree.
    pub(crate) fn real() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut tree = Tree::default();
        tree.read(&root, &root);
        assert!(tree.paths.len() > 50, "the tree is read from {}", root.display());
        tree
    }

    /// A made-up tree.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let texts: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Tree { paths: texts.keys().cloned().collect(), texts }
    }

    fn read(&mut self, root: &Path, folder: &Path) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("a folder of the project")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !NOT_OURS.contains(&name) && !name.starts_with("target") {
                    self.read(root, &path);
                }
                continue;
            }
            let relative = path.strip_prefix(root).expect("it lies below the root").to_str().expect("a plain name");
            let is_text = path.extension().and_then(|ending| ending.to_str()).is_some_and(|it| TEXT.contains(&it));
            if is_text || relative.starts_with(".ci/") {
                self.texts.insert(relative.to_owned(), std::fs::read_to_string(&path).expect("text"));
            }
            self.paths.push(relative.to_owned());
        }
    }

    /// Paths and texts, sorted by path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Rust files that are written by hand.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| path.ends_with(".rs") && !is_generated(path))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether `path` is a file or a folder of the tree.
    pub(crate) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let inside = format!("{path}/");
        path.is_empty() || self.paths.iter().any(|it| it == path || it.starts_with(&inside))
    }
}

/// Whether a tool writes this file.
pub(crate) fn is_generated(path: &str) -> bool {
    path.starts_with("proto/src/generated/")
}

/// Whether a Rust file holds only tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.starts_with("tests/")
}
