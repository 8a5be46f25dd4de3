//! Delta encoding, lengths that are written as differences: what the texts of such a page become, before a decoder
//! makes them.
//!
//! Texts of which each begins like the one before (`DELTA_BYTE_ARRAY`) become far longer than their page, and their
//! count stands in the page's values, apart from that in its header.

/// The texts of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) bytes: u64,
    pub(super) longest: u64,
}

/// What texts become that begin like the one before. `None`: they are damaged, or more than `values`.
pub(super) fn shared(page: &[u8], values: u64) -> Option<Texts> {
    let mut ends = Lengths::new(page, values)?;
    for length in ends.by_ref() {
        length?;
    }
    let second = page.get(ends.at..)?;
    let (prefixes, suffixes) = (Lengths::new(page, values)?, Lengths::new(second, values)?);
    if prefixes.left != suffixes.left {
        return None;
    }
    let (mut texts, mut last) = (Texts::default(), 0_u64);
    for (prefix, suffix) in prefixes.zip(suffixes) {
        // As the decoder: what claims to share more than there is shares all.
        let shared = u64::try_from(prefix?).map_or(last, |prefix| prefix.min(last));
        last = shared + u64::try_from(suffix?).ok()?;
        texts.bytes = texts.bytes.checked_add(last)?;
        texts.longest = texts.longest.max(last);
    }
    Some(texts)
}

/// How many lengths a page claims to have in front of its texts.
pub(super) fn count(page: &[u8]) -> Option<u64> {
    Lengths::new(page, u64::MAX).map(|lengths| lengths.left)
}

/// Numbers of 32 bits in blocks of differences.
struct Lengths<'a> {
    bytes: &'a [u8],
    /// What is behind the blocks read so far.
    at: usize,
    left: u64,
    block_values: u64,
    widths_count: usize,
    last: Option<i32>,
    first: i32,
    least: i32,
    /// Where the widths of the block stand, and which of them is at hand.
    widths: usize,
    width_index: usize,
    in_mini: u64,
    bits_at: usize,
}

impl<'a> Lengths<'a> {
    fn new(bytes: &'a [u8], values_max: u64) -> Option<Lengths<'a>> {
        let mut at = 0;
        let block_values = varint(bytes, &mut at)?;
        let widths_count = varint(bytes, &mut at)?;
        let left = varint(bytes, &mut at)?;
        let first = i32::try_from(zigzag(varint(bytes, &mut at)?)).ok()?;
        let mini = block_values.checked_div(widths_count)?;
        let is_sound = mini > 0 && mini.is_multiple_of(32) && mini * widths_count == block_values;
        if !is_sound || left > values_max || widths_count > bytes.len() as u64 || block_values > u64::from(u32::MAX) {
            return None;
        }
        Some(Lengths {
            bytes,
            at,
            left,
            block_values: mini,
            widths_count: widths_count as usize,
            last: None,
            first,
            least: 0,
            widths: 0,
            width_index: 0,
            in_mini: 0,
            bits_at: 0,
        })
    }

    fn begin_block(&mut self) -> Option<()> {
        self.least = i32::try_from(zigzag(varint(self.bytes, &mut self.at)?)).ok()?;
        self.widths = self.at;
        self.bits_at = self.at + self.widths_count;
        self.width_index = 0;
        self.in_mini = self.block_values;
        // Small blocks behind the last value have widths, and no bytes.
        let mut end = self.bits_at;
        let mut left = self.left;
        for width in self.bytes.get(self.widths..self.bits_at)? {
            if left == 0 {
                break;
            }
            end = end.checked_add(usize::from(*width).checked_mul(self.block_values as usize)? / 8)?;
            left = left.saturating_sub(self.block_values);
        }
        self.at = end;
        Some(())
    }

    fn difference(&mut self) -> Option<i32> {
        if self.in_mini == 0 {
            let width = usize::from(self.bytes[self.widths + self.width_index]);
            self.bits_at += width * self.block_values as usize / 8;
            self.width_index += 1;
            self.in_mini = self.block_values;
        }
        let width = usize::from(*self.bytes.get(self.widths + self.width_index)?);
        if width > 32 {
            return None;
        }
        let bit = (self.block_values - self.in_mini) as usize * width;
        let mut number = 0_u64;
        for (index, byte) in (self.bits_at + bit / 8..).take((bit % 8 + width).div_ceil(8)).enumerate() {
            number |= u64::from(*self.bytes.get(byte)?) << (8 * index);
        }
        self.in_mini -= 1;
        Some((number >> (bit % 8) & ((1 << width) - 1)) as u32 as i32)
    }

    fn step(&mut self) -> Option<i32> {
        let Some(last) = self.last else {
            return Some(self.first);
        };
        let is_block_done = self.widths == 0 || self.in_mini == 0 && self.width_index + 1 == self.widths_count;
        if is_block_done {
            self.begin_block()?;
        }
        let difference = self.difference()?;
        Some(last.wrapping_add(self.least).wrapping_add(difference))
    }
}

impl Iterator for Lengths<'_> {
    type Item = Option<i32>;

    fn next(&mut self) -> Option<Option<i32>> {
        if self.left == 0 {
            return None;
        }
        let length = self.step();
        self.left = if length.is_some() { self.left - 1 } else { 0 };
        self.last = length;
        Some(length)
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
