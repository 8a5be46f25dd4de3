//! The way out: from the text of a query to its answers, on one snapshot.

mod answer;
mod bind;
mod evaluate;
pub mod plan;

pub use evaluate::Run;
