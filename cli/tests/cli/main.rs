//! The binary as its users meet it: through its command line, its exit codes and its JSON.

mod answers;
mod changes;
mod demo;
mod exit_codes;
mod help;
mod hostile;
mod input;
mod loads;
mod names;
mod outputs;
mod remedies;
mod rooms;
mod safety;
mod serving;
mod shell;
mod slips;
mod store;
mod terminal;
