//! Planning against a small world in memory.

mod ago;
mod audiences;
mod calendar;
mod customs;
mod kinds;
mod labels;
mod meaning;
mod mutations;
mod naive;
mod numbers;
mod parameters;
mod queries;
mod refusals;
mod remedies;
mod shape;
mod world;
