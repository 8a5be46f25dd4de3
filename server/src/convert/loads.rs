//! Loads: the parts of a file that arrives, and what is said of it.

use std::collections::HashMap;
use std::time::Instant;

use muster_engine::write::LoadMode;
use muster_exchange::{Inference, Mapping, Note, Progress, Reject, RejectKind, Share};
use muster_language::visible::visible;
use muster_proto::v1::{self, LoadPhase, LoadReply, infer_load_request, load_reply, load_request};
use muster_store::{LoadOutcome, TagEffect};
use tonic::{Code, Status};

use crate::status;

/// The first message of a load.
pub(crate) fn load_header(message: Option<v1::LoadRequest>) -> Result<v1::LoadHeader, Status> {
    match message.and_then(|message| message.part) {
        Some(load_request::Part::Header(header)) => Ok(header),
        _ => Err(header_first()),
    }
}

/// The bytes of each later one; none after the last.
pub(crate) fn load_bytes(message: Option<v1::LoadRequest>) -> Result<Option<Vec<u8>>, Status> {
    let Some(message) = message else { return Ok(None) };
    match message.part {
        Some(load_request::Part::Bytes(bytes)) => Ok(Some(bytes)),
        _ => Err(bytes_next()),
    }
}

/// The first message of an inference.
pub(crate) fn infer_header(message: Option<v1::InferLoadRequest>) -> Result<v1::InferLoadHeader, Status> {
    match message.and_then(|message| message.part) {
        Some(infer_load_request::Part::Header(header)) => Ok(header),
        _ => Err(header_first()),
    }
}

/// The bytes of each later one; none after the last.
pub(crate) fn infer_bytes(message: Option<v1::InferLoadRequest>) -> Result<Option<Vec<u8>>, Status> {
    let Some(message) = message else { return Ok(None) };
    match message.part {
        Some(infer_load_request::Part::Bytes(bytes)) => Ok(Some(bytes)),
        _ => Err(bytes_next()),
    }
}

fn header_first() -> Status {
    status::bad_field("part", "send a header first")
}

fn bytes_next() -> Status {
    status::bad_field("part", "after the header send bytes only")
}

/// A proposal, and what it would come to.
pub(crate) fn inference_to_wire(inference: &Inference) -> v1::InferLoadReply {
    v1::InferLoadReply {
        mapping_toml: inference.print(),
        notes: notes(&inference.notes),
        rows_sampled: inference.rows_looked_at,
        rows_total: inference.rows_total,
        rows_loaded: inference.trial.rows_loaded,
        rows_rejected: inference.trial.rows_rejected,
        reject_kinds: inference.trial.rejected.iter().map(kind_to_wire).collect(),
        outcome: inference.outcome(),
        key_doubt: inference.key_doubt.clone().unwrap_or_default(),
        encoding_doubt: inference.encoding_doubt.clone().unwrap_or_default(),
    }
}

/// The mapping that a load takes unseen.
pub(crate) fn guess(inference: &Inference) -> LoadReply {
    let guess = v1::LoadGuess { mapping_toml: inference.print(), notes: notes(&inference.notes) };
    said(load_reply::Event::Guess(guess))
}

/// How much of a file has arrived.
pub(crate) fn receiving(bytes: u64, bytes_total: u64, started: Instant) -> LoadReply {
    said(load_reply::Event::Progress(v1::LoadProgress {
        phase: LoadPhase::Receiving.into(),
        bytes,
        bytes_total: (bytes_total != 0).then_some(bytes_total),
        elapsed_ms: elapsed_ms(started),
        ..v1::LoadProgress::default()
    }))
}

/// How far the reading of a file is.
pub(crate) fn loading(read: &Progress, rejected: u64, started: Instant) -> LoadReply {
    progress(LoadPhase::Loading, read, rejected, started)
}

/// The same when all of it is read.
pub(crate) fn committing(read: &Progress, rejected: u64, started: Instant) -> LoadReply {
    progress(LoadPhase::Committing, read, rejected, started)
}

fn progress(phase: LoadPhase, read: &Progress, rejected: u64, started: Instant) -> LoadReply {
    said(load_reply::Event::Progress(v1::LoadProgress {
        phase: phase.into(),
        rows: read.rows_read,
        rows_total: read.rows_total,
        bytes: read.bytes_read,
        bytes_total: read.bytes_total,
        rejected,
        elapsed_ms: elapsed_ms(started),
    }))
}

/// Rejected rows.
pub(crate) fn rejects(rows: impl Iterator<Item = Reject>) -> LoadReply {
    said(load_reply::Event::Rejects(v1::LoadRejects { rows: rows.map(reject_to_wire).collect() }))
}

/// The status of a load that rejected more than the `allowed` of its first `rows`.
pub(crate) fn too_many_rejects(rejected: u64, rows: u64, allowed: u64) -> Status {
    let metadata = HashMap::from([
        ("rejected".to_owned(), rejected.to_string()),
        ("max_rejects".to_owned(), allowed.to_string()),
        ("rows".to_owned(), rows.to_string()),
    ]);
    let message = format!(
        "correct the rows or allow more rejects (--max-rejects): {rejected} of the first {rows} rows were rejected, \
         {allowed} are allowed; nothing was loaded"
    );
    status::refuse_with(Code::FailedPrecondition, "REJECTED_ROWS", message, metadata)
}

/// The result of the load `load_id` that began with `header`.
pub(crate) fn result(header: &v1::LoadHeader, load_id: String, outcome: LoadOutcome, started: Instant) -> LoadReply {
    said(load_reply::Event::Result(v1::LoadResult {
        version: outcome.version.0,
        rows: outcome.rows,
        rows_written: outcome.rows_written,
        new_entities: outcome.new_entities,
        rejected: outcome.rejected,
        repeated: outcome.repeated,
        dry_run: header.dry_run,
        load_id,
        entity_type: outcome.type_name,
        new_tags: outcome.new_tags,
        elapsed_ms: elapsed_ms(started),
        notes: notes(&outcome.notes),
        effects: outcome.effects.iter().map(effect_to_wire).collect(),
    }))
}

fn effect_to_wire(effect: &TagEffect) -> v1::TagEffect {
    v1::TagEffect {
        tag: effect.tag.clone(),
        mode: mode_to_wire(effect.mode).into(),
        before: effect.before,
        after: effect.after,
        set: effect.set,
        kept: effect.kept,
        removed: effect.removed,
    }
}

fn mode_to_wire(mode: LoadMode) -> v1::LoadMode {
    match mode {
        LoadMode::Upsert => v1::LoadMode::Upsert,
        LoadMode::Replace => v1::LoadMode::Replace,
        LoadMode::Append => v1::LoadMode::Append,
    }
}

/// Puts into `mapping` what a header says of modes and gates. Errors: a mode that nobody knows, a share that is none.
pub(crate) fn apply_wishes(header: &v1::LoadHeader, mapping: &mut Mapping) -> Result<(), Status> {
    mapping.mode = match v1::LoadMode::try_from(header.mode) {
        Ok(v1::LoadMode::Unspecified) => mapping.mode,
        Ok(v1::LoadMode::Upsert) => LoadMode::Upsert,
        Ok(v1::LoadMode::Replace) => LoadMode::Replace,
        Ok(v1::LoadMode::Append) => LoadMode::Append,
        Err(_) => return Err(status::bad_field("mode", "give one of upsert, replace, append")),
    };
    if let Some(share) = header.shrink_max {
        let share = Share::of(share).filter(|share| share.value() <= 1.0);
        let wrong =
            || status::bad_field("shrink_max", "give a share of 0 to 1 with at most four digits behind the point");
        mapping.gates.shrink_max = Some(share.ok_or_else(wrong)?);
    }
    mapping.gates.warn |= header.gates_warn;
    Ok(())
}

/// The status of a load that gates of its mapping have stopped.
pub(crate) fn gates_failed(failed: &[String]) -> Status {
    let message = format!(
        "look at the file, or load it all the same with --gates warn (gates_warn): {}; nothing was loaded",
        failed.join("; ")
    );
    let metadata = HashMap::from([("gates".to_owned(), failed.len().to_string())]);
    status::refuse_with(Code::FailedPrecondition, "GATES_FAILED", message, metadata)
}

fn said(event: load_reply::Event) -> LoadReply {
    LoadReply { event: Some(event) }
}

fn notes(notes: &[Note]) -> Vec<v1::LoadNote> {
    let note = |note: &Note| v1::LoadNote { column: note.column.clone(), message: visible(&note.message).into_owned() };
    notes.iter().map(note).collect()
}

fn kind_to_wire(kind: &RejectKind) -> v1::RejectKind {
    v1::RejectKind {
        rows: kind.rows,
        column: kind.column.clone(),
        reason: kind.reason.clone(),
        example: Some(reject_to_wire(kind.example.clone())),
    }
}

fn reject_to_wire(reject: Reject) -> v1::RejectedRow {
    v1::RejectedRow { line: reject.line, column: reject.column, reason: reject.reason, raw: reject.raw }
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
