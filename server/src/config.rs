//! How a server runs: plain fields with defaults.

use std::path::PathBuf;
use std::time::Duration;

use muster_engine::options::Durability;
use muster_engine::storage::{Clock, SystemClock};
use muster_engine::{Error, Result};
use muster_store::StoreOptions;

use crate::limits::{LIMIT_OPTIONS, Limits};

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

    /// Sets an option by its name, such as `flush_bytes` to `1048576`.
    ///
    /// Errors: invalid, when there is no such option, or it does not take this value.
    pub fn set_option(&mut self, name: &str, value: &str) -> Result<()> {
        let number = || -> Result<u64> {
            value.parse().map_err(|_| Error::invalid(format!("give option {name} a whole number, not `{value}`")))
        };
        let count = || number().map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let engine = &mut self.store.engine;
        match name {
            "durability" => engine.durability = durability(value)?,
            "sync_interval_ms" => engine.sync_interval_ms = number()?,
            "delta_parts_max" => engine.delta_parts_max = count()?,
            "delta_bytes_max" => engine.delta_bytes_max = number()?,
            "busy_wait_ms" => engine.busy_wait_ms = number()?,
            "flush_bytes" => engine.flush_bytes = number()?,
            "part_bytes_max" => engine.part_bytes_max = number()?,
            "log_file_bytes" => engine.log_file_bytes = number()?,
            "load_bytes_max" => engine.load_bytes_max = number()?,
            "merged_bytes_max" => engine.merged_bytes_max = number()?,
            "threads" => engine.threads = count()?,
            "shared_files" => engine.shared_files = yes_or_no(name, value)?,
            "discard_damaged_tail" => engine.discard_damaged_tail = yes_or_no(name, value)?,
            _ if LIMIT_OPTIONS.contains(&name) => self.limits.set(&mut self.store, name, number()?)?,
            _ => {
                return Err(Error::invalid(format!(
                    "name one of durability, sync_interval_ms, delta_parts_max, delta_bytes_max, busy_wait_ms, \
                     flush_bytes, part_bytes_max, log_file_bytes, load_bytes_max, merged_bytes_max, threads, \
                     shared_files, discard_damaged_tail, {}: there is no option {name}",
                    LIMIT_OPTIONS.join(", ")
                )));
            }
        }
        Ok(())
    }
}

fn yes_or_no(name: &str, value: &str) -> Result<bool> {
    value.parse().map_err(|_| Error::invalid(format!("give option {name} true or false, not `{value}`")))
}

fn durability(value: &str) -> Result<Durability> {
    match value {
        "commit" => Ok(Durability::Commit),
        "interval" => Ok(Durability::Interval),
        "none" => Ok(Durability::None),
        _ => Err(Error::invalid(format!("give option durability commit, interval or none, not `{value}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_set_by_its_name_or_refused_with_a_remedy() {
        let mut config = Config::new("store");
        config.set_option("flush_bytes", "4096").unwrap();
        config.set_option("durability", "none").unwrap();
        config.set_option("discard_damaged_tail", "true").unwrap();
        assert_eq!((config.store.engine.flush_bytes, config.store.engine.durability), (4096, Durability::None));
        assert!(config.store.engine.discard_damaged_tail);
        config.set_option("stream_idle_ms", "1500").unwrap();
        assert_eq!(config.limits.stream_idle, Duration::from_millis(1_500));
        for name in LIMIT_OPTIONS {
            config.set_option(name, "7").unwrap();
        }
        for (name, value, remedy) in [
            ("flush", "1", "name one of"),
            ("threads", "two", "a whole number"),
            ("durability", "yes", "interval"),
            ("connections_max", "0", "at least 1"),
            ("streams_max", "4294967296", "at most 4294967295"),
        ] {
            let error = config.set_option(name, value).unwrap_err();
            assert!(error.message().contains(remedy), "{error}");
        }
    }
}
