//! What is asked: numbers of full length, and remedies that can be pasted.

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

#[test]
fn what_stands_behind_try_is_answered() {
    let Some(case) = case("07-try-is-refused") else { return };
    let store = loaded(&case, "people.csv");
    let lines = std::fs::read_to_string(case.join("lines.txt")).expect("the lines of the case");
    let mut offered = Vec::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let output = store.run(&["count", line]);
        assert!(!output.status.success(), "{line} is refused");
        let told = String::from_utf8(output.stderr).expect("errors are text");
        if let Some((_, remedy)) = told.split_once("try: ") {
            let remedy = remedy.trim_end();
            let again = store.run(&["count", remedy]);
            let told = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(again.status.success(), "{line} offers {remedy}: {told}");
            offered.push((line.to_owned(), remedy.to_owned()));
        }
    }
    let meant = |line: &str| offered.iter().find(|(asked, _)| asked == line).map(|(_, remedy)| remedy.as_str());
    for (line, remedy) in [
        ("d = 2024/05/01", "d = 2024-05-01"),
        ("age MISSING", "age IS MISSING"),
        ("interests HAS ANY ski", "interests HAS ANY (ski)"),
        ("age IN 25-35", "age IN 25..35"),
        ("age = 3e1", "age = 30"),
        ("adr >= 10k", "adr >= 10000"),
        ("d >= 'yesterday'", "d >= yesterday"),
        ("d >= -7d", "d >= today - 7d"),
    ] {
        assert_eq!(meant(line), Some(remedy), "{line}");
    }
    assert_eq!(meant("d IN THIS MONTH"), None, "no window says this");
}
