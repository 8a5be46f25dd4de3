//! Whoever writes a tag by its label is offered what whoever writes its name is.

use super::customs::{self, shop};
use super::remedies;
use super::world::World;
use crate::catalog::{CatalogChange, TagChange};

/// A label that has nothing of its name but the signs and digits.
fn label(name: &str) -> String {
    let turned = |c: char, first: u8| char::from(first + (c as u8 - first + 13) % 26);
    let other = |c: char| match c {
        'a'..='z' => turned(c, b'a'),
        'A'..='Z' => turned(c, b'A'),
        _ if c.is_ascii() => c,
        _ => char::from_u32(c as u32 + 0x101).unwrap_or(c),
    };
    name.chars().map(other).collect()
}

/// The shop with a label for each tag, and the names with their labels, the longest first.
fn labelled() -> (World, Vec<(String, String)>) {
    let mut world = shop();
    let tags = world.catalog.tags_of(world.type_id);
    let mut names: Vec<(String, String)> = tags.map(|tag| (tag.name.to_string(), label(&tag.name))).collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, label) in &names {
        world.change(CatalogChange::ChangeTag {
            type_name: "users".into(),
            name: name.clone(),
            change: Box::new(TagChange { label: Some(label.clone()), ..TagChange::default() }),
        });
    }
    (world, names)
}

/// The text with each name as its label: a name of letters only where it is no part of a longer word.
fn by_label(text: &str, names: &[(String, String)]) -> String {
    let mut written = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let stands = |name: &&(String, String)| {
            let is_ascii = name.0.is_ascii();
            let is_inside =
                is_part(text[..at].chars().next_back()) || is_part(text[at + name.0.len()..].chars().next());
            !(is_ascii && is_inside)
        };
        match names.iter().filter(|(name, _)| text[at..].starts_with(name.as_str())).find(stands) {
            Some((name, label)) => {
                written.push_str(label);
                at += name.len();
            }
            None => {
                written.push(c);
                at += c.len_utf8();
            }
        }
    }
    written
}

#[test]
fn what_is_offered_by_name_is_offered_by_label() {
    let (world, names) = labelled();
    let mut compared = 0;
    let mut others = Vec::new();
    for (text, meant) in customs::OFFERED.iter().chain(remedies::PHRASES) {
        let typed = by_label(text, &names);
        let Ok(planned) = world.plan(meant) else { continue };
        // A value that is called as a tag is no label, nor is `seen` of `last-seen`.
        let is_same = world.plan(&by_label(meant, &names)).is_ok_and(|same| same.canonical() == planned.canonical());
        if typed == *text || !is_same || text.starts_with("last") {
            continue;
        }
        compared += 1;
        let Err(error) = world.plan(&typed) else { continue };
        let fault = error.query_fault().unwrap_or_else(|| panic!("{typed}: {error}"));
        let offered = fault.error.suggestion.clone();
        let is_meant = offered
            .as_deref()
            .is_some_and(|offered| world.plan(offered).is_ok_and(|offered| offered.canonical() == planned.canonical()));
        if !is_meant {
            others.push(format!("{text}, typed {typed} => {offered:?}, not {meant}"));
        }
    }
    println!("{compared} lines");
    assert!(others.is_empty(), "{} of {compared}:\n{}", others.len(), others.join("\n"));
    assert!(compared > 150, "{compared}");
}
