//! What is wrong with one item of several, as a message: a status would end them all.

use muster_engine::Error;
use muster_proto::v1;

use super::span;
use crate::status;

/// The status of one item.
pub(crate) fn problem(error: &Error) -> v1::Problem {
    let (code, reason) = status::told(error);
    let fault = error.query_fault();
    v1::Problem {
        code: code as i32,
        reason: reason.into_owned(),
        message: fault.map_or_else(|| format!("{error:#}"), |fault| fault.error.render(&fault.text)),
        span: fault.map(|fault| span::span(&fault.text, fault.error.span)),
        suggestion: fault.and_then(|fault| fault.error.suggestion.clone()).unwrap_or_default(),
    }
}
