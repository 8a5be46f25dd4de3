//! What every reply to a query tells.

use std::time::Instant;

use muster_engine::Result;
use muster_engine::query::Prepared;
use muster_engine::query::plan::Warning;
use muster_language::visible::visible;
use muster_proto::v1;

use super::span;
use crate::asked::{Asked, elapsed_ns};
use crate::entrance::Call;

/// About the reply to `asked`, whose evaluation began at `started` and is over.
pub(crate) fn info_since(
    asked: &Asked,
    text: &str,
    prepared: &Prepared,
    call: &Call,
    started: Instant,
) -> Result<v1::ReplyInfo> {
    info(asked, text, prepared, call, elapsed_ns(started))
}

/// About the reply to `asked`, whose evaluation took `evaluate_ns`. Who falls out because a tag is missing is counted
/// here, in a time of its own.
pub(crate) fn info(
    asked: &Asked,
    text: &str,
    prepared: &Prepared,
    call: &Call,
    evaluate_ns: u64,
) -> Result<v1::ReplyInfo> {
    let (timing, planned) = (prepared.timing(), prepared.planned());
    let resolved_date = |(written, resolved): &(String, String)| v1::ResolvedDate {
        written: written.clone(),
        resolved: resolved.clone(),
    };
    Ok(v1::ReplyInfo {
        version: prepared.version().0,
        store_id: asked.snapshot().store_id().to_vec(),
        id_epoch: asked.snapshot().id_epoch(),
        engine_time: Some(v1::EngineTime {
            parse_ns: timing.parse_ns,
            plan_ns: timing.plan_ns,
            bind_ns: timing.bind_ns,
            evaluate_ns,
            total_ns: timing.parse_ns + timing.plan_ns + timing.bind_ns + evaluate_ns,
        }),
        canonical: planned.canonical(),
        fingerprint: format!("{:032x}", planned.fingerprint),
        resolved_dates: planned.resolved.iter().map(resolved_date).collect(),
        zone: planned.zone.clone(),
        warnings: prepared.warnings(call.run())?.iter().map(|warning| warning_to_wire(text, warning)).collect(),
        space: asked.view.space().name().to_owned(),
        entity_type: asked.entity_type.name.clone(),
    })
}

/// A warning about `text`.
pub(crate) fn warning_to_wire(text: &str, warning: &Warning) -> v1::Warning {
    v1::Warning {
        code: warning.code.to_owned(),
        message: visible(&warning.message).into_owned(),
        span: warning.span.map(|at| span::span(text, at)),
        suggestion: warning.suggestion.clone().unwrap_or_default(),
    }
}

/// The warning that an analysis left so many counts out, for which `budget_ms` of at most `allowed_ms` were too few.
pub(crate) fn left_out(count: usize, budget_ms: u64, allowed_ms: u64) -> v1::Warning {
    v1::Warning {
        code: "left_out".to_owned(),
        message: format!(
            "ask for fewer conditions, or allow more time (budget_ms, at most explain_budget_ms of the server, \
             {allowed_ms}): {count} counts are left out after {budget_ms} ms"
        ),
        ..v1::Warning::default()
    }
}
