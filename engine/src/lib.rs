//! The muster database as a synchronous library: no async, no network, no argument parsing.
//!
//! An [`Engine`] holds one space: entity types, their tags, and who has which. It takes batches and loads, and answers
//! questions on [`Snapshot`]s.
//!
//! ```
//! use muster_engine::{
//!     Batch, CatalogChange, Change, Engine, EntityChanges, EntityKey, KeyKind, Options, QueryRequest, Run, TagKind,
//!     TagSpec, Value,
//! };
//!
//! # fn main() -> muster_engine::Result<()> {
//! # let folder = tempfile::tempdir().expect("a folder");
//! let engine = Engine::open_dir(folder.path(), Options::default())?;
//! engine.change_catalog(CatalogChange::create_type("users", KeyKind::String))?;
//! engine.change_catalog(CatalogChange::create_tag(TagSpec::new("users", "vip", TagKind::Flag)))?;
//! engine.change_catalog(CatalogChange::create_tag(TagSpec::new("users", "age", TagKind::Int)))?;
//!
//! let said = |age| vec![Change::set("vip", Value::Flag(true)), Change::set("age", Value::Int(age))];
//! let entities = [("anna", 34), ("bert", 19)].map(|(key, age)| EntityChanges::new(key, said(age)));
//! engine.write(Batch::new("users", entities))?;
//!
//! let snapshot = engine.snapshot();
//! let users = snapshot.catalog().require_type("users")?.id;
//! let adults = snapshot.prepare(users, "vip AND age >= 21", &QueryRequest::now())?;
//! assert_eq!(adults.count(&Run::default())?.count, 1);
//! for id in adults.members(&Run::default(), None, 1_000)?.ids {
//!     assert_eq!(snapshot.key(users, id)?, Some(EntityKey::from("anna")));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The names at the root suffice for that; the modules hold what is said beside it. Everything else is private: the
//! features `internals` (bitmaps, parts, snapshots) and `simulator` (a disk that crashes, a clock that is set by hand)
//! open it for benchmarks, fuzzers and tests, and promise nothing.

mod background;
pub mod backup;
#[cfg(not(feature = "internals"))]
#[allow(unreachable_pub, unused_imports, reason = "the feature `internals` opens it")]
mod bitmap;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod bitmap;
pub mod catalog;
pub mod check;
mod codec;
pub mod columns;
#[cfg(test)]
mod dump;
mod engine;
mod error;
mod formats;
#[cfg(not(feature = "internals"))]
#[allow(unreachable_pub, unused_imports, reason = "the feature `internals` opens it")]
mod ids;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod ids;
mod keys;
mod manifest;
mod options;
#[cfg(not(feature = "internals"))]
#[allow(unreachable_pub, unused_imports, reason = "the feature `internals` opens it")]
mod part;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod part;
pub mod query;
#[cfg(not(feature = "internals"))]
#[allow(unreachable_pub, unused_imports, reason = "the feature `internals` opens it")]
mod snapshot;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod snapshot;
#[cfg(not(feature = "simulator"))]
#[allow(unreachable_pub, unused_imports, reason = "the feature `simulator` opens it")]
mod storage;
#[cfg(feature = "simulator")]
#[doc(hidden)]
pub mod storage;
mod threads;
mod wal;
pub mod write;

pub use catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value, Zone};
pub use engine::Engine;
pub use error::{Error, ErrorKind, QueryFault, Result, is_full};
pub use ids::{AudienceId, EntityId, LocalId, Seq, TagId, TypeId, ValueId};
pub use options::{Durability, Options};
pub use query::plan::QueryRequest;
pub use query::{Prepared, Run};
pub use snapshot::Snapshot;
pub use storage::{Clock, Disk, LockHolder, Storage, SystemClock};
pub use threads::ThreadPool;
pub use write::{Batch, Change, EntityChanges, Load, LoadMode, LoadSpec, Loaded, PreparedLoad, Status, Written};
