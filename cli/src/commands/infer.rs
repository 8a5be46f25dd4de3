//! `muster load --infer`: how the columns of a file may become tags.

use std::path::Path;

use muster_client::Upload;
use muster_client::v1::{FileSource, InferLoadHeader, InferLoadReply, LoadNote, RejectKind};
use serde_json::{Value, json};

use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::{Answer, Format, emit_data};

/// What the caller says of the mapping; empty where it is to be guessed.
pub(super) struct Wish {
    pub(super) key_column: String,
    pub(super) encoding: String,
}

/// A proposal for a file.
pub(super) async fn infer(
    file: FileSource,
    upload: Upload,
    wish: Wish,
    asker: &Asker,
) -> Result<InferLoadReply, Failure> {
    let header = InferLoadHeader {
        file: Some(file),
        space: asker.space(),
        entity_type: asker.entity_type(),
        key_column: wish.key_column,
        encoding: wish.encoding,
    };
    Ok(asker.client.infer_load(header, upload, |_| {}).await?)
}

/// Prints the proposal, or writes it to a file.
pub(super) fn print(reply: &InferLoadReply, map_out: Option<&Path>, asker: &Asker) -> Result<(), Failure> {
    tell_notes(&reply.notes, asker);
    asker.note(&reply.outcome);
    let document = json!({
        "mapping_toml": reply.mapping_toml,
        "rows_sampled": reply.rows_sampled,
        "rows_total": reply.rows_total,
        "rows_loaded": reply.rows_loaded,
        "rows_rejected": reply.rows_rejected,
        "rejects": reply.reject_kinds.iter().map(reject_kind).collect::<Vec<_>>(),
        "key_doubt": (!reply.key_doubt.is_empty()).then_some(&reply.key_doubt),
        "encoding_doubt": (!reply.encoding_doubt.is_empty()).then_some(&reply.encoding_doubt),
        "notes": notes_document(&reply.notes),
    });
    let Some(path) = map_out else {
        return match asker.settings.format {
            // The mapping is for a file, also where answers are for people.
            Format::Table => emit_data(&reply.mapping_toml),
            _ => asker.print(&Answer::object(document, String::new())),
        };
    };
    write(path, &reply.mapping_toml)?;
    match asker.settings.format {
        Format::Table => {
            asker.note(&format!("wrote {}; look at it, then load with --map {}", path.display(), path.display()));
            Ok(())
        }
        _ => asker.print(&Answer::object(document, String::new())),
    }
}

/// Notes as JSON.
pub(super) fn notes_document(notes: &[LoadNote]) -> Value {
    notes.iter().map(|note| json!({"column": note.column, "message": note.message})).collect()
}

/// Writes the proposal to a file.
pub(super) fn write(path: &Path, mapping_toml: &str) -> Result<(), Failure> {
    std::fs::write(path, mapping_toml)
        .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
}

fn reject_kind(kind: &RejectKind) -> Value {
    let example = kind.example.clone().unwrap_or_default();
    json!({
        "column": kind.column,
        "reason": kind.reason,
        "rows": kind.rows,
        "line": example.line,
        "raw": example.raw,
    })
}

/// Says where it was guessed, or what else is to know.
pub(super) fn tell_notes(notes: &[LoadNote], asker: &Asker) {
    for note in notes {
        let column = if note.column.is_empty() { String::new() } else { format!("{}: ", note.column) };
        asker.note(&format!("note: {column}{}", note.message));
    }
}
