//! Builds the part of one block of a load, column by column.
//!
//! Rows are put in the order of their ids once; a column is then one pass over them. Of the rows of one id the last one
//! with a value wins, tag by tag. Entities that are new have nothing below, so nothing is cleared for them.

use super::Role;
use super::drafts::Drafts;
use crate::columns::NULL_CODE;
use crate::error::Result;
use crate::ids::{BitmapId, LocalId, Seq, TagId, ValueId};
use crate::storage::Mapped;

/// See the module.
pub struct ColumnBuilder {
    /// Row numbers by (id, row); empty when the rows' ids rise already.
    order: Vec<u32>,
    /// The id of every row.
    ids: Vec<u32>,
    /// By row: whether its entity has nothing below.
    is_new: Vec<bool>,
    drafts: Drafts,
}

/// What a column wrote: the rows that win with a value, by rising id, and the ids that lost the tag and had something
/// below.
pub struct ColumnWrites {
    set: Vec<u32>,
    cleared: Vec<u32>,
}

/// What a column says of one row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// Leaves what was there.
    Keep,
    Clear,
    Set,
}

impl ColumnBuilder {
    /// A block of rows of these entities, all of which become live; `is_new` says which have nothing below.
    pub fn new(population: TagId, ids: Vec<u32>, is_new: &dyn Fn(LocalId) -> bool) -> ColumnBuilder {
        let mut order = Vec::new();
        if !ids.is_sorted_by(|a, b| a < b) {
            order = (0..ids.len() as u32).collect();
            order.sort_unstable_by_key(|&row| (ids[row as usize], row));
        }
        let mut distinct: Vec<u32> = match order.is_empty() {
            true => ids.clone(),
            false => order.iter().map(|&row| ids[row as usize]).collect(),
        };
        distinct.dedup();
        let mut drafts = Drafts::default();
        drafts.put(BitmapId::live(population), Role::Added, &distinct);
        ColumnBuilder { order, is_new: ids.iter().map(|&id| is_new(LocalId(id))).collect(), ids, drafts }
    }

    /// A flag column: `true` sets, `false` clears, a null as `null_clears` says. REQUIRES: one entry a row.
    pub fn flag(&mut self, tag: TagId, values: &[bool], valid: Option<&[bool]>, null_clears: bool) -> ColumnWrites {
        let (set, cleared) = self.winners(|row| match is_valid(valid, row) {
            false => null_cell(null_clears),
            true if values[row] => Cell::Set,
            true => Cell::Clear,
        });
        let members: Vec<u32> = set.iter().map(|&row| self.ids[row as usize]).collect();
        self.drafts.put(BitmapId::flag(tag), Role::Added, &members);
        self.drafts.put(BitmapId::cleared(tag), Role::Added, &cleared);
        ColumnWrites { set, cleared }
    }

    /// A choice column: `codes` index `values`, `NULL_CODE` is null. REQUIRES: one code a row, codes in range.
    pub fn choice(&mut self, tag: TagId, codes: &[u32], values: &[ValueId], null_clears: bool) -> ColumnWrites {
        let (set, cleared) = self.winners(|row| match codes[row] {
            NULL_CODE => null_cell(null_clears),
            _ => Cell::Set,
        });
        let members = || set.iter().map(|&row| (codes[row as usize], self.ids[row as usize]));
        put_values(&mut self.drafts, tag, values, members);
        self.put_present(tag, &set);
        self.put_cleared(tag, &set, cleared.clone());
        ColumnWrites { set, cleared }
    }

    /// A set column, whose lists replace: row `r` holds `codes[offsets[r]..offsets[r + 1]]`.
    /// REQUIRES: offsets one longer than the rows, rising, in range; codes in range.
    pub fn set(
        &mut self,
        tag: TagId,
        lists: (&[u32], &[u32]),
        values: &[ValueId],
        valid: Option<&[bool]>,
        null_clears: bool,
    ) -> ColumnWrites {
        let (offsets, codes) = lists;
        let list = |row: u32| &codes[offsets[row as usize] as usize..offsets[row as usize + 1] as usize];
        let (set, cleared) = self.winners(|row| match is_valid(valid, row) {
            true => Cell::Set,
            false => null_cell(null_clears),
        });
        let members = || {
            set.iter()
                .flat_map(|&row| list(row).iter().map(move |&code| (code, row)))
                .map(|(code, row)| (code, self.ids[row as usize]))
        };
        put_values(&mut self.drafts, tag, values, members);
        let (with_values, emptied): (Vec<u32>, Vec<u32>) = set.iter().partition(|&&row| !list(row).is_empty());
        self.put_present(tag, &with_values);
        self.put_cleared(tag, &set, cleared.clone());
        let emptied = emptied.into_iter().filter(|&row| !self.is_new[row as usize]);
        let cleared = cleared.into_iter().chain(emptied.map(|row| self.ids[row as usize])).collect();
        ColumnWrites { set: with_values, cleared }
    }

    /// A number column. REQUIRES: one number a row, none of them `i64::MIN` where valid.
    pub fn number(&mut self, tag: TagId, numbers: &[i64], valid: Option<&[bool]>, null_clears: bool) -> ColumnWrites {
        let (set, cleared) = self.winners(|row| match is_valid(valid, row) {
            true => Cell::Set,
            false => null_cell(null_clears),
        });
        let (ids, kept): (Vec<u32>, Vec<i64>) =
            set.iter().map(|&row| (self.ids[row as usize], numbers[row as usize])).unzip();
        self.drafts.put_numbers(tag, &ids, &kept);
        self.put_cleared(tag, &set, cleared.clone());
        ColumnWrites { set, cleared }
    }

    /// The dates of what a column wrote on `day`.
    pub fn dates(&mut self, dates: TagId, day: i64, writes: ColumnWrites) {
        let ids: Vec<u32> = writes.set.iter().map(|&row| self.ids[row as usize]).collect();
        self.drafts.put_numbers(dates, &ids, &vec![day; ids.len()]);
        self.put_cleared(dates, &writes.set, writes.cleared);
    }

    /// The part, as of `seq`.
    pub fn finish(self, seq: Seq) -> Result<Mapped> {
        self.drafts.write(seq, seq)
    }

    /// The rows that win with a value, by rising id, and the ids that are cleared, rising, new entities left out.
    fn winners(&self, cell: impl Fn(usize) -> Cell) -> (Vec<u32>, Vec<u32>) {
        let (mut set, mut cleared) = (Vec::new(), Vec::new());
        let mut conclude = |row: u32, last: Cell| match last {
            Cell::Set => set.push(row),
            Cell::Clear if !self.is_new[row as usize] => cleared.push(self.ids[row as usize]),
            _ => {}
        };
        if self.order.is_empty() {
            (0..self.ids.len() as u32).for_each(|row| conclude(row, cell(row as usize)));
            return (set, cleared);
        }
        let same_id = |a: &u32, b: &u32| self.ids[*a as usize] == self.ids[*b as usize];
        for rows in self.order.chunk_by(same_id) {
            let winner = rows.iter().rev().find(|&&row| cell(row as usize) != Cell::Keep);
            if let Some(&row) = winner {
                conclude(row, cell(row as usize));
            }
        }
        (set, cleared)
    }

    fn put_present(&mut self, tag: TagId, rows: &[u32]) {
        let ids: Vec<u32> = rows.iter().map(|&row| self.ids[row as usize]).collect();
        self.drafts.put(BitmapId::present(tag), Role::Added, &ids);
    }

    /// A value replaces, so whoever is set here and has something below is cleared too.
    fn put_cleared(&mut self, tag: TagId, set: &[u32], mut cleared: Vec<u32>) {
        let replaced = set.iter().filter(|&&row| !self.is_new[row as usize]);
        cleared.extend(replaced.map(|&row| self.ids[row as usize]));
        cleared.sort_unstable();
        self.drafts.put(BitmapId::cleared(tag), Role::Added, &cleared);
    }
}

/// Puts a bitmap per value from `(code, id)` pairs whose ids rise: a counting sort by code.
fn put_values<I: Iterator<Item = (u32, u32)>>(
    drafts: &mut Drafts,
    tag: TagId,
    values: &[ValueId],
    members: impl Fn() -> I,
) {
    let mut ends = vec![0usize; values.len()];
    members().for_each(|(code, _)| ends[code as usize] += 1);
    let mut start = 0;
    for end in &mut ends {
        start += std::mem::replace(end, start);
    }
    let mut sorted = vec![0u32; start];
    for (code, id) in members() {
        let end = &mut ends[code as usize];
        sorted[*end] = id;
        *end += 1;
    }
    let mut start = 0;
    for (value, end) in values.iter().zip(ends) {
        let mut ids = sorted[start..end].to_vec();
        ids.dedup();
        drafts.put_value(BitmapId::value(tag, *value), Role::Added, &ids);
        start = end;
    }
}

fn is_valid(valid: Option<&[bool]>, row: usize) -> bool {
    valid.is_none_or(|valid| valid[row])
}

fn null_cell(null_clears: bool) -> Cell {
    if null_clears { Cell::Clear } else { Cell::Keep }
}
