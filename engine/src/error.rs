//! The one error of the engine.
//!
//! A kind exists only where a caller would act differently. The message says what and where, expected against found;
//! it is for people and is no interface. `{}` prints the message, `{:#}` prints the sources behind it too: a source is
//! displayed once, at the outermost place.

use std::{fmt, io};

use muster_language::visible::visible;
use rustix::io::Errno;

/// What a function of the engine returns.
pub type Result<T> = std::result::Result<T, Error>;

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorKind {
    /// The request is wrong and stays wrong.
    Invalid,
    /// What the request names does not exist.
    NotFound,
    /// The request contradicts what is there.
    Conflict,
    /// A named limit is reached.
    Limit,
    /// Try again later.
    Busy,
    /// The caller gave up.
    Cancelled,
    /// The time given for the request is over.
    Deadline,
    /// Writes are refused until restart; reads go on.
    ReadOnly,
    /// Stored bytes are not what was written.
    Corrupt,
    /// The operating system refused.
    Io,
    /// A promise inside the engine was broken.
    Internal,
}

impl ErrorKind {
    /// The kind in words.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorKind::Invalid => "invalid",
            ErrorKind::NotFound => "not found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::Limit => "limit",
            ErrorKind::Busy => "busy",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::Deadline => "deadline",
            ErrorKind::ReadOnly => "read-only",
            ErrorKind::Corrupt => "corrupt",
            ErrorKind::Io => "io",
            ErrorKind::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a request was not done: a kind for programs, a message for people, and what lies behind it.
///
/// One pointer, so that the results of the hot loops travel in registers.
pub struct Error(Box<Inner>);

/// What an [`Error`] tells.
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    fault: Option<Box<QueryFault>>,
}

/// What is wrong with the text of a query, and where: enough to render carets and corrected texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryFault {
    /// The text that the spans and the suggestion of `error` are about.
    pub text: String,
    /// Remedy, place, reason and corrected text.
    pub error: muster_language::Error,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        $($(#[$doc])*
        #[cold]
        pub fn $name(message: impl Into<String>) -> Error {
            Error::new(ErrorKind::$kind, message)
        })*
    };
}

impl Error {
    /// An error of `kind`; `message` is lower case without a full stop.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner { kind, message: message.into(), source: None, fault: None }))
    }

    /// The text of a query is wrong: invalid, or a limit when it is too large.
    #[cold]
    pub fn query(text: impl Into<String>, error: muster_language::Error) -> Error {
        let kind = if error.is_limit() { ErrorKind::Limit } else { ErrorKind::Invalid };
        let mut whole = Error::new(kind, error.to_string());
        whole.0.fault = Some(Box::new(QueryFault { text: text.into(), error }));
        whole
    }

    constructors! {
        /// The request is wrong and stays wrong.
        invalid => Invalid,
        /// What the request names does not exist.
        not_found => NotFound,
        /// The request contradicts what is there.
        conflict => Conflict,
        /// A named limit is reached.
        limit => Limit,
        /// Try again later.
        busy => Busy,
        /// The caller gave up.
        cancelled => Cancelled,
        /// The time given for the request is over.
        deadline => Deadline,
        /// Writes are refused until restart.
        read_only => ReadOnly,
        /// Stored bytes are not what was written.
        corrupt => Corrupt,
        /// The operating system refused.
        io => Io,
        /// A promise inside the engine was broken.
        internal => Internal,
    }

    /// A refusal of the operating system, told as `message`, by what a caller can do about it: a full disk and a
    /// process without descriptors to spare are a limit, all else is io.
    #[cold]
    pub fn of_system(message: impl fmt::Display, error: io::Error) -> Error {
        let refused = match error {
            _ if error.kind() == io::ErrorKind::FileTooLarge => Error::limit(format!(
                "disk full for this process, none of whose files may become longer (ulimit -f): {message}"
            )),
            _ if is_full(&error) => Error::limit(format!("disk full: {message}")),
            // What was to be done needed a descriptor before it changed anything, so nothing is unknown.
            _ if lacks_descriptors(&error) => Error::limit(format!(
                "raise the limit of open files (ulimit -n) of the process that holds the store: none is left, {message}"
            )),
            _ => Error::io(message.to_string()),
        };
        refused.with_source(error)
    }

    /// The same error with what lies behind it.
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same error with `context: ` before its message.
    pub fn context(mut self, context: impl fmt::Display) -> Error {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// The same error with `subject ` before its message, which is a sentence without one.
    pub fn of_subject(mut self, subject: impl fmt::Display) -> Error {
        self.0.message = format!("{subject} {}", self.0.message);
        self
    }

    /// The same error with where it happened behind its message, so that what to do stays first.
    pub fn within(mut self, place: impl fmt::Display) -> Error {
        self.0.message = format!("{} (in {place})", self.0.message);
        self
    }

    /// The same error of another kind.
    pub fn of_kind(mut self, kind: ErrorKind) -> Error {
        self.0.kind = kind;
        self
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is wrong with the text of a query, when that is the error.
    pub fn query_fault(&self) -> Option<&QueryFault> {
        self.0.fault.as_deref()
    }

    /// What happened, for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

/// On one line: names, values and paths are somebody else's, and what a terminal acts upon in them is written out.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(&self.0.message))?;
        if f.alternate() {
            let mut source = std::error::Error::source(self);
            while let Some(error) = source {
                write!(f, ": {}", visible(&error.to_string()))?;
                source = error.source();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self:#}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Whether a refusal of the operating system means that there is no room: the disk is full, the owner has no more of
/// it, or no file of the process may become longer (`ulimit -f`).
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Whether a refusal of the operating system means that the process, or the machine, has no descriptor left.
fn lacks_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// `.context(..)` on a [`Result`].
pub(crate) trait ResultExt {
    /// The same result, an error with `context: ` before its message. The text is built only for an error.
    fn context<D: fmt::Display>(self, context: impl FnOnce() -> D) -> Self;
}

impl<T> ResultExt for Result<T> {
    fn context<D: fmt::Display>(self, context: impl FnOnce() -> D) -> Self {
        self.map_err(|error| error.context(context()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_displayed_once() {
        let error = Error::io("cannot read a").with_source(std::io::Error::other("gone")).context("part 3");
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.to_string(), "part 3: cannot read a");
        assert_eq!(format!("{error:#}"), "part 3: cannot read a: gone");
    }

    #[test]
    fn an_error_is_one_line_whatever_it_names() {
        let error = Error::io("cannot read a\nb\u{202e}").with_source(std::io::Error::other("go\rne"));
        assert_eq!(error.to_string(), "cannot read a\\nb\\u{202e}");
        assert_eq!(format!("{error:#}"), "cannot read a\\nb\\u{202e}: go\\rne");
    }

    #[test]
    fn what_the_system_refuses_for_want_of_room_is_a_limit() {
        for (errno, remedy) in [
            (Errno::NOSPC, "disk full: "),
            (Errno::DQUOT, "disk full: "),
            (Errno::FBIG, "disk full for this process, none of whose files may become longer (ulimit -f): "),
            (Errno::MFILE, "raise the limit of open files (ulimit -n) of the process that holds the store: "),
            (Errno::NFILE, "raise the limit of open files (ulimit -n) of the process that holds the store: "),
        ] {
            let error = Error::of_system("cannot write a", errno.into());
            assert_eq!(error.kind(), ErrorKind::Limit, "{errno}");
            assert!(error.message().starts_with(remedy) && error.message().ends_with("cannot write a"), "{error}");
        }
        assert_eq!(Error::of_system("cannot write a", Errno::IO.into()).kind(), ErrorKind::Io);
    }
}
