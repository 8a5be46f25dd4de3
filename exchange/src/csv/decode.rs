//! Transcoding: text of another encoding as UTF-8.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

/// The bytes that are decoded at once.
const BUFFER_BYTES: usize = 1 << 16;
/// Stands for bytes that are no text of the encoding. No text has it, so that the cell in which it stands is refused
/// when its text is taken, and the cells around it are not.
const NO_TEXT: u8 = 0xFF;

/// The stream as UTF-8. Text that says to be UTF-8 is given as it is; it is checked where it is taken.
pub(crate) fn decoded(stream: Box<dyn Read + Send>, encoding: &'static Encoding) -> Box<dyn Read + Send> {
    if encoding == UTF_8 {
        return stream;
    }
    Box::new(Decoded {
        stream,
        decoder: encoding.new_decoder_with_bom_removal(),
        packed: vec![0; BUFFER_BYTES].into_boxed_slice(),
        at: 0,
        end: 0,
        text: Vec::with_capacity(2 * BUFFER_BYTES),
        taken: 0,
        is_over: false,
    })
}

struct Decoded {
    stream: Box<dyn Read + Send>,
    decoder: Decoder,
    /// What is not yet decoded lies in `packed[at..end]`.
    packed: Box<[u8]>,
    at: usize,
    end: usize,
    /// What is decoded; the first `taken` bytes were given away.
    text: Vec<u8>,
    taken: usize,
    is_over: bool,
}

impl Decoded {
    /// Decodes a buffer of text.
    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.taken = 0;
        let mut at_end = false;
        if self.at == self.end {
            self.at = 0;
            self.end = 0;
            self.end = self.stream.read(&mut self.packed)?;
            at_end = self.end == 0;
        }
        self.text.resize(2 * BUFFER_BYTES, 0);
        let packed = &self.packed[self.at..self.end];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(packed, &mut self.text[..2 * BUFFER_BYTES - 1], at_end);
        self.at += read;
        self.text.truncate(written);
        match result {
            DecoderResult::Malformed(..) => self.text.push(NO_TEXT),
            DecoderResult::InputEmpty => self.is_over = at_end,
            DecoderResult::OutputFull => {}
        }
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.text.len() {
            if self.is_over {
                return Ok(0);
            }
            self.refill()?;
        }
        let bytes = buffer.len().min(self.text.len() - self.taken);
        buffer[..bytes].copy_from_slice(&self.text[self.taken..self.taken + bytes]);
        self.taken += bytes;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use encoding_rs::{GBK, UTF_16BE, UTF_16LE, WINDOWS_1252};

    use super::*;

    /// Gives one byte at a time, so that characters are cut everywhere.
    struct Trickle(VecDeque<u8>);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match (buffer, self.0.pop_front()) {
                ([first, ..], Some(byte)) => {
                    *first = byte;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    fn read(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
        let mut text = Vec::new();
        decoded(Box::new(Trickle(VecDeque::from(bytes.to_vec()))), encoding).read_to_end(&mut text).expect("memory");
        let mut whole = Vec::new();
        decoded(Box::new(io::Cursor::new(bytes.to_vec())), encoding).read_to_end(&mut whole).expect("memory");
        assert_eq!(text, whole);
        text
    }

    /// The bytes are those of Python's codecs: `"上海,é".encode("gbk")` and so on.
    #[test]
    fn text_is_decoded_wherever_it_is_cut() {
        assert_eq!(read(b"\xC9\xCF\xBA\xA3,\xA8\xA6", GBK), "上海,é".as_bytes());
        assert_eq!(read(b"caf\xE9 \x80", WINDOWS_1252), "café €".as_bytes());
        assert_eq!(read(b"\xFF\xFE\x0AN\x3D\xD8\x00\xDE\n\0", UTF_16LE), "上😀\n".as_bytes());
        assert_eq!(read(b"\xFE\xFFN\x0A\xD8\x3D\xDE\x00\0\n", UTF_16BE), "上😀\n".as_bytes());
    }

    #[test]
    fn bytes_that_are_no_text_are_marked_and_the_rest_is_read() {
        assert_eq!(read(b"a\xFFb,c\xC9", GBK), b"a\xFFb,c\xFF");
        assert_eq!(read(b"a\0\0\xDCb\0x", UTF_16LE), b"a\xFFb\xFF");
    }

    #[test]
    fn long_texts_are_decoded_whole() {
        let long = "上海é".repeat(100_000);
        let (bytes, _, _) = GBK.encode(&long);
        assert_eq!(read(&bytes, GBK), long.as_bytes());
    }
}
