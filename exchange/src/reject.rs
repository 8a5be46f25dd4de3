//! Rejected rows (error rows): those that are not loaded, and why.

/// The longest raw text that a reject keeps, in bytes.
pub(crate) const RAW_BYTES_MAX: usize = 1024;

/// A row that is not loaded. A row has one reject, that of its first faulty column in the order of the mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// CSV: the line of the file on which the record starts, from 1; other formats: the row's number, from 1.
    pub line: u64,
    /// The faulty column, empty when the whole record is at fault.
    pub column: String,
    /// What is wrong with it.
    pub reason: String,
    /// The cell as it stands in the file, or the whole record; cut after 1,024 bytes.
    pub raw: String,
}

impl Reject {
    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Reject>() + self.column.len() + self.reason.len() + self.raw.len()
    }
}

/// `bytes` as text for people, cut to [`RAW_BYTES_MAX`].
pub(crate) fn raw_text(bytes: &[u8]) -> String {
    if bytes.len() <= RAW_BYTES_MAX {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut end = RAW_BYTES_MAX;
    while end > RAW_BYTES_MAX - 4 && bytes[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    let mut text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    text.push('…');
    text
}
