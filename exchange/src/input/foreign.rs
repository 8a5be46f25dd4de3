//! Files that are not loaded, called what they are, with what to do about them.

use muster_engine::Error;

use super::{ARROW_MAGIC, Compression, GZIP_MAGIC, PARQUET_MAGIC, ZSTD_MAGIC, is_arrow_stream};

/// A format that is not loaded, or not from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    what: &'static str,
    remedy: &'static str,
}

const UNPACK: &str = "unpack it first, or use gzip or zstd";
const SHEET: &str = "save the sheet as CSV";
const CONVERT: &str = "convert it to Parquet or CSV";

/// Where the first bytes of a format stand, what they are, and what the format is called.
const MAGICS: [(usize, &[u8], Foreign); 23] = [
    (0, PARQUET_MAGIC, foreign("Parquet", "give it as a file, not as a stream and not packed")),
    (0, ARROW_MAGIC, foreign("Arrow", "give it as a file, not as a stream and not packed")),
    (0, b"PARE", foreign("encrypted Parquet", "decrypt it first")),
    (0, b"FEA1", foreign("Feather 1", "write it again as Feather 2, which is Arrow IPC, or as Parquet")),
    (0, b"ORC", foreign("ORC", CONVERT)),
    (0, b"Obj\x01", foreign("Avro", CONVERT)),
    (0, b"SQLite format 3\0", foreign("an SQLite database", "export the table as CSV")),
    (8, b"DUCK", foreign("a DuckDB database", "export the table as Parquet")),
    (0, b"\x89HDF\r\n\x1A\n", foreign("HDF5", CONVERT)),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", foreign("an old Office file such as xls", SHEET)),
    (0, b"BZh", foreign("packed with bzip2", UNPACK)),
    (0, b"\xFD7zXZ\0", foreign("packed with xz", UNPACK)),
    (0, b"\x04\x22\x4D\x18", foreign("packed with lz4", UNPACK)),
    (0, b"\x89LZO\0\r\n\x1A\n", foreign("packed with lzop", UNPACK)),
    (0, b"\xFF\x06\0\0sNaPpY", foreign("packed with snappy", UNPACK)),
    (0, b"7z\xBC\xAF\x27\x1C", foreign("a 7z file", UNPACK)),
    (0, b"Rar!\x1A\x07", foreign("a rar file", UNPACK)),
    (257, b"ustar", foreign("a tar file", "give the file inside")),
    (0, b"%PDF-", foreign("PDF", "give the table itself as CSV")),
    (0, b"\x80\x04\x95", foreign("a pickle of Python", "write it with to_parquet")),
    (0, b"\x80\x05\x95", foreign("a pickle of Python", "write it with to_parquet")),
    (0, GZIP_MAGIC, foreign("packed twice", "unpack it once")),
    (0, ZSTD_MAGIC, foreign("packed twice", "unpack it once")),
];

const fn foreign(what: &'static str, remedy: &'static str) -> Foreign {
    Foreign { what, remedy }
}

impl Foreign {
    /// What a file is by its first bytes, if it is no text that is loaded.
    pub(super) fn of(head: &[u8]) -> Option<Foreign> {
        if !head.is_empty() && head.iter().all(|byte| *byte == 0) {
            return Some(foreign("nothing but zero bytes", "get it again, it was never written or was cut off"));
        }
        let magic = MAGICS.iter().find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
        if let Some((_, _, found)) = magic {
            return Some(*found);
        }
        if is_arrow_stream(head) {
            return Some(foreign("an Arrow stream", "give it as a file, not packed"));
        }
        if head.starts_with(b"PK\x03\x04") {
            return Some(zip(head));
        }
        if is_separator_line(head) {
            return Some(foreign(
                "a CSV with a line such as sep=; in front",
                "strike that line, which only Excel reads",
            ));
        }
        json(head)
    }

    pub(super) fn error(self, name: &str, compression: Compression) -> Error {
        let Foreign { what, remedy } = self;
        let packed = match compression {
            Compression::None => "",
            Compression::Gzip => ", packed with gzip",
            Compression::Zstd => ", packed with zstd",
        };
        Error::invalid(format!("{name} is {what}{packed}: {remedy}"))
    }
}

/// What Excel writes to tell itself the delimiter.
fn is_separator_line(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    matches!(text, [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', _, b'\n' | b'\r' | b'"', ..])
}

/// Office files are zip files of parts whose names are known.
fn zip(head: &[u8]) -> Foreign {
    let has = |part: &[u8]| head.windows(part.len()).any(|bytes| bytes == part);
    if has(b"xl/") || has(b"[Content_Types].xml") {
        foreign("an Excel workbook (xlsx)", SHEET)
    } else if has(b"opendocument.spreadsheet") {
        foreign("an OpenDocument sheet", SHEET)
    } else {
        foreign("a zip file", UNPACK)
    }
}

/// A text that begins as JSON does and as a CSV hardly can.
fn json(head: &[u8]) -> Option<Foreign> {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match text {
        [b'[', rest @ ..] => match rest.trim_ascii_start() {
            [b'{' | b'[', ..] => Some(foreign("a JSON array", CONVERT)),
            [b']', ..] => Some(foreign("an empty JSON array", CONVERT)),
            _ => None,
        },
        [b'{', rest @ ..] => match rest.trim_ascii_start() {
            [b'"', ..] | [b'}', ..] => {
                let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or(text);
                let is_line = line.trim_ascii_end().ends_with(b"}");
                Some(if is_line { foreign("NDJSON, an object a line", CONVERT) } else { foreign("JSON", CONVERT) })
            }
            _ => None,
        },
        _ => None,
    }
}
