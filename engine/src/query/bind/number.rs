//! One number tag of a snapshot: its slices, its sign, and who has it.

use std::sync::Arc;

use super::bitmap::{BoundBitmap, Found};
use crate::bitmap::{AlignedWords, ChunkBuffer, Container, Words, write_words};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId, TagId};
use crate::snapshot::{NumberStacks, Snapshot, number_stacks, taken};

/// Binary digits that a magnitude has at most.
pub(in crate::query) const SLICES_MAX: usize = BitmapId::SLICES_MAX as usize;

/// See the module.
#[derive(Debug)]
pub(in crate::query) struct BoundNumber {
    /// Who has it.
    pub(in crate::query) present: BoundBitmap,
    /// Who has a number below zero.
    pub(in crate::query) negative: BoundBitmap,
    /// Binary digits of the magnitude, lowest first, up to the highest that anybody has.
    pub(in crate::query) slices: Vec<BoundBitmap>,
}

impl BoundNumber {
    /// Binds the number tag, or finds it bound by an earlier question. Errors: corrupt.
    pub(in crate::query) fn new(snapshot: &Snapshot, tag: TagId, population: TagId) -> Result<Arc<BoundNumber>> {
        if let Some(known) = snapshot.derived(tag) {
            return Ok(known);
        }
        let bound = Arc::new(BoundNumber::bind(snapshot, tag, population)?);
        // Several layers may be merged later, and what is merged may be thrown out.
        if bound.bitmaps().all(BoundBitmap::is_settled) {
            snapshot.keep_derived(tag, &bound, bound.heap_bytes());
        }
        Ok(bound)
    }

    fn bind(snapshot: &Snapshot, tag: TagId, population: TagId) -> Result<BoundNumber> {
        let layers = snapshot.layers();
        let NumberStacks { present, negative, slices } = number_stacks(layers, tag, &taken(layers, tag, population)?)?;
        let mut bound = Vec::with_capacity(slices.len());
        for (digit, slice) in slices.into_iter().enumerate() {
            bound.push(BoundBitmap::of_stack(snapshot, BitmapId::slice(tag, digit as u32), slice)?);
        }
        Ok(BoundNumber {
            present: BoundBitmap::of_stack(snapshot, BitmapId::present(tag), present)?,
            negative: BoundBitmap::of_stack(snapshot, BitmapId::negative(tag), negative)?,
            slices: bound,
        })
    }

    /// All its bitmaps.
    pub(in crate::query) fn bitmaps(&self) -> impl Iterator<Item = &BoundBitmap> {
        [&self.present, &self.negative].into_iter().chain(&self.slices)
    }

    /// What it takes, in bytes.
    pub(in crate::query) fn heap_bytes(&self) -> u64 {
        let bitmaps = (2 + self.slices.capacity()) * size_of::<BoundBitmap>();
        bitmaps as u64 + self.bitmaps().map(BoundBitmap::heap_bytes).sum::<u64>()
    }

    /// About how many bytes hold it, in all layers.
    pub(in crate::query) fn payload_bytes(&self) -> u64 {
        self.bitmaps().map(BoundBitmap::payload_bytes).sum()
    }

    /// The number of one entity. Errors: corrupt.
    pub(in crate::query) fn value(&self, id: LocalId) -> Result<Option<i64>> {
        if !self.present.contains(id)? {
            return Ok(None);
        }
        let mut magnitude = 0u64;
        for (digit, slice) in self.slices.iter().enumerate() {
            magnitude |= u64::from(slice.contains(id)?) << digit;
        }
        let sign = if self.negative.contains(id)? { -1 } else { 1 };
        Ok(Some(sign * magnitude as i64))
    }
}

/// The digits of one number tag in one chunk as words: in place where they stand as bitsets, else in buffers of its
/// own.
#[derive(Default)]
pub(in crate::query) struct DigitWords {
    digits: Vec<DigitBuffer>,
    /// Made when a digit is first folded: an empty one of these must cost nothing.
    fold: Option<Box<ChunkBuffer>>,
}

/// The buffer of one digit, made when it is first needed, and whether this chunk uses it.
#[derive(Default)]
struct DigitBuffer {
    words: Option<Box<AlignedWords>>,
    is_used: bool,
}

/// The digits of one chunk, lowest first.
pub(in crate::query) type Digits<'a> = [Option<&'a Words>; SLICES_MAX];

impl DigitWords {
    /// What its buffers take.
    #[cfg(test)]
    pub(in crate::query) fn bytes(&self) -> usize {
        let words = self.digits.iter().filter(|digit| digit.words.is_some()).count() * size_of::<AlignedWords>();
        words + self.fold.as_ref().map_or(0, |_| ChunkBuffer::BYTES)
    }

    /// Reads the digits of `number` in `chunk`; then [`DigitWords::digits`] gives them. Errors: corrupt.
    pub(in crate::query) fn read(&mut self, number: &BoundNumber, chunk: ChunkId) -> Result<()> {
        self.digits.resize_with(number.slices.len().max(self.digits.len()), DigitBuffer::default);
        for (slice, digit) in number.slices.iter().zip(&mut self.digits) {
            let container = match slice.find(chunk)? {
                Found::View(Container::Empty | Container::Bitset { .. }) => {
                    digit.is_used = false;
                    continue;
                }
                Found::View(container) => container,
                Found::Fold => {
                    let fold = self.fold.get_or_insert_default();
                    slice.fold(chunk, fold)?;
                    fold.as_container()
                }
            };
            let words = digit.words.get_or_insert_with(|| Box::new(AlignedWords::ZERO));
            write_words(container, &mut words.0);
            digit.is_used = true;
        }
        Ok(())
    }

    /// The digits that [`DigitWords::read`] has read of the same number and chunk, into `out`; returns how many.
    /// Errors: corrupt.
    pub(in crate::query) fn digits<'a>(
        &'a self,
        number: &'a BoundNumber,
        chunk: ChunkId,
        out: &mut Digits<'a>,
    ) -> Result<usize> {
        for (index, (slice, digit)) in number.slices.iter().zip(&self.digits).enumerate() {
            out[index] = match (&digit.words, digit.is_used) {
                (Some(words), true) => Some(&words.0),
                _ => match slice.find(chunk)? {
                    Found::View(Container::Bitset { words, .. }) => Some(words),
                    _ => None,
                },
            };
        }
        Ok(number.slices.len())
    }
}
