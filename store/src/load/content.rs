//! What a load reads, in 128 bits: by them the repeat of a load is told from another load of the same id.

use std::fs::File;
use std::io::Read;

use muster_engine::query::Run;
use muster_engine::{Error, Result};
use muster_exchange::NamedFile;
use xxhash_rust::xxh3::Xxh3;

/// How much is read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// The digest (XXH3 of 128 bits) of a file and of `asked`, what is done with it; none where it can be read only once.
///
/// It tells apart what differs by mistake, not what somebody made to look the same. Errors: io; those of `run`, which
/// is looked at before each piece.
pub(super) fn digest(file: NamedFile<'_>, asked: &str, run: &Run) -> Result<Option<[u8; 16]>> {
    let fault = |error| Error::of_system(format_args!("cannot read {}", file.name), error);
    let mut bytes = File::open(file.path).map_err(fault)?;
    if !bytes.metadata().map_err(fault)?.is_file() {
        return Ok(None);
    }
    let mut hasher = Xxh3::new();
    hasher.update(&(asked.len() as u64).to_le_bytes());
    hasher.update(asked.as_bytes());
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        run.look()?;
        match bytes.read(&mut buffer).map_err(fault)? {
            0 => return Ok(Some(hasher.digest128().to_le_bytes())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
