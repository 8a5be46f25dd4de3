//! The server behind its own client, over a Unix socket: what the wire promises.

mod answers;
mod catalog;
mod clock;
mod disk;
mod errors;
mod example;
mod loads;
mod members;
mod membership;
mod queries;
mod safety;
mod served;
mod services;
mod writes;
mod zones;
