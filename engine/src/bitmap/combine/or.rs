//! `a OR b`, stored.

use crate::bitmap::buffer::{Form, with_bounded};
use crate::bitmap::{ARRAY_MAX, ChunkBuffer, Container, RUNS_MAX, arrays, kernel, runs, words};

/// `out = a OR b`.
pub fn or_into(a: Container<'_>, b: Container<'_>, out: &mut ChunkBuffer) {
    use Container::{Bitset, Runs};
    match (a, b) {
        (Bitset { words: x, .. }, Bitset { words: y, .. }) => {
            let cardinality = kernel::current().or_into(x, y, &mut out.words.0);
            out.set_words(cardinality);
        }
        // Bits take in an array or runs in place.
        (other, Bitset { .. }) | (other, Runs { .. }) => {
            out.copy_from(b);
            out.or_with(other);
        }
        _ => {
            out.copy_from(a);
            out.or_with(b);
        }
    }
}

impl ChunkBuffer {
    /// `self = self OR operand`.
    pub fn or_with(&mut self, operand: Container<'_>) {
        with_bounded(operand, |operand| self.or_with_bounded(operand));
    }

    fn or_with_bounded(&mut self, operand: Container<'_>) {
        let length = self.cardinality as usize;
        match (self.form, operand) {
            (Form::Full, _) | (_, Container::Empty) => {}
            (_, Container::Full) => self.fill(),
            (Form::Empty, _) => self.copy_from(operand),
            (Form::Bitset, Container::Bitset { words, .. }) => {
                let cardinality = kernel::current().or_assign(&mut self.words.0, words);
                self.set_words(cardinality);
            }
            (Form::Array, Container::Array(ids)) if length + ids.len() <= ARRAY_MAX => {
                let length = arrays::union(&self.array[..length], ids, &mut self.array_spare);
                self.take_array_spare(length);
            }
            (Form::Array, Container::Bitset { words, cardinality }) => {
                self.words.0.copy_from_slice(words);
                let added = words::set_ids(&mut self.words.0, &self.array[..length]);
                self.set_words(cardinality + added);
            }
            (Form::Runs, Container::Bitset { words, .. }) => {
                self.words.0.copy_from_slice(words);
                self.runs.iter().for_each(|&run| words::set_run(&mut self.words.0, run));
                self.form = Form::Bitset;
                self.recount();
            }
            (Form::Runs, Container::Runs { runs, .. }) if self.runs.len() + runs.len() <= RUNS_MAX => {
                self.runs_spare.clear();
                runs::union(&self.runs, runs, &mut self.runs_spare);
                self.take_runs_spare();
            }
            (_, Container::Array(ids)) => {
                self.make_bitset();
                let added = words::set_ids(&mut self.words.0, ids);
                self.set_words(self.cardinality + added);
            }
            (_, Container::Runs { runs, .. }) => {
                self.make_bitset();
                runs.iter().for_each(|&run| words::set_run(&mut self.words.0, run));
                self.recount();
            }
        }
    }
}
