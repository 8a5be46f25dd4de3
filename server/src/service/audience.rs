//! Saved audiences.

use muster_engine::Error;
use muster_engine::catalog::EntityType;
use muster_proto::v1;
use tonic::{Code, Status};

use super::catalog::find_type;
use crate::asked::{Asked, Context};
use crate::convert::{catalog as convert, reply};
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};
use crate::view::{View, find_space};

pub(super) fn save_audience(
    shared: &Shared,
    request: v1::SaveAudienceRequest,
    call: &Call,
) -> Result<v1::SaveAudienceReply, Status> {
    let space = find_space(shared, call, &request.space)?;
    // What is checked below must still hold when the change is made.
    let _alone = space.saving();
    let context =
        Context { space: request.space.clone(), entity_type: request.entity_type.clone(), ..Context::default() };
    let asked = Asked::find(shared, call, context)?;
    let owner = &asked.entity_type;
    if let Some(expected) = request.expected_version {
        check_version(&asked.view, owner, &request.name, expected)?;
    }
    let stored = asked.view.store(owner.id, &request.name, &request.text, &asked.request).or_status()?;
    let warnings = stored.planned.warnings.iter();
    let warnings = warnings.map(|warning| reply::warning_to_wire(&request.text, warning)).collect();
    let name = request.name.clone();
    let change = convert::save_audience(&owner.name, request, stored, shared.now_unix_ms());
    let changed = space.change_catalog(change).or_status()?;
    let view = asked.view.renewed();
    let audience = view.audience(owner.id, &name).or_status()?;
    Ok(v1::SaveAudienceReply {
        audience: Some(convert::audience_to_wire(&view, owner, audience, audience.latest())),
        warnings,
        version: changed.seq.0,
    })
}

fn check_version(view: &View, owner: &EntityType, name: &str, expected: u64) -> Result<(), Status> {
    let audience = view.audience_named(owner.id, name);
    let found = audience.map_or(0, |audience| audience.latest().version);
    if found == expected {
        return Ok(());
    }
    let message = format!("look at `{name}` again before you save: it is at version {found}, expected {expected}");
    Err(status::refuse(Code::FailedPrecondition, "CONFLICT", message))
}

pub(super) fn get_audience(
    shared: &Shared,
    request: v1::GetAudienceRequest,
    call: &Call,
) -> Result<v1::GetAudienceReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let audience = view.audience(owner.id, &request.name).or_status()?;
    let version = match request.audience_version {
        None => audience.latest(),
        Some(number) => audience.version(number).ok_or_else(|| {
            let kept: Vec<String> = audience.versions.iter().map(|kept| kept.version.to_string()).collect();
            let message = format!("`{}` has no version {number}; kept are {}", audience.name, kept.join(", "));
            status::of(&Error::not_found(message))
        })?,
    };
    Ok(v1::GetAudienceReply {
        audience: Some(convert::audience_to_wire(&view, &owner, audience, version)),
        version: view.snapshot().version().0,
    })
}

pub(super) fn list_audiences(
    shared: &Shared,
    request: v1::ListAudiencesRequest,
    call: &Call,
) -> Result<v1::ListAudiencesReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let audiences = view.audiences_of(owner.id).filter(|audience| audience.name.starts_with(&request.prefix));
    let to_wire = |audience| convert::audience_to_wire(&view, &owner, audience, audience.latest());
    Ok(v1::ListAudiencesReply { audiences: audiences.map(to_wire).collect(), version: view.snapshot().version().0 })
}

pub(super) fn drop_audience(
    shared: &Shared,
    request: v1::DropAudienceRequest,
    call: &Call,
) -> Result<v1::DropAudienceReply, Status> {
    let (view, owner) = find_type(shared, call, &request.space, &request.entity_type)?;
    let changed = view.space().change_catalog(convert::drop_audience(&owner.name, request)).or_status()?;
    Ok(v1::DropAudienceReply { version: changed.seq.0 })
}
