//! The readable bytes of a part: a memory-mapped file or aligned memory, and nobody can tell which.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::bytes::AlignedBytes;
use super::held::HeldFile;
use super::mmap::FileMap;

/// How a mapped file will be read, as advice to the operating system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing is known.
    Normal,
    /// Here and there; reading ahead would be wasted.
    Random,
    /// Front to back.
    Sequential,
    /// Soon and whole; reading may begin now.
    WillNeed,
}

/// Immutable bytes that start on a multiple of [`ALIGNMENT`](super::bytes::ALIGNMENT). A clone shares them.
#[derive(Clone)]
pub struct Mapped {
    backing: Arc<Backing>,
    /// What keeps the name of the file while its bytes are read.
    #[expect(dead_code, reason = "holding it is its use")]
    held: Option<Arc<HeldFile>>,
}

enum Backing {
    File(FileMap),
    Memory(AlignedBytes),
}

impl Mapped {
    /// Bytes in memory.
    pub fn from_bytes(bytes: AlignedBytes) -> Mapped {
        Mapped { backing: Arc::new(Backing::Memory(bytes)), held: None }
    }

    pub(super) fn from_file(map: FileMap) -> Mapped {
        Mapped { backing: Arc::new(Backing::File(map)), held: None }
    }

    /// The same bytes, which hold their file until the last clone is dropped.
    pub fn holding(self, file: Arc<HeldFile>) -> Mapped {
        Mapped { held: Some(file), ..self }
    }

    /// Whether the bytes lie in memory only.
    pub fn is_memory(&self) -> bool {
        matches!(*self.backing, Backing::Memory(_))
    }

    /// Tells the operating system how the bytes will be read. It is advice: a refusal changes nothing and is ignored.
    pub fn advise(&self, access: Access) {
        if let Backing::File(map) = &*self.backing {
            map.advise(access);
        }
    }
}

impl Deref for Mapped {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &*self.backing {
            Backing::File(map) => map.bytes(),
            Backing::Memory(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Mapped {
    fn from(bytes: &[u8]) -> Mapped {
        Mapped::from_bytes(AlignedBytes::from(bytes))
    }
}

impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_memory() { "memory" } else { "file" };
        write!(f, "Mapped({} bytes of {kind})", self.len())
    }
}
