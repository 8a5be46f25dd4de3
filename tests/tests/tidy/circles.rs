//! Circles of imports: modules of one folder that lead back to each other, which nobody can read one by one.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{close_of, identifiers, shipped_code};
use crate::tree::{Tree, is_test};

/// How many modules of one folder may lead back to each other: two that know each other are one thing in two files.
const CIRCLE_MAX: usize = 2;

/// Folders whose largest circle was larger when the rule came. It may shrink; an entry leaves with its circle.
const LARGER: [(&str, usize); 4] = [
    ("engine/src/bitmap", 6),
    ("engine/src/bitmap/kernel", 7),
    ("engine/src/query/bind", 3),
    ("engine/src/query/evaluate", 8),
];

/// Every circle that is too large, and every entry of the ratchet that is no longer needed.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    judge(&largest(tree), &LARGER)
}

fn judge(circles: &BTreeMap<String, Vec<String>>, ratchet: &[(&str, usize)]) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, circle) in circles {
        let allowed = ratchet.iter().find(|(it, _)| it == folder).map_or(CIRCLE_MAX, |(_, size)| *size);
        if circle.len() > allowed {
            let names = circle.join(", ");
            found.push(format!("{folder}: {} modules in a circle, at most {allowed}: {names}", circle.len()));
        }
    }
    for (folder, _) in ratchet.iter().filter(|(folder, _)| !circles.contains_key(*folder)) {
        found.push(format!("{folder}: no circle any more; take it out of the ratchet in {}", file!()));
    }
    found
}

/// A path of modules below the root of a crate; the root itself is the empty one.
type Path = Vec<String>;

/// The modules of one crate: the code of each, and what it gives on under a name of its own.
#[derive(Default)]
struct Crate {
    code: BTreeMap<Path, String>,
    given_on: BTreeMap<(Path, String), Path>,
}

/// The largest circle of each folder that has one of more than [`CIRCLE_MAX`] modules.
fn largest(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut crates: BTreeMap<&str, Crate> = BTreeMap::new();
    for (path, text) in tree.rust().filter(|(path, _)| !is_test(path)) {
        let Some((root, inside)) = path.split_once("/src/") else { continue };
        let mut module: Path = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        module.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
        crates.entry(root).or_default().code.insert(module, shipped_code(text));
    }
    let mut found = BTreeMap::new();
    for (root, mut modules) in crates {
        modules.read_given_on();
        for (folder, edges) in modules.edges_by_folder() {
            if let Some(circle) = circles(&edges).into_iter().max_by_key(Vec::len)
                && circle.len() > CIRCLE_MAX
            {
                let parts: Vec<&str> = [root, "src"].into_iter().chain(folder.iter().map(String::as_str)).collect();
                found.insert(parts.join("/"), circle);
            }
        }
    }
    found
}

impl Crate {
    fn read_given_on(&mut self) {
        let mut given_on = BTreeMap::new();
        for (module, code) in &self.code {
            for statement in statements_of_use(code).filter(|it| it.is_public) {
                for path in self.absolute(module, &statement.text) {
                    if let Some(name) = path.last() {
                        given_on.insert((module.clone(), name.clone()), path.clone());
                    }
                }
            }
        }
        self.given_on = given_on;
    }

    /// Who imports whom among the modules of each folder: a module below stands for all that it holds, and `.` for the
    /// module that the folder is named after.
    fn edges_by_folder(&self) -> BTreeMap<Path, BTreeMap<String, BTreeSet<String>>> {
        let mut edges: BTreeMap<Path, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (module, code) in &self.code {
            for target in self.targets(module, code) {
                let shared = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
                let node = |path: &Path| path.get(shared).cloned().unwrap_or_else(|| ".".to_owned());
                let (from, to) = (node(module), node(&target));
                if from != to {
                    edges.entry(module[..shared].to_vec()).or_default().entry(from).or_default().insert(to);
                }
            }
        }
        edges
    }

    /// The modules that a module's code names, other than to give their names on.
    fn targets(&self, module: &Path, code: &str) -> BTreeSet<Path> {
        let mut rest = code.to_owned();
        let mut found = BTreeSet::new();
        for statement in statements_of_use(code) {
            rest.replace_range(statement.at..statement.at + statement.text.len(), &" ".repeat(statement.text.len()));
            if !statement.is_public {
                found.extend(self.absolute(module, &statement.text).iter().map(|path| self.home(path)));
            }
        }
        for (at, _) in identifiers(&rest) {
            if !rest[..at].ends_with("::") {
                let end = rest[at..].find(|it: char| !it.is_alphanumeric() && !"_:".contains(it)).unwrap_or(0);
                if rest[at..at + end].contains("::") {
                    found.extend(self.absolute(module, &rest[at..at + end]).iter().map(|path| self.home(path)));
                }
            }
        }
        found
    }

    /// The paths from the root of the crate that a written one, perhaps with groups, stands for; none of other crates.
    fn absolute(&self, module: &Path, written: &str) -> Vec<Path> {
        let mut found = Vec::new();
        for parts in spread(written) {
            let mut base = module.clone();
            let mut parts = parts.into_iter().peekable();
            let first = parts.peek().cloned().unwrap_or_default();
            match first.as_str() {
                "crate" => {
                    base.clear();
                    parts.next();
                }
                "self" | "super" => {
                    while let Some(step) = parts.next_if(|it| it == "super" || it == "self") {
                        if step == "super" {
                            base.pop();
                        }
                    }
                }
                _ => {
                    let child: Path = base.iter().cloned().chain([first]).collect();
                    if !self.code.contains_key(&child) {
                        continue;
                    }
                }
            }
            base.extend(parts.filter(|it| it != "self"));
            found.push(base);
        }
        found
    }

    /// The module in which a path ends, through what modules give on.
    fn home(&self, path: &Path) -> Path {
        let mut path = path.clone();
        // What is given on in a circle would never end; the compiler refuses it.
        for _ in 0..path.len() + 8 {
            let deepest = (0..=path.len()).rev().find(|&at| self.code.contains_key(&path[..at])).unwrap_or(0);
            let Some(name) = path.get(deepest) else { return path };
            match self.given_on.get(&(path[..deepest].to_vec(), name.clone())) {
                Some(on) if on[..] != path[..=deepest] => {
                    path = on.iter().chain(&path[deepest + 1..]).cloned().collect();
                }
                _ => return path[..deepest].to_vec(),
            }
        }
        path
    }
}

/// One `use`: what it names, and whether it gives that on to whoever imports the module.
struct Use {
    at: usize,
    text: String,
    is_public: bool,
}

fn statements_of_use(code: &str) -> impl Iterator<Item = Use> {
    identifiers(code).filter(|(_, word)| *word == "use").map(|(at, _)| {
        let start = at + "use".len();
        let end = code[start..].find(';').map_or(code.len(), |length| start + length);
        let before = code[..at].trim_end();
        let is_public = before.ends_with("pub")
            || (before.ends_with(')') && before.rfind("pub").is_some_and(|it| before.len() - it < 14));
        Use { at: start, text: code[start..end].to_owned(), is_public }
    })
}

/// The paths of a written one with groups, each as its parts; a name that is given with `as` keeps its own.
fn spread(written: &str) -> Vec<Vec<String>> {
    let (head, group) = match written.find('{') {
        Some(open) => (&written[..open], Some(&written[open + 1..close_of(written, open) - 1])),
        None => (written, None),
    };
    let head = head.split(" as ").next().unwrap_or_default();
    let parts: Vec<String> = identifiers(head).map(|(_, word)| word.to_owned()).collect();
    let Some(group) = group else { return vec![parts] };
    let mut depth = 0;
    let items = group.split(|it| {
        depth += i32::from(it == '{') - i32::from(it == '}');
        it == ',' && depth == 0
    });
    let mut found = Vec::new();
    for item in items.filter(|item| !item.trim().is_empty()) {
        found.extend(spread(item).into_iter().map(|rest| parts.iter().cloned().chain(rest).collect()));
    }
    found
}

/// The nodes to which some way leads from `from`.
fn reached<'a>(edges: &'a BTreeMap<String, BTreeSet<String>>, from: &'a String) -> BTreeSet<&'a String> {
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        open.extend(edges.get(node).into_iter().flatten().filter(|it| seen.insert(it)));
    }
    seen
}

/// The sets of nodes that all lead to each other, of more than one.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let all: BTreeMap<&String, BTreeSet<&String>> = edges.keys().map(|node| (node, reached(edges, node))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (node, there) in &all {
        let back = there.iter().filter(|it| all.get(**it).is_some_and(|from| from.contains(node)));
        let circle: Vec<String> = back.map(|it| (*it).clone()).collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

#[test]
fn a_circle_of_three_files_is_found() {
    let tree = Tree::of(&[
        ("engine/src/part/mod.rs", "mod a;\nmod b;\nmod c;\npub(crate) use c::{deep::C, D};"),
        ("engine/src/part/a.rs", "use super::b::{B, other};"),
        ("engine/src/part/b.rs", "fn x() -> crate::part::C { }"),
        ("engine/src/part/c.rs", "mod deep;"),
        ("engine/src/part/c/deep.rs", "use std::fmt;\nuse crate::{error::Error, part::a::A};"),
        ("engine/src/error.rs", ""),
    ]);
    let found = largest(&tree);
    assert_eq!(found, BTreeMap::from([("engine/src/part".into(), vec!["a".into(), "b".into(), "c".into()])]));
    assert_eq!(judge(&found, &[]).len(), 1);
    assert_eq!(judge(&found, &[("engine/src/part", 3)]), Vec::<String>::new());
    assert_eq!(judge(&found, &[("engine/src/part", 3), ("engine/src/wal", 4)]).len(), 1);
}

#[test]
fn two_that_know_each_other_and_what_goes_down_are_fine() {
    let tree = Tree::of(&[
        ("engine/src/lib.rs", "mod part;\nmod error;\npub use part::a::A;\nuse error::E;"),
        ("engine/src/part/mod.rs", "mod a;\nmod b;\nuse a::A;\npub struct Part;"),
        (
            "engine/src/part/a.rs",
            "use super::b::B;\nuse crate::error;\n#[cfg(test)]\nmod tests { use crate::part::c; }",
        ),
        ("engine/src/part/b.rs", "use super::a::A;\nfn f() { super::a::g() }"),
        ("engine/src/error.rs", "// use crate::part::a;"),
    ]);
    assert_eq!(largest(&tree), BTreeMap::new());
}
