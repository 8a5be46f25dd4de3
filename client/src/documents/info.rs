//! What a reply tells beside its answer (metadata): the keys behind those of the answer, warnings, and problems.

use muster_proto::v1;
use serde_json::{Value, json};

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
        value["span"] = span_of(span);
    }
    value
}

/// A place in a text.
fn span_of(span: &v1::Span) -> Value {
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
        value["span"] = span_of(span);
    }
    value
}
