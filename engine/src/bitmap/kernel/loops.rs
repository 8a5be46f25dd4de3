//! Loops over the words of bitsets, written once for every instruction set.

use super::super::{AlignedWords, Run, Words, words::mask_in_word};
use super::Fused;
use super::isa::{CHUNK_LINES, Isa, LINE_WORDS, lines, lines_mut};

/// Lines that are worked on together, so that the choice of an operand is made once for all.
pub(super) const GROUP_LINES: usize = 4;
/// Groups in a chunk.
pub(super) const CHUNK_GROUPS: usize = CHUNK_LINES / GROUP_LINES;

/// An operation on two lines.
pub(super) trait Operation {
    fn apply<I: Isa>(isa: I, a: I::Line, b: I::Line) -> I::Line;
}

macro_rules! operation {
    ($name:ident, $method:ident) => {
        pub(super) struct $name;
        impl Operation for $name {
            #[inline(always)]
            fn apply<I: Isa>(isa: I, a: I::Line, b: I::Line) -> I::Line {
                isa.$method(a, b)
            }
        }
    };
}
operation!(And, and);
operation!(Or, or);
operation!(Xor, xor);
operation!(AndNot, and_not);

#[inline(always)]
pub(super) fn count<I: Isa>(isa: I, words: &Words) -> u32 {
    let mut total = isa.splat(0);
    for line in lines(words) {
        total = isa.count(total, isa.load(line));
    }
    isa.total(total)
}

#[inline(always)]
pub(super) fn and_count<I: Isa>(isa: I, a: &Words, b: &Words) -> u32 {
    let mut total = isa.splat(0);
    for (a, b) in lines(a).iter().zip(lines(b)) {
        total = isa.count(total, isa.and(isa.load(a), isa.load(b)));
    }
    isa.total(total)
}

#[inline(always)]
pub(super) fn combine<O: Operation, I: Isa>(isa: I, a: &Words, b: &Words, out: &mut Words) -> u32 {
    let mut total = isa.splat(0);
    for ((a, b), out) in lines(a).iter().zip(lines(b)).zip(lines_mut(out)) {
        let line = O::apply(isa, isa.load(a), isa.load(b));
        isa.store(out, line);
        total = isa.count(total, line);
    }
    isa.total(total)
}

#[inline(always)]
pub(super) fn assign<O: Operation, I: Isa>(isa: I, a: &mut Words, b: &Words) -> u32 {
    let mut total = isa.splat(0);
    for (a, b) in lines_mut(a).iter_mut().zip(lines(b)) {
        let line = O::apply(isa, isa.load(a), isa.load(b));
        isa.store(a, line);
        total = isa.count(total, line);
    }
    isa.total(total)
}

/// The lines of one group of one operand.
#[inline(always)]
pub(super) fn load_group<I: Isa>(isa: I, words: &Words, group: usize) -> [I::Line; GROUP_LINES] {
    let lines = lines(words);
    let first = group * GROUP_LINES;
    [isa.load(&lines[first]), isa.load(&lines[first + 1]), isa.load(&lines[first + 2]), isa.load(&lines[first + 3])]
}

/// `O` applied to each line of two groups.
#[inline(always)]
pub(super) fn apply_group<O: Operation, I: Isa>(isa: I, a: &mut [I::Line; GROUP_LINES], b: [I::Line; GROUP_LINES]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a = O::apply(isa, *a, b);
    }
}

/// One group of what `fused` selects.
#[inline(always)]
pub(super) fn fused_group<I: Isa>(isa: I, fused: &Fused<'_>, group: usize) -> [I::Line; GROUP_LINES] {
    let (mut result, all) = match fused.all.split_first() {
        Some((first, rest)) => (load_group(isa, first, group), rest),
        None => ([isa.splat(u64::MAX); GROUP_LINES], fused.all),
    };
    for words in all {
        apply_group::<And, I>(isa, &mut result, load_group(isa, words, group));
    }
    for words in fused.none {
        apply_group::<AndNot, I>(isa, &mut result, load_group(isa, words, group));
    }
    if let Some((first, rest)) = fused.any.split_first() {
        let mut any = load_group(isa, first, group);
        for words in rest {
            apply_group::<Or, I>(isa, &mut any, load_group(isa, words, group));
        }
        apply_group::<And, I>(isa, &mut result, any);
    }
    result
}

#[inline(always)]
pub(super) fn fused_count<I: Isa>(isa: I, fused: &Fused<'_>) -> u32 {
    let mut totals = [isa.splat(0); 2];
    for group in 0..CHUNK_GROUPS {
        let result = fused_group(isa, fused, group);
        for (index, line) in result.into_iter().enumerate() {
            totals[index % 2] = isa.count(totals[index % 2], line);
        }
    }
    isa.total(totals[0]) + isa.total(totals[1])
}

#[inline(always)]
pub(super) fn fused_into<I: Isa>(isa: I, fused: &Fused<'_>, out: &mut Words) -> u32 {
    let out = lines_mut(out);
    let mut total = isa.splat(0);
    for group in 0..CHUNK_GROUPS {
        let result = fused_group(isa, fused, group);
        for (index, line) in result.into_iter().enumerate() {
            isa.store(&mut out[group * GROUP_LINES + index], line);
            total = isa.count(total, line);
        }
    }
    isa.total(total)
}

/// What `fused` selects in the words `from..to`, at most a line of them.
#[inline(always)]
fn fused_some<I: Isa>(isa: I, fused: &Fused<'_>, from: usize, to: usize) -> I::Line {
    let mut result = isa.splat(u64::MAX);
    for words in fused.all {
        result = isa.and(result, isa.load_some(&words[from..to]));
    }
    for words in fused.none {
        result = isa.and_not(result, isa.load_some(&words[from..to]));
    }
    if !fused.any.is_empty() {
        let mut any = isa.splat(0);
        for words in fused.any {
            any = isa.or(any, isa.load_some(&words[from..to]));
        }
        result = isa.and(result, any);
    }
    result
}

/// Calls `visit` with the words `from..to`, at most a line, and with what `fused` selects in them
/// inside of `run`; words behind `to` are zero. Only the words that the run covers are read.
#[inline(always)]
fn for_each_covered<I: Isa>(isa: I, run: Run, fused: &Fused<'_>, mut visit: impl FnMut(usize, usize, I::Line)) {
    let first = usize::from(run.first >> 6);
    let last = usize::from(run.last >> 6);
    let mut from = first;
    while from <= last {
        let to = (from + LINE_WORDS).min(last + 1);
        let mut line = fused_some(isa, fused, from, to);
        if from == first {
            line = isa.mask_word(line, 0, mask_in_word(run, first));
        }
        if to == last + 1 {
            line = isa.mask_word(line, last - from, mask_in_word(run, last));
            if to - from < LINE_WORDS {
                // Without a positive operand nothing else clears what lies behind the run.
                line = isa.and(line, isa.load_some(&ONES[..to - from]));
            }
        }
        visit(from, to, line);
        from = to;
    }
}

static ONES: [u64; LINE_WORDS] = [u64::MAX; LINE_WORDS];

/// The ids inside of `runs` that are set in `words`. With one operand only the ends of a run need a mask.
#[inline(always)]
fn covered_count_of_one<I: Isa>(isa: I, runs: &[Run], words: &Words) -> u32 {
    let mut total = isa.splat(0);
    let mut ends = 0;
    for &run in runs {
        let (first, last) = (usize::from(run.first >> 6), usize::from(run.last >> 6));
        let (from, to) = (u64::MAX << (run.first & 63), u64::MAX >> (63 - (run.last & 63)));
        if first == last {
            ends += (words[first] & from & to).count_ones();
            continue;
        }
        ends += (words[first] & from).count_ones() + (words[last] & to).count_ones();
        let (whole, rest) = words[first + 1..last].as_chunks();
        for line in whole {
            total = isa.count(total, isa.load(line));
        }
        total = isa.count(total, isa.load_some(rest));
    }
    ends + isa.total(total)
}

/// The ids inside of `runs` that `fused` selects.
#[inline(always)]
pub(super) fn covered_count<I: Isa>(isa: I, runs: &[Run], fused: &Fused<'_>) -> u32 {
    if let ([words], [], []) = (fused.all, fused.none, fused.any) {
        return covered_count_of_one(isa, runs, words);
    }
    let mut total = isa.splat(0);
    for &run in runs {
        for_each_covered(isa, run, fused, |_, _, line| total = isa.count(total, line));
    }
    isa.total(total)
}

/// Writes the ids inside of `runs` that `fused` selects to `out`.
#[inline(always)]
pub(super) fn covered_into<I: Isa>(isa: I, runs: &[Run], fused: &Fused<'_>, out: &mut Words) -> u32 {
    out.fill(0);
    let mut total = isa.splat(0);
    for &run in runs {
        for_each_covered(isa, run, fused, |from, to, line| {
            total = isa.count(total, line);
            // Two runs may share a word.
            let before = isa.load_some(&out[from..to]);
            isa.store_some(&mut out[from..to], isa.or(before, line));
        });
    }
    isa.total(total)
}

/// The most binary digits of a counter of [`add`].
pub(super) const COUNTER_DIGITS_MAX: usize = 16;

/// Counts for each id in how many of `operands` it is: `digits` receive the binary digits of the
/// counts, the least significant first. REQUIRES: enough digits for the number of operands.
#[inline(always)]
pub(super) fn add<I: Isa>(isa: I, operands: &[&Words], digits: &mut [AlignedWords]) {
    // With a number of digits that is known the counters of a line stay in registers.
    match digits.len() {
        0 => {}
        1 => add_digits::<1, I>(isa, operands, digits),
        2 => add_digits::<2, I>(isa, operands, digits),
        3 => add_digits::<3, I>(isa, operands, digits),
        4 => add_digits::<4, I>(isa, operands, digits),
        5 => add_digits::<5, I>(isa, operands, digits),
        _ => add_digits::<COUNTER_DIGITS_MAX, I>(isa, operands, digits),
    }
}

/// Operands enter two at a time through a full adder, as in the population count of Harley and
/// Seal.
#[inline(always)]
fn add_digits<const DIGITS: usize, I: Isa>(isa: I, operands: &[&Words], digits: &mut [AlignedWords]) {
    assert!(digits.len() <= DIGITS);
    let (pairs, last) = operands.as_chunks::<2>();
    for line in 0..CHUNK_LINES {
        let mut counter = [isa.splat(0); DIGITS];
        for [a, b] in pairs {
            let (a, b) = (isa.load(&lines(a)[line]), isa.load(&lines(b)[line]));
            let (sum, carry) = isa.full_add(counter[0], a, b);
            counter[0] = sum;
            ripple(isa, &mut counter, 1, carry);
        }
        if let [operand] = last {
            ripple(isa, &mut counter, 0, isa.load(&lines(operand)[line]));
        }
        for (digit, counted) in digits.iter_mut().zip(counter) {
            isa.store(&mut lines_mut(&mut digit.0)[line], counted);
        }
    }
}

/// Adds `carry` to the digits of `counter` from `first` on.
#[inline(always)]
fn ripple<const DIGITS: usize, I: Isa>(isa: I, counter: &mut [I::Line; DIGITS], first: usize, mut carry: I::Line) {
    for digit in counter.iter_mut().skip(first) {
        let next = isa.and(*digit, carry);
        *digit = isa.xor(*digit, carry);
        carry = next;
    }
}

/// Sets `ids` without looking at what was there. Neighbours often share a word, and a word that
/// was just stored is slow to load again: ids of the two halves alternate.
#[inline(always)]
pub(super) fn scatter(ids: &[u16], words: &mut Words) {
    let (low, high) = ids.split_at(ids.len() / 2);
    let mut set = |id: u16| words[usize::from(id >> 6)] |= 1 << (id & 63);
    for (&a, &b) in low.iter().zip(high) {
        set(a);
        set(b);
    }
    if high.len() > low.len() {
        set(high[high.len() - 1]);
    }
}
