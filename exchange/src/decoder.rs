//! Panic isolation: calls into decoders, which are known to panic on damaged bytes.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use muster_engine::{Error, Result};

thread_local! {
    /// Whether this thread is inside of a decoder, whose panics are caught.
    static IS_DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Leaves the panics of decoders, which become errors of their files, out of what the process prints of panics. All
/// others are told as before. For a program to call at its start; further calls do nothing.
pub fn quiet_decoders() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_DECODING.get() {
                told(panic);
            }
        }));
    });
}

/// Calls a decoder. Its errors are the file's fault, and so are its panics: on damaged bytes the decoders of columnar
/// formats index out of bounds.
pub(crate) fn guard<T, E>(name: &str, decode: impl FnOnce() -> std::result::Result<T, E>) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match caught(decode) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if is_unread(&error.to_string()) => Err(Error::invalid(format!(
            "{name} is written in a way that is not read: write it again with other options"
        ))
        .with_source(error)),
        Ok(Err(error)) => Err(Error::invalid(format!("{name} is damaged or of an unknown kind")).with_source(error)),
        Err(panic) => Err(Error::invalid(format!("{name} is damaged: {}", panic_text(panic.as_ref())))),
    }
}

/// What the decoder gives, or with what it panicked.
pub(crate) fn caught<T>(decode: impl FnOnce() -> T) -> std::thread::Result<T> {
    let was = IS_DECODING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(decode));
    IS_DECODING.set(was);
    result
}

/// Whether a decoder says of a sound file that it cannot read it. Kinds of errors are lost where one decoder calls the
/// other, so that the text has to tell.
fn is_unread(error: &str) -> bool {
    ["Not yet implemented", "NYI", "not supported", "unsupported", "Disabled feature", "not enabled"]
        .iter()
        .any(|word| error.contains(word))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("its decoder gave up")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static TOLD: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn panics_of_decoders_are_errors_of_the_file_and_not_printed() {
        std::panic::set_hook(Box::new(|_| {
            TOLD.fetch_add(1, Ordering::SeqCst);
        }));
        quiet_decoders();
        quiet_decoders();
        let fault = guard("x.arrow", || -> std::result::Result<(), std::fmt::Error> { panic!("index 7") }).unwrap_err();
        assert_eq!(fault.to_string(), "x.arrow is damaged: index 7");
        assert_eq!(TOLD.load(Ordering::SeqCst), 0);
        assert!(catch_unwind(|| panic!("ours")).is_err());
        assert_eq!(TOLD.load(Ordering::SeqCst), 1);
    }
}
