//! The work that a query does, counted: bytes touched, chunks folded, memory taken, and that threads change nothing in
//! an answer.

mod explaining;
mod kept;
mod layers;
mod many_values;
mod memory;
mod merging;
mod skipping;
mod stopping;
mod store;
mod threads;
