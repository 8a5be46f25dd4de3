//! What the README tells to type works as it is written.

use std::path::Path;

use muster_tests::Store;

/// The commands of the section "Your own CSV in three commands".
fn commands() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README is there");
    let section = readme.split("\n## ").find(|part| part.starts_with("Your own CSV")).expect("the section is there");
    section.lines().filter(|line| line.starts_with("muster ")).map(str::to_owned).collect()
}

/// The words of a command as a shell takes them: quotes group, nothing else is special. A redirection is cut off.
fn words(command: &str) -> (Vec<String>, Option<String>) {
    let (command, file) = match command.rsplit_once(" > ") {
        Some((command, file)) if !file.contains('"') => (command, Some(file.trim().to_owned())),
        _ => (command, None),
    };
    let mut words = Vec::new();
    for (index, piece) in command.split('"').enumerate() {
        match index % 2 {
            0 => words.extend(piece.split_whitespace().map(str::to_owned)),
            _ => words.push(piece.to_owned()),
        }
    }
    (words, file)
}

#[test]
fn your_own_csv_in_three_commands() {
    let commands = commands();
    assert_eq!(commands.len(), 3, "{commands:?}");
    let store = Store::new();
    let people = "person_id,name,age,city,signup,vip\n\
        1,Ann,34,Berlin,2024-01-05,1\n\
        2,李雷,28,北京,2024-02-11,0\n\
        3,Bo,51,Berlin,2023-12-24,0\n\
        4,Cy,,Berlin,2024-03-01,1\n";
    std::fs::write(store.folder().join("people.csv"), people).expect("a file is written");
    let mut last = String::new();
    for command in commands {
        let (words, file) = words(&command);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        // The helper gives the directory itself; the README's is the same one.
        let at = arguments.iter().position(|it| *it == "--data").expect("every command names the store");
        assert_eq!(arguments[at + 1], "./store");
        let without: Vec<&str> = [&arguments[..at], &arguments[at + 2..]].concat();
        last = store.text(&without);
        if let Some(file) = file {
            std::fs::write(store.folder().join(file), &last).expect("a redirection is written");
        }
    }
    assert!(last.contains('2'), "two people are 30 or older and live in Berlin: {last}");
    assert_eq!(store.count("city = Berlin AND age >= 30"), 2);
}
