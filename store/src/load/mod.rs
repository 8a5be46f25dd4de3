//! Loads: where a file goes, and what a try-out counts.

mod distinct;
mod target;

pub use distinct::Distinct;
pub use target::{Target, closed_values};
