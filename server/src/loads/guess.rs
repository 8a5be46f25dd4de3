//! The mapping that a file suggests: the catalog is asked for the type that it goes into, the rest is read from it.

use muster_engine::Error;
use muster_engine::catalog::Tag;
use muster_engine::query::Run;
use muster_exchange::{
    InferError, InferOptions, Inference, KnownTag, KnownType, Look, Note, ReadOptions, RejectKind, name_encoding,
};
use muster_language::shell_word;
use muster_proto::v1;
use muster_store::{Space, closed_values};
use tonic::{Code, Status};

use super::job::reject_to_wire;
use super::{Source, notes};
use crate::convert::error;

/// What the caller says of the mapping; empty where it is to be guessed.
pub(super) struct Wish<'a> {
    pub(super) entity_type: &'a str,
    pub(super) key_column: &'a str,
    pub(super) encoding: &'a str,
    /// What a load may take, and so a guess.
    pub(super) load_bytes_max: u64,
    /// Who waits for it.
    pub(super) run: &'a Run,
}

/// Guesses a mapping.
///
/// Errors: those of the file; a key that has to be named.
pub(super) fn guess(space: &Space, source: &Source, wish: Wish<'_>) -> Result<Inference, Status> {
    let type_name = match wish.entity_type {
        "" => source.stem(),
        asked => Some(asked.to_owned()),
    };
    let options = InferOptions {
        known: type_name.as_deref().and_then(|name| known(space, name)),
        type_name,
        key_column: (!wish.key_column.is_empty()).then(|| wish.key_column.to_owned()),
        encoding: (!wish.encoding.is_empty()).then(|| wish.encoding.to_owned()),
        limits: read_options(wish.load_bytes_max, wish.run),
        ..InferOptions::default()
    };
    let is_new = wish.entity_type.is_empty() && options.known.is_none();
    let inference = muster_exchange::infer_named(source.file(), &options);
    // Where nobody waits any more, that is why it ended.
    wish.run.look().map_err(|fault| error::status(&fault))?;
    let mut inference = inference.map_err(|fault| match fault {
        InferError::File(fault) => error::status(&fault),
        InferError::NoKey(message) => key_needed(message),
        InferError::NoEncoding(message) => encoding_needed(message),
    })?;
    if is_new {
        note_other_types(space, &mut inference);
    }
    Ok(inference)
}

/// How a file is read for a load that may take so much, as long as somebody waits for it.
pub(super) fn read_options(load_bytes_max: u64, run: &Run) -> ReadOptions {
    let run = run.clone();
    ReadOptions { look: Look::new(move || run.look()), ..ReadOptions::for_load(load_bytes_max) }
}

/// A file of any name may be meant for the type that is there already.
fn note_other_types(space: &Space, inference: &mut Inference) {
    const NAMED_MAX: usize = 3;
    let snapshot = space.snapshot();
    let named = snapshot.catalog().types().take(NAMED_MAX);
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
pub(super) fn guess_surely(space: &Space, source: &Source, wish: Wish<'_>) -> Result<Inference, Status> {
    let inference = guess(space, source, wish)?;
    if inference.rows_looked_at == 0 && known(space, &inference.mapping.entity_type).is_none() {
        return Err(error::status(&Error::invalid(format!(
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
    error::refuse(Code::InvalidArgument, "KEY_NEEDED", message)
}

fn encoding_needed(message: String) -> Status {
    error::refuse(Code::InvalidArgument, "ENCODING_NEEDED", message)
}

/// The type of that name, if there is one.
fn known(space: &Space, name: &str) -> Option<KnownType> {
    let snapshot = space.snapshot();
    let catalog = snapshot.catalog();
    let found = catalog.type_named(name)?;
    let tags = catalog.tags_of(found.id).map(known_tag).collect();
    Some(KnownType::new(found.name.clone(), found.key, tags))
}

fn known_tag(tag: &Tag) -> KnownTag {
    KnownTag { name: tag.name.clone(), label: tag.label.clone(), kind: tag.kind, closed_values: closed_values(tag) }
}

pub(super) fn to_wire(inference: &Inference) -> v1::InferLoadReply {
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

fn kind_to_wire(kind: &RejectKind) -> v1::RejectKind {
    v1::RejectKind {
        rows: kind.rows,
        column: kind.column.clone(),
        reason: kind.reason.clone(),
        example: Some(reject_to_wire(kind.example.clone())),
    }
}
