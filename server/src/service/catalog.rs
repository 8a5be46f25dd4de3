//! `Catalog`: spaces, types, tags and values. Audiences stand in [`super::audience`].

use std::time::Duration;

use muster_engine::Snapshot;
use muster_engine::catalog::{CatalogChange, EntityType, Zone};
use muster_engine::query::Run;
use muster_engine::write::Changed;
use muster_engine::{Error, Result as EngineResult};
use muster_proto::v1;
use muster_store::Space;
use tonic::Status;

use super::audience::{drop_audience, get_audience, list_audiences, save_audience};
use super::service;
use crate::convert::error::OrStatus;
use crate::convert::{catalog as convert, durability, error};
use crate::shared::Shared;

service! {
    v1::catalog_server::Catalog {
        create_space(CreateSpaceRequest) -> CreateSpaceReply in Write;
        change_space(ChangeSpaceRequest) -> ChangeSpaceReply in Write;
        list_spaces(ListSpacesRequest) -> ListSpacesReply in Short;
        drop_space(DropSpaceRequest) -> DropSpaceReply in Write;
        create_type(CreateTypeRequest) -> CreateTypeReply in Write;
        list_types(ListTypesRequest) -> ListTypesReply in Short;
        rename_type(RenameTypeRequest) -> RenameTypeReply in Write;
        drop_type(DropTypeRequest) -> DropTypeReply in Write;
        create_tag(CreateTagRequest) -> CreateTagReply in Write;
        list_tags(ListTagsRequest) -> ListTagsReply in Short;
        get_tag(GetTagRequest) -> GetTagReply in Short;
        change_tag(ChangeTagRequest) -> ChangeTagReply in Write;
        rename_tag(RenameTagRequest) -> RenameTagReply in Write;
        drop_tag(DropTagRequest) -> DropTagReply in Write;
        list_values(ListValuesRequest) -> ListValuesReply in Long;
        save_audience(SaveAudienceRequest) -> SaveAudienceReply in Write;
        get_audience(GetAudienceRequest) -> GetAudienceReply in Short;
        list_audiences(ListAudiencesRequest) -> ListAudiencesReply in Short;
        drop_audience(DropAudienceRequest) -> DropAudienceReply in Write;
    }
}

fn create_space(shared: &Shared, request: v1::CreateSpaceRequest, _: &Run) -> Result<v1::CreateSpaceReply, Status> {
    let durability = durability::from_wire(request.durability());
    let zone = own_zone(&request.zone)?;
    let space = shared.store.create_space(&request.name, durability, zone.as_ref()).or_status()?;
    Ok(v1::CreateSpaceReply { space: Some(space_to_wire(&space)) })
}

fn change_space(shared: &Shared, request: v1::ChangeSpaceRequest, _: &Run) -> Result<v1::ChangeSpaceReply, Status> {
    let Some(zone) = request.zone else {
        return Err(error::bad_field("zone", "say what to change of the space: its zone"));
    };
    let space = shared.store.set_zone(&request.name, own_zone(&zone)?.as_ref()).or_status()?;
    Ok(v1::ChangeSpaceReply { space: Some(space_to_wire(&space)) })
}

/// The zone that a space is to have of its own; none for an empty text.
fn own_zone(name: &str) -> Result<Option<Zone>, Status> {
    match name {
        "" => Ok(None),
        name => Zone::named(name).map(Some).or_status(),
    }
}

fn space_to_wire(space: &Space) -> v1::Space {
    let durability = durability::to_wire(space.durability()).into();
    v1::Space {
        name: space.name().to_owned(),
        open: true,
        durability,
        zone: space.zone().name().to_owned(),
        missing: false,
    }
}

fn list_spaces(shared: &Shared, _: v1::ListSpacesRequest, _: &Run) -> Result<v1::ListSpacesReply, Status> {
    let listed = shared.store.list().or_status()?;
    let spaces = listed.into_iter().map(|(name, open)| {
        let durability = shared.store.durability(&name).map(durability::to_wire).or_status()?.into();
        let zone = shared.store.zone(&name).or_status()?.name().to_owned();
        let missing = shared.store.is_missing(&name);
        Ok(v1::Space { name, open, durability, zone, missing })
    });
    Ok(v1::ListSpacesReply { spaces: spaces.collect::<Result<_, Status>>()? })
}

/// How long a space that is dropped may be used by requests that began before.
const DROP_WAIT: Duration = Duration::from_secs(2);

fn drop_space(shared: &Shared, request: v1::DropSpaceRequest, _: &Run) -> Result<v1::DropSpaceReply, Status> {
    let v1::DropSpaceRequest { name, repeated_name } = request;
    if repeated_name != name {
        return Err(error::status(&Error::invalid(format!(
            "repeat the name of the space to drop it with all that it holds, and back it up first: `{name}` was repeated as \
             `{repeated_name}`"
        ))));
    }
    shared.store.drop_space(&name, DROP_WAIT).or_status()?;
    Ok(v1::DropSpaceReply {})
}

fn create_type(shared: &Shared, request: v1::CreateTypeRequest, _: &Run) -> Result<v1::CreateTypeReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    let changed = space.change_catalog(convert::create_type(request).or_status()?).or_status()?;
    Ok(v1::CreateTypeReply { entity_type: Some(changed_type(&space, &changed).or_status()?), version: changed.seq.0 })
}

fn list_types(shared: &Shared, request: v1::ListTypesRequest, _: &Run) -> Result<v1::ListTypesReply, Status> {
    let snapshot = shared.store.space(&request.space).or_status()?.snapshot();
    let catalog = snapshot.catalog();
    let mut types = Vec::new();
    for entity_type in catalog.types() {
        let live = snapshot.live_count(entity_type.id).or_status()?;
        types.push(convert::type_to_wire(catalog, entity_type, Some(live)));
    }
    types.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(v1::ListTypesReply { types, version: snapshot.version().0 })
}

fn rename_type(shared: &Shared, request: v1::RenameTypeRequest, _: &Run) -> Result<v1::RenameTypeReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    let change = CatalogChange::RenameType { name: request.name, new_name: request.new_name };
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::RenameTypeReply { entity_type: Some(changed_type(&space, &changed).or_status()?), version: changed.seq.0 })
}

fn drop_type(shared: &Shared, request: v1::DropTypeRequest, _: &Run) -> Result<v1::DropTypeReply, Status> {
    let space = shared.store.space(&request.space).or_status()?;
    let change = CatalogChange::DropType { name: request.name, force: request.force };
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::DropTypeReply { version: changed.seq.0 })
}

fn create_tag(shared: &Shared, request: v1::CreateTagRequest, _: &Run) -> Result<v1::CreateTagReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let change = convert::create_tag(&owner.name, request.tag).or_status()?;
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::CreateTagReply { tag: Some(changed_tag(&space, &changed).or_status()?), version: changed.seq.0 })
}

fn list_tags(shared: &Shared, request: v1::ListTagsRequest, _: &Run) -> Result<v1::ListTagsReply, Status> {
    let snapshot = shared.store.space(&request.space).or_status()?.snapshot();
    let catalog = snapshot.catalog();
    let owner = convert::entity_type(catalog, &request.entity_type).or_status()?;
    let tags = catalog.tags_of(owner.id).filter(|tag| tag.name.starts_with(&request.prefix));
    Ok(v1::ListTagsReply {
        tags: tags.map(|tag| convert::tag_to_wire(tag, None)).collect(),
        entity_type: owner.name.clone(),
        version: snapshot.version().0,
    })
}

fn get_tag(shared: &Shared, request: v1::GetTagRequest, _: &Run) -> Result<v1::GetTagReply, Status> {
    let snapshot = shared.store.space(&request.space).or_status()?.snapshot();
    let catalog = snapshot.catalog();
    let owner = convert::entity_type(catalog, &request.entity_type).or_status()?;
    let tag = catalog.require_tag(owner.id, &request.name).or_status()?;
    let values = match tag.kind.has_values() {
        true => Some(snapshot.values(tag.id).or_status()?.len() as u64),
        false => None,
    };
    let uses = catalog.audiences_of(owner.id).filter(|audience| audience.latest().tags_used.contains(&tag.id));
    Ok(v1::GetTagReply {
        tag: Some(convert::tag_to_wire(tag, values)),
        audiences: uses.map(|audience| audience.name.clone()).collect(),
        version: snapshot.version().0,
    })
}

fn change_tag(shared: &Shared, request: v1::ChangeTagRequest, _: &Run) -> Result<v1::ChangeTagReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let change = convert::change_tag(&owner.name, request).or_status()?;
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::ChangeTagReply { tag: Some(changed_tag(&space, &changed).or_status()?), version: changed.seq.0 })
}

fn rename_tag(shared: &Shared, request: v1::RenameTagRequest, _: &Run) -> Result<v1::RenameTagReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let change = CatalogChange::RenameTag { type_name: owner.name, name: request.name, new_name: request.new_name };
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::RenameTagReply { tag: Some(changed_tag(&space, &changed).or_status()?), version: changed.seq.0 })
}

fn drop_tag(shared: &Shared, request: v1::DropTagRequest, _: &Run) -> Result<v1::DropTagReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let change = CatalogChange::DropTag { type_name: owner.name, name: request.name, force: request.force };
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::DropTagReply { version: changed.seq.0 })
}

fn list_values(shared: &Shared, request: v1::ListValuesRequest, _: &Run) -> Result<v1::ListValuesReply, Status> {
    let snapshot = shared.store.space(&request.space).or_status()?.snapshot();
    let catalog = snapshot.catalog();
    let owner = convert::entity_type(catalog, &request.entity_type).or_status()?;
    let tag = catalog.require_tag(owner.id, &request.tag).or_status()?;
    if !tag.kind.has_values() {
        let message = format!("ask for the values of a choice or set tag: `{}` is of kind {}", tag.name, tag.kind);
        return Err(error::bad_field("tag", message));
    }
    let limit = match request.limit as usize {
        0 => shared.config.limits.values_max,
        limit => limit.min(shared.config.limits.values_max),
    };
    let mut values = snapshot.values(tag.id).or_status()?;
    values.retain(|(_, name)| name.starts_with(&request.prefix));
    values.sort_by(|a, b| a.1.cmp(&b.1));
    let truncated = values.len() > limit;
    values.truncate(limit);
    Ok(v1::ListValuesReply {
        values: values.into_iter().map(|(id, name)| v1::TagValueName { id: id.0, name }).collect(),
        truncated,
        version: snapshot.version().0,
    })
}

/// The space and the type that a request names.
pub(super) fn find_type(
    shared: &Shared,
    space: &str,
    entity_type: &str,
) -> Result<(std::sync::Arc<Space>, EntityType), Status> {
    let space = shared.store.space(space).or_status()?;
    let owner = convert::entity_type(space.snapshot().catalog(), entity_type).or_status()?.clone();
    Ok((space, owner))
}

/// What a change left, which the next change may already have taken away.
fn gone() -> Error {
    Error::not_found("it was dropped at the same moment")
}

fn changed_type(space: &Space, changed: &Changed) -> EngineResult<v1::EntityType> {
    let snapshot: Snapshot = space.snapshot();
    let catalog = snapshot.catalog();
    let entity_type = changed.type_id.and_then(|id| catalog.entity_type(id)).ok_or_else(gone)?;
    Ok(convert::type_to_wire(catalog, entity_type, None))
}

fn changed_tag(space: &Space, changed: &Changed) -> EngineResult<v1::Tag> {
    let snapshot: Snapshot = space.snapshot();
    let tag = changed.tag_id.and_then(|id| snapshot.catalog().tag(id)).ok_or_else(gone)?;
    Ok(convert::tag_to_wire(tag, None))
}
