//! The id allocator: the counters of local ids and value ids.
//!
//! Numbers only rise; one that was handed out and then not used is a hole. While a load runs, every value that a small
//! write makes known is also noted here, so that the load and the small writes beside it give one value one number.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::ids::{LocalId, TagId, ValueId};

/// The next numbers of one store.
#[derive(Debug, Default)]
pub(crate) struct Allocator {
    /// By population tag: the next local id.
    next_local: HashMap<TagId, u32>,
    /// By tag: the next value id.
    next_value: HashMap<TagId, u32>,
    /// Values that small writes made known since the oldest running load began.
    young_values: Option<HashMap<TagId, HashMap<String, ValueId>>>,
}

impl Allocator {
    /// The first of `count` consecutive new local ids. Errors: limit, when the type is full.
    pub(crate) fn locals(&mut self, population: TagId, count: u32) -> Result<LocalId> {
        let next = self.next_local.entry(population).or_insert(0);
        let first = *next;
        match first.checked_add(count) {
            Some(end) => *next = end,
            None => {
                return Err(Error::limit(format!(
                    "the entity type is full: of {} ids {} are given, {count} more were asked for",
                    u64::from(LocalId::MAX.0) + 1,
                    first
                )));
            }
        }
        Ok(LocalId(first))
    }

    /// The number of `text` for a small write, which no snapshot since the oldest running load knows, and no load.
    /// Errors: limit.
    pub(crate) fn value(&mut self, tag: TagId, text: &str) -> Result<ValueId> {
        let value = self.value_for_load(tag, text)?;
        if let Some(young) = &mut self.young_values {
            young.entry(tag).or_default().entry(text.to_owned()).or_insert(value);
        }
        Ok(value)
    }

    /// The same for a load, which remembers by itself what it is given. Errors: limit.
    pub(crate) fn value_for_load(&mut self, tag: TagId, text: &str) -> Result<ValueId> {
        if let Some(&value) = self.young_values.as_ref().and_then(|young| young.get(&tag)?.get(text)) {
            return Ok(value);
        }
        let next = self.next_value.entry(tag).or_insert(1);
        if *next > ValueId::MAX.0 {
            return Err(Error::limit(format!("a tag holds at most {} values", ValueId::MAX)));
        }
        let value = ValueId(*next);
        *next += 1;
        Ok(value)
    }

    /// Raises the counter so that `local` is never given again.
    pub(crate) fn saw_local(&mut self, population: TagId, local: LocalId) {
        self.raise_local(population, local.0 + 1);
    }

    /// Raises the counter so that `value` is never given again.
    pub(crate) fn saw_value(&mut self, tag: TagId, value: ValueId) {
        let next = self.next_value.entry(tag).or_insert(1);
        *next = (*next).max(value.0 + 1);
    }

    /// Notes young values from now on; called when the first load begins, while nobody else writes.
    pub(crate) fn note_young_values(&mut self) {
        self.young_values = Some(HashMap::new());
    }

    /// Whether a load runs, which may give entities values that nobody knows yet.
    pub(crate) fn notes_young_values(&self) -> bool {
        self.young_values.is_some()
    }

    /// Forgets them; called while no load runs and nobody else writes.
    pub(crate) fn forget_young_values(&mut self) {
        self.young_values = None;
    }

    /// The next local ids by population tag, for a manifest.
    pub(crate) fn local_counters(&self) -> HashMap<TagId, u32> {
        self.next_local.clone()
    }

    /// Makes `next` the lowest local id that can still be given.
    pub(crate) fn raise_local(&mut self, population: TagId, next: u32) {
        let counter = self.next_local.entry(population).or_insert(0);
        *counter = (*counter).max(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_are_never_given_twice() {
        let mut allocator = Allocator::default();
        let population = TagId(1);
        assert_eq!(allocator.locals(population, 3).unwrap(), LocalId(0));
        allocator.saw_local(population, LocalId(9));
        assert_eq!(allocator.locals(population, 1).unwrap(), LocalId(10));
        allocator.saw_local(population, LocalId::MAX);
        assert!(allocator.locals(population, 1).is_err());
        assert_eq!(allocator.value(TagId(2), "a").unwrap(), ValueId(1));
        allocator.saw_value(TagId(2), ValueId(5));
        assert_eq!(allocator.value(TagId(2), "b").unwrap(), ValueId(6));
    }

    #[test]
    fn a_young_value_has_one_number_while_a_load_runs() {
        let mut allocator = Allocator::default();
        allocator.note_young_values();
        let first = allocator.value(TagId(2), "a").unwrap();
        assert_eq!(allocator.value(TagId(2), "a").unwrap(), first);
        assert_ne!(allocator.value(TagId(2), "b").unwrap(), first);
        assert_eq!(allocator.value_for_load(TagId(2), "a").unwrap(), first);
        let loaded = allocator.value_for_load(TagId(2), "c").unwrap();
        assert_ne!(allocator.value(TagId(2), "c").unwrap(), loaded, "a load remembers by itself");
        assert_ne!(allocator.value(TagId(3), "a").map(|v| (TagId(3), v)).unwrap(), (TagId(2), first));
    }
}
