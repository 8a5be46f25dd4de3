//! Saved audiences.

use muster_engine::Error;
use muster_engine::Snapshot;
use muster_engine::catalog::{Audience, AudienceSpec, AudienceVersion, CatalogChange, EntityType};
use muster_engine::query::Run;
use muster_engine::query::plan::{last_known_text, store_audience, today_text};
use muster_proto::v1;
use tonic::{Code, Status};

use super::catalog::find_type;
use crate::asked::Asked;
use crate::convert::error::OrStatus;
use crate::convert::{catalog as convert, error, reply};
use crate::shared::Shared;

pub(super) fn save_audience(
    shared: &Shared,
    request: v1::SaveAudienceRequest,
    run: &Run,
) -> Result<v1::SaveAudienceReply, Status> {
    let context =
        v1::QueryContext { space: request.space, entity_type: request.entity_type, ..v1::QueryContext::default() };
    let space = shared.store.space(&context.space).or_status()?;
    // What is checked below must still hold when the change is made.
    let _alone = space.saving();
    let asked = Asked::find(shared, Some(context), run)?;
    let owner = &asked.entity_type;
    if let Some(expected) = request.expected_version {
        check_version(&asked.snapshot, owner, &request.name, expected)?;
    }
    let stored = store_audience(&asked.snapshot, owner.id, &request.name, &request.text, &asked.request).or_status()?;
    let spec = AudienceSpec {
        type_name: owner.name.clone(),
        name: request.name.clone(),
        stored: stored.stored,
        tags_used: stored.tags_used,
        audiences_used: stored.audiences_used,
        description: (!request.description.is_empty()).then_some(request.description),
        owner: (!request.owner.is_empty()).then_some(request.owner),
        now_ms: shared.now_unix_ms(),
    };
    let changed = space.change_catalog(CatalogChange::SaveAudience(Box::new(spec))).or_status()?;
    let snapshot = space.snapshot();
    let audience = snapshot.catalog().require_audience(owner.id, &request.name).or_status()?;
    let warnings = stored.planned.warnings.iter();
    Ok(v1::SaveAudienceReply {
        audience: Some(to_wire(&snapshot, owner, audience, audience.latest())),
        warnings: warnings.map(|warning| reply::warning_to_wire(&request.text, warning)).collect(),
        version: changed.seq.0,
    })
}

fn check_version(snapshot: &Snapshot, owner: &EntityType, name: &str, expected: u64) -> Result<(), Status> {
    let audience = snapshot.catalog().audience_named(owner.id, name);
    let found = audience.map_or(0, |audience| audience.latest().version);
    if found == expected {
        return Ok(());
    }
    let message = format!("look at `{name}` again before you save: it is at version {found}, expected {expected}");
    Err(error::refuse(Code::FailedPrecondition, "CONFLICT", message))
}

pub(super) fn get_audience(
    shared: &Shared,
    request: v1::GetAudienceRequest,
    _: &Run,
) -> Result<v1::GetAudienceReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let snapshot = space.snapshot();
    let audience = snapshot.catalog().require_audience(owner.id, &request.name).or_status()?;
    let version = match request.audience_version {
        None => audience.latest(),
        Some(number) => audience.version(number).ok_or_else(|| {
            let kept: Vec<String> = audience.versions.iter().map(|kept| kept.version.to_string()).collect();
            let message = format!("`{}` has no version {number}; kept are {}", audience.name, kept.join(", "));
            error::status(&Error::not_found(message))
        })?,
    };
    Ok(v1::GetAudienceReply {
        audience: Some(to_wire(&snapshot, &owner, audience, version)),
        version: snapshot.version().0,
    })
}

pub(super) fn list_audiences(
    shared: &Shared,
    request: v1::ListAudiencesRequest,
    _: &Run,
) -> Result<v1::ListAudiencesReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let snapshot = space.snapshot();
    let audiences = snapshot.catalog().audiences_of(owner.id);
    let audiences = audiences.filter(|audience| audience.name.starts_with(&request.prefix));
    Ok(v1::ListAudiencesReply {
        audiences: audiences.map(|audience| to_wire(&snapshot, &owner, audience, audience.latest())).collect(),
        version: snapshot.version().0,
    })
}

pub(super) fn drop_audience(
    shared: &Shared,
    request: v1::DropAudienceRequest,
    _: &Run,
) -> Result<v1::DropAudienceReply, Status> {
    let (space, owner) = find_type(shared, &request.space, &request.entity_type)?;
    let change = CatalogChange::DropAudience { type_name: owner.name, name: request.name, force: request.force };
    let changed = space.change_catalog(change).or_status()?;
    Ok(v1::DropAudienceReply { version: changed.seq.0 })
}

/// With today's names, and with the last known ones of what is gone.
fn to_wire(snapshot: &Snapshot, owner: &EntityType, audience: &Audience, version: &AudienceVersion) -> v1::Audience {
    let text = today_text(snapshot, owner.id, &version.stored)
        .or_else(|_| last_known_text(snapshot, owner.id, &version.stored))
        .unwrap_or_else(|error| error.message().to_owned());
    convert::audience_to_wire(owner, audience, version, text)
}
