//! The write path: batches, changes of the catalog and loads, from names to durable, visible parts.
//!
//! Stations: a [`Batch`] waits at the gate; who leads a group resolves it to records, which the log promises; the
//! records become a part in memory, and a new version is published. Later a flush moves memory into part files, and
//! compaction keeps their layers few. Opening a store runs the same steps from the log.

mod background;
mod commit;
mod files;
mod load;
mod open;
mod pace;
mod running;
mod settings;
mod turns;
mod writer;

pub(crate) use background::freeze::Frozen;
pub use background::status::Status;
pub use commit::batch::{Batch, Change, EntityChanges};
pub(crate) use commit::logging::{KIND_BATCH, KIND_CATALOG, KIND_CATALOG_DATED, KIND_PLACE};
pub(crate) use commit::manifest::file_kind;
pub(crate) use commit::record::BatchRecord;
pub use commit::reply::{Changed, LoadMode, LoadSpec, Loaded, Written};
pub(crate) use files::{FileKind, PARTS_DIR};
pub use load::{Load, PreparedLoad};
pub(crate) use open::{AUDIENCES_BYTES_MAX, Place, check_one_time};
pub(crate) use pace::Work;
pub(crate) use settings::WriteSettings;
pub(crate) use settings::{DURABILITY_FILE, ZONE_FILE};
pub use settings::{Durability, SpaceSettings};
pub(crate) use writer::Writer;
