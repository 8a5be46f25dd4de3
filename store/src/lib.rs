//! A store of muster: a directory of spaces (tenants), each an engine, opened by the first who asks for it.
//!
//! It keeps leases of snapshots, the ledger of erasures, backups, restores and checks, the directory's lock, and it
//! loads files. It knows no wire and no runtime: a server, a shell or a program that embeds it are doors above it.
//!
//! ```
//! use muster_store::engine::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
//! use muster_store::engine::write::{Batch, Change, EntityChanges};
//! use muster_store::{Store, StoreOptions};
//!
//! # fn main() -> muster_store::Result<()> {
//! # let folder = tempfile::tempdir().expect("a folder");
//! let store = Store::open(StoreOptions::new(folder.path()))?;
//! let space = store.space("main")?;
//! let (label, description) = (None, String::new());
//! let create = CatalogChange::CreateType { name: "users".into(), key: KeyKind::String, label, description };
//! space.change_catalog(create)?;
//! space.change_catalog(CatalogChange::CreateTag(Box::new(TagSpec::new("users", "vip", TagKind::Flag))))?;
//!
//! let vip = Change::Set { tag: "vip".into(), value: Value::Flag(true) };
//! let entities = vec![EntityChanges::new(EntityKey::Text("anna".into()), vec![vip])];
//! space.write(Batch { type_name: "users".into(), source: None, entities }, 0)?;
//! let snapshot = space.snapshot();
//! let users = snapshot.catalog().require_type("users")?.id;
//! assert_eq!(snapshot.live_count(users)?, 1);
//!
//! // Whoever is erased stands in the ledger before the erasure is acknowledged, and stays erased in a restored backup.
//! let entities = vec![EntityChanges::new(EntityKey::Text("anna".into()), vec![Change::Erase])];
//! space.write(Batch { type_name: "users".into(), source: None, entities }, 0)?;
//! assert_eq!(store.erasures().next_erasure()?.map(|erasure| erasure.key), Some(EntityKey::Text("anna".into())));
//! # Ok(())
//! # }
//! ```

mod access;
mod backup;
mod check;
mod folder;
mod holder;
mod known;
mod leases;
mod ledger;
mod load;
mod options;
mod space;
mod store;

pub use access::Access;
pub use backup::{Restored, RestoredSpace, restore_dir};
pub use check::{DirReport, SpaceReport, check_dir};
pub use holder::{Holder, holder_of};
pub use leases::Leases;
pub use ledger::{Erasure, Reading};
pub use load::{FileLoad, LoadEvent, LoadFault, LoadOutcome, TagEffect, closed_values};
pub use muster_engine::Durability;
pub use muster_engine::check::{Fault, Note, Progress, Report};
pub use muster_engine::{Error, Result, is_full};
// What spaces take and give, and what their loads do: an embedder needs no other crate of ours.
pub use options::StoreOptions;
pub use space::Space;
pub use store::Store;
pub use {muster_engine as engine, muster_exchange as exchange};
