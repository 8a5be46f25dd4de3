//! Random changes of an input: bytes flipped, cut out, repeated, replaced by telling ones, or taken from another input.

use muster_engine::storage::Random;

/// Inputs never grow beyond this.
pub const INPUT_BYTES_MAX: usize = 1 << 16;

/// Numbers that decoders get wrong.
const TELLING: [&[u8]; 6] =
    [&[0; 8], &[0xFF; 8], &[0, 0, 0, 0x80], &[0xFF, 0xFF, 0xFF, 0x7F], &[1, 0, 0, 0, 0, 0, 0, 0], &[0x80, 0xFF]];

/// Changes `input` in one to eight places; `other` is material to splice in.
pub fn mutate(random: &mut Random, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..1 + random.below(8) {
        let place = random.below(input.len() as u64 + 1) as usize;
        let length = 1 + random.below(16) as usize;
        match random.below(7) {
            0 if place < input.len() => input[place] ^= 1 << random.below(8),
            1 if place < input.len() => input[place] = random.next_u64() as u8,
            2 => drop(input.drain(place..(place + length).min(input.len()))),
            3 => {
                let piece = input[place..(place + length).min(input.len())].to_vec();
                insert(input, place, &piece);
            }
            4 => {
                let telling = TELLING[random.below(TELLING.len() as u64) as usize];
                let end = (place + telling.len()).min(input.len());
                input[place..end].copy_from_slice(&telling[..end - place]);
            }
            5 if !other.is_empty() => {
                let start = random.below(other.len() as u64) as usize;
                let piece = other[start..(start + length).min(other.len())].to_vec();
                insert(input, place, &piece);
            }
            _ => input.truncate(input.len() - input.len().min(random.below(32) as usize)),
        }
    }
}

/// Changes one to three places of `input` and leaves every other byte where it is.
pub fn mutate_in_place(random: &mut Random, input: &mut [u8]) {
    for _ in 0..1 + random.below(3) {
        let place = random.below(input.len() as u64) as usize;
        match random.below(3) {
            0 => input[place] ^= 1 << random.below(8),
            1 => input[place] = random.next_u64() as u8,
            _ => {
                let telling = TELLING[random.below(TELLING.len() as u64) as usize];
                let end = (place + telling.len()).min(input.len());
                input[place..end].copy_from_slice(&telling[..end - place]);
            }
        }
    }
}

fn insert(input: &mut Vec<u8>, place: usize, piece: &[u8]) {
    if input.len() + piece.len() <= INPUT_BYTES_MAX {
        input.splice(place..place, piece.iter().copied());
    }
}
