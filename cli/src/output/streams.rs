//! Standard output and standard error: the one place through which everything that is printed passes.
//!
//! What people read holds no character that a terminal acts upon, wherever it came from: names, values, keys and names
//! of files are somebody else's. Data (JSON, CSV, TSV, mappings) keep their characters, because programs read them; on
//! a terminal they are written out too.

use std::borrow::Cow;
use std::io::{BufWriter, ErrorKind, IsTerminal, Stdout, Write};

use muster_language::visible::{visible, visible_lines};

use crate::exit::Failure;

/// Writes what people read to standard output. When nobody reads it any more, the program has done its work.
pub(crate) fn emit(text: &str) -> Result<(), Failure> {
    write_out(&visible_lines(text))
}

/// Writes data to standard output.
pub(crate) fn emit_data(text: &str) -> Result<(), Failure> {
    write_out(&data(text))
}

/// Standard output for data that comes in pieces, each of which is whole characters.
#[derive(Debug)]
pub(crate) struct DataOut(BufWriter<Stdout>);

impl DataOut {
    pub(crate) fn new() -> DataOut {
        DataOut(BufWriter::new(std::io::stdout()))
    }
}

impl Write for DataOut {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(data(&String::from_utf8_lossy(piece)).as_bytes())?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// The outcome of writing to standard output.
pub(crate) fn written<T>(outcome: std::io::Result<T>) -> Result<T, Failure> {
    outcome.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::refused(format!("cannot write the output: {error}")),
    })
}

/// Says something beside the answer, in one line.
pub(crate) fn note(text: &str) {
    note_lines(&visible(text));
}

/// The same for a text of several lines, whose names and values are written out already.
pub(crate) fn note_lines(text: &str) {
    // Nobody is left to be told when this fails.
    let _ = writeln!(std::io::stderr(), "{}", visible_lines(text));
}

/// Where the log of a server goes: lines on standard error.
pub(crate) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(visible_lines(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

fn data(text: &str) -> Cow<'_, str> {
    if !std::io::stdout().is_terminal() {
        return Cow::Borrowed(text);
    }
    // Tabs part the fields of TSV, and a terminal only moves on to the right for them.
    let pieces: Vec<Cow<'_, str>> = text.split('\t').map(visible_lines).collect();
    Cow::Owned(pieces.join("\t"))
}

fn write_out(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}
