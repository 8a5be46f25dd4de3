//! Memory-mapped files: the one unsafe place of the storage.
//!
//! A mapping is sound as long as nobody changes the file below it. Files are mapped only after they were published, and
//! a published file is never modified, appended to or truncated by this program; another program that does so to the
//! files of a running store breaks more than this.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::{Advice, Mmap};

use super::mapped::Access;

/// A file in memory, advised for huge pages before its first page is touched.
pub(super) struct FileMap(Mmap);

impl FileMap {
    pub(super) fn new(file: &File) -> io::Result<FileMap> {
        // SAFETY: the file is mapped read-only, and files that are mapped are immutable (see the module's promise).
        let map = unsafe { Mmap::map(file)? };
        // File systems without huge pages refuse the advice, which costs nothing but the pages.
        #[cfg(target_os = "linux")]
        let _ = map.advise(Advice::HugePage);
        Ok(FileMap(map))
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn advise(&self, access: Access) {
        let advice = match access {
            Access::Normal => Advice::Normal,
            Access::Random => Advice::Random,
            Access::Sequential => Advice::Sequential,
            Access::WillNeed => Advice::WillNeed,
        };
        // Advice that is refused changes nothing that anybody relies on.
        let _ = self.0.advise(advice);
    }
}
