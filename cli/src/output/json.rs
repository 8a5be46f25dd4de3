//! JSON of answers, with the stable keys that docs/cli.md lists.

use muster_client::v1;
use muster_language::visible::is_acted_upon;
use serde_json::{Value, json};

use crate::output::zone::ShownZone;

/// A document on several lines.
pub(crate) fn document(value: &Value) -> String {
    // Values made here have text keys only, and such values can always be written.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text.push('\n');
    escaped(text)
}

/// A document on one line.
pub(crate) fn line(value: &Value) -> String {
    format!("{}\n", inline(value))
}

/// A document within a line.
pub(crate) fn inline(value: &Value) -> String {
    escaped(value.to_string())
}

/// JSON whose texts hold nothing that a terminal acts upon: what JSON does not escape by itself (DEL, C1, the marks of
/// bidirectional text) stands as `\u202e`, which reads back as the same character.
fn escaped(json: String) -> String {
    let is_raw = |c: char| c != '\n' && is_acted_upon(c);
    if !json.contains(is_raw) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match is_raw(c) {
            // All of them lie in the first plane, and outside of texts JSON has none.
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

/// What every reply to a query tells, as keys to put behind those of the answer itself.
pub(crate) fn with_info(answer: Value, info: Option<&v1::ReplyInfo>) -> Value {
    let (Value::Object(mut answer), Some(info)) = (answer, info) else {
        return json!(null);
    };
    let time = info.engine_time.unwrap_or_default();
    let about = json!({
        "version": info.version,
        "engine_ns": time.total_ns,
        "canonical": info.canonical,
        "fingerprint": info.fingerprint,
        "warnings": info.warnings.iter().map(warning).collect::<Vec<_>>(),
        "resolved_dates": info.resolved_dates.iter()
            .map(|date| json!({"written": date.written, "resolved": date.resolved}))
            .collect::<Vec<_>>(),
        "zone": info.zone,
        "space": info.space,
        "type": info.entity_type,
    });
    if let Value::Object(about) = about {
        answer.extend(about);
    }
    Value::Object(answer)
}

/// A warning.
pub(crate) fn warning(warning: &v1::Warning) -> Value {
    let mut value = json!({"code": warning.code, "message": warning.message});
    if !warning.suggestion.is_empty() {
        value["suggestion"] = json!(warning.suggestion);
    }
    if let Some(span) = &warning.span {
        value["span"] = self::span(span);
    }
    value
}

/// A place in a text.
pub(crate) fn span(span: &v1::Span) -> Value {
    json!({
        "byte_start": span.byte_start, "byte_end": span.byte_end,
        "utf16_start": span.utf16_start, "utf16_end": span.utf16_end,
        "line": span.line, "column": span.column,
    })
}

/// Why one of several was refused.
pub(crate) fn problem(problem: &v1::Problem) -> Value {
    let mut value = json!({"reason": problem.reason, "message": problem.message});
    if !problem.suggestion.is_empty() {
        value["suggestion"] = json!(problem.suggestion);
    }
    if let Some(span) = &problem.span {
        value["span"] = self::span(span);
    }
    value
}

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

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
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

    #[test]
    fn texts_hold_nothing_that_a_terminal_acts_upon_and_read_back() {
        let hostile = "\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2066}\u{61c}\u{2028}\n\t北京\"\\";
        let value = json!({hostile: [hostile]});
        for text in [document(&value), line(&value)] {
            assert!(!text.contains(|c| c != '\n' && is_acted_upon(c)), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn tokens_survive_their_digits() {
        assert_eq!(unhex(&hex(&[0, 255, 16])), Some(vec![0, 255, 16]));
        for wrong in ["0", "0g", "é0"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
