//! Dictionary encoding: the distinct values of one column of one block.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use muster_engine::Value;
use muster_engine::columns::ColumnValues;
use muster_language::suggest::did_you_mean;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::rule::value_text;
use crate::scalar::Scalar;

/// Values and their codes, in order of appearance.
pub(crate) struct Dictionary {
    values: Vec<String>,
    bytes: usize,
    /// Open addressing with linear steps: the upper half of a value's hash, and its code;
    /// [`ColumnValues::NULL_CODE`] where free. At most half full.
    slots: Vec<(u32, u32)>,
    /// Drawn for each dictionary, so that no file can be written whose values all collide.
    seed: u64,
    /// What is said of bytes that are no text.
    not_text: Arc<str>,
    /// What may be written, where not everything may.
    closed_values: Option<Arc<HashSet<String>>>,
}

const SLOTS_MIN: usize = 64;

impl Dictionary {
    pub(crate) fn new(not_text: Arc<str>, closed_values: Option<Arc<HashSet<String>>>) -> Dictionary {
        Dictionary {
            values: Vec::new(),
            bytes: 0,
            slots: vec![(0, ColumnValues::NULL_CODE); SLOTS_MIN],
            seed: RandomState::new().hash_one(0_u8),
            not_text,
            closed_values,
        }
    }

    /// The bytes of all values, with what the table costs.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + size_of_val(&self.values[..]) + size_of_val(&self.slots[..])
    }

    /// What is said of bytes that are no text.
    pub(crate) fn not_text(&self) -> String {
        self.not_text.to_string()
    }

    /// The code of a cell, [`ColumnValues::NULL_CODE`] for a null.
    #[inline]
    pub(crate) fn take(&mut self, cell: Scalar<'_>, scratch: &mut String) -> std::result::Result<u32, String> {
        match value_text(cell, scratch)? {
            Some(text) => self.code(text),
            None => Ok(ColumnValues::NULL_CODE),
        }
    }

    /// The code of a value, a new one for a new value. Only a new value has to be checked.
    #[inline]
    pub(crate) fn code(&mut self, value: &[u8]) -> std::result::Result<u32, String> {
        if value.len() > Value::BYTES_MAX {
            return Err(too_long(value));
        }
        let hash = xxh3_64_with_seed(value, self.seed);
        let upper = (hash >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let (found, code) = self.slots[slot];
            if code == ColumnValues::NULL_CODE {
                return self.insert(value, upper, slot);
            }
            if found == upper && self.values[code as usize].as_bytes() == value {
                return Ok(code);
            }
            slot = (slot + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, value: &[u8], upper: u32, slot: usize) -> std::result::Result<u32, String> {
        let text = std::str::from_utf8(value).map_err(|_| self.not_text.to_string())?;
        if self.closed_values.as_ref().is_some_and(|values| !values.contains(text)) {
            return Err(format!("{text:?} is none of the tag's values, which are closed{}", self.nearest(text)));
        }
        let code = self.values.len() as u32;
        self.values.push(text.to_owned());
        self.bytes += text.len();
        self.slots[slot] = (upper, code);
        if self.values.len() * 2 > self.slots.len() {
            self.grow();
        }
        Ok(code)
    }

    /// The nearest of the values that may be written, as a question.
    fn nearest(&self, text: &str) -> String {
        let mut values: Vec<&str> =
            self.closed_values.iter().flat_map(|values| values.iter()).map(String::as_str).collect();
        values.sort_unstable();
        did_you_mean(text, values.into_iter())
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 4 - 1;
        let mut slots = vec![(0, ColumnValues::NULL_CODE); mask + 1];
        for (code, value) in self.values.iter().enumerate() {
            let hash = xxh3_64_with_seed(value.as_bytes(), self.seed);
            let mut slot = hash as usize & mask;
            while slots[slot].1 != ColumnValues::NULL_CODE {
                slot = (slot + 1) & mask;
            }
            slots[slot] = ((hash >> 32) as u32, code as u32);
        }
        self.slots = slots;
    }

    /// The values. With `drop_unused` those that no code in `codes` names are left out and the codes follow.
    pub(crate) fn finish(self, drop_unused: bool, codes: &mut [u32]) -> Vec<String> {
        if !drop_unused {
            return self.values;
        }
        let mut code_of = vec![ColumnValues::NULL_CODE; self.values.len()];
        for code in codes.iter().filter(|code| **code != ColumnValues::NULL_CODE) {
            code_of[*code as usize] = 0;
        }
        let mut values = Vec::new();
        for (value, new) in self.values.into_iter().zip(&mut code_of) {
            if *new == 0 {
                *new = values.len() as u32;
                values.push(value);
            }
        }
        for code in codes.iter_mut().filter(|code| **code != ColumnValues::NULL_CODE) {
            *code = code_of[*code as usize];
        }
        values
    }
}

#[cold]
fn too_long(value: &[u8]) -> String {
    format!("the value has {} bytes, at most {} are allowed", value.len(), Value::BYTES_MAX)
}
