//! Where a load goes: its type and tags, made if they are missing and wanted, and taken back if the load fails.

use std::collections::HashSet;

use muster_engine::catalog::{CatalogChange, DeclaredValue, EntityType, KeyKind, Tag, TagSpec};
use muster_engine::{Error, Result};
use muster_engine::{TagId, TypeId};
use muster_exchange::{Mapping, ResolvedColumn};

use crate::space::Space;

/// The type and tags of a load.
pub(super) struct Target<'a> {
    space: &'a Space,
    /// The type; none for a dry run whose type would be made.
    pub(super) type_id: Option<TypeId>,
    /// Its name.
    pub(super) type_name: String,
    /// One for each loaded column. For a dry run, tags that would be made have numbers that no tag has.
    pub(super) columns: Vec<ResolvedColumn>,
    /// The names of the tags that were made, or would be.
    pub(super) new_tags: Vec<String>,
    made_type: bool,
    made_tags: bool,
    /// The load has committed; what was made stays.
    pub(super) keep: bool,
}

impl<'a> Target<'a> {
    /// Finds or makes what `mapping` names.
    ///
    /// Errors: not found, naming all that is missing, unless `create` says to make it; conflict when a kind differs.
    pub(super) fn find(space: &'a Space, mapping: &Mapping, create: bool, dry_run: bool) -> Result<Target<'a>> {
        let snapshot = space.snapshot();
        let catalog = snapshot.catalog();
        let entity_type = match catalog.type_named(&mapping.entity_type) {
            Some(found) => Some(found),
            None if create => None,
            None => Some(catalog.require_type(&mapping.entity_type)?),
        };
        if let Some(found) = entity_type {
            check_key(found, mapping.key.kind)?;
        }
        let type_id = entity_type.map(|found| found.id);
        let find = |name: &str| type_id.and_then(|id| catalog.tag_named(id, name));
        let mut missing: Vec<TagSpec> = Vec::new();
        let mut seen = HashSet::new();
        for column in mapping.loaded_columns() {
            match find(&column.tag) {
                Some(tag) => check_kind(tag, column)?,
                None => missing.push(TagSpec::new(&mapping.entity_type, &column.tag, column.kind)),
            }
            if !seen.insert(column.tag.as_str()) {
                return Err(Error::conflict(format!("two columns set the tag `{}`", column.tag)));
            }
        }
        if !missing.is_empty() && !create {
            let names: Vec<String> = missing.iter().map(|tag| format!("`{}`", tag.name)).collect();
            return Err(Error::not_found(format!(
                "create the tags first, or let the load create what is missing (create_missing_tags): {}",
                names.join(", ")
            )));
        }
        let mut target = Target {
            space,
            type_id,
            type_name: entity_type.map_or_else(|| mapping.entity_type.clone(), |found| found.name.clone()),
            columns: Vec::new(),
            new_tags: missing.iter().map(|tag| tag.name.clone()).collect(),
            made_type: false,
            made_tags: false,
            keep: dry_run,
        };
        if !dry_run {
            target.make(mapping.key.kind, missing)?;
        }
        target.columns = target.resolve(mapping)?;
        Ok(target)
    }

    fn make(&mut self, key: KeyKind, missing: Vec<TagSpec>) -> Result<()> {
        if self.type_id.is_none() {
            let changed = self.space.change_catalog(CatalogChange::CreateType {
                name: self.type_name.clone(),
                key,
                label: None,
                description: String::new(),
            })?;
            self.made_type = true;
            self.type_id = changed.type_id;
        }
        for tag in missing {
            self.space.change_catalog(CatalogChange::CreateTag(Box::new(tag)))?;
            self.made_tags = true;
        }
        Ok(())
    }

    fn resolve(&self, mapping: &Mapping) -> Result<Vec<ResolvedColumn>> {
        let snapshot = self.space.snapshot();
        let catalog = snapshot.catalog();
        let mut unmade = u32::MAX;
        let mut resolved = Vec::new();
        for column in mapping.loaded_columns() {
            let (tag, closed_values) = match self.type_id.and_then(|id| catalog.tag_named(id, &column.tag)) {
                Some(tag) => (tag.id, closed_values(tag)),
                None if self.keep => {
                    unmade -= 1;
                    (TagId(unmade), None)
                }
                None => {
                    return Err(Error::conflict(format!("the tag `{}` was dropped at the same moment", column.tag)));
                }
            };
            resolved.push(ResolvedColumn { column: column.column.clone(), tag, kind: column.kind, closed_values });
        }
        Ok(resolved)
    }
}

/// A load that fails leaves no tags behind that a corrected mapping would then contradict.
impl Drop for Target<'_> {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        let changes: Vec<CatalogChange> = if self.made_type {
            vec![CatalogChange::DropType { name: self.type_name.clone(), force: true }]
        } else if self.made_tags {
            let drop_tag =
                |name: String| CatalogChange::DropTag { type_name: self.type_name.clone(), name, force: false };
            std::mem::take(&mut self.new_tags).into_iter().map(drop_tag).collect()
        } else {
            Vec::new()
        };
        for change in changes {
            if let Err(error) = self.space.change_catalog(change) {
                tracing::warn!(%error, "a tag that a failed load made stays behind");
            }
        }
    }
}

/// What may be written of the tag, where not everything may: its values, and the labels that stand for them.
pub fn closed_values(tag: &Tag) -> Option<Vec<String>> {
    let written = |declared: &DeclaredValue| std::iter::once(declared.value.clone()).chain(declared.label.clone());
    tag.closed_values.then(|| tag.values.iter().flat_map(written).collect())
}

fn check_key(entity_type: &EntityType, kind: KeyKind) -> Result<()> {
    if entity_type.key != kind {
        return Err(Error::conflict(format!(
            "give key kind {:?} in the mapping: the type `{}` has {} keys, the mapping says {kind}",
            entity_type.key.name(),
            entity_type.name,
            entity_type.key
        )));
    }
    Ok(())
}

fn check_kind(tag: &Tag, column: &muster_exchange::ColumnMapping) -> Result<()> {
    if tag.kind != column.kind {
        return Err(Error::conflict(format!(
            "give kind \"{}\" to the column {:?}: the tag `{}` is of that kind, the mapping says {}",
            tag.kind, column.column, tag.name, column.kind
        )));
    }
    Ok(())
}
