//! What a file says of itself in flatbuffers, verified within limits of its own length.
//!
//! Tables of a flatbuffer can be named any number of times, so that some hundred bytes describe a million columns, each
//! with a name of a megabyte. Writers name each table once.

use arrow_ipc::{Footer, Message, root_as_footer_with_opts, root_as_message_with_opts};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flatbuffers::VerifierOptions;
use muster_engine::{Error, Result};
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::file::metadata::ParquetMetaData;

/// A table takes so many bytes at least.
const TABLE_BYTES: usize = 4;
/// How often the bytes of tables that share their layout are counted.
const SHARED_TIMES: usize = 8;
/// What a description of any length may have.
const TABLES_FREE: usize = 64;
const SIZE_FREE: usize = 64 << 10;

/// What a description of so many bytes may become.
fn limits(bytes: usize) -> VerifierOptions {
    VerifierOptions {
        max_tables: TABLES_FREE + bytes / TABLE_BYTES,
        max_apparent_size: SIZE_FREE + SHARED_TIMES * bytes,
        ..VerifierOptions::default()
    }
}

/// A message; `None` where it is none, or becomes far more than it is.
pub(super) fn message(bytes: &[u8]) -> Option<Message<'_>> {
    root_as_message_with_opts(&limits(bytes.len()), bytes).ok()
}

/// The footer of an Arrow file, likewise.
pub(super) fn footer(bytes: &[u8]) -> Option<Footer<'_>> {
    root_as_footer_with_opts(&limits(bytes.len()), bytes).ok()
}

/// Checks the schema of Arrow that a Parquet file brings along. What is none at all is the decoder's to say.
pub(super) fn check_arrow_schema(name: &str, metadata: &ParquetMetaData) -> Result<()> {
    let entries = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    for entry in entries.filter(|entry| entry.key == ARROW_SCHEMA_META_KEY) {
        let decoded = entry.value.as_ref().and_then(|value| BASE64_STANDARD.decode(value).ok());
        let Some(bytes) = decoded else { continue };
        let flat = if bytes.len() > 8 && bytes.starts_with(&[0xFF; 4]) { &bytes[8..] } else { &bytes[..] };
        if message(flat).is_none() {
            return Err(Error::invalid(format!("{name} is damaged: its Arrow schema cannot be read")));
        }
    }
    Ok(())
}
