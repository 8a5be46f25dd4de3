//! Annotated dumps of file formats, checked in under tests/data/formats.
//!
//! A dump says each byte of a small file and what it means. The test that makes it compares it with the one checked in,
//! so no layout changes unseen; the bytes of the checked-in one are read back and opened, so it is also the fixture of
//! its format version. With `MUSTER_REWRITE=1` in the environment the files are written instead.

use std::fmt::Write as _;
use std::path::PathBuf;

/// How many bytes stand in one line.
const LINE_BYTES: usize = 16;

/// A dump in the making.
pub(crate) struct Dump<'a> {
    bytes: &'a [u8],
    offset: usize,
    text: String,
}

impl<'a> Dump<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Dump<'a> {
        Dump { bytes, offset: 0, text: String::new() }
    }

    /// The next `len` bytes are `meaning`; no bytes are no line.
    pub(crate) fn field(&mut self, len: usize, meaning: &str) {
        let field = &self.bytes[self.offset..self.offset + len];
        for (index, line) in field.chunks(LINE_BYTES).enumerate() {
            let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
            let meaning = if index == 0 { meaning } else { "" };
            let line = format!("{:06x}  {:47}  {meaning}", self.offset + index * LINE_BYTES, hex.join(" "));
            writeln!(self.text, "{}", line.trim_end()).expect("text takes anything");
        }
        self.offset += len;
    }

    /// Compares with the file `name`; returns the bytes that stand in it.
    pub(crate) fn check(self, name: &str) -> Vec<u8> {
        assert_eq!(self.offset, self.bytes.len(), "every byte has a meaning");
        let path = path_of(name);
        if std::env::var_os("MUSTER_REWRITE").is_some() {
            std::fs::create_dir_all(path.parent().expect("it has a directory")).expect("a directory can be made");
            std::fs::write(&path, &self.text).expect("a dump can be written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(expected == self.text, "{name} differs; look at the change after MUSTER_REWRITE=1:\n{}", self.text);
        fixture(name)
    }
}

/// The bytes that stand in the file `name`, which no program makes any more where its version is an older one.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(path_of(name)).expect("the file is there");
    text.lines().flat_map(bytes_of).collect()
}

fn path_of(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/formats").join(name)
}

/// The bytes that stand between the offset and the meaning of a line.
fn bytes_of(line: &str) -> Vec<u8> {
    let hex = line.get(8..line.len().min(8 + 3 * LINE_BYTES)).unwrap_or_default();
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits a byte")).collect()
}
