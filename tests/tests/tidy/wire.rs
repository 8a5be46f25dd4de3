//! Only `convert` knows the wire and the engine: any other file of the server knows the one or the other.

use crate::source::shipped_code;
use crate::tree::{Tree, is_test};

/// Where messages become what the engine takes, and its answers messages.
const HOME: &str = "server/src/convert/";

/// Files that knew both when the rule came. An entry leaves when its file knows only one.
const BOTH: [&str; 14] = [
    "server/src/asked.rs",
    "server/src/loads/events.rs",
    "server/src/loads/guess.rs",
    "server/src/loads/job.rs",
    "server/src/loads/mod.rs",
    "server/src/receiving/body.rs",
    "server/src/run.rs",
    "server/src/service/admin.rs",
    "server/src/service/audience.rs",
    "server/src/service/catalog.rs",
    "server/src/service/ingest.rs",
    "server/src/service/members.rs",
    "server/src/service/membership.rs",
    "server/src/service/query.rs",
];

/// Every file that knows both, and every entry of the ratchet that is no longer needed.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    judge(tree, &BOTH)
}

fn judge(tree: &Tree, ratchet: &[&str]) -> Vec<String> {
    let knows_both = |text: &str| {
        let code = shipped_code(text);
        code.contains("muster_proto::") && code.contains("muster_engine::")
    };
    let both: Vec<&str> = tree
        .rust()
        .filter(|(path, text)| {
            path.starts_with("server/src/") && !path.starts_with(HOME) && !is_test(path) && knows_both(text)
        })
        .map(|(path, _)| path)
        .collect();
    let new = both.iter().filter(|path| !ratchet.contains(path));
    let mut found: Vec<String> = new.map(|path| format!("{path}: only {HOME} knows the wire and the engine")).collect();
    for path in ratchet.iter().filter(|path| !both.contains(path)) {
        found.push(format!("{path}: knows only one, or is gone; take it out of the ratchet in {}", file!()));
    }
    found
}

#[test]
fn whoever_knows_both_is_found() {
    let both = "use muster_engine::query::Run;\nuse muster_proto::v1;";
    let tree = Tree::of(&[
        ("server/src/service/query.rs", both),
        ("server/src/convert/value.rs", both),
        ("server/src/service/tests.rs", both),
        ("server/src/spool.rs", "use muster_engine::Engine;"),
    ]);
    assert_eq!(judge(&tree, &[]).len(), 1);
    assert_eq!(judge(&tree, &["server/src/service/query.rs"]), Vec::<String>::new());
    assert_eq!(judge(&tree, &["server/src/service/query.rs", "server/src/spool.rs"]).len(), 1);
}
