//! How a server runs: plain fields with defaults.

use std::path::PathBuf;
use std::time::Duration;

use muster_engine::options::{Durability, Options};
use muster_engine::query::plan::QueryRequest;
use muster_engine::{Error, Result};

use crate::erasures::LEDGER_FILE;

/// The memory of one query, unless the limits say otherwise.
pub const QUERY_MEMORY_BYTES_DEFAULT: u64 = QueryRequest::MEMORY_BYTES_DEFAULT;

/// How a server runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory of the store: one folder for each space below `spaces/`.
    pub data_dir: PathBuf,
    /// How each space's engine runs.
    pub engine: Options,
    /// The zone of what is written, asked and shown, where neither a request nor its space names one; UTC if absent.
    pub zone: Option<String>,
    /// Whether a load may name any path of this machine: right for a server that serves its own user only.
    pub local_files: bool,
    /// Directories below which a load may name a path.
    pub import_dirs: Vec<PathBuf>,
    /// Directories below which a backup may be made.
    pub backup_dirs: Vec<PathBuf>,
    /// The ledger of erasures; `erasures.ndjson` in `data_dir` if absent. On another disk it outlives the store.
    pub erasure_ledger: Option<PathBuf>,
    /// Whether questions only are answered: nothing in the directory changes, and it needs no room.
    pub read_only: bool,
    /// How the operator is told what an open dropped or gave up of a log; an error of the server's own log unless said.
    pub tell: fn(&str),
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
            data_dir: data_dir.into(),
            engine: Options::default(),
            zone: None,
            local_files: false,
            import_dirs: Vec::new(),
            backup_dirs: Vec::new(),
            erasure_ledger: None,
            read_only: false,
            tell: |text| tracing::error!("{text}"),
            insecure_listen: false,
            drain: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }

    /// Where the ledger of erasures lies.
    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.erasure_ledger.clone().unwrap_or_else(|| self.data_dir.join(LEDGER_FILE))
    }

    /// Sets an option by its name, such as `flush_bytes` to `1048576`.
    ///
    /// Errors: invalid, when there is no such option, or it does not take this value.
    pub fn set_option(&mut self, name: &str, value: &str) -> Result<()> {
        let number = || -> Result<u64> {
            value.parse().map_err(|_| Error::invalid(format!("give option {name} a whole number, not `{value}`")))
        };
        let count = || number().map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let engine = &mut self.engine;
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
            "spaces_max" => self.limits.spaces_max = count()?,
            "space_idle_ms" => self.limits.space_idle = Duration::from_millis(number()?),
            "shared_files" => engine.shared_files = yes_or_no(name, value)?,
            "discard_damaged_tail" => engine.discard_damaged_tail = yes_or_no(name, value)?,
            _ => {
                return Err(Error::invalid(format!(
                    "name one of durability, sync_interval_ms, delta_parts_max, delta_bytes_max, busy_wait_ms, \
                     flush_bytes, part_bytes_max, log_file_bytes, load_bytes_max, merged_bytes_max, threads, \
                     spaces_max, space_idle_ms, shared_files, discard_damaged_tail: there is no option {name}"
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

/// What may be asked. Beyond a limit the request is refused with its name.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one message that brings data. What a batch becomes in memory is bounded by
    /// [`muster_proto::WRITE_MEMORY_BYTES_MAX`] beside.
    pub message_bytes_max: usize,
    /// Bytes of any other message, which asks or commands. A text of no characters takes two bytes on the wire and thirty times as much in
    /// memory, before anybody can charge it to a query.
    pub query_message_bytes_max: usize,
    /// Changes of one batch.
    pub batch_changes_max: usize,
    /// Expressions of one request.
    pub queries_max: usize,
    /// Quantiles of one request.
    pub quantiles_max: usize,
    /// Tags given with each member.
    pub with_tags_max: usize,
    /// Members of one message of a stream.
    pub message_members_max: usize,
    /// Roaring bytes of one message of a stream.
    pub message_roaring_bytes_max: usize,
    /// Groups of one breakdown.
    pub groups_max: usize,
    /// The memory that one query may take, in bytes; threads that do not fit in do not help.
    pub query_memory_bytes: u64,
    /// Milliseconds that an analysis may count conditions beside the query itself; what is not begun then is left out.
    pub explain_budget_ms: u64,
    /// Values of one list.
    pub values_max: usize,
    /// Rejected rows that one load reports; the rest is counted.
    pub rejects_reported_max: u64,
    /// Bytes of one uploaded file.
    pub upload_bytes_max: u64,
    /// Spaces of the directory.
    pub spaces_max: usize,
    /// A space that nobody used for so long is closed until it is asked for; none is where it is zero.
    pub space_idle: Duration,
    /// Snapshots of one space that are kept for page tokens.
    pub leases_max: usize,
    /// How long a snapshot is kept for a page token.
    pub lease: Duration,
    /// Questions that run at once and may be long; more wait.
    pub queries_running_max: usize,
    /// Of those, the most of one caller, so that others find a place whatever it asks.
    pub caller_queries_max: usize,
    /// Such questions that wait; more are told `busy`, as is a caller of whom half as many wait.
    pub queries_waiting_max: usize,
    /// Status, catalog, questions about one entity and short counts that run at once; more wait.
    pub short_running_max: usize,
    /// Of those that wait; more are told `busy`.
    pub short_waiting_max: usize,
    /// Batches and catalog changes that run at once; more wait. They share syncs, so many are good.
    pub writes_running_max: usize,
    /// Of those that wait; more are told `busy`.
    pub writes_waiting_max: usize,
    /// Loads that run at once, with the inference of mappings; more wait.
    pub loads_running_max: usize,
    /// Of those that wait; more are told `busy`.
    pub loads_waiting_max: usize,
    /// Loads that are open at once, be it that they arrive, wait, run, or that nobody reads what they say.
    pub loads_open_max: usize,
    /// Flushes, compactions, syncs, backups and lists of erasures that run at once; more wait.
    pub admin_running_max: usize,
    /// Of those that wait; more are told `busy`.
    pub admin_waiting_max: usize,
    /// Bytes of everything that is received, decoded and waiting, of all requests together.
    pub server_memory_bytes: u64,
    /// How long a message may take to arrive, where a request has one.
    pub receive: Duration,
    /// Connections that are open at once; more are closed. At most what the limit of descriptors leaves beside
    /// [`DESCRIPTORS_RESERVED`].
    pub connections_max: usize,
    /// Of those, the most of one machine, or of one user of this one.
    pub peer_connections_max: usize,
    /// How long a connection may take to say the preface of HTTP/2.
    pub preface: Duration,
    /// How long a connection may be open without a request under way.
    pub idle: Duration,
    /// How often a silent connection is asked whether it lives, and how long it may take to answer.
    pub keepalive: Duration,
    /// Bytes of the headers of one request.
    pub header_bytes_max: u32,
    /// Streams of one connection that are open at once.
    pub streams_max: u32,
}

/// Descriptors that are kept for files, whatever the connections take: spaces, loads, backups.
pub const DESCRIPTORS_RESERVED: u64 = 256;

impl Limits {
    /// How many connections there may be, in all and of one peer, where the process may have so many descriptors.
    pub(crate) fn connections(&self, descriptors: u64) -> (usize, usize) {
        let left = descriptors.saturating_sub(DESCRIPTORS_RESERVED).max(descriptors / 2);
        let all = self.connections_max.min(usize::try_from(left).unwrap_or(usize::MAX)).max(1);
        (all, self.peer_connections_max.min(all - all / 4))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        let threads = std::thread::available_parallelism().map_or(2, |count| count.get());
        Limits {
            message_bytes_max: 64 << 20,
            query_message_bytes_max: 8 << 20,
            batch_changes_max: 1_000_000,
            queries_max: 10_000,
            quantiles_max: muster_engine::query::QUANTILES_MAX,
            with_tags_max: 100,
            message_members_max: 8_192,
            message_roaring_bytes_max: 1 << 20,
            groups_max: 10_000,
            query_memory_bytes: QUERY_MEMORY_BYTES_DEFAULT,
            explain_budget_ms: 2_000,
            values_max: 10_000,
            rejects_reported_max: 100_000,
            upload_bytes_max: 1 << 40,
            spaces_max: 1_000,
            space_idle: Duration::from_secs(600),
            leases_max: 64,
            lease: Duration::from_secs(300),
            queries_running_max: threads * 4,
            caller_queries_max: threads * 3,
            queries_waiting_max: 4_096,
            short_running_max: 64,
            short_waiting_max: 16_384,
            writes_running_max: 256,
            writes_waiting_max: 16_384,
            loads_running_max: 4,
            loads_waiting_max: 64,
            loads_open_max: 64,
            admin_running_max: 4,
            admin_waiting_max: 64,
            server_memory_bytes: 1 << 30,
            receive: Duration::from_secs(30),
            connections_max: 4_096,
            peer_connections_max: 3_072,
            preface: Duration::from_secs(10),
            idle: Duration::from_secs(600),
            keepalive: Duration::from_secs(30),
            header_bytes_max: 16 << 10,
            streams_max: 1_024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_files_and_one_peer_leaves_some_for_others() {
        let limits = Limits::default();
        assert_eq!(limits.connections(1_024), (768, 576));
        assert_eq!(limits.connections(1 << 20), (4_096, 3_072));
        assert_eq!(limits.connections(100), (50, 38));
        assert_eq!(limits.connections(u64::MAX), (4_096, 3_072));
    }

    #[test]
    fn an_option_is_set_by_its_name_or_refused_with_a_remedy() {
        let mut config = Config::new("store");
        config.set_option("flush_bytes", "4096").unwrap();
        config.set_option("durability", "none").unwrap();
        config.set_option("discard_damaged_tail", "true").unwrap();
        assert_eq!((config.engine.flush_bytes, config.engine.durability), (4096, Durability::None));
        assert!(config.engine.discard_damaged_tail);
        for (name, value, remedy) in
            [("flush", "1", "name one of"), ("threads", "two", "a whole number"), ("durability", "yes", "interval")]
        {
            let error = config.set_option(name, value).unwrap_err();
            assert!(error.message().contains(remedy), "{error}");
        }
    }
}
