//! `a AND NOT b`, stored.

use crate::bitmap::buffer::{Form, with_bounded};
use crate::bitmap::{ARRAY_MAX, ChunkBuffer, Container, Fused, RUNS_MAX, Run};
use crate::bitmap::{arrays, kernel, runs, words};

/// `out = a AND NOT b`.
pub fn and_not_into(a: Container<'_>, b: Container<'_>, out: &mut ChunkBuffer) {
    use Container::{Array, Bitset};
    let kernel = kernel::current();
    match (a, b) {
        (Bitset { words: x, .. }, Bitset { words: y, .. }) => {
            let cardinality = kernel.and_not_into(x, y, &mut out.words.0);
            out.set_words(cardinality);
        }
        (Array(ids), Bitset { words, .. }) if ids.len() <= ARRAY_MAX => {
            let length = kernel.probe_into(ids, words, false, &mut out.array);
            out.set_array(length);
        }
        _ => {
            out.copy_from(a);
            out.and_not_with(b);
        }
    }
}

impl ChunkBuffer {
    /// `self = self AND NOT operand`.
    pub fn and_not_with(&mut self, operand: Container<'_>) {
        with_bounded(operand, |operand| self.and_not_with_bounded(operand));
    }

    fn and_not_with_bounded(&mut self, operand: Container<'_>) {
        let kernel = kernel::current();
        let length = self.cardinality as usize;
        match (self.form, operand) {
            (Form::Empty, _) | (_, Container::Empty) => {}
            (_, Container::Full) => self.clear(),
            (Form::Bitset, Container::Bitset { words, .. }) => {
                let cardinality = kernel.and_not_assign(&mut self.words.0, words);
                self.set_words(cardinality);
            }
            (Form::Full, Container::Bitset { words, .. }) => {
                let none = Fused { none: &[words], ..Fused::default() };
                let cardinality = kernel.fused_into(&none, &mut self.words.0);
                self.set_words(cardinality);
            }
            (Form::Array, Container::Array(ids)) => {
                let length = arrays::difference(&self.array[..length], ids, &mut self.array_spare);
                self.take_array_spare(length);
            }
            (Form::Array, Container::Bitset { words, .. }) => {
                let array = &self.array[..length];
                let length = kernel.probe_into(array, words, false, &mut self.array_spare);
                self.take_array_spare(length);
            }
            (Form::Array, Container::Runs { runs, .. }) => {
                let spare = &mut self.array_spare;
                let length = copy_outside(&self.array[..length], runs, spare);
                self.take_array_spare(length);
            }
            (Form::Runs, Container::Bitset { words, .. }) => {
                let none = Fused { none: &[words], ..Fused::default() };
                let cardinality = kernel.covered_into(&self.runs, &none, &mut self.words.0);
                self.set_words(cardinality);
            }
            (Form::Runs, Container::Runs { runs, .. }) if self.runs.len() + runs.len() <= RUNS_MAX => {
                self.runs_spare.clear();
                runs::difference(&self.runs, runs, &mut self.runs_spare);
                self.take_runs_spare();
            }
            (Form::Full, Container::Runs { runs, .. }) if runs.len() < RUNS_MAX => {
                self.runs.clear();
                runs::for_each_gap(runs, |gap| self.runs.push(gap));
                self.set_runs();
            }
            (_, Container::Array(ids)) => {
                self.make_bitset();
                let removed = words::clear_ids(&mut self.words.0, ids);
                self.set_words(self.cardinality - removed);
            }
            (_, Container::Runs { runs, .. }) => {
                self.make_bitset();
                runs.iter().for_each(|&run| words::clear_run(&mut self.words.0, run));
                self.recount();
            }
        }
    }
}

/// Writes the `ids` outside of `runs` to `out`; returns how many.
fn copy_outside(ids: &[u16], runs: &[Run], out: &mut [u16]) -> usize {
    let mut length = 0;
    let mut rest = runs;
    for &id in ids {
        while let Some((run, others)) = rest.split_first() {
            if run.last >= id {
                break;
            }
            rest = others;
        }
        out[length] = id;
        length += usize::from(rest.first().is_none_or(|run| id < run.first));
    }
    length
}
