//! `Catalog`: spaces, types, tags and values. Audiences stand in [`super::audience`].

use std::time::Duration;

use muster_engine::Error;
use muster_engine::catalog::{EntityType, Tag, Zone};
use muster_engine::write::Changed;
use muster_proto::v1;
use tonic::Status;

use super::audience::{drop_audience, get_audience, list_audiences, save_audience};
use super::service;
use crate::convert::{catalog as convert, durability};
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::{View, find_space};

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

fn create_space(shared: &Shared, request: v1::CreateSpaceRequest, _: &Call) -> Result<v1::CreateSpaceReply, Status> {
    let durability = durability::from_wire(request.durability());
    let zone = own_zone(&request.zone)?;
    let space = shared.store.create_space(&request.name, durability, zone.as_ref()).or_status()?;
    Ok(v1::CreateSpaceReply { space: Some(convert::space_to_wire(&space)) })
}

fn change_space(shared: &Shared, request: v1::ChangeSpaceRequest, _: &Call) -> Result<v1::ChangeSpaceReply, Status> {
    let Some(zone) = request.zone else {
        return Err(status::bad_field("zone", "say what to change of the space: its zone"));
    };
    let space = shared.store.set_zone(&request.name, own_zone(&zone)?.as_ref()).or_status()?;
    Ok(v1::ChangeSpaceReply { space: Some(convert::space_to_wire(&space)) })
}

/// The zone that a space is to have of its own; none for an empty text.
fn own_zone(name: &str) -> Result<Option<Zone>, Status> {
    match name {
        "" => Ok(None),
        name => Zone::named(name).map(Some).or_status(),
    }
}

fn list_spaces(shared: &Shared, _: v1::ListSpacesRequest, _: &Call) -> Result<v1::ListSpacesReply, Status> {
    let listed = shared.store.list().or_status()?;
    let spaces = listed.into_iter().map(|space| convert::listed_to_wire(shared, space).or_status());
    Ok(v1::ListSpacesReply { spaces: spaces.collect::<Result<_, Status>>()? })
}

/// How long a space that is dropped may be used by requests that began before.
const DROP_WAIT: Duration = Duration::from_secs(2);

fn drop_space(shared: &Shared, request: v1::DropSpaceRequest, _: &Call) -> Result<v1::DropSpaceReply, Status> {
    let v1::DropSpaceRequest { name, repeated_name } = request;
    if repeated_name != name {
        return Err(status::of(&Error::invalid(format!(
            "repeat the name of the space to drop it with all that it holds, and back it up first: `{name}` was \
             repeated as `{repeated_name}`"
        ))));
    }
    shared.store.drop_space(&name, DROP_WAIT).or_status()?;
    Ok(v1::DropSpaceReply {})
}

fn create_type(shared: &Shared, request: v1::CreateTypeRequest, call: &Call) -> Result<v1::CreateTypeReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    let changed = space.change_catalog(convert::create_type(request).or_status()?).or_status()?;
    let view = View::new(space, call);
    let entity_type = convert::type_to_wire(&view, changed_type(&view, &changed)?, None);
    Ok(v1::CreateTypeReply { entity_type: Some(entity_type), version: changed.seq.0 })
}

fn list_types(shared: &Shared, request: v1::ListTypesRequest, call: &Call) -> Result<v1::ListTypesReply, Status> {
    let view = View::of(shared, call, &request.space)?;
    let mut types = Vec::new();
    for entity_type in view.types() {
        let live = view.snapshot().live_count(entity_type.id).or_status()?;
        types.push(convert::type_to_wire(&view, entity_type, Some(live)));
    }
    types.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(v1::ListTypesReply { types, version: view.snapshot().version().0 })
}

fn rename_type(shared: &Shared, request: v1::RenameTypeRequest, call: &Call) -> Result<v1::RenameTypeReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    let changed = space.change_catalog(convert::rename_type(request)).or_status()?;
    let view = View::new(space, call);
    let entity_type = convert::type_to_wire(&view, changed_type(&view, &changed)?, None);
    Ok(v1::RenameTypeReply { entity_type: Some(entity_type), version: changed.seq.0 })
}

fn drop_type(shared: &Shared, request: v1::DropTypeRequest, call: &Call) -> Result<v1::DropTypeReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    let changed = space.change_catalog(convert::drop_type(request)).or_status()?;
    Ok(v1::DropTypeReply { version: changed.seq.0 })
}

fn create_tag(shared: &Shared, request: v1::CreateTagRequest, call: &Call) -> Result<v1::CreateTagReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let change = convert::create_tag(&owner.name, request.tag).or_status()?;
    let changed = view.space().change_catalog(change).or_status()?;
    let view = view.renewed();
    let tag = convert::tag_to_wire(changed_tag(&view, &changed)?, None);
    Ok(v1::CreateTagReply { tag: Some(tag), version: changed.seq.0 })
}

fn list_tags(shared: &Shared, request: v1::ListTagsRequest, call: &Call) -> Result<v1::ListTagsReply, Status> {
    let view = View::of(shared, call, &request.space)?;
    let owner = view.entity_type(&request.entity_type).or_status()?;
    let tags = view.tags_of(owner.id).filter(|tag| tag.name.starts_with(&request.prefix));
    Ok(v1::ListTagsReply {
        tags: tags.map(|tag| convert::tag_to_wire(tag, None)).collect(),
        entity_type: owner.name.clone(),
        version: view.snapshot().version().0,
    })
}

fn get_tag(shared: &Shared, request: v1::GetTagRequest, call: &Call) -> Result<v1::GetTagReply, Status> {
    let view = View::of(shared, call, &request.space)?;
    let owner = view.entity_type(&request.entity_type).or_status()?;
    let tag = view.tag(owner.id, &request.name).or_status()?;
    let values = match tag.kind.has_values() {
        true => Some(view.snapshot().values(tag.id).or_status()?.len() as u64),
        false => None,
    };
    let uses = view.audiences_of(owner.id).filter(|audience| audience.latest().tags_used.contains(&tag.id));
    Ok(v1::GetTagReply {
        tag: Some(convert::tag_to_wire(tag, values)),
        audiences: uses.map(|audience| audience.name.clone()).collect(),
        version: view.snapshot().version().0,
    })
}

fn change_tag(shared: &Shared, request: v1::ChangeTagRequest, call: &Call) -> Result<v1::ChangeTagReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let change = convert::change_tag(&owner.name, request).or_status()?;
    let changed = view.space().change_catalog(change).or_status()?;
    let view = view.renewed();
    let tag = convert::tag_to_wire(changed_tag(&view, &changed)?, None);
    Ok(v1::ChangeTagReply { tag: Some(tag), version: changed.seq.0 })
}

fn rename_tag(shared: &Shared, request: v1::RenameTagRequest, call: &Call) -> Result<v1::RenameTagReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let changed = view.space().change_catalog(convert::rename_tag(&owner.name, request)).or_status()?;
    let view = view.renewed();
    let tag = convert::tag_to_wire(changed_tag(&view, &changed)?, None);
    Ok(v1::RenameTagReply { tag: Some(tag), version: changed.seq.0 })
}

fn drop_tag(shared: &Shared, request: v1::DropTagRequest, call: &Call) -> Result<v1::DropTagReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let changed = view.space().change_catalog(convert::drop_tag(&owner.name, request)).or_status()?;
    Ok(v1::DropTagReply { version: changed.seq.0 })
}

fn list_values(shared: &Shared, request: v1::ListValuesRequest, call: &Call) -> Result<v1::ListValuesReply, Status> {
    let view = View::of(shared, call, &request.space)?;
    let owner = view.entity_type(&request.entity_type).or_status()?;
    let tag = view.tag(owner.id, &request.tag).or_status()?;
    if !tag.kind.has_values() {
        let message = format!("ask for the values of a choice or set tag: `{}` is of kind {}", tag.name, tag.kind);
        return Err(status::bad_field("tag", message));
    }
    let allowed = call.limits().values_max;
    let limit = match request.limit as usize {
        0 => allowed,
        limit => limit.min(allowed),
    };
    let mut values = view.snapshot().values(tag.id).or_status()?;
    values.retain(|(_, name)| name.starts_with(&request.prefix));
    values.sort_by(|a, b| a.1.cmp(&b.1));
    let truncated = values.len() > limit;
    values.truncate(limit);
    Ok(v1::ListValuesReply {
        values: values.into_iter().map(convert::value_name_to_wire).collect(),
        truncated,
        version: view.snapshot().version().0,
    })
}

/// The space and the type that a request names.
pub(super) fn find_type(
    shared: &Shared,
    call: &Call,
    space: &str,
    entity_type: &str,
) -> Result<(View, EntityType), Status> {
    let view = View::of(shared, call, space)?;
    let owner = view.entity_type(entity_type).or_status()?.clone();
    Ok((view, owner))
}

/// What a change left, which the next change may already have taken away.
fn gone() -> Status {
    status::of(&Error::not_found("it was dropped at the same moment"))
}

fn changed_type<'a>(view: &'a View, changed: &Changed) -> Result<&'a EntityType, Status> {
    changed.type_id.and_then(|id| view.type_of(id)).ok_or_else(gone)
}

fn changed_tag<'a>(view: &'a View, changed: &Changed) -> Result<&'a Tag, Status> {
    changed.tag_id.and_then(|id| view.tag_of(id)).ok_or_else(gone)
}
