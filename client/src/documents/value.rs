//! Values and keys as JSON: exact, so that what a number of JSON cannot hold stays text.

use muster_proto::v1;
use serde_json::{Value, json};

use crate::zone::ShownZone;

/// A tag's value: flags are booleans, ints numbers, sets arrays; decimals, dates and times stay exact as text, times as
/// `zone` shows them.
pub(crate) fn value(value: &v1::Value, zone: &ShownZone) -> Value {
    match &value.value {
        None => Value::Null,
        Some(v1::value::Value::Flag(truth)) => json!(truth),
        Some(v1::value::Value::Int(number)) => json!(number),
        Some(v1::value::Value::List(list)) => json!(list.values),
        Some(_) => json!(zone.text(value)),
    }
}

/// A key: text, or a number where the type has numbers.
pub(crate) fn key(key: &v1::EntityKey) -> Value {
    match &key.key {
        None => Value::Null,
        Some(v1::entity_key::Key::Text(text)) => json!(text),
        Some(v1::entity_key::Key::Number(number)) => json!(number),
    }
}

/// A number as the server writes it: whole numbers of int tags become numbers, everything else stays text.
pub(crate) fn written(text: &str, kind: v1::TagKind) -> Value {
    match (text, kind, text.parse::<i64>()) {
        ("", _, _) => Value::Null,
        (_, v1::TagKind::Int, Ok(number)) => json!(number),
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_type_and_their_digits() {
        let of = |inner| value(&v1::Value { value: Some(inner) }, &ShownZone::named(""));
        assert_eq!(of(v1::value::Value::Flag(true)), json!(true));
        assert_eq!(of(v1::value::Value::Decimal(v1::Decimal { unscaled: 1250, scale: 2 })), json!("12.50"));
        assert_eq!(written("380381436", v1::TagKind::Int), json!(380381436));
        assert_eq!(
            written("170141183460469231731687303715884105727", v1::TagKind::Int),
            json!("170141183460469231731687303715884105727")
        );
        assert_eq!(written("1.50", v1::TagKind::Decimal), json!("1.50"));
        assert_eq!(written("", v1::TagKind::Date), Value::Null);
    }
}
