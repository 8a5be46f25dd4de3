//! The server of muster: gRPC `muster.v1` in front of engines, one for each space.
//!
//! [`run`] serves a directory on a listener until it is told to stop. Each request becomes a call at one entrance. The
//! engine is synchronous: every call to it runs on a thread of its own, behind a bound on how many run at once, with
//! the caller's deadline and a flag that is raised when the caller goes away. Only `convert` takes messages apart and
//! puts them together.

mod asked;
mod config;
mod connections;
mod convert;
mod entrance;
mod incoming;
mod limits;
mod lingering;
mod loads;
mod memory;
mod options;
mod receiving;
mod run;
mod service;
mod serving;
mod shared;
mod spool;
mod status;
mod view;
mod work;

pub use config::Config;
pub use limits::{DESCRIPTORS_RESERVED, Limits, raise_descriptors};
pub use run::{Listener, Opened, ServeError, is_loopback, open_listener, run};
