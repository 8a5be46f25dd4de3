//! The mapping that a file suggests: the catalog is asked for the type that it goes into, the rest is read from it.

use muster_engine::Error;
use muster_engine::catalog::Tag;
use muster_exchange::{
    InferError, InferOptions, Inference, KnownTag, KnownType, Look, Note, ReadOptions, name_encoding,
};
use muster_language::shell_word;
use muster_store::closed_values;
use tonic::{Code, Status};

use super::source::Source;
use crate::entrance::Call;
use crate::status;
use crate::view::View;

/// What the caller says of the mapping; empty where it is to be guessed.
pub(super) struct Wish<'a> {
    pub(super) entity_type: &'a str,
    pub(super) key_column: &'a str,
    pub(super) encoding: &'a str,
    /// What a load may take, and so a guess.
    pub(super) load_bytes_max: u64,
}

/// Guesses a mapping.
///
/// Errors: those of the file; a key that has to be named.
pub(super) fn guess(view: &View, source: &Source, wish: Wish<'_>, call: &Call) -> Result<Inference, Status> {
    let type_name = match wish.entity_type {
        "" => source.stem(),
        asked => Some(asked.to_owned()),
    };
    let options = InferOptions {
        known: type_name.as_deref().and_then(|name| known(view, name)),
        type_name,
        key_column: (!wish.key_column.is_empty()).then(|| wish.key_column.to_owned()),
        encoding: (!wish.encoding.is_empty()).then(|| wish.encoding.to_owned()),
        limits: read_options(wish.load_bytes_max, call),
        ..InferOptions::default()
    };
    let is_new = wish.entity_type.is_empty() && options.known.is_none();
    let inference = muster_exchange::infer_named(source.file(), &options);
    // Where nobody waits any more, that is why it ended.
    call.look()?;
    let mut inference = inference.map_err(|fault| match fault {
        InferError::File(fault) => status::of(&fault),
        InferError::NoKey(message) => key_needed(message),
        InferError::NoEncoding(message) => encoding_needed(message),
    })?;
    if is_new {
        note_other_types(view, &mut inference);
    }
    Ok(inference)
}

/// How a file is read for a load that may take so much, as long as somebody waits for it.
pub(super) fn read_options(load_bytes_max: u64, call: &Call) -> ReadOptions {
    let run = call.run().clone();
    ReadOptions { look: Look::new(move || run.look()), ..ReadOptions::for_load(load_bytes_max) }
}

/// A file of any name may be meant for the type that is there already.
fn note_other_types(view: &View, inference: &mut Inference) {
    const NAMED_MAX: usize = 3;
    let named = view.types().take(NAMED_MAX);
    let names: Vec<String> = named.map(|found| shell_word(&found.name)).collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "the type `{}` will be made, after the name of the file; to load into another one: --type={}",
        inference.mapping.entity_type,
        names.join(", --type=")
    );
    inference.notes.insert(0, Note { column: String::new(), message });
}

/// The same for a load that takes it unseen, which a key or an encoding in doubt is not good enough for.
pub(super) fn guess_surely(view: &View, source: &Source, wish: Wish<'_>, call: &Call) -> Result<Inference, Status> {
    let inference = guess(view, source, wish, call)?;
    if inference.rows_looked_at == 0 && known(view, &inference.mapping.entity_type).is_none() {
        return Err(status::of(&Error::invalid(format!(
            "name a mapping with --map, or give a file with rows: {} has none to guess a mapping from",
            source.name
        ))));
    }
    if let Some(doubt) = &inference.encoding_doubt {
        return Err(encoding_needed(name_encoding(doubt)));
    }
    match &inference.key_doubt {
        None => Ok(inference),
        Some(doubt) => Err(key_needed(format!(
            "name the key with --key COLUMN, or look at the proposal first (--infer): {:?} is in doubt, {doubt}",
            inference.mapping.key.column
        ))),
    }
}

fn key_needed(message: String) -> Status {
    status::refuse(Code::InvalidArgument, "KEY_NEEDED", message)
}

fn encoding_needed(message: String) -> Status {
    status::refuse(Code::InvalidArgument, "ENCODING_NEEDED", message)
}

/// The type of that name, if there is one.
fn known(view: &View, name: &str) -> Option<KnownType> {
    let found = view.type_named(name)?;
    let tags = view.tags_of(found.id).map(known_tag).collect();
    Some(KnownType::new(found.name.clone(), found.key, tags))
}

fn known_tag(tag: &Tag) -> KnownTag {
    KnownTag { name: tag.name.clone(), label: tag.label.clone(), kind: tag.kind, closed_values: closed_values(tag) }
}
