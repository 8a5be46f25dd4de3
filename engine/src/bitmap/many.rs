//! Conjunctions of any number of operands, positive and negated, without an intermediate set
//! where the operands allow it.
//!
//! The operands decide how. With an array among the positive ones, the smallest array is probed
//! against the others. Otherwise all bitsets are combined in one pass, over those words only that
//! the positive runs cover. What does not fit into the pass follows step by step, and the last
//! step of a count is counted without being stored.

use super::buffer::{AlignedWords, Form};
use super::{ARRAY_MAX, ChunkBuffer, Container, Fused, Run, Words};
use super::{and_count, and_into, and_not_count, and_not_into, kernel};

/// Bitsets of one sign that one pass combines; more follow step by step.
const FUSED_MAX: usize = 16;

static NOBODY: AlignedWords = AlignedWords::ZERO;

/// How many ids `fused` selects.
pub fn fused_count(fused: &Fused<'_>) -> u32 {
    kernel::current().fused_count(fused)
}

/// How many ids are in at least one of `operands`.
pub fn or_many_count(operands: &[&Words]) -> u32 {
    if operands.is_empty() { 0 } else { fused_count(&Fused { any: operands, ..Fused::default() }) }
}

/// How many ids are in each of `positive` and in none of `negative`; no operand selects everybody.
/// `scratch` is overwritten.
pub fn conjunction_count(positive: &[Container<'_>], negative: &[Container<'_>], scratch: &mut ChunkBuffer) -> u32 {
    match (positive, negative) {
        ([a], []) => a.cardinality(),
        ([a, b], []) => and_count(*a, *b),
        ([a], [b]) => and_not_count(*a, *b),
        _ => match prepare(positive, negative, scratch) {
            Last::Nothing => scratch.cardinality(),
            Last::Step(Step::And(operand)) => and_count(scratch.as_container(), operand),
            Last::Step(Step::AndNot(operand)) => and_not_count(scratch.as_container(), operand),
            Last::Pass(Cover::All, dense) => fused_count(&dense.as_fused()),
            Last::Pass(Cover::Runs(runs), dense) => kernel::current().covered_count(runs, &dense.as_fused()),
            Last::Pass(Cover::Stored, dense) => kernel::current().covered_count(&scratch.runs, &dense.as_fused()),
        },
    }
}

/// `out` becomes the ids in each of `positive` and in none of `negative`; no operand selects
/// everybody.
pub fn conjunction_into(positive: &[Container<'_>], negative: &[Container<'_>], out: &mut ChunkBuffer) {
    match (positive, negative) {
        ([a], []) => out.copy_from(*a),
        ([a, b], []) => and_into(*a, *b, out),
        ([a], [b]) => and_not_into(*a, *b, out),
        _ => match prepare(positive, negative, out) {
            Last::Nothing => {}
            Last::Step(step) => step.apply(out),
            Last::Pass(cover, dense) => store(&cover, &dense, out),
        },
    }
}

/// One operand that is applied to the intermediate result.
#[derive(Clone, Copy)]
enum Step<'a> {
    And(Container<'a>),
    AndNot(Container<'a>),
}

impl Step<'_> {
    fn apply(self, out: &mut ChunkBuffer) {
        match self {
            Step::And(operand) => out.and_with(operand),
            Step::AndNot(operand) => out.and_not_with(operand),
        }
    }
}

/// What remains to be done when a count need not store any more.
#[expect(clippy::large_enum_variant, reason = "a box would allocate for every chunk")]
enum Last<'a> {
    /// Nothing: the buffer holds the result.
    Nothing,
    /// One operand is to be applied to the buffer.
    Step(Step<'a>),
    /// One pass over bitsets.
    Pass(Cover<'a>, Dense<'a>),
}

/// The words that a pass reads.
enum Cover<'a> {
    All,
    /// Those that these runs touch.
    Runs(&'a [Run]),
    /// Those that the runs in the buffer touch.
    Stored,
}

/// The bitsets of one pass.
struct Dense<'a> {
    all: [&'a Words; FUSED_MAX],
    all_count: usize,
    none: [&'a Words; FUSED_MAX],
    none_count: usize,
}

impl<'a> Dense<'a> {
    fn new(positive: &[Container<'a>], negative: &[Container<'a>]) -> Self {
        let list = |operands: &[Container<'a>]| {
            let mut words = [&NOBODY.0; FUSED_MAX];
            let mut count = 0;
            for (place, bits) in words.iter_mut().zip(operands.iter().filter_map(bits)) {
                *place = bits;
                count += 1;
            }
            (words, count)
        };
        let ((all, all_count), (none, none_count)) = (list(positive), list(negative));
        Dense { all, all_count, none, none_count }
    }

    fn as_fused(&self) -> Fused<'_> {
        let (all, none) = (&self.all[..self.all_count], &self.none[..self.none_count]);
        Fused { all, none, any: &[] }
    }
}

fn bits<'a>(operand: &Container<'a>) -> Option<&'a Words> {
    match *operand {
        Container::Bitset { words, .. } => Some(words),
        _ => None,
    }
}

fn is_array(operand: &Container<'_>) -> bool {
    matches!(operand, Container::Array(ids) if ids.len() <= ARRAY_MAX)
}

fn prepare<'a>(positive: &[Container<'a>], negative: &[Container<'a>], out: &mut ChunkBuffer) -> Last<'a> {
    let is_bits = |operand: &Container<'_>| matches!(operand, Container::Bitset { .. });
    if positive.len().max(negative.len()) <= FUSED_MAX && positive.iter().chain(negative).all(is_bits) {
        return Last::Pass(Cover::All, Dense::new(positive, negative));
    }
    let nobody = positive.iter().any(Container::is_empty);
    if nobody || negative.iter().any(|operand| matches!(operand, Container::Full)) {
        out.clear();
        return Last::Nothing;
    }
    let arrays = positive.iter().enumerate().filter(|(_, operand)| is_array(operand));
    if let Some((index, smallest)) = arrays.min_by_key(|(_, operand)| operand.cardinality()) {
        return from_array(*smallest, index, positive, negative, out);
    }
    let dense = Dense::new(positive, negative);
    let mut runs = positive.iter().filter_map(|operand| match *operand {
        Container::Runs { runs, .. } => Some((*operand, runs)),
        _ => None,
    });
    let cover = match (runs.next(), runs.next()) {
        (None, _) => Cover::All,
        (Some((_, only)), None) => Cover::Runs(only),
        (Some((first, _)), Some((second, _))) => {
            and_into(first, second, out);
            runs.for_each(|(operand, _)| out.and_with(operand));
            match out.form {
                Form::Runs => Cover::Stored,
                _ => return follow(all_steps(positive, negative, &is_runs), out),
            }
        }
    };
    let mut left = left_over(positive, negative).peekable();
    if left.peek().is_none() {
        return Last::Pass(cover, dense);
    }
    store(&cover, &dense, out);
    follow(left, out)
}

/// `out` becomes what the pass selects.
fn store(cover: &Cover<'_>, dense: &Dense<'_>, out: &mut ChunkBuffer) {
    let (kernel, fused) = (kernel::current(), dense.as_fused());
    let cardinality = match cover {
        Cover::All => kernel.fused_into(&fused, &mut out.words.0),
        Cover::Runs(runs) => kernel.covered_into(runs, &fused, &mut out.words.0),
        Cover::Stored => kernel.covered_into(&out.runs, &fused, &mut out.words.0),
    };
    out.set_words(cardinality);
}

/// The conjunction when one positive operand is an array.
fn from_array<'a>(
    smallest: Container<'a>,
    index: usize,
    positive: &[Container<'a>],
    negative: &[Container<'a>],
    out: &mut ChunkBuffer,
) -> Last<'a> {
    // The most selective of the others goes first: what it removes is not probed again.
    let others = positive.iter().enumerate().filter(|(other, _)| *other != index);
    let Some((next, second)) = others.min_by_key(|(_, operand)| operand.cardinality()) else {
        out.copy_from(smallest);
        return follow(negative.iter().copied().map(Step::AndNot), out);
    };
    let rest = positive.iter().enumerate().filter(|(other, _)| *other != index && *other != next);
    let rest = rest.map(|(_, operand)| Step::And(*operand));
    and_into(smallest, *second, out);
    follow(rest.chain(negative.iter().copied().map(Step::AndNot)), out)
}

fn is_runs(operand: &Container<'_>) -> bool {
    matches!(operand, Container::Runs { .. })
}

/// Every operand but the positive ones that are `done`.
fn all_steps<'s, 'a>(
    positive: &'s [Container<'a>],
    negative: &'s [Container<'a>],
    done: &'s dyn Fn(&Container<'a>) -> bool,
) -> impl Iterator<Item = Step<'a>> + 's {
    let positive = positive.iter().filter(move |operand| !done(operand));
    positive.copied().map(Step::And).chain(negative.iter().copied().map(Step::AndNot))
}

/// The operands that neither [`Dense`] nor the cover took. Arrays among the positive ones are those
/// that are too long to be probed.
fn left_over<'s, 'a>(
    positive: &'s [Container<'a>],
    negative: &'s [Container<'a>],
) -> impl Iterator<Item = Step<'a>> + 's {
    let is_bits = |operand: &&Container<'_>| bits(operand).is_some();
    let long_array = |operand: &&Container<'_>| matches!(operand, Container::Array(_));
    let sparse = move |operand: &&Container<'_>| bits(operand).is_none() && !operand.is_empty();
    let too_many = |operands: &'s [Container<'a>]| operands.iter().filter(is_bits).skip(FUSED_MAX).copied();
    let positive_left = positive.iter().filter(long_array).copied().chain(too_many(positive));
    let negative_left = negative.iter().filter(sparse).copied().chain(too_many(negative));
    positive_left.map(Step::And).chain(negative_left.map(Step::AndNot))
}

/// Applies all `steps` but the last, which is returned; stops when nobody is left.
fn follow<'a>(steps: impl Iterator<Item = Step<'a>>, out: &mut ChunkBuffer) -> Last<'a> {
    let mut pending = Last::Nothing;
    for step in steps {
        if let Last::Step(previous) = pending {
            previous.apply(out);
        }
        if out.is_empty() {
            return Last::Nothing;
        }
        pending = Last::Step(step);
    }
    pending
}
