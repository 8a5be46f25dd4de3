//! What is asked: numbers of full length.

use std::path::Path;

use muster_tests::Store;

use super::case;

/// A store with the file of a case, loaded with its mapping.
fn loaded(case: &Path, file: &str) -> Store {
    let store = Store::new();
    let path = |name: &str| std::fs::canonicalize(case.join(name)).expect("a file of the case").display().to_string();
    store.text(&["load", &path(file), "--map", &path("map.toml"), "--quiet"]);
    store
}

#[test]
fn numbers_of_nineteen_digits_can_be_asked() {
    let Some(case) = case("06-nineteen-digits") else { return };
    let store = loaded(&case, "bigint.csv");
    for (query, count) in [
        ("acct = 1577134800018226901", 1),
        ("acct = 1577134800018226900", 0),
        ("acct IN (1577134800018226901, 9007199254740993)", 2),
        ("acct BETWEEN 1577134800018226901 AND 9223372036854775807", 1),
        ("acct >= 1577134800018226901", 1),
        ("acct > 9223372036854775807", 0),
        ("acct <= 9223372036854775808", 2),
        ("acct < 99999999999999999999", 2),
        ("acct IS MISSING", 1),
    ] {
        assert_eq!(store.count(query), count, "{query}");
    }
    for query in ["acct = $x", "acct IN $x", "acct - $x = 0"] {
        let answer = store.json(&["count", query, "--param", "x=1577134800018226901"]);
        assert_eq!(answer["count"], 1, "{query}");
    }
}
