//! What the write path is told about how to run.

use crate::catalog::Zone;
use crate::codec::crc32;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::publish::by_rename;
use crate::storage::{Fence, Storage};

/// What a reply to a batch promises. A batch becomes visible only when the promise holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// The batch survives a power cut: the log is synced before the reply, once for all batches that wait.
    #[default]
    Commit,
    /// The batch survives the end of the process; a power cut loses at most the last interval, always a suffix.
    Interval,
    /// The batch survives the end of the process; the log is synced only by flush, `sync` and close.
    None,
}

impl Durability {
    /// All of them, the strongest first.
    pub const ALL: [Durability; 3] = [Durability::Commit, Durability::Interval, Durability::None];

    /// The word for it: `commit`, `interval` or `none`.
    pub const fn name(self) -> &'static str {
        match self {
            Durability::Commit => "commit",
            Durability::Interval => "interval",
            Durability::None => "none",
        }
    }

    /// What a word stands for. Errors: invalid.
    pub fn from_name(name: &str) -> Result<Durability> {
        Durability::ALL
            .into_iter()
            .find(|durability| durability.name() == name)
            .ok_or_else(|| Error::invalid(format!("write commit, interval or none for the durability, not `{name}`")))
    }
}

/// The file in which a space says its durability, where it has its own: the word and a line feed.
pub(crate) const DURABILITY_FILE: &str = "DURABILITY";
/// The longest such file.
const DURABILITY_BYTES_MAX: u64 = 64;

/// The file in which a space says its zone, where it has its own: the name, its checksum and a line feed.
pub(crate) const ZONE_FILE: &str = "ZONE";
/// The longest such file.
const ZONE_BYTES_MAX: u64 = 128;

/// What the files of a space say of how it runs.
pub struct SpaceSettings<'s>(pub &'s dyn Storage);

impl SpaceSettings<'_> {
    /// The durability that the space says for itself; none where it does not. Errors: corrupt, when the file says no
    /// such word.
    pub fn durability(&self) -> Result<Option<Durability>> {
        let Some(bytes) = self.read(DURABILITY_FILE, DURABILITY_BYTES_MAX)? else { return Ok(None) };
        let word = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
        let durability = word.and_then(|word| Durability::from_name(word).ok());
        durability.map(Some).ok_or_else(|| {
            Error::corrupt(format!("{DURABILITY_FILE}: expected commit, interval or none, and a line feed"))
        })
    }

    /// Makes `durability` what the space says, durably. REQUIRES: the space is not open. Errors: io; limit, on
    /// a full disk.
    pub fn set_durability(&self, durability: Durability) -> Result<()> {
        self.publish(DURABILITY_FILE, &format!("{}\n", durability.name()))
    }

    /// The zone that the space says for itself; none where it does not. Errors: corrupt, when the file names no zone.
    pub fn zone(&self) -> Result<Option<Zone>> {
        let Some(bytes) = self.read(ZONE_FILE, ZONE_BYTES_MAX)? else { return Ok(None) };
        // A flipped bit may make another zone of a name, so the line ends with a sum of what stands before.
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
        let name = text.and_then(|text| text.rsplit_once(' ')).filter(|(name, crc)| *crc == zone_crc(name));
        let zone = name.and_then(|(name, _)| Zone::named(name).ok());
        zone.map(Some).ok_or_else(|| {
            Error::corrupt(format!("{ZONE_FILE}: expected the name of a time zone, its checksum and a line feed"))
        })
    }

    /// Makes `zone` what the space says, durably; none takes its word away. The space may be open.
    /// Errors: io; limit, on a full disk.
    pub fn set_zone(&self, zone: Option<&Zone>) -> Result<()> {
        let Some(zone) = zone else {
            match self.0.remove(ZONE_FILE) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                removed => removed?,
            }
            return self.0.sync_dir("");
        };
        self.publish(ZONE_FILE, &format!("{} {}\n", zone.name(), zone_crc(zone.name())))
    }

    /// None where there is no such file.
    fn read(&self, file: &str, len_max: u64) -> Result<Option<Vec<u8>>> {
        match self.0.read(file, len_max) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            bytes => bytes.map(Some),
        }
    }

    fn publish(&self, file: &str, text: &str) -> Result<()> {
        by_rename(self.0, &Fence::new(), file, |writer| writer.write_all(text.as_bytes())).map(drop)
    }
}

fn zone_crc(name: &str) -> String {
    format!("{:08x}", crc32(name.as_bytes()))
}

/// The part of the engine's options that the write path reads; checked there.
#[derive(Clone, Debug)]
pub(crate) struct WriteSettings {
    pub(crate) durability: Durability,
    pub(crate) delta_parts_max: usize,
    pub(crate) delta_bytes_max: u64,
    pub(crate) busy_wait_ms: u64,
    pub(crate) flush_bytes: u64,
    pub(crate) part_bytes_max: u64,
    pub(crate) log_file_bytes: u64,
    pub(crate) load_bytes_max: u64,
    pub(crate) merged_bytes_max: u64,
    pub(crate) discard_damaged_tail: bool,
    pub(crate) manifests_kept: usize,
    pub(crate) background: bool,
}
