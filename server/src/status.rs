//! Statuses: errors of the engine and refusals of the server as google.rpc.Status, with ErrorInfo and BadRequest.
//! Stands below everything that may refuse something, and knows no message of ours.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use muster_engine::QueryFault;
use muster_engine::{Error, ErrorKind};
use muster_language::position;
use muster_language::visible::visible;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of all reasons.
pub(crate) const DOMAIN: &str = "muster";
/// The longest message and the longest suggestion, in bytes: both travel in headers, which other clients keep below
/// 16 KiB, and Chinese takes three bytes for each of its own there.
const TEXT_BYTES_MAX: usize = 1_200;
/// When a caller that was told `busy` may come again.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// The code and the reason of each kind.
fn code_and_reason(kind: ErrorKind) -> (Code, &'static str) {
    match kind {
        ErrorKind::Invalid => (Code::InvalidArgument, "INVALID"),
        ErrorKind::NotFound => (Code::NotFound, "NOT_FOUND"),
        ErrorKind::Conflict => (Code::FailedPrecondition, "CONFLICT"),
        ErrorKind::Limit => (Code::ResourceExhausted, "LIMIT"),
        ErrorKind::Busy => (Code::Unavailable, "BUSY"),
        ErrorKind::Cancelled => (Code::Cancelled, "CANCELLED"),
        ErrorKind::Deadline => (Code::DeadlineExceeded, "DEADLINE"),
        ErrorKind::ReadOnly => (Code::FailedPrecondition, "READ_ONLY"),
        ErrorKind::Corrupt => (Code::DataLoss, "CORRUPT"),
        ErrorKind::Io => (Code::Internal, "IO"),
        ErrorKind::Internal => (Code::Internal, "INTERNAL"),
    }
}

/// The code and the reason of an engine's error, whose operator is told what happened.
pub(crate) fn told(error: &Error) -> (Code, Cow<'static, str>) {
    match error.query_fault() {
        Some(fault) => (Code::InvalidArgument, query_reason(fault).into()),
        None => {
            let (code, reason) = code_and_reason(error.kind());
            log(error);
            (code, reason.into())
        }
    }
}

/// The status of an engine's error.
pub(crate) fn of(error: &Error) -> Status {
    if let Some(fault) = error.query_fault() {
        return query_status(fault);
    }
    let (code, reason) = code_and_reason(error.kind());
    log(error);
    let mut details = info(reason, HashMap::new());
    if error.kind() == ErrorKind::Busy {
        details.set_retry_info(Some(RETRY_DELAY));
    }
    Status::with_error_details(code, cut(&visible(&format!("{error:#}"))), details)
}

/// The status of a request whose caller has gone.
pub(crate) fn gone() -> Status {
    of(&Error::cancelled("the caller gave up"))
}

/// Says what an operator should know, whoever asked.
fn log(error: &Error) {
    if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Io | ErrorKind::Corrupt) {
        tracing::error!("{error:#}");
    }
}

/// A refusal that arises in the server itself: `reason` is stable, `message` says what to do first.
pub(crate) fn refuse(code: Code, reason: &'static str, message: impl Into<String>) -> Status {
    refuse_with(code, reason, message, HashMap::new())
}

/// The same with further facts.
pub(crate) fn refuse_with(
    code: Code,
    reason: &'static str,
    message: impl Into<String>,
    metadata: HashMap<String, String>,
) -> Status {
    Status::with_error_details(code, cut(&visible(&message.into())), info(reason, metadata))
}

/// A field of the request is at fault.
pub(crate) fn bad_field(field: &str, message: impl Into<String>) -> Status {
    let message = cut(&visible(&message.into()));
    let mut details = info("INVALID", HashMap::new());
    details.add_bad_request_violation(field, &message);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// A limit is exceeded.
pub(crate) fn over_limit(name: &str, found: usize, allowed: usize) -> Status {
    let metadata = HashMap::from([("limit".to_owned(), name.to_owned()), ("allowed".to_owned(), allowed.to_string())]);
    refuse_with(Code::ResourceExhausted, "LIMIT", format!("send at most {allowed} ({name}), found {found}"), metadata)
}

/// There is no room now for what a request takes, or never where `wanted` is more than is `allowed`.
pub(crate) fn no_room(limit: &str, wanted: u64, allowed: u64, retry: Duration) -> Status {
    let facts = [("limit", limit.to_owned()), ("allowed", allowed.to_string()), ("wanted", wanted.to_string())];
    let facts = facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect();
    let mut details = info("LIMIT", facts);
    if wanted > allowed {
        let message = format!(
            "send smaller messages, or let the server have more memory: this one may take {wanted} bytes, and there \
             are {allowed} ({limit})"
        );
        return Status::with_error_details(Code::ResourceExhausted, message, details);
    }
    details.set_retry_info(Some(retry));
    let message = format!(
        "ask again later, or in smaller messages: this one may take {wanted} bytes of the server's memory, and others \
         hold too much of the {allowed} that there are ({limit})"
    );
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// A message is longer than it may be; `remedy` says what to do instead.
pub(crate) fn too_long(limit: &str, remedy: &str, found: u64, allowed: u64) -> Status {
    let metadata = HashMap::from([("limit".to_owned(), limit.to_owned()), ("allowed".to_owned(), allowed.to_string())]);
    let message = format!("{remedy}: a message may have {allowed} bytes ({limit}), found {found}");
    refuse_with(Code::ResourceExhausted, "LIMIT", message, metadata)
}

/// The headers of a request are longer than they may be.
pub(crate) fn headers_too_long(found: u64, allowed: u64) -> Status {
    let metadata = HashMap::from([
        ("limit".to_owned(), "header_bytes_max".to_owned()),
        ("allowed".to_owned(), allowed.to_string()),
    ]);
    let message =
        format!("send less in headers: those of a request may have {allowed} bytes (header_bytes_max), found {found}");
    refuse_with(Code::ResourceExhausted, "LIMIT", message, metadata)
}

fn query_status(fault: &QueryFault) -> Status {
    let (start, end) = (position(&fault.text, fault.error.span.start), position(&fault.text, fault.error.span.end));
    let mut metadata = HashMap::from([
        ("query_code".to_owned(), fault.error.code.to_owned()),
        ("byte_start".to_owned(), start.byte.to_string()),
        ("byte_end".to_owned(), end.byte.to_string()),
        ("utf16_start".to_owned(), start.utf16.to_string()),
        ("utf16_end".to_owned(), end.utf16.to_string()),
        ("line".to_owned(), start.line.to_string()),
        ("column".to_owned(), start.column.to_string()),
    ]);
    // A corrected text that is cut would not be one.
    if let Some(suggestion) = fault.error.suggestion.as_ref().filter(|text| text.len() <= TEXT_BYTES_MAX) {
        metadata.insert("suggestion".to_owned(), suggestion.clone());
    }
    let mut details = info(&query_reason(fault), metadata);
    let place = format!(
        "line {}, column {}, bytes {}..{}, UTF-16 {}..{}",
        start.line, start.column, start.byte, end.byte, start.utf16, end.utf16
    );
    details.add_bad_request_violation("text", cut(&format!("{place}: {}", fault.error.detail)));
    Status::with_error_details(Code::InvalidArgument, cut(&fault.error.render(&fault.text)), details)
}

/// `unknown_tag` is `QUERY_UNKNOWN_TAG`.
fn query_reason(fault: &QueryFault) -> String {
    format!("QUERY_{}", fault.error.code.to_uppercase())
}

fn info(reason: &str, metadata: HashMap<String, String>) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

/// Whether the whole request is to fail, not only one of its items: who asks is gone or late.
pub(crate) fn is_for_all(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Deadline)
}

fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    format!("{}…", &text[..end])
}

/// An engine's result as a service's.
pub(crate) trait OrStatus<T> {
    /// The status of its error.
    fn or_status(self) -> Result<T, Status>;
}

impl<T> OrStatus<T> for muster_engine::Result<T> {
    fn or_status(self) -> Result<T, Status> {
        self.map_err(|error| of(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_reason_and_domain() {
        let status = of(&Error::busy("flushing cannot keep up"));
        assert_eq!(status.code(), Code::Unavailable);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("BUSY", "muster"));
        assert!(details.retry_info().is_some());
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let status = bad_field("text", "好".repeat(10_000));
        assert!(status.message().len() <= TEXT_BYTES_MAX + '…'.len_utf8());
        assert!(status.message().ends_with("好…"));
        assert!(status.details().len() < 6_000);
    }
}
