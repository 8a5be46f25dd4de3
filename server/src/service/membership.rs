//! Whether one entity, or several, are in each of many audiences.

use std::sync::Arc;

use muster_engine::LocalId;
use muster_engine::Result;
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Column, Entities, Memberships, Prepared, contains_each};
use muster_proto::v1;
use tonic::Status;

use crate::asked::Asked;
use crate::convert::membership::{batch_item, item, key_places, keys_from_wire};
use crate::convert::{context, value};
use crate::entrance::Call;
use crate::shared::Shared;
use crate::status::{self, OrStatus};

/// Queries that are prepared and asked together.
const TOGETHER_MAX: usize = 256;

pub(super) fn is_member(
    shared: &Shared,
    request: v1::IsMemberRequest,
    call: &Call,
) -> std::result::Result<v1::IsMemberReply, Status> {
    let allowed = call.limits().queries_max;
    if request.queries.len() > allowed {
        return Err(status::over_limit("queries_max", request.queries.len(), allowed));
    }
    let asked = Asked::find(shared, call, context::from_wire(request.context).or_status()?)?;
    let key = value::key_from_wire(&asked.entity_type, request.key.as_ref()).or_status()?;
    let entity = asked.snapshot().entity(asked.entity_type.id, &key).or_status()?;
    let mut members = Vec::with_capacity(request.queries.len());
    for some in request.queries.chunks(TOGETHER_MAX) {
        call.look()?;
        let texts: Vec<&str> = some.iter().map(|query| query.text.as_str()).collect();
        add_members(&asked, &texts, entity, &mut members).or_status()?;
    }
    let items = request.queries.into_iter().zip(members).map(|(query, member)| item(query.name, member));
    Ok(v1::IsMemberReply { version: asked.snapshot().version().0, known: entity.is_some(), items: items.collect() })
}

/// Adds the answer to each of the queries `texts`, or what is wrong with it; an unknown entity is nowhere.
/// Errors: those that concern all queries alike.
fn add_members(asked: &Asked, texts: &[&str], entity: Option<LocalId>, answers: &mut Vec<Result<bool>>) -> Result<()> {
    let (mut plain, mut places): (Vec<Arc<Prepared>>, Vec<usize>) = (Vec::new(), Vec::new());
    for prepared in asked.view.prepare_kept(asked.entity_type.id, texts, &asked.request) {
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

/// Several keys and the audiences that they are looked for in.
pub(super) struct Batch {
    asked: Asked,
    /// The name and the text of each.
    queries: Vec<(String, String)>,
    /// By key: its entity, where there is one.
    ids: Vec<Option<LocalId>>,
}

/// Memberships up to which a batch is short.
const SHORT_MEMBERSHIPS_MAX: usize = 4_096;

pub(super) fn is_short_batch(batch: &Batch, _: &Call) -> std::result::Result<bool, Status> {
    Ok(batch.ids.len() * batch.queries.len() <= SHORT_MEMBERSHIPS_MAX)
}

/// Finds the entities. Errors: over a limit; invalid, naming the key.
pub(super) fn prepare_batch(
    shared: &Shared,
    request: v1::IsMemberBatchRequest,
    call: &Call,
) -> std::result::Result<Batch, Status> {
    let v1::IsMemberBatchRequest { context, text_keys, number_keys, queries } = request;
    if !text_keys.is_empty() && !number_keys.is_empty() {
        return Err(status::bad_field("number_keys", "give text keys or number keys, not both"));
    }
    let (keys, limits) = (text_keys.len() + number_keys.len(), &call.limits());
    let bounds = [
        ("queries_max", queries.len(), limits.queries_max),
        ("keys_max", keys, limits.keys_max),
        ("memberships_max", keys.saturating_mul(queries.len()), limits.memberships_max),
    ];
    if let Some((name, found, allowed)) = bounds.into_iter().find(|(_, found, allowed)| found > allowed) {
        return Err(status::over_limit(name, found, allowed));
    }
    let asked = Asked::find(shared, call, context::from_wire(context).or_status()?)?;
    let mut ids = Vec::with_capacity(keys);
    for key in keys_from_wire(&asked.entity_type, text_keys, number_keys) {
        call.look()?;
        ids.push(asked.snapshot().entity(asked.entity_type.id, &key.or_status()?).or_status()?);
    }
    let queries = queries.into_iter().map(|query| (query.name, query.text)).collect();
    Ok(Batch { asked, queries, ids })
}

pub(super) fn is_member_batch(batch: &Batch, call: &Call) -> std::result::Result<v1::IsMemberBatchReply, Status> {
    let Batch { asked, queries, ids } = batch;
    // It may have been prepared among the short ones, whose time is over.
    let request = QueryRequest { stop: call.run().stop(), ..asked.request.clone() };
    let entities = Entities::new(ids.iter().flatten().copied().collect());
    let places: Vec<Option<usize>> = ids.iter().map(|id| id.and_then(|id| entities.place_of(id))).collect();
    let mut memberships = Memberships::new(&entities, request.memory_bytes_max, call.run());
    let mut items = Vec::with_capacity(queries.len());
    for some in queries.chunks(TOGETHER_MAX) {
        call.look()?;
        let texts: Vec<&str> = some.iter().map(|(_, text)| text.as_str()).collect();
        let prepared = asked.view.prepare_kept(asked.entity_type.id, &texts, &request);
        for ((name, _), prepared) in some.iter().zip(prepared) {
            let column = for_one(prepared.and_then(|prepared| memberships.of(&prepared))).or_status()?;
            let is_in = |column: &Column, place: Option<usize>| place.is_some_and(|place| column.contains(place));
            items.push(batch_item(name, column.map(|column| key_places(&places, |place| is_in(&column, place)))));
        }
    }
    let unknown = key_places(&places, |place| place.is_none());
    Ok(v1::IsMemberBatchReply { version: asked.snapshot().version().0, unknown: Some(unknown), items })
}

/// Keeps apart what concerns one query and what concerns all.
fn for_one<T>(answer: Result<T>) -> Result<Result<T>> {
    match answer {
        Err(error) if status::is_for_all(&error) => Err(error),
        answer => Ok(answer),
    }
}
