//! Changes of single bits and of ranges of bits in one chunk.

use super::{CHUNK_WORDS, Run, Words};

/// The bits of word `word` that lie inside `run`. REQUIRES: the run touches the word.
#[inline(always)]
pub(crate) fn mask_in_word(run: Run, word: usize) -> u64 {
    let mut mask = u64::MAX;
    if usize::from(run.first >> 6) == word {
        mask &= u64::MAX << (run.first & 63);
    }
    if usize::from(run.last >> 6) == word {
        mask &= u64::MAX >> (63 - (run.last & 63));
    }
    mask
}

/// Calls `change` with every word that `run` touches and the bits of the run in it.
#[inline(always)]
fn for_each_word(words: &mut Words, run: Run, change: impl Fn(&mut u64, u64)) {
    let (first, last) = (usize::from(run.first >> 6), usize::from(run.last >> 6));
    if first == last {
        change(&mut words[first], mask_in_word(run, first));
        return;
    }
    change(&mut words[first], mask_in_word(run, first));
    for word in &mut words[first + 1..last] {
        change(word, u64::MAX);
    }
    change(&mut words[last], mask_in_word(run, last));
}

/// Sets every id of `run`.
pub(crate) fn set_run(words: &mut Words, run: Run) {
    for_each_word(words, run, |word, mask| *word |= mask);
}

/// Clears every id of `run`.
pub(crate) fn clear_run(words: &mut Words, run: Run) {
    for_each_word(words, run, |word, mask| *word &= !mask);
}

/// Turns every id of `run` over.
pub(crate) fn flip_run(words: &mut Words, run: Run) {
    for_each_word(words, run, |word, mask| *word ^= mask);
}

/// Clears every id outside of `runs`.
pub(crate) fn keep_runs(words: &mut Words, runs: &[Run]) {
    super::runs::for_each_gap(runs, |gap| clear_run(words, gap));
}

/// Sets `ids`; returns how many were not set before.
pub(crate) fn set_ids(words: &mut Words, ids: &[u16]) -> u32 {
    let mut added = 0;
    for &id in ids {
        let word = &mut words[usize::from(id >> 6)];
        added += (!*word >> (id & 63) & 1) as u32;
        *word |= 1 << (id & 63);
    }
    added
}

/// Clears `ids`; returns how many were set before.
pub(crate) fn clear_ids(words: &mut Words, ids: &[u16]) -> u32 {
    let mut removed = 0;
    for &id in ids {
        let word = &mut words[usize::from(id >> 6)];
        removed += (*word >> (id & 63) & 1) as u32;
        *word &= !(1 << (id & 63));
    }
    removed
}

/// Turns `ids` over; returns how many were set before.
pub(crate) fn flip_ids(words: &mut Words, ids: &[u16]) -> u32 {
    let mut removed = 0;
    for &id in ids {
        let word = &mut words[usize::from(id >> 6)];
        removed += (*word >> (id & 63) & 1) as u32;
        *word ^= 1 << (id & 63);
    }
    removed
}

/// The lowest id at or above `low` that is set.
pub(crate) fn next_set(words: &Words, low: u16) -> Option<u16> {
    let mut word = usize::from(low >> 6);
    let mut bits = words[word] & (u64::MAX << (low & 63));
    while bits == 0 {
        word += 1;
        if word == CHUNK_WORDS {
            return None;
        }
        bits = words[word];
    }
    Some((word * 64) as u16 + bits.trailing_zeros() as u16)
}
