//! Whether one entity is in each of many audiences.

use std::sync::Arc;

use muster_engine::Result;
use muster_engine::ids::LocalId;
use muster_engine::query::{Prepared, Run, contains_each};
use muster_proto::v1;
use tonic::Status;

use super::{Asked, OrStatus, Shared};
use crate::convert::{error, value};

/// Queries that are prepared and asked together.
const TOGETHER_MAX: usize = 256;

pub(super) fn is_member(
    shared: &Shared,
    request: v1::IsMemberRequest,
    run: &Run,
) -> std::result::Result<v1::IsMemberReply, Status> {
    let allowed = shared.config.limits.queries_max;
    if request.queries.len() > allowed {
        return Err(error::over_limit("queries_max", request.queries.len(), allowed));
    }
    let asked = Asked::find(shared, request.context, run)?;
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let entity = asked.snapshot.entity(asked.entity_type.id, &key).or_status()?;
    let mut members = Vec::with_capacity(request.queries.len());
    for queries in request.queries.chunks(TOGETHER_MAX) {
        run.look().or_status()?;
        add_members(&asked, queries, entity, &mut members).or_status()?;
    }
    let items = request.queries.into_iter().zip(members).map(|(query, member)| v1::IsMemberItem {
        name: query.name,
        outcome: Some(match member {
            Ok(member) => v1::is_member_item::Outcome::Member(member),
            Err(error) => v1::is_member_item::Outcome::Problem(error::problem(&error)),
        }),
    });
    Ok(v1::IsMemberReply { version: asked.snapshot.version().0, known: entity.is_some(), items: items.collect() })
}

/// Adds the answer to each of `queries`, or what is wrong with it; an unknown entity is nowhere. Errors: those that
/// concern all queries alike.
fn add_members(
    asked: &Asked,
    queries: &[v1::NamedQuery],
    entity: Option<LocalId>,
    answers: &mut Vec<Result<bool>>,
) -> Result<()> {
    let texts: Vec<&str> = queries.iter().map(|query| query.text.as_str()).collect();
    let (mut plain, mut places): (Vec<Arc<Prepared>>, Vec<usize>) = (Vec::new(), Vec::new());
    for prepared in asked.snapshot.prepare_kept(asked.entity_type.id, &texts, &asked.request) {
        let answer = match (prepared, entity) {
            (Ok(prepared), Some(_)) if prepared.is_one_bitmap() => {
                plain.push(prepared);
                places.push(answers.len());
                Ok(false)
            }
            (Ok(prepared), Some(entity)) => prepared.contains(entity),
            (Ok(_), None) => Ok(false),
            (Err(error), _) => Err(error),
        };
        answers.push(for_one(answer)?);
    }
    if let Some(entity) = entity {
        for (place, answer) in places.into_iter().zip(contains_each(&plain, entity)) {
            answers[place] = for_one(answer)?;
        }
    }
    Ok(())
}

/// Keeps apart what concerns one query and what concerns all.
fn for_one(answer: Result<bool>) -> Result<Result<bool>> {
    match answer {
        Err(error) if error::is_for_all(&error) => Err(error),
        answer => Ok(answer),
    }
}
