//! From what a user asks, by names, to a record with ids: the one place that refuses.

use std::collections::BTreeSet;

use crate::catalog::entity_type::EntityType;
use crate::catalog::kind::KeyKind;
use crate::catalog::limits::{
    CATALOG_BYTES_MAX, DECLARED_BYTES_MAX, DECLARED_VALUES_MAX, SCALE_MAX, TAGS_MAX, TEXT_BYTES_MAX,
    TIME_TO_LIVE_DAYS_MAX, TYPES_MAX,
};
use crate::catalog::name::check_name;
use crate::catalog::tag::{DeclaredValue, Tag, TagChange, TagSpec, WriteDates};
use crate::catalog::value::check_value_bytes;
use crate::catalog::{Catalog, CatalogChange, CatalogRecord};
use crate::error::{Error, Result};
use crate::ids::{TagId, TypeId};

/// Audiences that an "in use" message names before it counts.
const NAMED_USERS_MAX: usize = 3;

impl Catalog {
    /// The record that does what `change` asks of this catalog, with ids for what is new.
    ///
    /// Errors: invalid (a name, text or value is not allowed), not found (with the nearest name), conflict (a name is
    /// taken, or something is in use and not forced), limit.
    pub fn resolve(&self, change: &CatalogChange) -> Result<CatalogRecord> {
        match change {
            CatalogChange::CreateType { name, key, label, description } => {
                self.create_type(name, *key, label.as_deref(), description)
            }
            CatalogChange::ChangeType { name, label, description } => {
                self.change_type(name, label.as_deref(), description.as_deref())
            }
            CatalogChange::RenameType { name, new_name } => self.rename_type(name, new_name),
            CatalogChange::DropType { name, force } => self.drop_type(name, *force),
            CatalogChange::CreateTag(spec) => self.create_tag(spec),
            CatalogChange::ChangeTag { type_name, name, change } => self.change_tag(type_name, name, change),
            CatalogChange::RenameTag { type_name, name, new_name } => self.rename_tag(type_name, name, new_name),
            CatalogChange::DropTag { type_name, name, force } => self.drop_tag(type_name, name, *force),
            CatalogChange::SaveAudience(spec) => self.save_audience(spec),
            CatalogChange::ChangeAudience { type_name, name, description, owner } => {
                self.change_audience(type_name, name, description.as_deref(), owner.as_deref())
            }
            CatalogChange::RenameAudience { type_name, name, new_name } => {
                self.rename_audience(type_name, name, new_name)
            }
            CatalogChange::DropAudience { type_name, name, force } => self.drop_audience(type_name, name, *force),
        }
    }

    fn create_type(&self, name: &str, key: KeyKind, label: Option<&str>, description: &str) -> Result<CatalogRecord> {
        if self.0.types.len() >= TYPES_MAX {
            return Err(Error::limit(format!("a space has at most {TYPES_MAX} entity types")));
        }
        let name = check_name("entity type", name)?;
        let label = check_label(label, &name)?;
        let id = TypeId(fresh(self.0.next.entity_type)?);
        self.check_type_names(id, &name, label.as_deref())?;
        check_text("description", description)?;
        Ok(CatalogRecord::PutType(EntityType {
            id,
            name,
            label,
            key,
            population: TagId(fresh(self.0.next.tag)?),
            description: description.to_owned(),
        }))
    }

    fn change_type(&self, name: &str, label: Option<&str>, description: Option<&str>) -> Result<CatalogRecord> {
        let mut changed = self.require_type(name)?.clone();
        if let Some(label) = label {
            changed.label = check_label(Some(label), &changed.name)?;
            self.check_type_names(changed.id, &changed.name, changed.label.as_deref())?;
        }
        if let Some(description) = description {
            check_text("description", description)?;
            changed.description = description.to_owned();
        }
        Ok(CatalogRecord::PutType(changed))
    }

    fn rename_type(&self, name: &str, new_name: &str) -> Result<CatalogRecord> {
        let mut changed = self.require_type(name)?.clone();
        changed.name = check_name("entity type", new_name)?;
        changed.label = changed.label.filter(|label| *label != changed.name);
        self.check_type_names(changed.id, &changed.name, changed.label.as_deref())?;
        Ok(CatalogRecord::PutType(changed))
    }

    fn drop_type(&self, name: &str, force: bool) -> Result<CatalogRecord> {
        let dropped = self.require_type(name)?;
        let tags = self.tags_of(dropped.id).count();
        let audiences = self.audiences_of(dropped.id).count();
        if !force && tags + audiences > 0 {
            return Err(Error::conflict(format!(
                "drop its tags and audiences first, or all of them with it by --force (`force` in a request): the \
                 entity type `{}` has {tags} tags and {audiences} audiences",
                dropped.name
            )));
        }
        Ok(CatalogRecord::DropType(dropped.id))
    }

    /// No other type has one of these names.
    fn check_type_names(&self, id: TypeId, name: &str, label: Option<&str>) -> Result<()> {
        for name in std::iter::once(name).chain(label) {
            if let Some(owner) = self.type_named(name).filter(|owner| owner.id != id) {
                let other = said_of(&owner.name, name);
                return Err(Error::conflict(format!("entity type `{other}` exists")));
            }
        }
        Ok(())
    }

    fn create_tag(&self, spec: &TagSpec) -> Result<CatalogRecord> {
        let type_id = self.require_type(&spec.type_name)?.id;
        if self.0.tags.len() >= TAGS_MAX {
            return Err(Error::limit(format!("a space has at most {TAGS_MAX} tags")));
        }
        if spec.kind.scale() > SCALE_MAX {
            return Err(Error::invalid(format!("a decimal has at most {SCALE_MAX} digits behind the point")));
        }
        let name = check_name("tag", &spec.name)?;
        let mut definition = spec.definition.clone();
        definition.label = check_label(spec.label.as_deref(), &name)?;
        definition.name = name;
        let tag = Tag { id: TagId(fresh(self.0.next.tag)?), type_id, definition, write_dates: None };
        self.put_tag(tag)
    }

    fn change_tag(&self, type_name: &str, name: &str, change: &TagChange) -> Result<CatalogRecord> {
        let type_id = self.require_type(type_name)?.id;
        let mut tag = self.require_tag(type_id, name)?.clone();
        let definition = &mut tag.definition;
        if let Some(label) = &change.label {
            definition.label = check_label(Some(label), &definition.name)?;
        }
        let texts = [
            (&change.description, &mut definition.description),
            (&change.source, &mut definition.source),
            (&change.unit, &mut definition.unit),
            (&change.owner, &mut definition.owner),
        ];
        for (new, old) in texts {
            if let Some(new) = new {
                old.clone_from(new);
            }
        }
        definition.layer = change.layer.unwrap_or(definition.layer);
        definition.sensitivity = change.sensitivity.unwrap_or(definition.sensitivity);
        definition.time_to_live_days = change.time_to_live_days.unwrap_or(definition.time_to_live_days);
        definition.closed_values = change.closed_values.unwrap_or(definition.closed_values);
        definition.ordered_values = change.ordered_values.unwrap_or(definition.ordered_values);
        if let Some(values) = &change.values {
            definition.values.clone_from(values);
        }
        self.put_tag(tag)
    }

    fn rename_tag(&self, type_name: &str, name: &str, new_name: &str) -> Result<CatalogRecord> {
        let type_id = self.require_type(type_name)?.id;
        let mut tag = self.require_tag(type_id, name)?.clone();
        tag.definition.name = check_name("tag", new_name)?;
        let definition = &mut tag.definition;
        definition.label.take_if(|label| *label == definition.name);
        self.put_tag(tag)
    }

    /// `record` with what a time to live needs: a tag that has one dates its writes from `today` on, if it does not
    /// yet. Errors: limit, when all numbers were given.
    pub fn with_write_dates(&self, record: CatalogRecord, today: i64) -> Result<CatalogRecord> {
        let mut tag = match record {
            CatalogRecord::PutTag(tag) if tag.time_to_live_days.is_some() && tag.write_dates.is_none() => tag,
            record => return Ok(record),
        };
        // A new tag takes the next number itself.
        let next = self.0.next.tag.max(tag.id.0.saturating_add(1));
        tag.write_dates = Some(WriteDates { tag: TagId(fresh(next)?), since: today });
        Ok(CatalogRecord::PutTag(tag))
    }

    /// The record of a tag, new or changed, once it is sound and its names are free.
    fn put_tag(&self, mut tag: Tag) -> Result<CatalogRecord> {
        if tag.time_to_live_days.is_none() {
            tag.write_dates = None;
        }
        for name in std::iter::once(&tag.name).chain(&tag.label) {
            let owner = self.tag_named(tag.type_id, name);
            if let Some(owner) = owner.filter(|owner| owner.id != tag.id) {
                let other = said_of(&owner.name, name);
                return Err(Error::conflict(format!("tag `{other}` exists, as {}", owner.kind)));
            }
        }
        check_text("description", &tag.description)?;
        check_text("source", &tag.source)?;
        check_text("unit", &tag.unit)?;
        check_text("owner", &tag.owner)?;
        check_time_to_live(tag.time_to_live_days)?;
        check_declared(&tag).map_err(|error| error.context(format!("tag `{}`", tag.name)))?;
        let others = self.0.tags.values().filter(|other| other.id != tag.id);
        let bytes: usize = others.map(|other| stored_bytes(other)).sum();
        if bytes + stored_bytes(&tag) > CATALOG_BYTES_MAX {
            return Err(Error::limit(format!(
                "the tags of a space take at most {CATALOG_BYTES_MAX} bytes; shorten declared values or descriptions"
            )));
        }
        Ok(CatalogRecord::PutTag(Box::new(tag)))
    }

    fn drop_tag(&self, type_name: &str, name: &str, force: bool) -> Result<CatalogRecord> {
        let type_id = self.require_type(type_name)?.id;
        let tag = self.require_tag(type_id, name)?;
        let users = self
            .audiences()
            .filter(|audience| audience.latest().tags_used.binary_search(&tag.id).is_ok())
            .map(|audience| audience.name.as_str());
        check_unused(&format!("tag `{}`", tag.name), users, force)?;
        Ok(CatalogRecord::DropTag(tag.id))
    }
}

/// `next` as an id to give. Errors: limit.
pub(super) fn fresh(next: u32) -> Result<u32> {
    if next == u32::MAX {
        return Err(Error::limit("all ids of this kind were given"));
    }
    Ok(next)
}

/// Refuses when audiences use what is to be dropped, unless it is forced.
pub(super) fn check_unused<'a>(what: &str, users: impl Iterator<Item = &'a str>, force: bool) -> Result<()> {
    let users: Vec<&str> = users.collect();
    if force || users.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = users.iter().take(NAMED_USERS_MAX).map(|name| format!("`@{name}`")).collect();
    let more = match users.len().saturating_sub(NAMED_USERS_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(Error::conflict(format!(
        "drop it anyway by --force (`force` in a request): {what} is in use by audience {}{more}",
        named.join(", ")
    )))
}

/// Errors: invalid, when a text is too long.
pub(super) fn check_text(what: &str, text: &str) -> Result<()> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::invalid(format!(
            "the {what} has {} bytes, at most {TEXT_BYTES_MAX} are allowed",
            text.len()
        )));
    }
    Ok(())
}

/// A label in stored spelling; an empty one, or one that repeats the name, is none.
fn check_label(label: Option<&str>, name: &str) -> Result<Option<String>> {
    match label {
        None | Some("") => Ok(None),
        Some(label) => check_name("label", label).map(|label| Some(label).filter(|l| l != name)),
    }
}

/// The owner's name, and how it was met when that was its label.
fn said_of(owner: &str, name: &str) -> String {
    match owner == name {
        true => name.to_owned(),
        false => format!("{owner}` with the label `{name}"),
    }
}

fn check_time_to_live(days: Option<u32>) -> Result<()> {
    match days {
        Some(days) if days == 0 || days > TIME_TO_LIVE_DAYS_MAX => {
            Err(Error::invalid(format!("a time to live of {days} days is not within 1..={TIME_TO_LIVE_DAYS_MAX}")))
        }
        _ => Ok(()),
    }
}

/// The declared values are few enough, distinct in all their spellings, and their parents form a forest.
fn check_declared(tag: &Tag) -> Result<()> {
    let values = &tag.values;
    if tag.closed_values && values.is_empty() && tag.kind.has_values() {
        return Err(Error::invalid("name the values of the closed list: it would allow none"));
    }
    if !tag.kind.has_values() && (!values.is_empty() || tag.closed_values || tag.ordered_values) {
        let kind = tag.kind;
        return Err(Error::invalid(format!("only a choice or set tag declares values, this is {kind}")));
    }
    let bytes: usize = values.iter().map(declared_bytes).sum();
    if values.len() > DECLARED_VALUES_MAX || bytes > DECLARED_BYTES_MAX {
        return Err(Error::limit(format!(
            "{} declared values of {bytes} bytes; at most {DECLARED_VALUES_MAX} of {DECLARED_BYTES_MAX} are allowed",
            values.len()
        )));
    }
    let mut spellings = BTreeSet::new();
    for declared in values {
        for spelling in std::iter::once(&declared.value).chain(&declared.label) {
            check_value_bytes(spelling)?;
            if !spellings.insert(spelling.as_str()) {
                return Err(Error::invalid(format!("the value `{spelling}` is declared twice")));
            }
        }
    }
    check_parents(values)
}

fn declared_bytes(declared: &DeclaredValue) -> usize {
    let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    declared.value.len() + of(&declared.label) + of(&declared.parent)
}

/// About what a tag takes in the stored catalog, rather more than less.
fn stored_bytes(tag: &Tag) -> usize {
    let texts = [&tag.name, &tag.description, &tag.source, &tag.unit, &tag.owner];
    let texts: usize = texts.iter().map(|text| text.len()).sum();
    let values: usize = tag.values.iter().map(|one| declared_bytes(one) + 16).sum();
    64 + texts + tag.label.as_ref().map_or(0, String::len) + values
}

/// Every parent is declared, and no value is above itself.
fn check_parents(values: &[DeclaredValue]) -> Result<()> {
    let parents: std::collections::BTreeMap<&str, Option<&str>> =
        values.iter().map(|declared| (declared.value.as_str(), declared.parent.as_deref())).collect();
    // Values from which the way up is known to end.
    let mut sound = BTreeSet::new();
    for declared in values {
        let mut way = BTreeSet::new();
        let mut at = declared.value.as_str();
        while !sound.contains(at) {
            if !way.insert(at) {
                return Err(Error::invalid(format!("the value `{at}` is above itself")));
            }
            match parents.get(at) {
                Some(Some(parent)) => at = parent,
                Some(None) => break,
                None => return Err(Error::invalid(format!("the parent `{at}` is not declared"))),
            }
        }
        sound.append(&mut way);
    }
    Ok(())
}
