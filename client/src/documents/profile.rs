//! The profile of one entity: all its tags.

use muster_proto::v1::ProfileReply;
use serde_json::{Map, Value, json};

use super::Document;
use super::value::{key, value};
use crate::hex::hex;
use crate::zone::ShownZone;

/// The tags of an entity.
pub fn profile(reply: &ProfileReply) -> Document {
    let zone = ShownZone::named(&reply.zone);
    let tags: Map<String, Value> = reply
        .tags
        .iter()
        .map(|tag| (tag.tag.clone(), tag.value.as_ref().map_or(Value::Null, |it| value(it, &zone))))
        .collect();
    Document::object(json!({
        "key": reply.key.as_ref().map_or(Value::Null, key),
        "tags": tags,
        "id": reply.id,
        "version": reply.version,
        "store_id": hex(&reply.store_id),
        "id_epoch": reply.id_epoch,
        "engine_ns": reply.engine_ns,
        "zone": reply.zone,
    }))
}
