//! In which encoding the characters of a text file are written.
//!
//! A byte order mark says it, zero bytes say UTF-16, and bytes that are no UTF-8 come in pairs from Chinese programs
//! and one by one from western ones. What is none of these stays UTF-8, and rows that are not are rejected as such.

use std::io::{self, Read};

use encoding_rs::{Encoding, GBK, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The bytes that the dialect is guessed from.
const HEAD_BYTES: usize = 1 << 18;
/// The bytes that are searched for characters that are no UTF-8.
const SEARCH_BYTES: usize = 1 << 26;
const CHUNK_BYTES: usize = 1 << 16;

/// The beginning of a text file, and its encoding.
pub(super) struct Head {
    /// The first bytes as they stand, and whether there are more.
    pub(super) bytes: Vec<u8>,
    pub(super) is_cut: bool,
    pub(super) encoding: &'static Encoding,
}

/// Reads the beginning, and on to the first character that is no UTF-8.
pub(super) fn read_head(mut stream: impl Read) -> io::Result<Head> {
    let mut bytes = Vec::new();
    (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() == HEAD_BYTES;
    if let Some(encoding) = utf_16(&bytes) {
        return Ok(Head { bytes, is_cut, encoding });
    }
    let mut odd = odd_part(&bytes, !is_cut).map(<[u8]>::to_vec);
    if odd.is_none() && is_cut {
        odd = search(&mut stream, &bytes)?;
    }
    let encoding = odd.map_or(UTF_8, |odd| single_or_double(&odd));
    Ok(Head { bytes, is_cut, encoding })
}

/// UTF-16, by its byte order mark or by the zeros of its Latin characters.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    const LOOK_BYTES: usize = 4096;
    match bytes {
        [0xFF, 0xFE, ..] => return Some(UTF_16LE),
        [0xFE, 0xFF, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let bytes = &bytes[..bytes.len().min(LOOK_BYTES)];
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (high_first, low_first) = (zeros(0), zeros(1));
    // Separators and line ends are Latin in any language.
    let is_wide = |zeros: usize, others: usize| zeros > 0 && others == 0 && zeros * 20 >= bytes.len();
    match () {
        () if is_wide(low_first, high_first) => Some(UTF_16LE),
        () if is_wide(high_first, low_first) => Some(UTF_16BE),
        () => None,
    }
}

/// What stands from the first character on that is no UTF-8; a character that the end of `bytes` cuts is one.
fn odd_part(bytes: &[u8], is_whole: bool) -> Option<&[u8]> {
    match std::str::from_utf8(bytes) {
        Ok(_) => None,
        Err(fault) if fault.error_len().is_none() && !is_whole => None,
        Err(fault) => Some(&bytes[fault.valid_up_to()..]),
    }
}

/// Goes on behind `head`, of which the last character may be cut.
fn search(stream: &mut impl Read, head: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let valid = std::str::from_utf8(head).map_or_else(|fault| fault.valid_up_to(), str::len);
    let mut carried = head[valid..].to_vec();
    let mut searched = head.len();
    while searched < SEARCH_BYTES {
        let mut chunk = std::mem::take(&mut carried);
        let before = chunk.len();
        stream.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        let read = chunk.len() - before;
        searched += read;
        if let Some(odd) = odd_part(&chunk, read == 0) {
            let mut odd = odd.to_vec();
            stream.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut odd)?;
            return Ok(Some(odd));
        }
        if read == 0 {
            break;
        }
        let valid = std::str::from_utf8(&chunk).map_or_else(|fault| fault.valid_up_to(), str::len);
        carried = chunk[valid..].to_vec();
    }
    Ok(None)
}

/// Which encoding has characters like those of `odd`, which begins with one that is no UTF-8.
fn single_or_double(odd: &[u8]) -> &'static Encoding {
    let runs = || odd.split(|byte| byte.is_ascii()).filter(|run| !run.is_empty());
    let is_utf8 = |run: &&[u8]| std::str::from_utf8(run).is_ok();
    let (count, utf8) = (runs().count(), runs().filter(is_utf8).count());
    if utf8 * 2 > count {
        return UTF_8;
    }
    // Characters of GB 2312 are two bytes from 0xA1 on; a western accent stands between letters of ASCII.
    let is_double = |run: &&[u8]| run.len() >= 2 && run.len().is_multiple_of(2) && run.iter().all(|byte| *byte >= 0xA1);
    let double = runs().filter(is_double).count();
    let single = runs().filter(|run| run.len() == 1).count();
    let is_gbk = GBK.decode_without_bom_handling_and_without_replacement(trimmed_to_character(odd)).is_some();
    match () {
        () if is_gbk && double >= single => GBK,
        () if single > 0 => WINDOWS_1252,
        () if is_gbk => GBK,
        () => UTF_8,
    }
}

/// Without what may be half a character at the end.
fn trimmed_to_character(odd: &[u8]) -> &[u8] {
    let end = odd.iter().rposition(u8::is_ascii).map_or(odd.len(), |last| last + 1);
    // An ASCII byte may be the second one of a character; then the decoder takes it so.
    &odd[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding_of(bytes: &[u8]) -> &'static Encoding {
        read_head(bytes).expect("memory").encoding
    }

    #[test]
    fn encodings_are_told_by_their_bytes() {
        let chinese = "编号,姓名,城市\n1,张三,北京\n2,李四,上海市\n3,Ann,广州\n";
        let western = "id,name,city\n1,José,Köln\n2,Zoë,Málaga\n3,François,Besançon\n";
        assert_eq!(encoding_of(chinese.as_bytes()), UTF_8);
        assert_eq!(encoding_of(western.as_bytes()), UTF_8);
        assert_eq!(encoding_of(&GBK.encode(chinese).0), GBK);
        assert_eq!(encoding_of(&WINDOWS_1252.encode(western).0), WINDOWS_1252);
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for text in [chinese, western] {
            assert_eq!(encoding_of(&wide(text, false)), UTF_16LE);
            assert_eq!(encoding_of(&wide(text, true)), UTF_16BE);
            assert_eq!(encoding_of(&wide(&format!("\u{feff}{text}"), true)), UTF_16BE);
        }
        assert_eq!(encoding_of(b"id,name\n1,a\n"), UTF_8);
        assert_eq!(encoding_of(b""), UTF_8);
    }

    #[test]
    fn one_damaged_character_does_not_change_the_encoding() {
        let mut text = "1,张三,北京\n".repeat(100).into_bytes();
        text.extend_from_slice(b"2,\xff,x\n");
        text.extend_from_slice("1,张三,北京\n".repeat(100).as_bytes());
        assert_eq!(encoding_of(&text), UTF_8);
    }

    #[test]
    fn characters_far_behind_the_beginning_count() {
        let mut text = b"id,name\n".to_vec();
        (0..60_000).for_each(|row| text.extend_from_slice(format!("{row},name\n").as_bytes()));
        text.extend_from_slice(&GBK.encode("1,张三\n").0);
        assert!(text.len() > 2 * HEAD_BYTES);
        assert_eq!(encoding_of(&text), GBK);
    }
}
