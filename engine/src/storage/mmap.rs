//! Memory-mapped files: the one unsafe place of the storage.
//!
//! A mapping is sound as long as nobody changes the file below it. Files are mapped only after they were published, and
//! a published file is never modified, appended to or truncated by this program; another program that does so to the
//! files of a running store breaks more than this.
//!
//! A page that the disk cannot give is a signal, not an error: the program would end without a word. So with the first
//! mapping a handler is installed that says what happened and what to do, and ends the process. It returns no value
//! that anybody could compute with, and nothing acknowledged is lost: the log was synced before.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::sync::OnceLock;

use memmap2::{Advice, Mmap};

use super::mapped::Access;

/// How the process ends when a mapped byte cannot be read: `EX_IOERR` of BSD.
const EXIT_CODE: i32 = 74;
/// What it says before.
const LAST_WORDS: &[u8] =
    b"muster: run `muster check` on the directory and look after its disk: it failed to give mapped \
bytes, so the process ends; nothing acknowledged is lost\n";

/// Whether the handler stands; asked for once.
static HANDLER: OnceLock<Result<(), i32>> = OnceLock::new();

/// Only calls that a signal handler may make: write(2) and _exit(2).
extern "C" fn on_bus_error(_: libc::c_int) {
    // SAFETY: the bytes are static and as many as is said. Nobody is left to be told when this fails.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, LAST_WORDS.as_ptr().cast(), LAST_WORDS.len()) };
    // SAFETY: ends the process without running anything of it.
    unsafe { libc::_exit(EXIT_CODE) }
}

/// Has [`on_bus_error`] called for SIGBUS, on the stack that a thread keeps for signals. Errors: io.
fn install_handler() -> io::Result<()> {
    let install = || {
        // SAFETY: a sigaction of zeros is one: no flags, an empty mask, the default action.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = on_bus_error as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_ONSTACK;
        // SAFETY: the action lives through the call, and its handler makes only calls that handlers may make.
        match unsafe { libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        }
    };
    HANDLER.get_or_init(install).map_err(io::Error::from_raw_os_error)
}

/// A file in memory, advised for huge pages before its first page is touched.
pub(super) struct FileMap(Mmap);

impl FileMap {
    pub(super) fn new(file: &File) -> io::Result<FileMap> {
        install_handler()?;
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
