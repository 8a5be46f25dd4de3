//! Files and standard input, read wholly or refused: nothing that was read is ever cut.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use muster_language::limits::TEXT_BYTES_MAX;

use crate::exit::Failure;

/// The longest file of expressions, mapping or file of a parameter, and the longest standard input, in bytes.
pub(crate) const INPUT_BYTES_MAX: u64 = 64 << 20;
/// The name that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// The bytes of a file.
pub(crate) fn file_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    all_of(file, &name)
}

/// The text of a file, or of standard input where its name is `-`.
pub(crate) async fn text_of(path: &Path) -> Result<String, Failure> {
    if path == Path::new(STANDARD_INPUT) {
        return standard_input().await;
    }
    text(file_bytes(path)?, &path.display().to_string())
}

/// The text of standard input. It is read on a thread of its own, for which nobody waits who is interrupted.
pub(crate) async fn standard_input() -> Result<String, Failure> {
    let name = "standard input";
    let read = tokio::task::spawn_blocking(move || text(all_of(std::io::stdin().lock(), name)?, name));
    read.await.unwrap_or_else(|_| Err(Failure::refused(format!("reading {name} failed"))))
}

fn all_of(source: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source
        .take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    match bytes.len() as u64 > INPUT_BYTES_MAX {
        true => Err(Failure::usage(format!(
            "split {name}: it is longer than the {INPUT_BYTES_MAX} bytes (input_bytes_max) that are read at once"
        ))),
        false => Ok(bytes),
    }
}

/// Without the byte order mark that some editors write.
fn text(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    let mut text = String::from_utf8(bytes).map_err(|_| Failure::usage(format!("write {name} in UTF-8")))?;
    if text.starts_with('\u{FEFF}') {
        text.drain(..'\u{FEFF}'.len_utf8());
    }
    Ok(text)
}

/// The lines of a script, each with what is wrong with it.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    number: u64,
    is_over: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R) -> Lines<R> {
        Lines { source: BufReader::new(source), number: 0, is_over: false }
    }

    /// The longest line: the longest query, with room for a command before it.
    const BYTES_MAX: u64 = TEXT_BYTES_MAX as u64 + (64 << 10);

    fn next_line(&mut self) -> std::io::Result<Option<Result<String, Failure>>> {
        let mut line = Vec::new();
        Read::by_ref(&mut self.source).take(Self::BYTES_MAX + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        line.pop_if(|last| *last == b'\r');
        if line.len() as u64 > Self::BYTES_MAX {
            if !is_whole {
                self.source.skip_until(b'\n')?;
            }
            return Ok(Some(Err(Failure::refused(format!(
                "shorten line {}: it is longer than {} bytes (line_bytes_max)",
                self.number,
                Self::BYTES_MAX
            )))));
        }
        let number = self.number;
        Ok(Some(String::from_utf8(line).map_err(|_| Failure::refused(format!("write line {number} in UTF-8")))))
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.next_line().unwrap_or_else(|error| {
            self.is_over = true;
            Some(Err(Failure::usage(format!("cannot read standard input: {error}"))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_up_to_its_limit_and_refused_above_it() {
        let of = |bytes: u64| all_of(std::io::repeat(b' ').take(bytes), "it");
        assert_eq!(of(INPUT_BYTES_MAX).unwrap().len() as u64, INPUT_BYTES_MAX);
        let error = of(INPUT_BYTES_MAX + 1).unwrap_err().message().unwrap();
        assert!(error.starts_with("split it") && error.contains("67108864 bytes (input_bytes_max)"), "{error}");
    }

    #[test]
    fn a_line_that_is_too_long_hides_no_other() {
        let longest = "x".repeat(Lines::<&[u8]>::BYTES_MAX as usize);
        let script = format!("a\n{longest}\n{longest}y\r\nb\r\n\u{e9}\n{longest} ");
        let read: Vec<_> = Lines::new(script.as_bytes()).collect();
        assert_eq!(read.len(), 6);
        assert_eq!(read[1].as_ref().unwrap().len(), longest.len());
        let error = read[2].as_ref().unwrap_err().message().unwrap();
        assert!(error.starts_with("shorten line 3") && error.contains("line_bytes_max"), "{error}");
        assert_eq!([&read[3], &read[4]].map(|line| line.as_ref().unwrap().as_str()), ["b", "é"]);
        assert!(read[5].is_err(), "cut on a blank, it would have been another line");
        let broken: Vec<_> = Lines::new(&b"a\n\xff\nb"[..]).collect();
        assert!(broken[1].as_ref().unwrap_err().message().unwrap().starts_with("write line 2 in UTF-8"));
        assert_eq!(broken[2].as_ref().unwrap(), "b");
    }
}
