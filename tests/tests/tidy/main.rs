//! Keeps the tree tidy: what a machine can check of docs/conventions.md.
//!
//! Each rule is a function from the tree's files to what breaks it, and is proven by a snippet that breaks it.

mod arguments;
mod circles;
mod crates;
mod entrance;
mod face;
mod hygiene;
mod length;
mod levels;
mod links;
mod source;
mod tree;
mod wire;
mod words;

use tree::Tree;

/// Fails with everything that `rule` finds in the real tree.
fn holds(rule: fn(&Tree) -> Vec<String>) {
    let found = rule(&Tree::real());
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

#[test]
fn modules_import_only_from_lower_levels() {
    holds(levels::check);
}

#[test]
fn crates_depend_only_downwards() {
    holds(crates::dependencies);
}

#[test]
fn every_dependency_has_a_reason_and_a_user() {
    holds(crates::reasons);
    holds(crates::unused);
    holds(crates::idle);
}

#[test]
fn unsafe_has_two_homes() {
    holds(hygiene::unsafe_homes);
}

#[test]
fn everything_is_printed_through_one_place() {
    holds(hygiene::printing);
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_to_do() {
    holds(hygiene::leftovers);
}

#[test]
fn modules_say_what_they_are() {
    holds(hygiene::module_docs);
}

#[test]
fn the_banned_word_does_not_appear() {
    holds(words::check);
}

#[test]
fn modules_say_the_words_of_the_field_and_no_name_comes_back() {
    holds(words::homes);
    holds(words::given_up);
    holds(words::model);
}

#[test]
fn links_and_paths_lead_somewhere() {
    holds(links::links);
    holds(links::paths);
    holds(links::orphans);
}

#[test]
fn every_layout_has_its_page() {
    holds(links::formats);
}

#[test]
fn the_readme_names_the_test_command_that_ci_runs() {
    holds(hygiene::test_command);
}

#[test]
fn files_functions_and_lines_are_short() {
    holds(length::files);
    holds(length::functions);
    holds(length::lines);
}

#[test]
fn the_libraries_show_what_their_lists_say() {
    face::write(&Tree::real(), &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    holds(face::check);
}

#[test]
fn functions_take_few_arguments_and_no_new_flags() {
    holds(arguments::many);
    holds(arguments::flags);
}

#[test]
fn no_folder_has_a_large_circle() {
    holds(circles::check);
}

#[test]
fn only_convert_takes_messages_apart() {
    holds(wire::check);
}

#[test]
fn requests_pass_one_entrance_and_names_one_view() {
    holds(entrance::check);
}

#[test]
fn errors_are_told_in_one_style() {
    holds(hygiene::errors);
    holds(hygiene::untold_errors);
}

#[test]
fn tables_name_only_what_there_is() {
    holds(levels::gone);
    holds(crates::gone);
    holds(entrance::gone);
    holds(hygiene::gone);
    holds(links::gone);
}
