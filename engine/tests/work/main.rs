//! The work that a query does, counted: bytes touched, chunks folded, memory taken, and that threads change nothing in an answer.

mod explaining;
mod layers;
mod memory;
mod merging;
mod skipping;
mod store;
mod threads;
