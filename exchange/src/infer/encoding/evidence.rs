//! What bytes speak for an encoding. A few that speak against it are damage, not evidence.

/// Of so many characters that speak for an encoding one may speak against it, and one alone of four.
const DAMAGE_SHARE: u64 = 20;
const DAMAGE_ONE_OF: u64 = 4;

fn is_damage(against: u64, whole: u64) -> bool {
    against * DAMAGE_SHARE <= whole || against == 1 && whole >= DAMAGE_ONE_OF
}

/// Runs of bytes that are not ASCII, and those of them that are UTF-8.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wide {
    runs: u64,
    utf_8: u64,
}

impl Wide {
    pub(super) fn count(&mut self, bytes: &[u8]) {
        if bytes.is_ascii() {
            return;
        }
        for run in bytes.split(u8::is_ascii).filter(|run| !run.is_empty()) {
            self.runs += 1;
            self.utf_8 += u64::from(std::str::from_utf8(run).is_ok());
        }
    }

    pub(super) fn is_likely(self) -> bool {
        self.utf_8 * 2 > self.runs
    }
}

/// Pairs of bytes as GBK has them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chinese {
    broken: u64,
    /// Pairs that are letters of some kind, and those of the characters that Chinese is mostly written with.
    letters: u64,
    common: u64,
    /// Common ones that begin as no Korean syllable does, and that end as no Cyrillic capital does.
    not_korean: u64,
    not_cyrillic: u64,
    /// Characters of four bytes, which GB 18030 has and GBK has not: two pairs of a byte that begins one and a digit.
    four_bytes: u64,
}

impl Chinese {
    pub(super) fn of(bytes: &[u8]) -> Chinese {
        let mut seen = Chinese::default();
        let mut rest = bytes;
        while let [first, behind @ ..] = rest {
            rest = behind;
            match (*first, behind.first().copied()) {
                (..=0x7F, _) => {}
                (0x81..=0xFE, Some(b'0'..=b'9')) if matches!(behind, [_, 0x81..=0xFE, b'0'..=b'9', ..]) => {
                    rest = &behind[3..];
                    seen.four_bytes += 1;
                }
                (0x81..=0xFE, Some(second @ (0x40..=0x7E | 0x80..=0xFE))) => {
                    rest = &behind[1..];
                    seen.add(*first, second);
                }
                _ => seen.broken += 1,
            }
        }
        seen
    }

    fn add(&mut self, first: u8, second: u8) {
        // Rows 1 to 3 of GB 2312 are punctuation and wide Latin letters, row 16 to 55 its first level.
        let is_sign = matches!((first, second), (0xA1..=0xA3, 0xA1..=0xFE));
        let is_common = matches!((first, second), (0xB0..=0xD6, 0xA1..=0xFE) | (0xD7, 0xA1..=0xF9));
        self.letters += u64::from(!is_sign);
        self.common += u64::from(is_common);
        self.not_korean += u64::from(is_common && first > 0xC8);
        self.not_cyrillic += u64::from(is_common && !(0xC0..=0xDF).contains(&second));
    }

    /// Whether it has characters that GBK has not.
    pub(super) fn is_beyond_gbk(self) -> bool {
        self.four_bytes > 0
    }

    /// Four of five letters are common ones; Korean and Cyrillic in capitals, which would be too, lack the rest.
    pub(super) fn is_likely(self) -> bool {
        self.common > 0
            && is_damage(self.broken, self.letters)
            && self.common * 5 >= self.letters * 4
            && self.not_korean * 10 >= self.common
            && self.not_cyrillic * 10 >= self.common
    }
}

/// Bytes as windows-1252 has them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Western {
    accents: u64,
    against: u64,
}

impl Western {
    pub(super) fn of(bytes: &[u8]) -> Western {
        let mut seen = Western::default();
        let is_latin = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
        let is_accent = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|byte| is_letter(*byte));
        for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii()) {
            let (before, behind) = (at.checked_sub(1), at.checked_add(1));
            let beside = u8::from(is_latin(before)) + u8::from(is_latin(behind));
            let accents_beside = u8::from(is_accent(before)) + u8::from(is_accent(behind));
            match byte {
                // Bytes that the encoding has no character for.
                0x81 | 0x8D | 0x8F | 0x90 | 0x9D => seen.against += 1,
                _ if is_letter(*byte) && beside > 0 => seen.accents += 1,
                // A letter among accents is of an alphabet that is not Latin; one alone says nothing.
                _ if is_letter(*byte) => seen.against += u64::from(accents_beside > 0),
                // An apostrophe stands inside of words; other signs and rare letters do not.
                0x92 => {}
                _ => seen.against += u64::from(beside == 2 || is_rare_letter(*byte) && beside > 0),
            }
        }
        seen
    }

    pub(super) fn is_likely(self) -> bool {
        self.accents > 0 && is_damage(self.against, self.accents)
    }
}

/// The accented letters of western languages. Those of Icelandic are left out: they are Turkish and Baltic ones
/// elsewhere.
fn is_letter(byte: u8) -> bool {
    byte >= 0xC0 && !is_rare_letter(byte) && !matches!(byte, 0xD7 | 0xF7)
}

/// Letters of windows-1252 that mostly are others, of an encoding beside it; signs that are letters there too.
fn is_rare_letter(byte: u8) -> bool {
    let is_letter = matches!(byte, 0x83 | 0x8A | 0x8C | 0x8E | 0x98 | 0x9A | 0x9C | 0x9E | 0x9F);
    let is_icelandic = matches!(byte, 0xD0 | 0xDD | 0xDE | 0xF0 | 0xFD | 0xFE);
    is_letter || is_icelandic || matches!(byte, 0xA3 | 0xA5 | 0xAF | 0xB3 | 0xB9 | 0xBC | 0xBE | 0xBF)
}
