//! Files into columns of changes: Parquet and CSV, the mapping from their columns to tags, and the guess at one.
//!
//! [`infer`] looks at the first rows of a file and proposes a [`Mapping`]; [`LoadReader`] reads a file by a mapping,
//! block by block, into what a load of the engine takes, and says which rows it refused and why. A wrong or damaged
//! file is an error, never a panic, and memory is bounded by the options, not by the file.

mod cell;
mod column;
mod constant;
mod csv;
mod decoder;
mod infer;
mod input;
mod json_list;
mod mapping;
mod note;
mod options;
mod reader;
mod reject;
mod resolved;
mod rule;
mod scalar;
mod table;
mod text;

pub use decoder::quiet_decoders;
pub use infer::{
    InferError, InferOptions, Inference, KnownTag, KnownType, RejectKind, Trial, infer, infer_named, name_encoding,
};
pub use input::{Compression, Format, Input, NamedFile};
pub use mapping::{
    ColumnMapping, CsvOptions, Gates, JSON_LISTS, KeyMapping, MAPPING_BYTES_MAX, Mapping, NanRule, NullRule, Rounding,
    Share, TimeUnit, mode_named,
};
pub use note::Note;
pub use options::{HELD_BYTES_MIN, Look, ReadOptions};
pub use reader::{Block, LoadReader, Progress};
pub use reject::Reject;
pub use resolved::ResolvedColumn;
