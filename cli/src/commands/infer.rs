//! `muster load --infer`: schema inference, how the columns of a file may become tags.

use std::path::Path;

use muster_client::v1::{FileSource, InferLoadHeader, InferLoadReply, LoadNote};
use muster_client::{Upload, documents};

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
    let Some(path) = map_out else {
        return match asker.settings.format {
            // The mapping is for a file, also where answers are for people.
            Format::Table => emit_data(&reply.mapping_toml),
            _ => asker.print(&Answer::new(documents::proposal(reply), String::new())),
        };
    };
    write(path, &reply.mapping_toml)?;
    match asker.settings.format {
        Format::Table => {
            asker.note(&format!("wrote {}; look at it, then load with --map {}", path.display(), path.display()));
            Ok(())
        }
        _ => asker.print(&Answer::new(documents::proposal(reply), String::new())),
    }
}

/// Writes the proposal to a file.
pub(super) fn write(path: &Path, mapping_toml: &str) -> Result<(), Failure> {
    std::fs::write(path, mapping_toml)
        .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))
}

/// Says where it was guessed, or what else is to know.
pub(super) fn tell_notes(notes: &[LoadNote], asker: &Asker) {
    for note in notes {
        let column = if note.column.is_empty() { String::new() } else { format!("{}: ", note.column) };
        asker.note(&format!("note: {column}{}", note.message));
    }
}
