//! The small values of one tag in one part, by rising value: its pair blocks, one a chunk, are walked side by side.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::read::{PairsView, Part};
use crate::error::Result;
use crate::ids::{LocalId, ValueId};

/// See the module. Of a block only a place is held.
pub(super) struct SmallValues {
    part: Arc<Part>,
    pairs: PairsView,
    /// By block: its first pair that was not taken.
    places: Vec<usize>,
    /// `(value, block)` of the pair at each place.
    next: BinaryHeap<Reverse<(u32, u32)>>,
}

impl SmallValues {
    /// Errors: corrupt.
    pub(super) fn new(part: &Arc<Part>, pairs: PairsView) -> Result<SmallValues> {
        let mut next = BinaryHeap::with_capacity(pairs.count as usize);
        for block in 0..pairs.count {
            let (_, pairs) = part.pair_block_at(pairs.first + block)?;
            next.extend(pairs.values_by_value.first().map(|&value| Reverse((value, block))));
        }
        Ok(SmallValues { part: Arc::clone(part), pairs, places: vec![0; pairs.count as usize], next })
    }

    /// The members of `value`, rising. REQUIRES: the value rises from call to call. Errors: corrupt.
    pub(super) fn take(&mut self, value: ValueId) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        while let Some(mut next) = self.next.peek_mut() {
            let Reverse((found, block)) = *next;
            if found > value.0 {
                break;
            }
            let (chunk, pairs) = self.part.pair_block_at(self.pairs.first + block)?;
            let place = &mut self.places[block as usize];
            let count = pairs.values_by_value[*place..].iter().take_while(|&&other| other == found).count();
            if found == value.0 {
                let lows = &pairs.lows_by_value[*place..*place + count];
                ids.extend(lows.iter().map(|&low| LocalId::from_parts(chunk, low).0));
            }
            *place += count;
            match pairs.values_by_value.get(*place) {
                Some(&after) if after < found => {
                    return Err(self.part.corrupt("the values of a pair block are not in rising order"));
                }
                Some(&after) => *next = Reverse((after, block)),
                None => drop(PeekMut::pop(next)),
            }
        }
        match ids.is_sorted_by(|a, b| a < b) {
            true => Ok(ids),
            false => Err(self.part.corrupt("the ids of a value are not in rising order")),
        }
    }
}
