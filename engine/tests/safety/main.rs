//! What operators rely on: a check that sees every byte, backups that are whole.

mod backups;
mod checking;
mod device;
mod store;
