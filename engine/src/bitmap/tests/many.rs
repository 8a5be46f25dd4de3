//! Many operands.

use super::oracle::{Oracle, Owned, Random, assert_holds, with_every_kernel};
use crate::bitmap::{
    BATCH, ChunkBuffer, Container, Counters, Fused, Threshold, Words, and_count, conjunction_count, conjunction_into,
    disjoint_union_count, fused_count, intersect_disjoint_union_count, or_many_count, threshold_into, union_count,
    union_into, union_more,
};

const ROUNDS: usize = 60;

/// A set of a random shape in a random form, dense ones most often.
fn operand(random: &mut Random) -> (Oracle, Owned) {
    let set = match random.below(10) {
        0 => Oracle::new(|_| true),
        1 => random.scattered(8),
        2 => random.clustered(900, 1_500),
        3 => random.clustered(3_000, 300),
        _ => {
            let per_mille = 300 + random.below(600);
            random.scattered(per_mille)
        }
    };
    let forms = Owned::forms(&set);
    let chosen = match forms.len() {
        3 if set.count() > 4096 && random.below(5) > 0 => 1,
        count => random.below(count as u64) as usize,
    };
    (set, forms[chosen].clone())
}

fn operands(random: &mut Random, count: u64) -> (Vec<Oracle>, Vec<Owned>) {
    (0..count).map(|_| operand(random)).unzip()
}

fn borrowed(operands: &[Owned]) -> Vec<Container<'_>> {
    operands.iter().map(Owned::borrow).collect()
}

fn fold(sets: &[Oracle], start: bool, operation: fn(bool, bool) -> bool) -> Oracle {
    sets.iter().fold(Oracle::new(|_| start), |all, set| all.zip(set, operation))
}

#[test]
fn conjunctions_of_any_operands_agree_with_the_oracle() {
    with_every_kernel(|_| {
        let seed = 21;
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut out = ChunkBuffer::new();
        for round in 0..ROUNDS {
            let longest = if round % 20 == 0 { 22 } else { 5 };
            let (positive_count, negative_count) = (random.below(longest), random.below(longest));
            let (positive_sets, positive) = operands(&mut random, positive_count);
            let (negative_sets, negative) = operands(&mut random, negative_count);
            let all = fold(&positive_sets, true, |a, b| a && b);
            let expected = all.zip(&fold(&negative_sets, false, |a, b| a || b), |a, b| a && !b);
            let (positive, negative) = (borrowed(&positive), borrowed(&negative));
            let count = conjunction_count(&positive, &negative, &mut out);
            assert_eq!(count, expected.count(), "round {round}");
            conjunction_into(&positive, &negative, &mut out);
            assert_holds(&out, &expected, &format!("round {round}"));
        }
    });
}

#[test]
fn unions_of_any_operands_agree_with_the_oracle() {
    with_every_kernel(|_| {
        let seed = 22;
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut out = ChunkBuffer::new();
        for round in 0..ROUNDS {
            let operand_count = if round % 20 == 0 { 70 } else { random.below(6) };
            let (sets, operands) = operands(&mut random, operand_count);
            let expected = fold(&sets, false, |a, b| a || b);
            assert_eq!(union_count(&borrowed(&operands), &mut out), expected.count());
            union_into(&borrowed(&operands), &mut out);
            assert_holds(&out, &expected, &format!("round {round}"));
            let (first, more) = operands.split_at(operands.len() / 2);
            union_into(&borrowed(first), &mut out);
            union_more(&borrowed(more), &mut out);
            assert_holds(&out, &expected, &format!("round {round}, in two parts"));
        }
    });
}

#[test]
fn a_few_ids_that_many_operands_share_are_counted_once() {
    let seed = 24;
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut out = ChunkBuffer::new();
    for round in 0..200 {
        let operand_count = 3 + random.below(12);
        // Out of so few ids that most are in several.
        let sets: Vec<Oracle> = (0..operand_count)
            .map(|_| {
                let ids: Vec<u16> = (0..6).map(|_| random.below(40) as u16).collect();
                Oracle::new(|id| ids.contains(&id))
            })
            .collect();
        let operands: Vec<Owned> = sets.iter().filter_map(|set| Owned::forms(set).into_iter().next()).collect();
        let expected = fold(&sets, false, |a, b| a || b);
        union_into(&borrowed(&operands), &mut out);
        assert_holds(&out, &expected, &format!("round {round}"));
    }
}

#[test]
fn operands_that_exclude_each_other_are_added_up() {
    with_every_kernel(|_| {
        let seed = 23;
        println!("seed {seed}");
        let mut random = Random(seed);
        for value_count in [1, 2, 3, 9, 50] {
            let choice: Vec<_> = (0..=u16::MAX).map(|_| random.below(value_count + 2)).collect();
            let sets: Vec<_> =
                (0..value_count).map(|value| Oracle::new(|id| choice[usize::from(id)] == value)).collect();
            let values: Vec<_> = sets.iter().map(|set| Owned::forms(set)[random.below(2) as usize].clone()).collect();
            let union = fold(&sets, false, |a, b| a || b);
            assert_eq!(disjoint_union_count(&borrowed(&values)), union.count());
            let filter = random.scattered(400);
            let expected = union.zip(&filter, |a, b| a && b).count();
            for filter in Owned::forms(&filter) {
                let count = intersect_disjoint_union_count(&borrowed(&values), filter.borrow());
                assert_eq!(count, expected, "{value_count} values");
            }
        }
    });
}

#[test]
fn fused_words_agree_with_the_oracle_and_no_operand_selects_everybody() {
    with_every_kernel(|kernel| {
        let mut random = Random(24);
        let mut out = ChunkBuffer::new();
        for (all, none, any) in [(0, 0, 0), (1, 0, 0), (3, 2, 0), (0, 1, 4), (2, 1, 3), (0, 0, 2)] {
            let sets: Vec<_> = (0..all + none + any).map(|_| random.scattered(500)).collect();
            let bits: Vec<_> = sets.iter().map(|set| Owned::forms(set)[1].clone()).collect();
            let words: Vec<&Words> = bits
                .iter()
                .map(|owned| match owned.borrow() {
                    Container::Bitset { words, .. } => words,
                    _ => unreachable!("half of all ids are neither nobody nor everybody"),
                })
                .collect();
            let fused = Fused { all: &words[..all], none: &words[all..all + none], any: &words[all + none..] };
            let mut expected = fold(&sets[..all], true, |a, b| a && b);
            let nobody = fold(&sets[all..all + none], false, |a, b| a || b);
            expected = expected.zip(&nobody, |a, b| a && !b);
            if any > 0 {
                let some = fold(&sets[all + none..], false, |a, b| a || b);
                expected = expected.zip(&some, |a, b| a && b);
            }
            assert_eq!(fused_count(&fused), expected.count());
            let cardinality = kernel.fused_into(&fused, out.words_for_overwrite());
            out.set_cardinality(cardinality);
            assert_holds(&out, &expected, "fused");
            assert_eq!(or_many_count(&words), fold(&sets, false, |a, b| a || b).count());
            let cover = random.clustered(500, 900);
            if let Container::Runs { runs, .. } = Owned::forms(&cover)[2].borrow() {
                let inside = expected.zip(&cover, |a, b| a && b);
                assert_eq!(kernel.covered_count(runs, &fused), inside.count());
                let cardinality = kernel.covered_into(runs, &fused, out.words_for_overwrite());
                out.set_cardinality(cardinality);
                assert_holds(&out, &inside, "covered");
            }
        }
    });
}

#[test]
fn counting_operands_agrees_with_the_oracle() {
    with_every_kernel(|_| {
        let seed = 25;
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut out = ChunkBuffer::new();
        let mut counters = Counters::default();
        for round in 0..ROUNDS {
            let operand_count = if round % 20 == 0 { 80 } else { random.below(8) };
            let (sets, operands) = operands(&mut random, operand_count);
            let (universe_set, universe) = operand(&mut random);
            let mut counts = vec![0u32; 65_536];
            for set in &sets {
                counts.iter_mut().zip(&set.0).for_each(|(count, &is_in)| *count += u32::from(is_in));
            }
            let k = random.below(operand_count + 2) as u32;
            for (threshold, law) in [
                (Threshold::AtLeast, (|count, k| count >= k) as fn(u32, u32) -> bool),
                (Threshold::AtMost, |count, k| count <= k),
                (Threshold::Exactly, |count, k| count == k),
            ] {
                let expected = Oracle::new(|id| law(counts[usize::from(id)], k) && universe_set.0[usize::from(id)]);
                let operands = borrowed(&operands);
                threshold_into(&operands, threshold, k, universe.borrow(), &mut counters, &mut out);
                assert_holds(&out, &expected, &format!("round {round} {threshold:?} {k}"));
                let mut counting = counters.begin(operands.len() + random.below(3) as usize);
                let mut rest = &operands[..];
                while !rest.is_empty() {
                    let (batch, more) = rest.split_at(rest.len().min(1 + random.below(BATCH as u64) as usize));
                    counting.add(batch);
                    rest = more;
                }
                counting.select(threshold, k, universe.borrow(), &mut out);
                assert_holds(&out, &expected, &format!("round {round} {threshold:?} {k} in batches"));
            }
        }
    });
}

#[test]
fn a_pair_and_a_conjunction_of_two_are_the_same() {
    let mut random = Random(26);
    let mut out = ChunkBuffer::new();
    for _ in 0..20 {
        let ((_, a), (_, b)) = (operand(&mut random), operand(&mut random));
        let both = [a.borrow(), b.borrow()];
        assert_eq!(conjunction_count(&both, &[], &mut out), and_count(both[0], both[1]));
    }
}

#[test]
fn a_conjunction_takes_more_bitsets_than_one_pass_combines() {
    let mut random = Random(27);
    let mut bitset = |per_mille| {
        let set = random.scattered(per_mille);
        let form = Owned::forms(&set)[1].clone();
        (set, form)
    };
    let (positive_sets, positive): (Vec<_>, Vec<_>) = (0..17).map(|_| bitset(970)).unzip();
    let (negative_sets, negative): (Vec<_>, Vec<_>) = (0..17).map(|_| bitset(30)).unzip();
    let all = fold(&positive_sets, true, |a, b| a && b);
    let expected = all.zip(&fold(&negative_sets, false, |a, b| a || b), |a, b| a && !b);
    let (positive, negative) = (borrowed(&positive), borrowed(&negative));
    with_every_kernel(|_| {
        let mut out = ChunkBuffer::new();
        let count = conjunction_count(&positive, &negative, &mut out);
        assert_eq!(count, expected.count());
        conjunction_into(&positive, &negative, &mut out);
        assert_holds(&out, &expected, "seventeen of each sign");
    });
}
