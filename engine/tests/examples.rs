//! The examples do what they say.

#[path = "../examples/embed.rs"]
mod embed;

#[test]
fn the_engine_is_embedded() {
    embed::main().unwrap();
}
