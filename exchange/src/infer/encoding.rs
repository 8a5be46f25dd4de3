//! Charset detection: in which encoding the characters of a text file are written.
//!
//! A byte order mark says it, and zero bytes say UTF-16. Of other bytes an encoding is proposed only where they look
//! like nothing else: pairs that are nearly all common Chinese characters, or accents between Latin letters. What looks
//! like neither is not guessed at: nearly any bytes are text of some encoding, and the wrong one would be loaded
//! unseen.

mod evidence;

use std::io::{self, Read};

use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use evidence::{Chinese, Western, Wide};

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
    /// Why the encoding should not be taken without a person's word.
    pub(super) doubt: Option<String>,
}

/// Reads the beginning, and on to the first character that is no UTF-8 unless the encoding is given.
pub(super) fn read_head(mut stream: impl Read, given: Option<&'static Encoding>) -> io::Result<Head> {
    let mut bytes = Vec::new();
    (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() == HEAD_BYTES;
    if let Some(encoding) = given.or_else(|| utf_16(&bytes)) {
        return Ok(Head { bytes, is_cut, encoding, doubt: None });
    }
    let mut wide = Wide::default();
    let mut odd = odd_part(&bytes, !is_cut, &mut wide).map(<[u8]>::to_vec);
    if odd.is_none() && is_cut {
        odd = search(&mut stream, &bytes, &mut wide)?;
    }
    let (encoding, doubt) = odd.map_or((UTF_8, None), |odd| judge(&odd, wide));
    Ok(Head { bytes, is_cut, encoding, doubt })
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
    // A zero byte among text of single bytes is damage; of UTF-16 that looks so, every other byte is one.
    let share = if std::str::from_utf8(bytes).is_ok() { 3 } else { 20 };
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (high_first, low_first) = (zeros(0), zeros(1));
    // Separators and line ends are Latin in any language.
    let is_wide = |zeros: usize, others: usize| zeros > 0 && others == 0 && zeros * share >= bytes.len();
    match () {
        () if is_wide(low_first, high_first) => Some(UTF_16LE),
        () if is_wide(high_first, low_first) => Some(UTF_16BE),
        () => None,
    }
}

/// What stands from the first character on that is no UTF-8; a character that the end of `bytes` cuts is one. What
/// stands before it is counted.
fn odd_part<'a>(bytes: &'a [u8], is_whole: bool, wide: &mut Wide) -> Option<&'a [u8]> {
    let fault = std::str::from_utf8(bytes).err();
    let valid = fault.map_or(bytes.len(), |fault| fault.valid_up_to());
    wide.count(&bytes[..valid]);
    match fault {
        Some(fault) if fault.error_len().is_some() || is_whole => Some(&bytes[valid..]),
        _ => None,
    }
}

/// Goes on behind `head`, of which the last character may be cut.
fn search(stream: &mut impl Read, head: &[u8], wide: &mut Wide) -> io::Result<Option<Vec<u8>>> {
    let valid = std::str::from_utf8(head).map_or_else(|fault| fault.valid_up_to(), str::len);
    let mut carried = head[valid..].to_vec();
    let mut searched = head.len();
    while searched < SEARCH_BYTES {
        let mut chunk = std::mem::take(&mut carried);
        let before = chunk.len();
        stream.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        let read = chunk.len() - before;
        searched += read;
        if let Some(odd) = odd_part(&chunk, read == 0, wide) {
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

/// Which encoding has characters like those of `odd`, which begins with one that is no UTF-8, and what is unsure of
/// that. Unsure text stays UTF-8, whose reader refuses each row that it cannot read.
fn judge(odd: &[u8], mut wide: Wide) -> (&'static Encoding, Option<String>) {
    wide.count(odd);
    if wide.is_likely() {
        return (UTF_8, None);
    }
    let chinese = Chinese::of(odd);
    if chinese.is_likely() {
        return (if chinese.is_beyond_gbk() { GB18030 } else { GBK }, None);
    }
    if Western::of(odd).is_likely() {
        return (WINDOWS_1252, None);
    }
    let doubt = "it is not UTF-8, and its bytes look neither like Chinese (gbk, gb18030) nor like accents between \
                 Latin letters (windows-1252); others are big5, shift_jis, euc-jp, euc-kr, windows-1250, windows-1251, \
                 koi8-r and macintosh";
    (UTF_8, Some(doubt.to_owned()))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, KOI8_R, MACINTOSH, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251};

    use super::*;

    const CHINESE: &str = "编号,姓名,城市\n1,张三,北京\n2,李四,上海市\n3,Ann,广州\n";
    const WESTERN: &str = "id,name,city\n1,José,Köln\n2,Zoë,Málaga\n3,François,Besançon\n";

    fn head(bytes: &[u8]) -> Head {
        read_head(bytes, None).expect("memory")
    }

    /// The encoding that is taken as sure.
    fn sure(bytes: &[u8]) -> &'static Encoding {
        let head = head(bytes);
        assert_eq!(head.doubt, None);
        head.encoding
    }

    #[test]
    fn encodings_are_told_by_their_bytes() {
        for text in [CHINESE, WESTERN] {
            assert_eq!(sure(text.as_bytes()), UTF_8);
        }
        assert_eq!(sure(&GBK.encode(CHINESE).0), GBK);
        // A rare character and one of another script, which Python's `gbk` does not have.
        for beyond in ["4,王𠮷,北京\n", "4,ཨ,上海\n"] {
            let text = format!("{CHINESE}{beyond}");
            assert_eq!(sure(&GB18030.encode(&text).0), GB18030, "{beyond}");
        }
        assert_eq!(sure(&WINDOWS_1252.encode(WESTERN).0), WINDOWS_1252);
        assert_eq!(sure(&WINDOWS_1252.encode("id,n\n1,Müßig – “naïve”\n2,L’été 5 €\n3,É\n").0), WINDOWS_1252);
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for text in [CHINESE, WESTERN] {
            assert_eq!(sure(&wide(text, false)), UTF_16LE);
            assert_eq!(sure(&wide(text, true)), UTF_16BE);
            assert_eq!(sure(&wide(&format!("\u{feff}{text}"), true)), UTF_16BE);
        }
        assert_eq!(sure(b"id,name\n1,a\n"), UTF_8);
        assert_eq!(sure(b"id,a\n1,x\0y\n2,y\n"), UTF_8);
        assert_eq!(sure(b""), UTF_8);
    }

    #[test]
    fn one_damaged_character_does_not_change_the_encoding() {
        let damaged = |text: &str, encoding: &'static Encoding, damage: &[u8]| {
            let whole = encoding.encode(text).0.into_owned();
            let bytes = [whole.repeat(100), damage.to_vec(), whole.repeat(100)].concat();
            assert_eq!(sure(&bytes), encoding, "{damage:?}");
            assert_eq!(sure(&[whole.repeat(100), damage.to_vec()].concat()), encoding, "{damage:?} at the end");
        };
        for damage in [&b"2,\xff,x\n"[..], b"2,\xb9,x\n", b"2,\xb9\xe3\xd6\n"] {
            damaged("1,张三,北京\n", UTF_8, damage);
            damaged("1,张三,上海,北京\n", GBK, damage);
        }
        damaged("1,José,Köln\n", WINDOWS_1252, b"2,\x81,x\n");
        assert_eq!(sure(b"id,city,x\n1,\xb1\xb1\xbe\xa9,a\n2,\xc9\xcf\xba\xa3,b\n3,\xb9,c\n"), GBK);
    }

    #[test]
    fn what_looks_like_neither_is_not_guessed_at() {
        let cases = [
            ("id,город\n1,Москва\n2,Киев\n3,Санкт-Петербург\n", &[WINDOWS_1251, KOI8_R][..]),
            ("id,город\n1,МОСКВА\n2,КИЕВ\n3,МИНСК\n4,УФА\n", &[WINDOWS_1251, KOI8_R]),
            ("id,city\n1,臺北市\n2,高雄市\n3,新竹縣\n4,花蓮縣\n", &[BIG5]),
            ("id,city\n1,東京都\n2,さいたま市\n3,カタカナ\n4,ひらがな\n", &[SHIFT_JIS, EUC_JP]),
            ("id,city\n1,서울\n2,부산\n3,인천광역시\n4,대구\n", &[EUC_KR]),
            ("id,city\n1,Łódź\n2,Gdańsk\n3,Kraków\n4,Wałbrzych\n", &[WINDOWS_1250]),
            ("id,city\n1,Plzeň\n2,Ústí\n3,Košice\n4,Žižkov\n", &[WINDOWS_1250]),
            (WESTERN, &[MACINTOSH]),
        ];
        for (text, encodings) in cases {
            for encoding in encodings {
                let head = head(&encoding.encode(text).0);
                assert!(head.doubt.is_some(), "{text} in {} was taken for {}", encoding.name(), head.encoding.name());
            }
        }
        // Code page 437: `José,Köln,Zürich` by Python's codec; a pound sign alone; one stray byte.
        for bytes in [&b"id,a\n1,Jos\x82,K\x94ln,Z\x81rich\n"[..], b"id,a\n1,\xa35\n", b"id,a\n1,\xff\n"] {
            assert!(head(bytes).doubt.is_some(), "{bytes:?}");
        }
        assert!(head(b"id,city\n1,\xcc\xee\xf1\xea\xe2\xe0\n2,\xca\xe8\xe5\xe2\n").doubt.is_some());
    }

    #[test]
    fn an_encoding_that_is_given_is_not_doubted() {
        let bytes = WINDOWS_1251.encode("id,город\n1,Москва\n").0.into_owned();
        let head = read_head(bytes.as_slice(), Some(WINDOWS_1251)).expect("memory");
        assert_eq!((head.encoding, head.doubt), (WINDOWS_1251, None));
    }

    #[test]
    fn characters_far_behind_the_beginning_count() {
        let mut text = b"id,name\n".to_vec();
        (0..60_000).for_each(|row| text.extend_from_slice(format!("{row},name\n").as_bytes()));
        text.extend_from_slice(&GBK.encode("1,张三\n2,李四\n").0);
        assert!(text.len() > 2 * HEAD_BYTES);
        assert_eq!(sure(&text), GBK);
    }
}
