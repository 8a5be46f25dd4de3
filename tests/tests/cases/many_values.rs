//! Members with the value of a tag that nearly everybody has a value of their own of. Right is what was loaded; and
//! what it costs must not grow with the number of values, which the engine's tests count.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_tests::Store;

const PEOPLE: u32 = 20_000;

const MAPPING: &str = r#"
type = "p"
key = { column = "id", kind = "u64" }
columns = [
  { column = "name", kind = "choice" },
  { column = "near", kind = "choice" },
  { column = "age", kind = "int" },
]
"#;

/// A store of people with a name each, a value shared with those beside, and a number.
fn loaded() -> Store {
    let store = Store::new();
    let mut rows = "id,name,near,age\n".to_owned();
    for id in 0..PEOPLE {
        writeln!(rows, "{id},n{id},g{},{}", id / 3, id % 90).expect("a string takes all");
    }
    std::fs::write(store.folder().join("people.csv"), rows).expect("a file can be written");
    std::fs::write(store.folder().join("map.toml"), MAPPING).expect("a file can be written");
    store.text(&["load", "people.csv", "--map", "map.toml"]);
    store
}

/// The rows of a CSV answer by the column `key`, the others in the order of `names`.
fn rows(csv: &str, names: &[&str]) -> BTreeMap<u32, Vec<String>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap_or_else(|| panic!("{header:?}"));
    let (key, columns) = (place("key"), names.iter().map(|name| place(name)).collect::<Vec<_>>());
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[key].parse().expect("a number"), columns.iter().map(|&at| cells[at].to_owned()).collect())
        })
        .collect()
}

#[test]
fn members_come_with_the_values_that_were_loaded_however_many_there_are() {
    let store = loaded();
    let with = ["--with", "name", "--with", "near", "--with", "age"];
    let mut arguments = vec!["members", "ALL", "--limit", "0", "--format", "csv"];
    arguments.extend(with);
    let found = rows(&store.text(&arguments), &["name", "near", "age"]);
    assert_eq!(found.len() as u32, PEOPLE);
    for (id, cells) in &found {
        assert_eq!(cells, &[format!("n{id}"), format!("g{}", id / 3), (id % 90).to_string()], "{id}");
    }
    // A page in the middle, and one entity.
    let mut arguments = vec!["members", "age = 7", "--limit", "100", "--format", "csv"];
    arguments.extend(with);
    let page = rows(&store.text(&arguments), &["name"]);
    assert_eq!(page.len(), 100);
    assert!(page.iter().all(|(id, cells)| id % 90 == 7 && cells[0] == format!("n{id}")));
    let one = store.json(&["get", "12345"]);
    assert_eq!(one["tags"]["name"].as_str().or_else(|| one["tags"]["name"][0].as_str()), Some("n12345"), "{one}");
    // By value, and every value is counted.
    assert_eq!(store.count("name = n777"), 1);
    let groups = store.json(&["breakdown", "near", "--in", "age < 30"]);
    let expected: u64 = (0..PEOPLE).filter(|id| id % 90 < 30).count() as u64;
    assert_eq!(groups["total"].as_u64(), Some(expected), "{}", groups["total"]);
}
