//! The way in: batches, changes of the catalog and loads, from names to durable, visible parts.
//!
//! Stations: a [`Batch`] waits at the gate; who leads a group resolves it to records, which the log promises; the
//! records become a part in memory, and a new version is published. Later a flush moves memory into part files, and
//! compaction keeps their layers few. Opening a store runs the same steps from the log.

mod allocate;
mod apply;
mod batch;
mod built;
mod change;
mod compact;
mod files;
mod flush;
mod freeze;
mod gate;
mod load;
mod logging;
mod maintain;
mod memory;
mod publish;
mod record;
mod recover;
mod reply;
mod resolve;
mod settings;
mod stack;
mod state;
mod status;
mod sweep;
mod wakeups;
mod writer;

pub use batch::{BATCH_CHANGES_MAX, BATCH_ENTITIES_MAX, Batch, Change, EntityChanges, SOURCE_BYTES_MAX, SOURCES_MAX};
pub(crate) use files::{FileKind, PARTS_DIR};
pub(crate) use freeze::Frozen;
pub use load::{BLOCK_ROWS_MAX, LOAD_ID_BYTES_MAX, Load};
pub(crate) use publish::file_kind;
pub(crate) use record::BatchRecord;
pub(crate) use recover::{AUDIENCES_BYTES_MAX, LOCK_PATH, Place, check_one_time};
pub use reply::{Changed, LoadSpec, Loaded, NEW_VALUES_TOLD_MAX, Written};
pub(crate) use settings::WriteSettings;
pub use settings::{DURABILITY_FILE, Durability, ZONE_FILE, read_durability, read_zone, write_durability, write_zone};
pub use status::Status;
pub use sweep::SWEEP_ENTITIES_MAX;
pub(crate) use wakeups::Work;
pub(crate) use writer::{KIND_BATCH, KIND_CATALOG, KIND_CATALOG_DATED, KIND_PLACE, Writer};
