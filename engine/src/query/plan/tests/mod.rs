//! Planning against a small world in memory.

mod audiences;
mod meaning;
mod naive;
mod queries;
mod refusals;
mod shape;
mod world;
