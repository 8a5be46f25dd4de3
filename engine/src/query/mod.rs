//! The way out: from the text of a query to its answers, on one snapshot.

pub mod plan;
