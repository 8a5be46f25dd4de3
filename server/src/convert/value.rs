//! Keys and values.

use muster_engine::catalog::{EntityKey, EntityType, Tag, TagKind, Value, Zone};
use muster_engine::{Error, Result};
use muster_proto::v1;

/// How much of a key a message shows.
const KEY_CHARS_SHOWN: usize = 80;

/// The key as the type's kind reads it: digits are a number where keys are numbers.
pub(crate) fn key_from_wire(entity_type: &EntityType, key: Option<&v1::EntityKey>) -> Result<EntityKey> {
    match key.and_then(|key| key.key.as_ref()) {
        None => Err(Error::invalid("give the key of an entity")),
        Some(v1::entity_key::Key::Text(text)) => entity_type.key.parse_key(text),
        Some(v1::entity_key::Key::Number(number)) => {
            let key = EntityKey::Number(*number);
            entity_type.key.check_key(&key)?;
            Ok(key)
        }
    }
}

/// A key as messages name it: its beginning, where it is long.
pub(crate) fn key_shown(key: &v1::EntityKey) -> String {
    match &key.key {
        None => String::new(),
        Some(v1::entity_key::Key::Number(number)) => number.to_string(),
        Some(v1::entity_key::Key::Text(text)) => match text.char_indices().nth(KEY_CHARS_SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.clone(),
        },
    }
}

pub(crate) fn key_to_wire(key: &EntityKey) -> v1::EntityKey {
    v1::EntityKey {
        key: Some(match key {
            EntityKey::Text(text) => v1::entity_key::Key::Text(text.clone()),
            EntityKey::Number(number) => v1::entity_key::Key::Number(*number),
        }),
    }
}

/// The value as the tag's kind reads it, times without a zone in `zone`.
pub(crate) fn value_from_wire(tag: &Tag, value: Option<v1::Value>, zone: &Zone) -> Result<Value> {
    let in_tag = |error: Error| error.context(format!("tag `{}`", tag.name));
    match value.and_then(|value| value.value) {
        None => Err(in_tag(Error::invalid("give a value"))),
        Some(v1::value::Value::Written(text)) => tag.kind.parse_value_in(&text, zone).map_err(in_tag),
        Some(v1::value::Value::Flag(truth)) => Ok(Value::Flag(truth)),
        // The engine would read it too, but knows no zone.
        Some(v1::value::Value::Text(text)) if tag.kind == TagKind::Time => {
            tag.kind.parse_value_in(&text, zone).map_err(in_tag)
        }
        Some(v1::value::Value::Text(text)) => Ok(Value::Text(text)),
        Some(v1::value::Value::Int(number)) => Ok(Value::Int(number)),
        Some(v1::value::Value::Decimal(decimal)) => match u8::try_from(decimal.scale) {
            Ok(scale) => Ok(Value::Decimal { unscaled: decimal.unscaled, scale }),
            Err(_) => {
                Err(in_tag(Error::invalid(format!("a decimal cannot have {} digits behind the point", decimal.scale))))
            }
        },
        Some(v1::value::Value::Date(days)) => Ok(Value::Date(days)),
        Some(v1::value::Value::Time(milliseconds)) => Ok(Value::Time(milliseconds)),
        Some(v1::value::Value::List(list)) => Ok(Value::List(list.values)),
    }
}

pub(crate) fn value_to_wire(value: Value) -> v1::Value {
    v1::Value {
        value: Some(match value {
            Value::Flag(truth) => v1::value::Value::Flag(truth),
            Value::Text(text) => v1::value::Value::Text(text),
            Value::Int(number) => v1::value::Value::Int(number),
            Value::Decimal { unscaled, scale } => {
                v1::value::Value::Decimal(v1::Decimal { unscaled, scale: scale.into() })
            }
            Value::Date(days) => v1::value::Value::Date(days),
            Value::Time(milliseconds) => v1::value::Value::Time(milliseconds),
            Value::List(values) => v1::value::Value::List(v1::TextList { values }),
        }),
    }
}

pub(crate) fn kind_to_wire(kind: TagKind) -> v1::TagKind {
    match kind {
        TagKind::Flag => v1::TagKind::Flag,
        TagKind::Choice => v1::TagKind::Choice,
        TagKind::Set => v1::TagKind::Set,
        TagKind::Int => v1::TagKind::Int,
        TagKind::Decimal { .. } => v1::TagKind::Decimal,
        TagKind::Date => v1::TagKind::Date,
        TagKind::Time => v1::TagKind::Time,
    }
}
