//! Errors and exit codes: why a command did not succeed, and what says so.

use muster_client::{ClientError, ExitClass};
use muster_language::visible::visible;

/// The exit code after Ctrl-C, as shells expect it.
const INTERRUPTED: u8 = 130;

/// How the server ends the name of a field of a request, beside the option that stands for it.
const IN_A_REQUEST: &str = " in a request)";
/// The longest name of such a field, with its signs, in bytes.
const REQUEST_BYTES_MAX: usize = 32;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server, or the way to it.
    Client(Box<ClientError>),
    /// The command line cannot be carried out as written.
    Usage(String),
    /// Refused here, before or after asking the server.
    Refused(String),
    /// No server to talk to.
    Unreachable(String),
    /// Some of several answers are missing; each has said why.
    Partly,
    /// Whoever read the output has gone: nobody is left to tell.
    OutputClosed,
    /// Something that was reported already, with its exit code.
    Reported(u8),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(message.into())
    }

    pub(crate) fn refused(message: impl Into<String>) -> Failure {
        Failure::Refused(message.into())
    }

    /// The exit code of the program.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Client(error) => error.exit_class().code(),
            Failure::Usage(_) => ExitClass::Usage.code(),
            Failure::Refused(_) | Failure::Partly => ExitClass::Refused.code(),
            Failure::Unreachable(_) => ExitClass::Unreachable.code(),
            Failure::OutputClosed => 0,
            Failure::Reported(code) => *code,
            Failure::Interrupted => INTERRUPTED,
        }
    }

    /// The same failure after its message was said.
    pub(crate) fn without_message(self) -> Failure {
        Failure::Reported(self.code())
    }

    /// What to tell the user, if there is anything left to tell: the remedy first, then the place, then the detail.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            // A text with carets has lines.
            Failure::Client(error) if error.details.position.is_some() => Some(for_people(&error.message)),
            Failure::Client(error) => Some(visible(&for_people(&error.message)).into_owned()),
            Failure::Usage(message) | Failure::Refused(message) | Failure::Unreachable(message) => {
                // Each of them is one line, whatever names and paths are in it.
                Some(visible(message).into_owned())
            }
            Failure::Partly | Failure::OutputClosed | Failure::Reported(_) => None,
            Failure::Interrupted => Some("interrupted; everything acknowledged is kept".to_owned()),
        }
    }
}

/// A message of the server without what it says to programs alone: ``(`force` in a request)``.
fn for_people(message: &str) -> String {
    let words = |said: &str| said.len() < REQUEST_BYTES_MAX && !said.contains(['(', ')']);
    let mut text = message.to_owned();
    if let Some(end) = text.find(IN_A_REQUEST)
        && let Some(start) = text[..end].rfind(" (")
        && words(&text[start + 2..end])
    {
        text.replace_range(start..end + IN_A_REQUEST.len(), "");
    }
    text
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::Client(Box::new(error))
    }
}
