//! Errors of calls: why one was not answered, with everything the server said about it.

use std::collections::BTreeMap;
use std::fmt;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Which exit code of a program an error stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitClass {
    /// The server refused the request.
    Refused,
    /// The request could not even be made.
    Usage,
    /// The server cannot be reached.
    Unreachable,
    /// Rows of a load were rejected.
    RejectedRows,
    /// The time was over.
    Deadline,
    /// The caller may not do this.
    Permission,
}

impl ExitClass {
    /// The exit code of `muster`.
    pub fn code(self) -> u8 {
        match self {
            ExitClass::Refused => 1,
            ExitClass::Usage => 2,
            ExitClass::Unreachable => 3,
            ExitClass::RejectedRows => 4,
            ExitClass::Deadline => 5,
            ExitClass::Permission => 6,
        }
    }
}

/// Where a text is at fault. Ends are one past the last; lines and columns count from 1, offsets from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Position {
    /// First byte, in UTF-8.
    pub byte_start: usize,
    /// End, in bytes of UTF-8.
    pub byte_end: usize,
    /// First code unit, in UTF-16.
    pub utf16_start: usize,
    /// End, in code units of UTF-16.
    pub utf16_end: usize,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// What is known about the way of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server answered with the error.
    Answered,
    /// It surely never left: no server has seen it.
    Unsent,
    /// The connection broke while it was under way: a server may have carried it out.
    Unknown,
}

/// Why a call was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientError {
    /// What is known about the way of the request.
    pub delivery: Delivery,
    /// The code of the status.
    pub code: Code,
    /// The stable name of the reason, such as `QUERY_UNKNOWN_TAG`; empty if the server gave none.
    pub reason: String,
    /// What to do first, then the detail; for a person.
    pub message: String,
    /// What else the server said.
    pub details: Box<ErrorDetails>,
}

/// What a server says about a refusal beside its message.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ErrorDetails {
    /// Where the query's text is at fault, if it is.
    pub position: Option<Position>,
    /// A text that can be pasted instead, if there is one.
    pub suggestion: Option<String>,
    /// The fields at fault, each with what is wrong.
    pub fields: Vec<(String, String)>,
    /// Further facts by name.
    pub metadata: BTreeMap<String, String>,
}

/// The reason of a load that rejected more rows than it may.
const REASON_REJECTED_ROWS: &str = "REJECTED_ROWS";
/// The reason of a load that a gate of its mapping stopped.
const REASON_GATES_FAILED: &str = "GATES_FAILED";
/// The reason of an error that arose before anything was sent.
const REASON_USAGE: &str = "USAGE";
/// The caller has to name the key of a file.
const REASON_KEY_NEEDED: &str = "KEY_NEEDED";
const REASON_ENCODING_NEEDED: &str = "ENCODING_NEEDED";

impl ClientError {
    pub(crate) fn new(code: Code, reason: &str, message: impl Into<String>) -> ClientError {
        ClientError {
            delivery: Delivery::Answered,
            code,
            reason: reason.to_owned(),
            message: message.into(),
            details: Box::default(),
        }
    }

    /// No connection could be made; an error of our own on the way is told as it is.
    pub(crate) fn of_connection(error: &(dyn std::error::Error + 'static)) -> ClientError {
        ClientError::of_connector(error).unwrap_or_else(|| {
            let first = chain(error).last().map_or_else(String::new, ToString::to_string);
            ClientError::unreachable(format!("cannot connect: {first}"))
        })
    }

    /// The error of our own for which no connection was made, where it is one.
    pub(crate) fn of_connector(error: &(dyn std::error::Error + 'static)) -> Option<ClientError> {
        chain(error).find_map(|cause| cause.downcast_ref::<ClientError>()).cloned()
    }

    pub(crate) fn usage(message: impl Into<String>) -> ClientError {
        ClientError::new(Code::InvalidArgument, REASON_USAGE, message)
    }

    /// No server could be reached, for the reason that `message` tells.
    pub fn unreachable(message: impl Into<String>) -> ClientError {
        ClientError { delivery: Delivery::Unsent, ..ClientError::new(Code::Unavailable, "UNREACHABLE", message) }
    }

    /// The connection broke before an answer.
    fn broken(cause: &(dyn std::error::Error + 'static)) -> ClientError {
        if is_reset(cause) {
            return ClientError::new(
                Code::DeadlineExceeded,
                "STREAM_RESET",
                "ask again and read on, or ask for less: the server has ended this stream, as it does when nobody \
                 reads one for long (stream_idle_ms)",
            );
        }
        match delivery(cause) {
            Delivery::Unsent => ClientError { delivery: Delivery::Unsent, ..ClientError::of_connection(cause) },
            delivery => ClientError {
                delivery,
                ..ClientError::new(
                    Code::Unavailable,
                    "CONNECTION_LOST",
                    format!(
                        "look whether it was done: the connection broke before the answer ({})",
                        chain(cause).last().map_or_else(String::new, ToString::to_string)
                    ),
                )
            },
        }
    }

    /// What the exit code of a program should be.
    pub fn exit_class(&self) -> ExitClass {
        match (self.code, self.reason.as_str()) {
            (_, REASON_USAGE | REASON_KEY_NEEDED | REASON_ENCODING_NEEDED) => ExitClass::Usage,
            (_, REASON_REJECTED_ROWS | REASON_GATES_FAILED) => ExitClass::RejectedRows,
            (Code::Unavailable, _) => ExitClass::Unreachable,
            (Code::DeadlineExceeded, _) => ExitClass::Deadline,
            (Code::PermissionDenied | Code::Unauthenticated, _) => ExitClass::Permission,
            _ => ExitClass::Refused,
        }
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> ClientError {
        // What a server says has no cause on this side, and neither has the end of a call's time.
        if let Some(cause) = std::error::Error::source(&status)
            && !is_timeout(cause)
        {
            return ClientError::broken(cause);
        }
        let details = status.get_error_details();
        let mut error = ClientError::new(status.code(), "", status.message());
        let mut metadata = BTreeMap::new();
        if let Some(info) = details.error_info() {
            error.reason = info.reason.clone();
            metadata = info.metadata.clone().into_iter().collect();
        }
        if let Some(request) = details.bad_request() {
            error.details.fields = request
                .field_violations
                .iter()
                .map(|violation| (violation.field.clone(), violation.description.clone()))
                .collect();
        }
        error.details.position = position(&metadata);
        error.details.suggestion = metadata.get("suggestion").cloned();
        error.details.metadata = metadata;
        if error.message.is_empty() {
            error.message = status.code().description().to_lowercase();
        }
        error
    }
}

/// The errors from `cause` down to the first one.
fn chain<'a>(
    cause: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(cause), |error| error.source())
}

/// Whether the server did not want to go on with this one stream.
fn is_reset(cause: &(dyn std::error::Error + 'static)) -> bool {
    let is_cancelled =
        |error: &h2::Error| error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::CANCEL);
    chain(cause).any(|error| error.downcast_ref::<h2::Error>().is_some_and(is_cancelled))
}

fn is_timeout(cause: &(dyn std::error::Error + 'static)) -> bool {
    chain(cause).any(|error| error.is::<tonic::TimeoutExpired>())
}

/// A request surely never reached a service if no connection was made for it, if it still waited when its connection
/// ended (hyper calls that cancelled), or if the server had said goodbye before it came (RFC 9113, section 6.8: streams
/// above the last one that a GOAWAY names were not and will not be processed; h2 gives them, and only them, that
/// error).
fn delivery(cause: &(dyn std::error::Error + 'static)) -> Delivery {
    let unsent = chain(cause).any(|error| {
        error.is::<tonic::ConnectError>()
            || error.is::<ClientError>()
            || error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
            || error.downcast_ref::<h2::Error>().is_some_and(|error| error.is_go_away() && error.is_remote())
    });
    if unsent { Delivery::Unsent } else { Delivery::Unknown }
}

fn position(metadata: &BTreeMap<String, String>) -> Option<Position> {
    let number = |key: &str| metadata.get(key)?.parse().ok();
    Some(Position {
        byte_start: number("byte_start")?,
        byte_end: number("byte_end")?,
        utf16_start: number("utf16_start")?,
        utf16_end: number("utf16_end")?,
        line: number("line")?,
        column: number("column")?,
    })
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ClientError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_a_status_are_decoded() {
        let mut details = tonic_types::ErrorDetails::new();
        let metadata = [
            ("byte_start", "6"),
            ("byte_end", "9"),
            ("utf16_start", "2"),
            ("utf16_end", "3"),
            ("line", "1"),
            ("column", "3"),
            ("suggestion", "城市 = 北京"),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        details.set_error_info("QUERY", "muster", metadata);
        details.add_bad_request_violation("text", "no such tag");
        let error = ClientError::from(Status::with_error_details(Code::InvalidArgument, "write 城市", details));
        assert_eq!((error.reason.as_str(), error.message.as_str()), ("QUERY", "write 城市"));
        assert_eq!(error.details.position.map(|at| (at.byte_start, at.utf16_end, at.column)), Some((6, 3, 3)));
        assert_eq!(error.details.suggestion.as_deref(), Some("城市 = 北京"));
        assert_eq!(error.details.fields, [("text".to_owned(), "no such tag".to_owned())]);
        assert_eq!(error.exit_class(), ExitClass::Refused);
    }

    #[test]
    fn classes_follow_code_and_reason() {
        let class = |code, reason| ClientError::new(code, reason, "").exit_class().code();
        assert_eq!(class(Code::NotFound, ""), 1);
        assert_eq!(class(Code::InvalidArgument, REASON_USAGE), 2);
        assert_eq!(class(Code::Unavailable, ""), 3);
        assert_eq!(class(Code::FailedPrecondition, REASON_REJECTED_ROWS), 4);
        assert_eq!(class(Code::FailedPrecondition, REASON_GATES_FAILED), 4);
        assert_eq!(class(Code::DeadlineExceeded, ""), 5);
        assert_eq!(class(Code::PermissionDenied, ""), 6);
    }
}
