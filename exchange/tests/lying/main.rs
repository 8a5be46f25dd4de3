//! Files that lie about their lengths, or that become far more than they are: none takes more than a reader may.

#[path = "../common/mod.rs"]
mod common;

mod arrow;
mod described;
mod forge;
mod guesses;
mod parquet;
mod whole;
