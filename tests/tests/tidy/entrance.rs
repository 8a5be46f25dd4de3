//! Each request of the server passes one entrance, its names are found in one view, and what may wait runs in one pool:
//! what leads past them has its homes.

use crate::source::{identifiers, line_of, shipped_code};
use crate::tree::{Tree, is_test};

/// What the code of the server says in a few files only: the words, their files, and what others use instead.
const HOMES: [(&[&str], &[&str], &str); 7] = [
    (
        &["entrance", "admit"],
        &["server/src/service/mod.rs", "server/src/service/ingest.rs"],
        "answer by Entrance::answer, or make a stream by Service::stream",
    ),
    (
        &["request", "extensions"],
        &["server/src/entrance/", "server/src/receiving/"],
        "what a request is beside its message is told by its Call",
    ),
    (&["request", "metadata"], &["server/src/entrance/"], "what a request is beside its message is told by its Call"),
    (
        &["spawn_blocking"],
        &["server/src/work/", "server/src/spool.rs", "server/src/run.rs"],
        "run it in a lane, by Work::run",
    ),
    (&["catalog"], &["server/src/view.rs"], "find names in a View"),
    (&["store", "space"], &["server/src/view.rs"], "find a space by find_space or View::of"),
    (&["space", "snapshot"], &["server/src/view.rs"], "make a View"),
];

/// Every call of these functions, by the last words of what is called, outside of their files.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| path.starts_with("server/src/") && !is_test(path)) {
        let code = shipped_code(text);
        let words: Vec<(usize, &str)> = identifiers(&code).collect();
        for (called, homes, instead) in HOMES {
            if homes.iter().any(|home| path.starts_with(home)) {
                continue;
            }
            for window in words.windows(called.len()).filter(|window| is_call(&code, window, called)) {
                found.push(format!("{path}:{}: {}: {instead}", line_of(&code, window[0].0), called.join(".")));
            }
        }
    }
    found
}

/// Whether `words` are those of a call of the method or function `called`, with nothing but accesses between them.
fn is_call(code: &str, words: &[(usize, &str)], called: &[&str]) -> bool {
    let end = |&(at, word): &(usize, &str)| at + word.len();
    let (first, last) = (words[0].0, end(&words[words.len() - 1]));
    let before = code[..first].trim_end();
    words.iter().map(|(_, word)| word).eq(called)
        && code[last..].starts_with('(')
        && (called.len() > 1 || before.ends_with('.') || before.ends_with("::"))
        && words
            .windows(2)
            .all(|pair| code[end(&pair[0])..pair[1].0].chars().all(|it| ".()".contains(it) || it.is_whitespace()))
}

/// Every file of the table that there is no more.
pub(crate) fn gone(tree: &Tree) -> Vec<String> {
    let homes = HOMES.iter().flat_map(|(_, homes, _)| homes.iter());
    let lost = homes.filter(|home| !tree.has(home.trim_end_matches('/')));
    lost.map(|home| format!("{}: there is no {home}", file!())).collect()
}

#[test]
fn what_leads_past_the_entrance_is_found() {
    let count = |path: &str, text: &str| check(&Tree::of(&[(path, text)])).len();
    let service = |text: &str| count("server/src/service/query.rs", text);
    assert_eq!(service("let (call, q) = self.shared.entrance.admit(NAME, request);"), 1);
    assert_eq!(service("let who = request.extensions().get::<Caller>();"), 1);
    assert_eq!(service("tokio::task::spawn_blocking(move || 1);"), 1);
    assert_eq!(service("let tag = asked.snapshot().catalog().tag(id);"), 1);
    assert_eq!(service("let space = shared\n.store\n.space(&name)?;"), 1);
    assert_eq!(service("let now = view.space().snapshot(); let then = space.snapshot();"), 2);
    assert_eq!(service("use crate::convert::catalog; fn catalog() { view.snapshot().space(1) }"), 0);
    assert_eq!(service("#[cfg(test)]\nmod tests { fn a() { b.catalog() } }"), 0);
    assert_eq!(count("server/src/view.rs", "self.snapshot.catalog(); space.snapshot()"), 0);
}
