//! How a server runs: plain fields with defaults.

use std::path::PathBuf;
use std::time::Duration;

use muster_engine::{Clock, SystemClock};
use muster_store::StoreOptions;

use crate::limits::Limits;

/// How a server runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory, and how its spaces run.
    pub store: StoreOptions,
    /// Whether a load may name any path of this machine: right for a server that serves its own user only.
    pub local_files: bool,
    /// Directories below which a load may name a path.
    pub import_dirs: Vec<PathBuf>,
    /// Directories below which a backup may be made.
    pub backup_dirs: Vec<PathBuf>,
    /// What time it is, in milliseconds since 1970-01-01T00:00:00Z; may jump when the machine's clock is set.
    pub now_unix_ms: fn() -> i64,
    /// Whether to listen where others than this machine's users can connect: nobody is asked who they are.
    pub insecure_listen: bool,
    /// How long running requests may go on after the order to stop; then they are cancelled.
    pub drain: Duration,
    /// What may be asked.
    pub limits: Limits,
}

impl Config {
    /// The defaults for a store in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Config {
        Config {
            store: StoreOptions::new(data_dir),
            local_files: false,
            import_dirs: Vec::new(),
            backup_dirs: Vec::new(),
            now_unix_ms: || SystemClock::new().now_unix_ms(),
            insecure_listen: false,
            drain: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }
}
