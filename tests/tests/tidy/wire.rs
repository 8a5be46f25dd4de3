//! Only `convert` takes messages apart and puts them together. Any other file of the server names of the wire whole
//! requests and replies, the headers of streams, and the services; their plain fields (texts, numbers, lists of what
//! `convert` made) it may read and fill. What stands inside of them (a value, a tag, a place in a text, a warning, an
//! event of a load) it gets from `convert` and hands on without a name, as it hands on what `convert` made for the
//! engine.

use crate::source::{close_of, identifiers, line_of, shipped_code};
use crate::tree::{Tree, is_test};

/// Where messages become what the engine takes, and its answers messages.
const HOME: &str = "server/src/convert/";

/// How the names of whole messages end.
const WHOLE: [&str; 3] = ["Request", "Reply", "Header"];

/// How the modules of services end.
const SERVICE: &str = "_server";

/// Every name of something inside a message that stands outside of `convert`.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.rust() {
        if path.starts_with("server/src/") && !path.starts_with(HOME) && !is_test(path) {
            let code = shipped_code(text);
            let inside = names_of_wire(&code).into_iter().filter(|(_, name)| !is_whole(name));
            found.extend(inside.map(|(at, name)| {
                format!("{path}:{}: v1::{name} stands inside a message: leave it to {HOME}", line_of(&code, at))
            }));
        }
    }
    found
}

fn is_whole(name: &str) -> bool {
    name == "self" || name.ends_with(SERVICE) || WHOLE.iter().any(|end| name.ends_with(end))
}

/// The first name behind each `v1::`, of each item where that is a group.
fn names_of_wire(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in identifiers(code).filter(|(_, word)| *word == "v1") {
        let Some(behind) = code[at..].strip_prefix("v1::") else { continue };
        let start = code.len() - behind.len();
        if behind.starts_with('$') {
            // Whatever a macro is given has its own name where it is given.
            continue;
        }
        if !behind.starts_with('{') {
            found.extend(identifiers(behind).next().map(|(offset, name)| (start + offset, name)));
            continue;
        }
        let mut offset = start + 1;
        let mut depth = 0;
        let group = &behind[1..close_of(behind, 0) - 1];
        let items = group.split(|it| {
            depth += i32::from(it == '{') - i32::from(it == '}');
            it == ',' && depth == 0
        });
        for item in items {
            found.extend(identifiers(item).next().map(|(inside, name)| (offset + inside, name)));
            offset += item.len() + 1;
        }
    }
    found
}

#[test]
fn a_name_of_what_stands_inside_a_message_is_found() {
    let count = |path: &str, text: &str| check(&Tree::of(&[(path, text)])).len();
    let service = |text: &str| count("server/src/service/query.rs", text);
    assert_eq!(service("fn a(q: v1::CountRequest) -> v1::CountReply { v1::CountReply { count: 1 } }"), 0);
    assert_eq!(service("use muster_proto::v1::{self, MembersReply, query_server::Query};"), 0);
    assert_eq!(service("fn a() -> v1::Value { }"), 1);
    assert_eq!(service("use muster_proto::v1::{self, MembersForm, load_reply::{Event, A}};"), 2);
    assert_eq!(service("macro_rules! a { ($b:ident) => { fn a(b: v1::$b) { } } }"), 0);
    assert_eq!(service("// v1::Value\n#[cfg(test)]\nmod tests { use muster_proto::v1::Value; }"), 0);
    assert_eq!(count("server/src/convert/value.rs", "fn a() -> v1::Value { }"), 0);
    assert_eq!(count("server/src/service/tests.rs", "fn a() -> v1::Value { }"), 0);
}
