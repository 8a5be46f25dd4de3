//! Whether entities are members, query by query.

use muster_engine::Result;
use muster_engine::catalog::{EntityKey, EntityType};
use muster_proto::v1;

use super::problem::problem;
use super::value;

/// What a query says of one entity, or what is wrong with it.
pub(crate) fn item(name: String, member: Result<bool>) -> v1::IsMemberItem {
    let outcome = match member {
        Ok(member) => v1::is_member_item::Outcome::Member(member),
        Err(error) => v1::is_member_item::Outcome::Problem(problem(&error)),
    };
    v1::IsMemberItem { name, outcome: Some(outcome) }
}

/// What a query says of several, or what is wrong with it.
pub(crate) fn batch_item(name: &str, members: Result<v1::KeyPlaces>) -> v1::IsMemberBatchItem {
    let outcome = match members {
        Ok(places) => v1::is_member_batch_item::Outcome::Members(places),
        Err(error) => v1::is_member_batch_item::Outcome::Problem(problem(&error)),
    };
    v1::IsMemberBatchItem { name: name.to_owned(), outcome: Some(outcome) }
}

/// The keys of whose `places` among the entities `is_wanted` says so.
pub(crate) fn key_places(places: &[Option<usize>], is_wanted: impl Fn(Option<usize>) -> bool) -> v1::KeyPlaces {
    let wanted = places.iter().enumerate().filter(|(_, place)| is_wanted(**place));
    v1::KeyPlaces { places: wanted.map(|(key, _)| key as u32).collect() }
}

/// The keys of a request, which are texts or numbers. Errors name the key.
pub(crate) fn keys_from_wire(
    entity_type: &EntityType,
    texts: Vec<String>,
    numbers: Vec<u64>,
) -> impl Iterator<Item = Result<EntityKey>> {
    let keys = texts.into_iter().map(v1::entity_key::Key::Text);
    let keys = keys.chain(numbers.into_iter().map(v1::entity_key::Key::Number));
    keys.map(|key| value::key_from_wire(entity_type, Some(&v1::EntityKey { key: Some(key) })))
}
