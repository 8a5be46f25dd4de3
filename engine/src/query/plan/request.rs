//! What comes with the text of a query: parameters, the clock, and how strict the planner is.

use std::collections::BTreeMap;

use crate::query::pace::Stop;
use crate::storage::{Clock, SystemClock};

/// What a request says beside the text.
#[derive(Clone, Debug)]
pub struct QueryRequest {
    /// What the `$name` of the text stand for.
    pub parameters: Parameters,
    /// IANA name of the zone that turns days into instants (`Asia/Shanghai`); none is UTC. The caller puts the zone of
    /// the space here when the request has none.
    pub zone: Option<String>,
    /// The one reading of the clock for this request, milliseconds since the epoch.
    pub now_unix_ms: i64,
    /// What an unknown value of a choice or set tag means.
    pub unknown_values: UnknownValues,
    /// The memory that an answer may take, in bytes.
    pub memory_bytes_max: u64,
    /// What ends reading and planning it.
    pub stop: Stop,
}

impl QueryRequest {
    /// The memory of an answer when the request does not say.
    pub const MEMORY_BYTES_DEFAULT: u64 = 256 << 20;

    /// A request without parameters, in UTC, at the time that the machine shows; unknown values are refused.
    pub fn now() -> QueryRequest {
        QueryRequest::at(SystemClock::new().now_unix_ms())
    }

    /// A request without parameters, in UTC, at `now_unix_ms`; unknown values are refused.
    pub fn at(now_unix_ms: i64) -> QueryRequest {
        QueryRequest {
            parameters: Parameters::new(),
            zone: None,
            now_unix_ms,
            unknown_values: UnknownValues::Refuse,
            memory_bytes_max: Self::MEMORY_BYTES_DEFAULT,
            stop: Stop::default(),
        }
    }
}

/// What an unknown value of a choice or set tag means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UnknownValues {
    /// An error that names the nearest value.
    #[default]
    Refuse,
    /// Nobody has it; a warning says so.
    Empty,
}

/// What the `$name` of a text stand for, by name without the `$`.
pub type Parameters = BTreeMap<String, Parameter>;

/// What one `$name` stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parameter {
    /// One value as written, typed by the tag beside it.
    Scalar(String),
    /// Values as written: of a tag after IN or HAS, keys inside `ids(...)`.
    List(Vec<String>),
    /// Entity ids in the portable roaring format.
    Bitmap {
        /// The portable roaring bytes: local ids of shard 0.
        bytes: Vec<u8>,
        /// The id epoch of the store that gave the ids; none is not checked.
        id_epoch: Option<u64>,
        /// The store that gave the ids; none is not checked.
        store_id: Option<[u8; 16]>,
    },
}
