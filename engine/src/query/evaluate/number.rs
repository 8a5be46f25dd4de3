//! Number comparisons of one chunk: all slices at once, the filter and the sign in the same pass.
//!
//! Where few candidates are left their values are gathered instead.

use super::and::{NOBODY, WordsList};
use super::few::Few;
use super::scratch::Scratch;
use super::trace::Way;
use crate::bitmap::{
    AlignedWords, ChunkBuffer, Container, Fused, Slices, Words, for_each_id, gather_values, slices_range_fused_count,
    slices_range_fused_into, write_words,
};
use crate::error::Result;
use crate::ids::ChunkId;
use crate::query::bind::{Bound, BoundNumber, Digits, SLICES_MAX};
use crate::query::plan::NodeId;

/// Candidates up to which values are gathered: beyond, a pass over all slices costs less.
const GATHER_MAX: u32 = 256;

/// A range of signed numbers as ranges of magnitudes: of those not below zero, and of those below.
struct Magnitudes {
    not_negative: Option<(u64, u64)>,
    negative: Option<(u64, u64)>,
}

impl Magnitudes {
    fn of(low: i64, high: i64) -> Magnitudes {
        Magnitudes {
            not_negative: (high >= 0).then(|| (low.max(0) as u64, high as u64)),
            negative: (low < 0).then(|| (high.min(-1).unsigned_abs(), low.unsigned_abs())),
        }
    }
}

/// Whether `number` lies in one of `ranges`, which rise and are disjoint.
pub(in crate::query) fn in_ranges(ranges: &[(i64, i64)], number: i64) -> bool {
    let after = ranges.partition_point(|&(low, _)| low <= number);
    after > 0 && number <= ranges[after - 1].1
}

/// Presence and sign of a number in one chunk, as the fused pass wants them.
struct Sign<'a> {
    /// Who has the number; none where everybody has.
    present: Option<&'a Words>,
    /// Who is below zero; none where nobody is.
    negative: Option<&'a Words>,
}

/// Room for a presence or a sign that does not stand as a bitset.
type Room = Option<Box<AlignedWords>>;

impl<'a> Sign<'a> {
    /// Reads both; none where nobody has the number. Errors: corrupt.
    fn read(
        number: &'a BoundNumber,
        chunk: ChunkId,
        buffers: (&'a mut ChunkBuffer, &'a mut ChunkBuffer),
        rooms: (&'a mut Room, &'a mut Room),
    ) -> Result<Option<Sign<'a>>> {
        let present = number.present.read(chunk, buffers.0)?;
        if present.is_empty() {
            return Ok(None);
        }
        Ok(Some(Sign {
            present: match present {
                Container::Full => None,
                other => words_of(other, rooms.0),
            },
            negative: words_of(number.negative.read(chunk, buffers.1)?, rooms.1),
        }))
    }
}

/// The bits of a container, in place or in `room`; none where it is empty.
fn words_of<'a>(container: Container<'a>, room: &'a mut Room) -> Option<&'a Words> {
    match container {
        Container::Empty => None,
        Container::Bitset { words, .. } => Some(words),
        other => {
            let words = room.get_or_insert_with(|| Box::new(AlignedWords::ZERO));
            write_words(other, &mut words.0);
            Some(&words.0)
        }
    }
}

impl Bound {
    /// How many are in all of `positive`, in none of `negative`, and have a number in `ranges`. REQUIRES: the nodes are
    /// prepared, and are bitsets or leave everybody. Errors: corrupt.
    pub(super) fn number_count(
        &self,
        number: usize,
        ranges: &[(i64, i64)],
        positive: &[NodeId],
        negative: &[NodeId],
        chunk: ChunkId,
        scratch: &mut Scratch,
    ) -> Result<u32> {
        let mut digits = std::mem::take(&mut scratch.digits[number]);
        let (mut first, mut second) = (scratch.borrow(), scratch.borrow());
        let bound = &*self.numbers[number];
        let mut count = 0;
        let mut rooms = std::mem::take(&mut scratch.rooms);
        let [present_room, negative_room, _] = &mut rooms;
        if let Some(sign) = Sign::read(bound, chunk, (&mut first, &mut second), (present_room, negative_room))? {
            digits.read(bound, chunk)?;
            let mut slices: Digits<'_> = [None; SLICES_MAX];
            let slice_count = digits.digits(bound, chunk, &mut slices)?;
            let slices = Slices { slices: &slices[..slice_count] };
            let mut all = self.words_of(positive, chunk, scratch)?;
            let mut none = self.words_of(negative, chunk, scratch)?;
            for_each_pass(ranges, &sign, &mut all, &mut none, &mut |low, high, fused| {
                scratch.work(1)?;
                count += slices_range_fused_count(slices, low, high, fused);
                Ok(())
            })?;
        }
        scratch.rooms = rooms;
        scratch.digits[number] = digits;
        scratch.give_back(first);
        scratch.give_back(second);
        Ok(count)
    }

    /// Fills `result` with the candidates whose number lies in `ranges`. Errors: corrupt.
    pub(super) fn number_into(
        &self,
        number: usize,
        ranges: &[(i64, i64)],
        candidates: Container<'_>,
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        result.clear();
        let mut digits = std::mem::take(&mut scratch.digits[number]);
        let (mut first, mut second) = (scratch.borrow(), scratch.borrow());
        let mut rooms = std::mem::take(&mut scratch.rooms);
        let [present_room, negative_room, room] = &mut rooms;
        let bound = &*self.numbers[number];
        let is_gathered = !candidates.is_empty() && candidates.cardinality() <= GATHER_MAX;
        scratch.note(if is_gathered { Way::Gathered } else { Way::Slices });
        if is_gathered {
            digits.read(bound, chunk)?;
            let mut slices: Digits<'_> = [None; SLICES_MAX];
            let slice_count = digits.digits(bound, chunk, &mut slices)?;
            let present = bound.present.read(chunk, &mut first)?;
            let negative = bound.negative.read(chunk, &mut second)?;
            gather(candidates, present, scratch);
            gather_values(Slices { slices: &slices[..slice_count] }, &scratch.lows, &mut scratch.magnitudes);
            for (&low, &magnitude) in scratch.lows.iter().zip(&scratch.magnitudes) {
                let value = if negative.contains(low) { -(magnitude as i64) } else { magnitude as i64 };
                if in_ranges(ranges, value) {
                    result.insert(low);
                }
            }
        } else if let Some(sign) = Sign::read(bound, chunk, (&mut first, &mut second), (present_room, negative_room))? {
            digits.read(bound, chunk)?;
            let mut slices: Digits<'_> = [None; SLICES_MAX];
            let slice_count = digits.digits(bound, chunk, &mut slices)?;
            let slices = Slices { slices: &slices[..slice_count] };
            let (mut all, mut none): (WordsList<'_>, WordsList<'_>) = (Few::new(&NOBODY), Few::new(&NOBODY));
            if !matches!(candidates, Container::Full) {
                words_of(candidates, room).into_iter().for_each(|words| all.push(words));
            }
            let mut more = scratch.borrow();
            for_each_pass(ranges, &sign, &mut all, &mut none, &mut |low, high, fused| {
                scratch.work(1)?;
                if result.is_empty() {
                    slices_range_fused_into(slices, low, high, fused, result);
                } else {
                    slices_range_fused_into(slices, low, high, fused, &mut more);
                    result.or_with(more.as_container());
                }
                Ok(())
            })?;
            scratch.give_back(more);
        }
        scratch.rooms = rooms;
        scratch.digits[number] = digits;
        scratch.give_back(first);
        scratch.give_back(second);
        Ok(())
    }
}

/// Puts the candidates that have the number into `scratch.lows`.
fn gather(candidates: Container<'_>, present: Container<'_>, scratch: &mut Scratch) {
    scratch.lows.clear();
    scratch.magnitudes.clear();
    for_each_id(candidates, |low| {
        if present.contains(low) {
            scratch.lows.push(low);
        }
    });
}

/// Calls `pass` for every range of magnitudes with the bitsets that go with it.
fn for_each_pass<'a>(
    ranges: &[(i64, i64)],
    sign: &Sign<'a>,
    all: &mut WordsList<'a>,
    none: &mut WordsList<'a>,
    pass: &mut dyn FnMut(u64, u64, &Fused<'_>) -> Result<()>,
) -> Result<()> {
    sign.present.into_iter().for_each(|present| all.push(present));
    let Some(negative) = sign.negative else {
        for &(low, high) in ranges {
            if let Some((low, high)) = Magnitudes::of(low, high).not_negative {
                pass(low, high, &Fused { all: all.as_slice(), none: none.as_slice(), any: &[] })?;
            }
        }
        return Ok(());
    };
    none.push(negative);
    for &(low, high) in ranges {
        if let Some((low, high)) = Magnitudes::of(low, high).not_negative {
            pass(low, high, &Fused { all: all.as_slice(), none: none.as_slice(), any: &[] })?;
        }
    }
    none.pop();
    all.push(negative);
    for &(low, high) in ranges {
        if let Some((low, high)) = Magnitudes::of(low, high).negative {
            pass(low, high, &Fused { all: all.as_slice(), none: none.as_slice(), any: &[] })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_splits_at_zero() {
        for low in -5i64..5 {
            for high in low..5 {
                let magnitudes = Magnitudes::of(low, high);
                for number in -7i64..7 {
                    let range = if number < 0 { magnitudes.negative } else { magnitudes.not_negative };
                    let inside = range.is_some_and(|(low, high)| (low..=high).contains(&number.unsigned_abs()));
                    assert_eq!(inside, (low..=high).contains(&number), "{number} in {low}..={high}");
                    assert_eq!(in_ranges(&[(low, high)], number), inside);
                }
            }
        }
    }
}
