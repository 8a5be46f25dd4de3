//! Something to know about a file that is no error.

/// Something to know about a file, of a guess at its mapping or of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The column; empty for a note on the whole file.
    pub column: String,
    /// What was seen and what else it could be, such as `int with 333 distinct values, looks like a code: choice?`.
    pub message: String,
}
