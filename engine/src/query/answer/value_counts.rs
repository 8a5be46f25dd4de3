//! Counts by the number of a value. Values are numbered in the order in which they came, so a table in pages has few
//! holes.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::ids::ValueId;
use crate::query::bind::VALUES;
use crate::query::budget::Budget;

/// Counts in one page.
const PAGE: usize = 1_024;

/// What a page takes, with its place in the tree.
const PAGE_BYTES: u64 = (PAGE * size_of::<u64>() + 64) as u64;

/// See the module.
#[derive(Default)]
pub(super) struct CountsByValue {
    pages: BTreeMap<u32, Box<[u64; PAGE]>>,
}

impl CountsByValue {
    /// Adds `count` to that of `value`. Errors: limit, where another page does not fit `budget`.
    pub(super) fn add(&mut self, value: ValueId, count: u64, budget: &Budget) -> Result<()> {
        let page = value.0 / PAGE as u32;
        if !self.pages.contains_key(&page) {
            budget.check(self.byte_len() + PAGE_BYTES, VALUES)?;
            self.pages.insert(page, Box::new([0; PAGE]));
        }
        if let Some(counts) = self.pages.get_mut(&page) {
            counts[value.0 as usize % PAGE] += count;
        }
        Ok(())
    }

    /// The values that were counted, rising.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ValueId, u64)> {
        self.pages.iter().flat_map(|(page, counts)| {
            let counted = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            counted.map(move |(place, count)| (ValueId(page * PAGE as u32 + place as u32), *count))
        })
    }

    /// What it takes, in bytes.
    pub(super) fn byte_len(&self) -> u64 {
        self.pages.len() as u64 * PAGE_BYTES
    }
}
