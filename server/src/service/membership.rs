//! Whether one entity is in each of many audiences.

use muster_engine::Result;
use muster_engine::ids::LocalId;
use muster_engine::query::{Prepared, Run, contains_each};
use muster_proto::v1;
use tonic::Status;

use super::{Asked, OrStatus, Shared};
use crate::convert::{error, value};

/// Plain queries that are kept to be asked together.
const TOGETHER_MAX: usize = 256;

pub(super) fn is_member(
    shared: &Shared,
    request: v1::IsMemberRequest,
    _: &Run,
) -> std::result::Result<v1::IsMemberReply, Status> {
    let allowed = shared.config.limits.queries_max;
    if request.queries.len() > allowed {
        return Err(error::over_limit("queries_max", request.queries.len(), allowed));
    }
    let asked = Asked::find(shared, request.context)?;
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let entity = asked.snapshot.entity(asked.entity_type.id, &key).or_status()?;
    let mut items = Vec::with_capacity(request.queries.len());
    for queries in request.queries.chunks(TOGETHER_MAX) {
        let members = members(&asked, queries, entity).or_status()?;
        items.extend(queries.iter().zip(members).map(|(query, member)| v1::IsMemberItem {
            name: query.name.clone(),
            outcome: Some(match member {
                Ok(member) => v1::is_member_item::Outcome::Member(member),
                Err(error) => v1::is_member_item::Outcome::Problem(error::problem(&error)),
            }),
        }));
    }
    Ok(v1::IsMemberReply { version: asked.snapshot.version().0, known: entity.is_some(), items })
}

/// The answer to each of `queries`, or what is wrong with it; an unknown entity is nowhere. Errors: those that concern
/// all queries alike.
fn members(asked: &Asked, queries: &[v1::NamedQuery], entity: Option<LocalId>) -> Result<Vec<Result<bool>>> {
    let mut answers = Vec::with_capacity(queries.len());
    let (mut plain, mut places): (Vec<Prepared>, Vec<usize>) = (Vec::new(), Vec::new());
    for query in queries {
        let answer = match (asked.prepare(&query.text), entity) {
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
    Ok(answers)
}

/// Keeps apart what concerns one query and what concerns all.
fn for_one(answer: Result<bool>) -> Result<Result<bool>> {
    match answer {
        Err(error) if error::is_for_all(&error) => Err(error),
        answer => Ok(answer),
    }
}
