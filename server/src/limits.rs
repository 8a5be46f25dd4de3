//! What may be asked of a server, and how much at once.

use std::time::Duration;

use muster_engine::query::Stats;
use muster_engine::query::plan::QueryRequest;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What may be asked. Beyond a limit the request is refused with its name.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one message that brings data. What a batch becomes in memory is bounded by
    /// [`muster_proto::WRITE_MEMORY_BYTES_MAX`] beside.
    pub message_bytes_max: usize,
    /// Bytes of any other message, which asks or commands. A text of no characters takes two bytes on the wire and
    /// thirty times as much in memory, before anybody can charge it to a query.
    pub query_message_bytes_max: usize,
    /// Changes of one batch.
    pub batch_changes_max: usize,
    /// Expressions of one request.
    pub queries_max: usize,
    /// Keys of one request that asks where they are members.
    pub keys_max: usize,
    /// Keys times expressions of such a request.
    pub memberships_max: usize,
    /// Quantiles of one request.
    pub quantiles_max: usize,
    /// Tags given with each member.
    pub with_tags_max: usize,
    /// Members of one message of a stream.
    pub message_members_max: usize,
    /// Bytes of one message of a stream, about: one that has so many ends.
    pub message_reply_bytes_max: usize,
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
    /// Bytes of the files that arrive for loads and stay until those have read them, of all together.
    pub spool_bytes_max: u64,
    /// A space that nobody used for so long is closed until it is asked for; none is where it is zero.
    pub space_idle: Duration,
    /// Questions that run at once and may be long; more wait.
    pub queries_running_max: usize,
    /// Of those, the most of one caller, so that others find a place whatever it asks.
    pub caller_queries_max: usize,
    /// Such questions that wait; more are told `busy`, as is a caller of whom half as many wait.
    pub queries_waiting_max: usize,
    /// Status, catalog, questions about one entity and short counts that run at once; more wait.
    pub short_running_max: usize,
    /// How long one of them may take; one that takes longer begins anew among the long ones.
    pub short: Duration,
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
    /// Bytes of everything that is received, decoded and waiting, of all requests together; replies that wait for their
    /// readers leave half of it to requests.
    pub server_memory_bytes: u64,
    /// How long a message may take to arrive, where a request has one.
    pub receive: Duration,
    /// How long a stream may bring nothing, or nobody may read one.
    pub stream_idle: Duration,
    /// Connections that are open at once; more are closed. At most what the limit of descriptors leaves beside
    /// [`DESCRIPTORS_RESERVED`] and seven for each space that there may be, but half of it in any case.
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

/// Descriptors that are kept for files, whatever the connections take: loads, backups, spools, a margin.
pub const DESCRIPTORS_RESERVED: u64 = 256;

/// Descriptors that are kept beside them for each space that there may be: its lock, its log, its folders for syncs.
const SPACE_DESCRIPTORS: u64 = 7;

/// Lets the process have as many descriptors as its hard limit allows; the soft one is there for programs that cannot
/// have many. Where that is refused, it stays as it is.
pub fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        if let Err(error) = raised {
            tracing::debug!(%error, "the limit of descriptors stays");
        }
    }
}

/// With fewer descriptors a server could take no connection beside the files of a space.
pub(crate) const DESCRIPTORS_MIN: u64 = 64;

impl Limits {
    /// How many connections there may be, in all and of one peer, where the process may have so many descriptors and so
    /// many spaces.
    pub(crate) fn connections(&self, descriptors: u64, spaces_max: usize) -> (usize, usize) {
        let files = DESCRIPTORS_RESERVED + SPACE_DESCRIPTORS.saturating_mul(spaces_max as u64);
        let left = descriptors.saturating_sub(files).max(descriptors / 2);
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
            keys_max: 10_000,
            memberships_max: 1_000_000,
            quantiles_max: Stats::QUANTILES_MAX,
            with_tags_max: 100,
            message_members_max: 8_192,
            message_reply_bytes_max: 256 << 10,
            groups_max: 10_000,
            query_memory_bytes: QueryRequest::MEMORY_BYTES_DEFAULT,
            explain_budget_ms: 2_000,
            values_max: 10_000,
            rejects_reported_max: 100_000,
            spool_bytes_max: 256 << 30,
            space_idle: Duration::from_secs(600),
            queries_running_max: threads * 4,
            caller_queries_max: threads * 3,
            queries_waiting_max: 4_096,
            short: Duration::from_millis(500),
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
            stream_idle: Duration::from_secs(600),
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
        assert_eq!(limits.connections(1_024, 1_000), (512, 384));
        assert_eq!(limits.connections(7_300, 1_000), (3_650, 2_738));
        assert_eq!(limits.connections(1_024, 10), (698, 524));
        assert_eq!(limits.connections(1 << 20, 1_000), (4_096, 3_072));
        assert_eq!(limits.connections(100, 1_000), (50, 38));
        assert_eq!(limits.connections(u64::MAX, 1_000), (4_096, 3_072));
    }
}
