//! Why a guess comes to no mapping.

use std::fmt;

use muster_engine::Error;

/// Why no mapping is proposed.
#[derive(Debug)]
pub enum InferError {
    /// No column can be taken for the key; the message says how to name it.
    NoKey(String),
    /// The names of the columns are in an encoding that is not sure; the message says how to name it.
    NoEncoding(String),
    /// The file is at fault, or cannot be read.
    File(Error),
}

impl From<Error> for InferError {
    fn from(error: Error) -> InferError {
        InferError::File(error)
    }
}

impl fmt::Display for InferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InferError::NoKey(message) | InferError::NoEncoding(message) => f.write_str(message),
            InferError::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for InferError {}
