//! Options of a store: plain fields with defaults.

use std::path::PathBuf;
use std::time::Duration;

use muster_engine::Options;
use muster_engine::catalog::Zone;
use muster_engine::{Error, Result};

use crate::ledger::LEDGER_FILE;

/// How a store runs.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The directory: one folder for each space below `spaces/`.
    pub data_dir: PathBuf,
    /// How each space's engine runs.
    pub engine: Options,
    /// The zone of what is written and asked where a space has none of its own; UTC if absent.
    pub zone: Option<String>,
    /// The ledger of erasures; `erasures.ndjson` in `data_dir` if absent. On another disk it outlives the store.
    pub erasure_ledger: Option<PathBuf>,
    /// Whether questions only are answered: nothing in the directory changes, and it needs no room.
    pub read_only: bool,
    /// How the operator is told what an open dropped or gave up of a log; an error of the program's own log unless
    /// said.
    pub tell: fn(&str),
    /// Spaces of the directory.
    pub spaces_max: usize,
    /// Snapshots of one space that are leased at once.
    pub leases_max: usize,
    /// How long a snapshot is leased.
    pub lease: Duration,
}

impl StoreOptions {
    /// The defaults for a store in `data_dir`.
    pub fn new(data_dir: impl Into<PathBuf>) -> StoreOptions {
        StoreOptions {
            data_dir: data_dir.into(),
            engine: Options::default(),
            zone: None,
            erasure_ledger: None,
            read_only: false,
            tell: |text| tracing::error!("{text}"),
            spaces_max: 1_000,
            leases_max: 64,
            lease: Duration::from_secs(300),
        }
    }

    /// Where the ledger of erasures lies.
    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.erasure_ledger.clone().unwrap_or_else(|| self.data_dir.join(LEDGER_FILE))
    }

    /// The zone of spaces that have none of their own. Errors: invalid, where there is none of that name.
    pub(crate) fn zone(&self) -> Result<Zone> {
        self.zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::named)
    }

    /// For a caller that is to refuse a zone before anything is made. Errors: invalid, where there is none of that
    /// name.
    pub fn check_zone(&self) -> Result<()> {
        self.zone().map(drop)
    }
}

/// What a change of a directory is told that is only read.
pub(crate) fn open_for_questions() -> Error {
    Error::read_only(
        "open the store where it can be written to, and without --read-only, to change it: it is open for questions \
         only",
    )
}
