//! The examples do what they say.

#[path = "../examples/load_parquet.rs"]
mod load_parquet;

#[test]
fn a_parquet_file_is_loaded_and_asked() {
    load_parquet::main().unwrap();
}
