//! The work that a query does, counted: bytes touched, memory taken, and that threads change nothing in an answer.

mod explaining;
mod memory;
mod skipping;
mod store;
mod threads;
