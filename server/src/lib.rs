//! The server of muster: gRPC `muster.v1` in front of engines, one for each space.
//!
//! [`run`] serves a directory on a listener until it is told to stop. The engine is synchronous: every call to it runs
//! on a thread of its own, behind a bound on how many run at once, with the caller's deadline and a flag that is raised
//! when the caller goes away. Only `convert` knows both the wire and the engine.

mod backup;
mod check;
mod config;
mod connections;
mod convert;
mod erasures;
mod files;
mod holder;
mod incoming;
mod known;
mod leases;
mod limits;
mod lingering;
mod loads;
mod memory;
mod receiving;
mod run;
mod service;
mod spaces;
mod spool;
mod work;

pub use backup::{Restored, RestoredSpace, restore_dir};
pub use check::{DirReport, SpaceReport, check_dir};
pub use config::Config;
pub use holder::{Holder, holder_of};
pub use limits::{DESCRIPTORS_RESERVED, Limits, QUERY_MEMORY_BYTES_DEFAULT, raise_descriptors};
pub use muster_engine::check::{Fault, Note, Progress, Report};
pub use muster_engine::options::Durability;
pub use muster_engine::{Error, is_full};
pub use run::{Listener, Opened, ServeError, is_loopback, open_listener, run};
