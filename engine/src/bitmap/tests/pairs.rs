//! Two operands.

use super::oracle::{Oracle, Owned, Random, assert_holds, assert_holds_words, form, sets, with_every_kernel};
use crate::bitmap::{
    ARRAY_MAX, ChunkBuffer, Container, and_count, and_into, and_not_count, and_not_into, or_count, or_into,
};

type Operation = (&'static str, fn(bool, bool) -> bool, Count, Into, With);
type Count = fn(Container<'_>, Container<'_>) -> u32;
type Into = fn(Container<'_>, Container<'_>, &mut ChunkBuffer);
type With = fn(&mut ChunkBuffer, Container<'_>);

const OPERATIONS: [Operation; 4] = [
    ("and", |a, b| a && b, and_count, and_into, |buffer, b| buffer.and_with(b)),
    ("or", |a, b| a || b, or_count, or_into, |buffer, b| buffer.or_with(b)),
    ("and_not", |a, b| a && !b, and_not_count, and_not_into, |buffer, b| buffer.and_not_with(b)),
    ("xor", |a, b| a != b, xor_count, xor_into, |buffer, b| buffer.xor_with(b)),
];

/// Nobody asks for an XOR but in place.
fn xor_into(a: Container<'_>, b: Container<'_>, out: &mut ChunkBuffer) {
    out.copy_from(a);
    out.xor_with(b);
}

fn xor_count(a: Container<'_>, b: Container<'_>) -> u32 {
    let mut out = ChunkBuffer::new();
    xor_into(a, b, &mut out);
    out.cardinality()
}

#[test]
fn every_operation_on_every_pair_of_forms_agrees_with_the_oracle() {
    let seed = 0x6d75_7374;
    println!("seed {seed}");
    let sets = sets(seed);
    let forms: Vec<_> = sets.iter().map(Owned::forms).collect();
    with_every_kernel(|_| {
        let mut out = ChunkBuffer::new();
        let mut in_place = ChunkBuffer::new();
        for ((index, a_set), a_forms) in sets.iter().enumerate().zip(&forms) {
            for (other, (b_set, b_forms)) in sets.iter().zip(&forms).enumerate() {
                for (name, law, count, into, with) in OPERATIONS {
                    let expected = a_set.zip(b_set, law);
                    let expected_count = expected.count();
                    let expected_words = expected.words();
                    for (a, b) in a_forms.iter().flat_map(|a| b_forms.iter().map(move |b| (a, b))) {
                        let (a, b) = (a.borrow(), b.borrow());
                        let what = format!("{index} {} {name} {other} {}", form(a), form(b));
                        assert_eq!(count(a, b), expected_count, "count: {what}");
                        into(a, b, &mut out);
                        assert_holds_words(&out, &expected_words, &what);
                        in_place.copy_from(a);
                        with(&mut in_place, b);
                        assert_holds_words(&in_place, &expected_words, &what);
                    }
                }
            }
        }
    });
}

#[test]
fn arrays_of_all_lengths_intersect_as_the_oracle_says() {
    let seed = 77;
    println!("seed {seed}");
    let mut random = Random(seed);
    let lengths = [1, 3, 7, 8, 9, 15, 31, 40, 47, 48, 49, 64, 100, 333, 1000, 4096, 9000];
    let sets: Vec<_> = lengths.iter().map(|&length| random.exactly(length)).collect();
    // A stretch of ids at the end and the beginning: all of one array is beyond the other.
    let low = Oracle::new(|id| id < 200);
    let high = Oracle::new(|id| id >= 65_336);
    let narrow = Oracle::new(|id| (30_000..34_000).contains(&id) && id % 3 == 0);
    let sets: Vec<_> = sets.into_iter().chain([low, high, narrow]).collect();
    let arrays: Vec<_> = sets.iter().map(Oracle::ids).collect();
    with_every_kernel(|kernel| {
        let mut out = ChunkBuffer::new();
        for (a, x) in sets.iter().zip(&arrays) {
            for (b, y) in sets.iter().zip(&arrays) {
                let expected = a.zip(b, |a, b| a && b);
                assert_eq!(kernel.intersect_count(x, y), expected.count());
                if x.len().min(y.len()) <= ARRAY_MAX {
                    and_into(Container::Array(x), Container::Array(y), &mut out);
                    let what = format!("{} and {} entries", x.len(), y.len());
                    assert_holds(&out, &expected, &what);
                }
            }
        }
    });
}

#[test]
fn complement_copy_normalise_and_single_ids_keep_the_members() {
    let seed = 5;
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut buffer = ChunkBuffer::new();
    let limit = random.scattered(300);
    let limit_forms = Owned::forms(&limit);
    for set in sets(seed) {
        for form in Owned::forms(&set) {
            for limit_form in &limit_forms {
                buffer.copy_from(form.borrow());
                buffer.complement_in(limit_form.borrow());
                assert_holds(&buffer, &limit.zip(&set, |a, b| a && !b), "complement");
            }
            buffer.copy_from(form.borrow());
            buffer.normalise();
            assert_holds(&buffer, &set, "normalised");
            let is_array = matches!(buffer.as_container(), Container::Array(_));
            assert!(!is_array || buffer.cardinality() as usize <= ARRAY_MAX);
            let mut changed = set.clone();
            for id in [0, 1, 63, 64, 4095, 31_000, u16::MAX] {
                let was_member = std::mem::replace(&mut changed.0[usize::from(id)], true);
                assert_eq!(buffer.insert(id), !was_member);
                assert_holds(&buffer, &changed, "inserted");
                if id % 2 == 1 {
                    assert!(buffer.remove(id));
                    assert!(!buffer.remove(id));
                    changed.0[usize::from(id)] = false;
                    assert_holds(&buffer, &changed, "removed");
                }
            }
            buffer.words_mut()[7] ^= u64::MAX;
            buffer.recount();
            changed.0[7 * 64..8 * 64].iter_mut().for_each(|is_member| *is_member = !*is_member);
            assert_holds(&buffer, &changed, "changed as words");
        }
    }
}

#[test]
fn containment_and_rank_agree_with_the_oracle() {
    let seed = 11;
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut sets = sets(seed);
    // Short arrays of every length up to what is compared at once, and longer ones that are no more even than chance.
    sets.extend((1..=100).chain([300, 700, 4_000]).map(|count| random.exactly(count)));
    let places = [0, 1, 62, 63, 64, 1_000, 1_063, 1_064, 31_000, 40_000, 65_534, u16::MAX];
    with_every_kernel(|kernel| {
        for set in &sets {
            let members = set.ids();
            let near = members.iter().step_by(members.len() / 50 + 1);
            let ids = near.flat_map(|&id| [id.wrapping_sub(1), id, id.wrapping_add(1)]).chain(places);
            for form in Owned::forms(set) {
                let container = form.borrow();
                for id in ids.clone() {
                    let expected = set.0[usize::from(id)];
                    assert_eq!(container.contains(id), expected, "{}: {id} of {}", kernel.name(), members.len());
                    // It asks for what it is given, whatever that is.
                    container.prefetch(id);
                }
                for id in places {
                    let below = set.0[..usize::from(id)].iter().filter(|&&member| member).count();
                    assert_eq!(container.rank(id), below as u32, "rank {id}");
                }
            }
        }
    });
}

#[test]
fn broken_bytes_are_not_valid() {
    use crate::bitmap::Run;
    let run = |first, last| Run { first, last };
    assert!(!Container::check_array(&[]));
    assert!(!Container::check_array(&[1, 1]));
    assert!(!Container::check_array(&[1, 5, 4, 9]));
    assert!(Container::check_array(&[0, 5, 65_535]));
    assert!(!Container::check_runs(&[], 0));
    assert!(!Container::check_runs(&[run(5, 4)], 0));
    assert!(!Container::check_runs(&[run(0, 4), run(5, 6)], 7));
    assert!(!Container::check_runs(&[run(9, 10), run(0, 1)], 4));
    assert!(!Container::check_runs(&[run(0, 4)], 4));
    assert!(!Container::check_runs(&[run(3, 65_535), run(65_535, 65_535)], 65_534));
    assert!(Container::check_runs(&[run(0, 65_535)], 65_536));
    assert!(!Container::check_bitset(&[0; 1024], 0));
    assert!(!Container::check_bitset(&[1; 1024], 1023));
    assert!(Container::check_bitset(&[1; 1024], 1024));
}
