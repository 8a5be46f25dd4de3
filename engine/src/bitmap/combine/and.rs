//! `a AND b`, stored.

use crate::bitmap::buffer::{Form, with_bounded};
use crate::bitmap::{ChunkBuffer, Container, Fused, RUNS_MAX, kernel, runs, words};

/// `out = a AND b`.
pub fn and_into(a: Container<'_>, b: Container<'_>, out: &mut ChunkBuffer) {
    use Container::{Array, Bitset, Runs};
    match (a, b) {
        (Bitset { words: x, .. }, Bitset { words: y, .. }) => {
            let cardinality = kernel::current().and_into(x, y, &mut out.words.0);
            out.set_words(cardinality);
        }
        (Bitset { .. }, other) | (Runs { .. }, other @ Array(_)) => and_from(other, a, out),
        _ => and_from(a, b, out),
    }
}

/// `out = first AND second`, where the first is the one that is cheaper to copy.
fn and_from(first: Container<'_>, second: Container<'_>, out: &mut ChunkBuffer) {
    use Container::{Array, Bitset};
    let kernel = kernel::current();
    match (first, second) {
        (Array(ids), Bitset { words, .. }) if ids.len() <= super::super::ARRAY_MAX => {
            let length = kernel.probe_into(ids, words, true, &mut out.array);
            out.set_array(length);
        }
        (Array(x), Array(y)) if x.len().min(y.len()) <= super::super::ARRAY_MAX => {
            let length = kernel.intersect_into(x, y, &mut out.array);
            out.set_array(length);
        }
        _ => {
            out.copy_from(first);
            out.and_with(second);
        }
    }
}

impl ChunkBuffer {
    /// `self = self AND operand`.
    pub fn and_with(&mut self, operand: Container<'_>) {
        with_bounded(operand, |operand| self.and_with_bounded(operand));
    }

    fn and_with_bounded(&mut self, operand: Container<'_>) {
        let kernel = kernel::current();
        let length = self.cardinality as usize;
        match (self.form, operand) {
            (Form::Empty, _) | (_, Container::Full) => {}
            (_, Container::Empty) => self.clear(),
            (Form::Full, _) => self.copy_from(operand),
            (Form::Bitset, Container::Bitset { words, .. }) => {
                let cardinality = kernel.and_assign(&mut self.words.0, words);
                self.set_words(cardinality);
            }
            (Form::Bitset, Container::Array(ids)) => {
                let length = kernel.probe_into(ids, &self.words.0, true, &mut self.array);
                self.set_array(length);
            }
            (Form::Bitset, Container::Runs { runs, .. }) => {
                words::keep_runs(&mut self.words.0, runs);
                self.recount();
            }
            (Form::Array, Container::Array(ids)) => {
                let array = &self.array[..length];
                let length = kernel.intersect_into(array, ids, &mut self.array_spare);
                self.take_array_spare(length);
            }
            (Form::Array, Container::Bitset { words, .. }) => {
                let array = &self.array[..length];
                let length = kernel.probe_into(array, words, true, &mut self.array_spare);
                self.take_array_spare(length);
            }
            (Form::Array, Container::Runs { runs, .. }) => {
                let spare = &mut self.array_spare;
                let length = copy_stretches(&self.array[..length], runs, spare);
                self.take_array_spare(length);
            }
            (Form::Runs, Container::Array(ids)) => {
                let length = copy_stretches(ids, &self.runs, &mut self.array);
                self.set_array(length);
            }
            (Form::Runs, Container::Bitset { words, .. }) => {
                let (all, out) = ([words], &mut self.words.0);
                let cardinality = kernel.covered_into(&self.runs, &Fused::all(&all), out);
                self.set_words(cardinality);
            }
            (Form::Runs, Container::Runs { runs, .. }) => self.and_with_runs(runs),
        }
    }

    fn and_with_runs(&mut self, operand: &[crate::bitmap::Run]) {
        if self.runs.len() + operand.len() > RUNS_MAX {
            self.make_bitset();
            words::keep_runs(&mut self.words.0, operand);
            self.recount();
            return;
        }
        self.runs_spare.clear();
        runs::for_each_common(&self.runs, operand, |run| self.runs_spare.push(run));
        self.take_runs_spare();
    }
}

/// Writes the `ids` inside of `runs` to `out`; returns how many.
fn copy_stretches(ids: &[u16], runs: &[crate::bitmap::Run], out: &mut [u16]) -> usize {
    let mut length = 0;
    runs::for_each_stretch(ids, runs, |stretch| {
        out[length..length + stretch.len()].copy_from_slice(stretch);
        length += stretch.len();
    });
    length
}
