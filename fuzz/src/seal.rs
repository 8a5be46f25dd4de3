//! Checksums of an input, found and made right again after a change, so that a reader looks behind them.
//!
//! Nothing is known of a layout: a seal is a number of four bytes that is the crc32 of some range of the same input. It
//! stays one after changes that leave every byte in its place.

use std::collections::HashMap;
use std::ops::Range;

use crc32fast::Hasher;

/// Ranges begin and end at multiples of this, as do the numbers.
const STEP: usize = 4;
/// A range is at least so long: shorter ones would be met by chance.
const RANGE_BYTES_MIN: usize = 8;
/// The longest input that is searched, in bytes.
const INPUT_BYTES_MAX: usize = 12 << 10;

/// A checksum in an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    at: usize,
    range: Range<usize>,
}

/// The seals of `input`, inner ones first.
pub fn seals_of(input: &[u8]) -> Vec<Seal> {
    if input.len() > INPUT_BYTES_MAX {
        return Vec::new();
    }
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for at in (0..input.len().saturating_sub(STEP - 1)).step_by(STEP) {
        let number = number_at(input, at);
        // Zeros stand everywhere and seal nothing.
        if number != 0 {
            places.entry(number).or_default().push(at);
        }
    }
    let mut seals = Vec::new();
    for start in (0..input.len()).step_by(STEP) {
        let mut hasher = Hasher::new();
        let mut end = start;
        while end + STEP <= input.len() {
            hasher.update(&input[end..end + STEP]);
            end += STEP;
            let Some(found) = places.get(&hasher.clone().finalize()) else { continue };
            let outside = found.iter().filter(|&&at| at + STEP <= start || at >= end);
            if end - start >= RANGE_BYTES_MIN {
                seals.extend(outside.map(|&at| Seal { at, range: start..end }));
            }
        }
    }
    seals.sort_by_key(|seal| seal.range.len());
    seals
}

/// Makes each seal right again; what one covers may hold another, which comes first.
pub fn seal(input: &mut [u8], seals: &[Seal]) {
    for Seal { at, range } in seals {
        let mut hasher = Hasher::new();
        hasher.update(&input[range.clone()]);
        input[*at..at + STEP].copy_from_slice(&hasher.finalize().to_le_bytes());
    }
}

fn number_at(input: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([input[at], input[at + 1], input[at + 2], input[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_found_and_made_right_after_a_change() {
        let mut input: Vec<u8> = (1..=64).collect();
        let crc = |bytes: &[u8]| {
            let mut hasher = Hasher::new();
            hasher.update(bytes);
            hasher.finalize().to_le_bytes()
        };
        let inner = crc(&input[8..24]);
        input[24..28].copy_from_slice(&inner);
        let outer = crc(&input[0..60]);
        input[60..64].copy_from_slice(&outer);
        let seals = seals_of(&input);
        assert_eq!(seals, [Seal { at: 24, range: 8..24 }, Seal { at: 60, range: 0..60 }]);
        input[9] = 0xFF;
        seal(&mut input, &seals);
        assert_eq!(seals_of(&input), seals);
    }
}
