//! `a XOR b`, stored.

use crate::bitmap::buffer::{Form, with_bounded};
use crate::bitmap::{ARRAY_MAX, ChunkBuffer, Container, arrays, kernel, words};

impl ChunkBuffer {
    /// `self = self XOR operand`.
    pub fn xor_with(&mut self, operand: Container<'_>) {
        with_bounded(operand, |operand| self.xor_with_bounded(operand));
    }

    fn xor_with_bounded(&mut self, operand: Container<'_>) {
        let length = self.cardinality as usize;
        match (self.form, operand) {
            (_, Container::Empty) => {}
            (Form::Empty, _) => self.copy_from(operand),
            // Everybody XOR x is everybody AND NOT x.
            (Form::Full, _) => self.and_not_with(operand),
            (Form::Array, Container::Array(ids)) if length + ids.len() <= ARRAY_MAX => {
                let array = &self.array[..length];
                let length = arrays::symmetric_difference(array, ids, &mut self.array_spare);
                self.take_array_spare(length);
            }
            (_, Container::Array(ids)) => {
                self.make_bitset();
                let removed = words::flip_ids(&mut self.words.0, ids);
                self.set_words(self.cardinality + ids.len() as u32 - 2 * removed);
            }
            (_, Container::Bitset { words, .. }) => {
                self.make_bitset();
                let cardinality = kernel::current().xor_assign(&mut self.words.0, words);
                self.set_words(cardinality);
            }
            (_, Container::Runs { runs, .. }) => {
                self.make_bitset();
                runs.iter().for_each(|&run| words::flip_run(&mut self.words.0, run));
                self.recount();
            }
            (_, Container::Full) => {
                self.make_bitset();
                self.words.0.iter_mut().for_each(|word| *word = !*word);
                self.set_words(crate::bitmap::CHUNK_IDS - self.cardinality);
            }
        }
    }
}
