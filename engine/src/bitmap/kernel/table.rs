//! The table of loops of one instruction set.

use super::super::buffer::ARRAY_SLACK;
use super::super::{AlignedWords, Run, Words};
use super::{Fused, Range};

/// All loops, compiled for one instruction set.
///
/// Invariant: a reference to a table leaves this module only after the machine was asked for the
/// instruction set, so calling its functions is sound.
pub struct Kernel {
    pub(super) name: &'static str,
    pub(super) count: unsafe fn(&Words) -> u32,
    pub(super) and_count: unsafe fn(&Words, &Words) -> u32,
    pub(super) and_into: unsafe fn(&Words, &Words, &mut Words) -> u32,
    pub(super) or_into: unsafe fn(&Words, &Words, &mut Words) -> u32,
    pub(super) and_not_into: unsafe fn(&Words, &Words, &mut Words) -> u32,
    pub(super) and_assign: unsafe fn(&mut Words, &Words) -> u32,
    pub(super) or_assign: unsafe fn(&mut Words, &Words) -> u32,
    pub(super) and_not_assign: unsafe fn(&mut Words, &Words) -> u32,
    pub(super) xor_assign: unsafe fn(&mut Words, &Words) -> u32,
    pub(super) fused_count: unsafe fn(&Fused<'_>) -> u32,
    pub(super) fused_into: unsafe fn(&Fused<'_>, &mut Words) -> u32,
    pub(super) covered_count: unsafe fn(&[Run], &Fused<'_>) -> u32,
    pub(super) covered_into: unsafe fn(&[Run], &Fused<'_>, &mut Words) -> u32,
    pub(super) add: unsafe fn(&[&Words], &mut [AlignedWords]),
    pub(super) scatter: unsafe fn(&[u16], &mut Words),
    pub(super) range_count: unsafe fn(&Range<'_>, &Fused<'_>) -> u32,
    pub(super) range_into: unsafe fn(&Range<'_>, &Fused<'_>, &mut Words) -> u32,
    pub(super) intersect_count: unsafe fn(&[u16], &[u16]) -> u32,
    pub(super) intersect_into: unsafe fn(&[u16], &[u16], &mut [u16]) -> usize,
    pub(super) array_has: unsafe fn(&[u16], u16) -> bool,
    pub(super) inside_count: unsafe fn(&[u16], &[Run]) -> u32,
    pub(super) probe_count: unsafe fn(&[u16], &Words) -> u32,
    pub(super) probe_into: unsafe fn(&[u16], &Words, bool, &mut [u16]) -> usize,
    pub(super) append_ids: unsafe fn(&Words, u32, u32, &mut Vec<u32>),
    pub(super) words_to_array: unsafe fn(&Words, &mut [u16]) -> usize,
    pub(super) gather: unsafe fn(&[&Words], &[u16], &mut [u64]),
}

/// Defines `KERNEL`, the table of an instruction set, from its name, the expression that makes the
/// proof that its instructions exist, and the attributes that compile a function for it.
macro_rules! kernel_table {
    ($name:literal, $isa:expr, [$(#[$attribute:meta])*]) => {
        pub(super) static KERNEL: super::Kernel = {
            use super::isa::Isa;
            use super::loops::{self, And, AndNot, Or, Xor};
            use super::{Fused, Range, numbers};
            use crate::bitmap::{AlignedWords, Run, Words};

            $(#[$attribute])*
            fn count(words: &Words) -> u32 {
                loops::count($isa, words)
            }
            $(#[$attribute])*
            fn and_count(a: &Words, b: &Words) -> u32 {
                loops::and_count($isa, a, b)
            }
            $(#[$attribute])*
            fn and_into(a: &Words, b: &Words, out: &mut Words) -> u32 {
                loops::combine::<And, _>($isa, a, b, out)
            }
            $(#[$attribute])*
            fn or_into(a: &Words, b: &Words, out: &mut Words) -> u32 {
                loops::combine::<Or, _>($isa, a, b, out)
            }
            $(#[$attribute])*
            fn and_not_into(a: &Words, b: &Words, out: &mut Words) -> u32 {
                loops::combine::<AndNot, _>($isa, a, b, out)
            }
            $(#[$attribute])*
            fn and_assign(a: &mut Words, b: &Words) -> u32 {
                loops::assign::<And, _>($isa, a, b)
            }
            $(#[$attribute])*
            fn or_assign(a: &mut Words, b: &Words) -> u32 {
                loops::assign::<Or, _>($isa, a, b)
            }
            $(#[$attribute])*
            fn and_not_assign(a: &mut Words, b: &Words) -> u32 {
                loops::assign::<AndNot, _>($isa, a, b)
            }
            $(#[$attribute])*
            fn xor_assign(a: &mut Words, b: &Words) -> u32 {
                loops::assign::<Xor, _>($isa, a, b)
            }
            $(#[$attribute])*
            fn fused_count(fused: &Fused<'_>) -> u32 {
                loops::fused_count($isa, fused)
            }
            $(#[$attribute])*
            fn fused_into(fused: &Fused<'_>, out: &mut Words) -> u32 {
                loops::fused_into($isa, fused, out)
            }
            $(#[$attribute])*
            fn covered_count(runs: &[Run], fused: &Fused<'_>) -> u32 {
                loops::covered_count($isa, runs, fused)
            }
            $(#[$attribute])*
            fn covered_into(runs: &[Run], fused: &Fused<'_>, out: &mut Words) -> u32 {
                loops::covered_into($isa, runs, fused, out)
            }
            $(#[$attribute])*
            fn add(operands: &[&Words], digits: &mut [AlignedWords]) {
                loops::add($isa, operands, digits)
            }
            $(#[$attribute])*
            fn scatter(ids: &[u16], words: &mut Words) {
                loops::scatter(ids, words)
            }
            $(#[$attribute])*
            fn range_count(range: &Range<'_>, filter: &Fused<'_>) -> u32 {
                numbers::range_count($isa, range, filter)
            }
            $(#[$attribute])*
            fn range_into(range: &Range<'_>, filter: &Fused<'_>, out: &mut Words) -> u32 {
                numbers::range_into($isa, range, filter, out)
            }
            $(#[$attribute])*
            fn intersect_count(a: &[u16], b: &[u16]) -> u32 {
                $isa.intersect_count(a, b)
            }
            $(#[$attribute])*
            fn intersect_into(a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
                $isa.intersect_into(a, b, out)
            }
            $(#[$attribute])*
            fn array_has(ids: &[u16], id: u16) -> bool {
                $isa.array_has(ids, id)
            }
            $(#[$attribute])*
            fn inside_count(ids: &[u16], runs: &[Run]) -> u32 {
                $isa.inside_count(ids, runs)
            }
            $(#[$attribute])*
            fn probe_count(ids: &[u16], words: &Words) -> u32 {
                $isa.probe_count(ids, words)
            }
            $(#[$attribute])*
            fn probe_into(ids: &[u16], words: &Words, is_set: bool, out: &mut [u16]) -> usize {
                $isa.probe_into(ids, words, is_set, out)
            }
            $(#[$attribute])*
            fn append_ids(words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
                $isa.append_ids(words, cardinality, base, out)
            }
            $(#[$attribute])*
            fn words_to_array(words: &Words, out: &mut [u16]) -> usize {
                $isa.words_to_array(words, out)
            }
            $(#[$attribute])*
            fn gather(slices: &[&Words], ids: &[u16], out: &mut [u64]) {
                $isa.gather(slices, ids, out)
            }
            super::Kernel {
                name: $name,
                count,
                and_count,
                and_into,
                or_into,
                and_not_into,
                and_assign,
                or_assign,
                and_not_assign,
                xor_assign,
                fused_count,
                fused_into,
                covered_count,
                covered_into,
                add,
                scatter,
                range_count,
                range_into,
                intersect_count,
                intersect_into,
                array_has,
                inside_count,
                probe_count,
                probe_into,
                append_ids,
                words_to_array,
                gather,
            }
        };
    };
}
pub(super) use kernel_table;

impl Kernel {
    /// The name under which [`super::KERNEL_VARIABLE`] forces it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of ids.
    #[inline]
    pub fn count(&self, words: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.count)(words) }
    }

    /// `|a AND b|`.
    #[inline]
    pub fn and_count(&self, a: &Words, b: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.and_count)(a, b) }
    }

    /// `out = a AND b`; returns its cardinality, like all that store words.
    #[inline]
    pub fn and_into(&self, a: &Words, b: &Words, out: &mut Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.and_into)(a, b, out) }
    }

    /// `out = a OR b`.
    #[inline]
    pub fn or_into(&self, a: &Words, b: &Words, out: &mut Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.or_into)(a, b, out) }
    }

    /// `out = a AND NOT b`.
    #[inline]
    pub fn and_not_into(&self, a: &Words, b: &Words, out: &mut Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.and_not_into)(a, b, out) }
    }

    /// `a = a AND b`.
    #[inline]
    pub fn and_assign(&self, a: &mut Words, b: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.and_assign)(a, b) }
    }

    /// `a = a OR b`.
    #[inline]
    pub fn or_assign(&self, a: &mut Words, b: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.or_assign)(a, b) }
    }

    /// `a = a AND NOT b`.
    #[inline]
    pub fn and_not_assign(&self, a: &mut Words, b: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.and_not_assign)(a, b) }
    }

    /// `a = a XOR b`.
    #[inline]
    pub fn xor_assign(&self, a: &mut Words, b: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.xor_assign)(a, b) }
    }

    /// How many ids `fused` selects.
    #[inline]
    pub fn fused_count(&self, fused: &Fused<'_>) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.fused_count)(fused) }
    }

    /// `out` becomes what `fused` selects.
    #[inline]
    pub fn fused_into(&self, fused: &Fused<'_>, out: &mut Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.fused_into)(fused, out) }
    }

    /// How many ids inside of `runs` `fused` selects; only covered words are read.
    #[inline]
    pub fn covered_count(&self, runs: &[Run], fused: &Fused<'_>) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.covered_count)(runs, fused) }
    }

    /// `out` becomes what `fused` selects inside of `runs`.
    #[inline]
    pub fn covered_into(&self, runs: &[Run], fused: &Fused<'_>, out: &mut Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.covered_into)(runs, fused, out) }
    }

    /// Writes the binary digits of the number of operands that hold each id.
    #[inline]
    pub fn add(&self, operands: &[&Words], digits: &mut [AlignedWords]) {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.add)(operands, digits) }
    }

    /// Sets `ids` in `words`.
    #[inline]
    pub fn scatter(&self, ids: &[u16], words: &mut Words) {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.scatter)(ids, words) }
    }

    /// How many ids of `filter` have a number in `range`.
    #[inline]
    pub fn range_count(&self, range: &Range<'_>, filter: &Fused<'_>) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.range_count)(range, filter) }
    }

    /// `out` becomes the ids of `filter` with a number in `range`.
    #[inline]
    pub fn range_into(&self, range: &Range<'_>, filter: &Fused<'_>, out: &mut Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.range_into)(range, filter, out) }
    }

    /// How many ids are in both sorted arrays.
    #[inline]
    pub fn intersect_count(&self, a: &[u16], b: &[u16]) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.intersect_count)(a, b) }
    }

    /// Writes the ids in both sorted arrays to `out`; returns how many. REQUIRES: `out` is longer than
    /// the shorter array by [`ARRAY_SLACK`].
    #[inline]
    pub fn intersect_into(&self, a: &[u16], b: &[u16], out: &mut [u16]) -> usize {
        assert!(out.len() >= a.len().min(b.len()) + ARRAY_SLACK);
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.intersect_into)(a, b, out) }
    }

    /// Whether `ids`, a few, have `id`: compares all.
    #[inline]
    pub fn array_has(&self, ids: &[u16], id: u16) -> bool {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.array_has)(ids, id) }
    }

    /// How many of `ids` lie inside of `runs`.
    #[inline]
    pub fn inside_count(&self, ids: &[u16], runs: &[Run]) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.inside_count)(ids, runs) }
    }

    /// How many of `ids` are set in `words`.
    #[inline]
    pub fn probe_count(&self, ids: &[u16], words: &Words) -> u32 {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.probe_count)(ids, words) }
    }

    /// Writes the `ids` that are set in `words` (or those that are not) to `out`; returns how many.
    /// REQUIRES: `out` is longer than `ids` by [`ARRAY_SLACK`].
    #[inline]
    pub fn probe_into(&self, ids: &[u16], words: &Words, is_set: bool, out: &mut [u16]) -> usize {
        assert!(out.len() >= ids.len() + ARRAY_SLACK);
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.probe_into)(ids, words, is_set, out) }
    }

    /// Appends the ids of `words`, `cardinality` in number, plus `base` to `out`.
    #[inline]
    pub fn append_ids(&self, words: &Words, cardinality: u32, base: u32, out: &mut Vec<u32>) {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.append_ids)(words, cardinality, base, out) }
    }

    /// Writes the ids of `words` to `out`; returns how many. REQUIRES: `out` is longer than that by
    /// [`ARRAY_SLACK`].
    #[inline]
    pub fn words_to_array(&self, words: &Words, out: &mut [u16]) -> usize {
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.words_to_array)(words, out) }
    }

    /// Reads the number of each of `ids` into `out`. REQUIRES: both of one length, at most 64 slices.
    #[inline]
    pub fn gather(&self, slices: &[&Words], ids: &[u16], out: &mut [u64]) {
        assert!(out.len() == ids.len() && slices.len() <= 64);
        // SAFETY: the machine has the instructions (invariant of the type).
        unsafe { (self.gather)(slices, ids, out) }
    }
}
