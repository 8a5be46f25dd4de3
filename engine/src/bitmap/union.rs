//! Unions of any number of operands. Bitsets are combined in one pass, arrays and runs are
//! scattered into the result without a look at what was there, and the bits are counted once.
//!
//! Operands that exclude each other (the values of one choice tag) are not even counted: the
//! cardinality of the union is the sum, and that of an intersection with a filter as well.

use super::buffer::AlignedWords;
use super::{CHUNK_IDS, ChunkBuffer, Container, Fused, Words, and_count, kernel, or_into, words};

/// Bitsets that one pass combines.
const FUSED_MAX: usize = 32;

static NOBODY: AlignedWords = AlignedWords::ZERO;

/// `out` becomes the ids in at least one of `operands`.
pub fn union_into(operands: &[Container<'_>], out: &mut ChunkBuffer) {
    let mut some = operands.iter().filter(|operand| !operand.is_empty());
    match (some.next(), some.next(), some.next()) {
        (None, ..) => out.clear(),
        (Some(only), None, _) => out.copy_from(*only),
        (Some(first), Some(second), None) => or_into(*first, *second, out),
        _ if operands.iter().any(|operand| matches!(operand, Container::Full)) => out.fill(),
        _ if sort_few(operands, out) => {}
        _ => {
            gather(operands, &mut out.words.0, false);
            out.words_for_overwrite();
            out.recount();
        }
    }
}

/// `out` gets the ids of `operands` in addition to its own.
pub fn union_more(operands: &[Container<'_>], out: &mut ChunkBuffer) {
    if out.cardinality() < CHUNK_IDS {
        gather(operands, out.words_mut(), true);
        out.recount();
    }
}

/// So few ids are sorted faster than a bitset is cleared and counted.
const FEW_IDS: usize = 96;

/// `out` becomes the union where all operands are arrays and have [`FEW_IDS`] ids at most; returns whether they do.
fn sort_few(operands: &[Container<'_>], out: &mut ChunkBuffer) -> bool {
    let mut length = 0;
    for operand in operands {
        match *operand {
            Container::Array(ids) if length + ids.len() <= FEW_IDS => {
                out.array[length..length + ids.len()].copy_from_slice(ids);
                length += ids.len();
            }
            Container::Empty => {}
            _ => return false,
        }
    }
    let ids = &mut out.array[..length];
    ids.sort_unstable();
    let mut kept = 0;
    for index in 0..length {
        if kept == 0 || ids[index] != ids[kept - 1] {
            ids[kept] = ids[index];
            kept += 1;
        }
    }
    out.set_array(kept);
    true
}

/// How many ids are in at least one of `operands`. `scratch` is overwritten.
pub fn union_count(operands: &[Container<'_>], scratch: &mut ChunkBuffer) -> u32 {
    match operands {
        [only] => return only.cardinality(),
        [a, b] => return super::or_count(*a, *b),
        _ => {}
    }
    if operands.iter().all(|operand| matches!(operand, Container::Bitset { .. }))
        && (1..=FUSED_MAX).contains(&operands.len())
    {
        return with_bitsets(operands, super::or_many_count);
    }
    union_into(operands, scratch);
    scratch.cardinality()
}

/// How many ids are in at least one of `operands`. REQUIRES: no id is in two of them.
pub fn disjoint_union_count(operands: &[Container<'_>]) -> u32 {
    operands.iter().map(Container::cardinality).sum()
}

/// How many ids of `filter` are in at least one of `values`. REQUIRES: no id is in two of them.
pub fn intersect_disjoint_union_count(values: &[Container<'_>], filter: Container<'_>) -> u32 {
    match filter {
        Container::Empty => 0,
        Container::Full => disjoint_union_count(values),
        Container::Bitset { words, .. } => {
            let mut count = 0;
            for batch in values.chunks(FUSED_MAX) {
                count += with_bitsets(batch, |any| match any {
                    [] => 0,
                    // The filter is read once for all of them.
                    _ => super::fused_count(&Fused { all: &[words], none: &[], any }),
                });
            }
            let sparse = values.iter().filter(|value| !matches!(value, Container::Bitset { .. }));
            count + sparse.map(|value| and_count(*value, filter)).sum::<u32>()
        }
        Container::Array(_) | Container::Runs { .. } => values.iter().map(|value| and_count(*value, filter)).sum(),
    }
}

/// Calls `work` with the bitsets among `operands`. REQUIRES: at most [`FUSED_MAX`] operands.
fn with_bitsets<T>(operands: &[Container<'_>], work: impl FnOnce(&[&Words]) -> T) -> T {
    let mut bitsets = [&NOBODY.0; FUSED_MAX];
    let mut count = 0;
    for operand in operands {
        if let Container::Bitset { words, .. } = *operand {
            bitsets[count] = words;
            count += 1;
        }
    }
    work(&bitsets[..count])
}

/// Writes the union to `out`: over what it held, or to it where that `is_written` already.
fn gather(operands: &[Container<'_>], out: &mut Words, mut is_written: bool) {
    for batch in operands.chunks(FUSED_MAX) {
        with_bitsets(batch, |any| match any {
            [] => {}
            _ if is_written => any.iter().for_each(|words| {
                kernel::current().or_assign(out, words);
            }),
            _ => {
                kernel::current().fused_into(&Fused { any, ..Fused::default() }, out);
                is_written = true;
            }
        });
    }
    if !is_written {
        out.fill(0);
    }
    for operand in operands {
        match *operand {
            Container::Array(ids) => kernel::current().scatter(ids, out),
            Container::Runs { runs, .. } => {
                runs.iter().for_each(|&run| words::set_run(out, run));
            }
            Container::Full => out.fill(u64::MAX),
            Container::Empty | Container::Bitset { .. } => {}
        }
    }
}
