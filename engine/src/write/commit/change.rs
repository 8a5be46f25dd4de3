//! A schema change (of the catalog): from what a user asks to its place in the log.

use crate::catalog::{CatalogChange, CatalogRecord};
use crate::error::Result;
use crate::wal::LogRecord;

use crate::write::commit::Commit;
use crate::write::commit::logging::{KIND_CATALOG, KIND_CATALOG_DATED, Room};
use crate::write::commit::reply::Changed;
use crate::write::commit::state::State;
use crate::write::files::Files;
use crate::write::pace::Pace;

impl Commit {
    pub(crate) fn commit_catalog(
        &self,
        files: &Files,
        pace: &Pace,
        state: &mut State,
        change: &CatalogChange,
    ) -> Result<Changed> {
        files.fence.check()?;
        let record = state.catalog.with_write_dates(state.catalog.resolve(change)?, files.today())?;
        self.commit_record(pace, state, record)
    }

    /// Applies a resolved change of the catalog.
    pub(crate) fn commit_record(&self, pace: &Pace, state: &mut State, record: CatalogRecord) -> Result<Changed> {
        let catalog = state.catalog.apply(&record)?;
        let seq = state.seq.next();
        let payload = record.encode();
        use CatalogRecord::{DropAudience, DropTag, DropType};
        let kind = match &record {
            CatalogRecord::PutTag(tag) if tag.write_dates.is_some() => KIND_CATALOG_DATED,
            _ => KIND_CATALOG,
        };
        let only_deletes = matches!(record, DropType(_) | DropTag(_) | DropAudience(_));
        self.log(pace, state, &[LogRecord { seq, kind, payload: &payload }], Room::of(only_deletes))?;
        state.seq = seq;
        state.catalog = catalog;
        self.publish(pace, state);
        let (type_id, tag_id) = match &record {
            CatalogRecord::PutType(entity_type) => (Some(entity_type.id), None),
            CatalogRecord::DropType(id) => (Some(*id), None),
            CatalogRecord::PutTag(tag) => (Some(tag.type_id), Some(tag.id)),
            CatalogRecord::DropTag(id) => (None, Some(*id)),
            CatalogRecord::PutAudience { head, .. } => (Some(head.type_id), None),
            CatalogRecord::DropAudience(_) => (None, None),
        };
        Ok(Changed { seq, durable: self.durable(), type_id, tag_id })
    }
}
