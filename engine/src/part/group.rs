//! Builds the part of one commit group: single changes in their order, of which only the outcome is kept.
//!
//! Per tag and entity the builder holds what the changes so far amount to, so that "set, then erase" leaves nothing and
//! "erase, then set" leaves the erasure of what was below and the new value.

use std::collections::BTreeMap;

use super::drafts::Drafts;
use super::{Role, TagForm};
use crate::error::Result;
use crate::ids::{BitmapId, LocalId, Seq, TagId, ValueId};
use crate::storage::Mapped;

/// See the module. Entities of all types of a space may be mixed, for a tag belongs to one type.
#[derive(Default)]
pub struct PartBuilder {
    tags: BTreeMap<TagId, TagChanges>,
    populations: BTreeMap<TagId, BTreeMap<u32, Existence>>,
}

struct TagChanges {
    /// Everything below is cleared.
    everyone: bool,
    changes: Changes,
}

/// What the changes of one tag amount to, by local id.
enum Changes {
    /// Set or cleared.
    Flag(BTreeMap<u32, bool>),
    /// The value, or cleared.
    Choice(BTreeMap<u32, Option<u32>>),
    /// The number, or cleared.
    Number(BTreeMap<u32, Option<i64>>),
    Set(BTreeMap<u32, SetChange>),
}

#[derive(Default)]
struct SetChange {
    cleared: bool,
    added: Vec<u32>,
    removed: Vec<u32>,
}

#[derive(Default)]
struct Existence {
    erased: bool,
    live: bool,
}

impl Changes {
    fn new(form: TagForm) -> Changes {
        match form {
            TagForm::Flag => Changes::Flag(BTreeMap::new()),
            TagForm::Choice => Changes::Choice(BTreeMap::new()),
            TagForm::Set => Changes::Set(BTreeMap::new()),
            TagForm::Number => Changes::Number(BTreeMap::new()),
        }
    }

    fn forget(&mut self, id: u32) {
        match self {
            Changes::Flag(ids) => drop(ids.remove(&id)),
            Changes::Choice(ids) => drop(ids.remove(&id)),
            Changes::Number(ids) => drop(ids.remove(&id)),
            Changes::Set(ids) => drop(ids.remove(&id)),
        }
    }
}

impl PartBuilder {
    /// A part without changes.
    pub fn new() -> PartBuilder {
        PartBuilder::default()
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.populations.is_empty()
    }

    /// Makes an entity live. REQUIRES: called for every entity that is set in this part and not known to be live.
    pub fn touch(&mut self, population: TagId, id: LocalId) {
        self.existence(population, id).live = true;
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, tag: TagId, id: LocalId) {
        match self.changes(tag, TagForm::Flag) {
            Changes::Flag(ids) => drop(ids.insert(id.0, true)),
            _ => unreachable!("a tag has one kind"),
        }
    }

    /// Gives a choice tag its value.
    pub fn set_choice(&mut self, tag: TagId, id: LocalId, value: ValueId) {
        match self.changes(tag, TagForm::Choice) {
            Changes::Choice(ids) => drop(ids.insert(id.0, Some(value.0))),
            _ => unreachable!("a tag has one kind"),
        }
    }

    /// Gives a number tag its number: an int, an unscaled decimal, days or milliseconds. REQUIRES: not `i64::MIN`.
    pub fn set_number(&mut self, tag: TagId, id: LocalId, number: i64) {
        debug_assert_ne!(number, i64::MIN);
        match self.changes(tag, TagForm::Number) {
            Changes::Number(ids) => drop(ids.insert(id.0, Some(number))),
            _ => unreachable!("a tag has one kind"),
        }
    }

    /// Adds a value to a set tag.
    pub fn add_value(&mut self, tag: TagId, id: LocalId, value: ValueId) {
        let change = self.set_change(tag, id);
        change.removed.retain(|&removed| removed != value.0);
        if !change.added.contains(&value.0) {
            change.added.push(value.0);
        }
    }

    /// Takes a value from a set tag.
    pub fn remove_value(&mut self, tag: TagId, id: LocalId, value: ValueId) {
        let change = self.set_change(tag, id);
        change.added.retain(|&added| added != value.0);
        if !change.removed.contains(&value.0) {
            change.removed.push(value.0);
        }
    }

    /// Clears a tag of an entity.
    pub fn clear(&mut self, tag: TagId, form: TagForm, id: LocalId) {
        match self.changes(tag, form) {
            Changes::Flag(ids) => drop(ids.insert(id.0, false)),
            Changes::Choice(ids) => drop(ids.insert(id.0, None)),
            Changes::Number(ids) => drop(ids.insert(id.0, None)),
            Changes::Set(ids) => {
                let cleared = SetChange { cleared: true, ..SetChange::default() };
                ids.insert(id.0, cleared);
            }
        }
    }

    /// Clears a tag of every entity.
    pub fn clear_everyone(&mut self, tag: TagId, form: TagForm) {
        let cleared = TagChanges { everyone: true, changes: Changes::new(form) };
        self.tags.insert(tag, cleared);
    }

    /// Removes an entity from everything. `tags` are those of its type.
    pub fn erase(&mut self, population: TagId, tags: &mut dyn Iterator<Item = TagId>, id: LocalId) {
        *self.existence(population, id) = Existence { erased: true, live: false };
        for tag in tags {
            if let Some(changes) = self.tags.get_mut(&tag) {
                changes.changes.forget(id.0);
            }
        }
    }

    /// The part of the changes of `first_seq..=last_seq`.
    pub fn finish(self, first_seq: Seq, last_seq: Seq) -> Result<Mapped> {
        let mut drafts = Drafts::default();
        for (population, ids) in self.populations {
            let matching = |want: fn(&Existence) -> bool| -> Vec<u32> {
                ids.iter().filter(|(_, existence)| want(existence)).map(|(&id, _)| id).collect()
            };
            drafts.put(BitmapId::live(population), Role::Added, &matching(|existence| existence.live));
            drafts.put(BitmapId::erased(population), Role::Added, &matching(|existence| existence.erased));
        }
        for (tag, TagChanges { everyone, changes }) in self.tags {
            let cleared = match changes {
                Changes::Flag(ids) => draft_flag(&mut drafts, tag, &ids),
                Changes::Choice(ids) => draft_choice(&mut drafts, tag, &ids),
                Changes::Number(ids) => draft_number(&mut drafts, tag, &ids),
                Changes::Set(ids) => draft_set(&mut drafts, tag, &ids),
            };
            if everyone {
                drafts.put_everyone(BitmapId::cleared(tag));
            } else {
                drafts.put(BitmapId::cleared(tag), Role::Added, &cleared);
            }
        }
        drafts.write(first_seq, last_seq)
    }

    fn existence(&mut self, population: TagId, id: LocalId) -> &mut Existence {
        self.populations.entry(population).or_default().entry(id.0).or_default()
    }

    fn changes(&mut self, tag: TagId, form: TagForm) -> &mut Changes {
        let entry = self.tags.entry(tag).or_insert_with(|| TagChanges { everyone: false, changes: Changes::new(form) });
        &mut entry.changes
    }

    fn set_change(&mut self, tag: TagId, id: LocalId) -> &mut SetChange {
        match self.changes(tag, TagForm::Set) {
            Changes::Set(ids) => ids.entry(id.0).or_default(),
            _ => unreachable!("a tag has one kind"),
        }
    }
}

// Each of these puts the bitmaps of one tag and returns the ids to clear below.

fn draft_flag(drafts: &mut Drafts, tag: TagId, ids: &BTreeMap<u32, bool>) -> Vec<u32> {
    let (set, cleared): (Vec<(&u32, &bool)>, Vec<_>) = ids.iter().partition(|(_, is_set)| **is_set);
    let set: Vec<u32> = set.into_iter().map(|(&id, _)| id).collect();
    drafts.put(BitmapId::flag(tag), Role::Added, &set);
    cleared.into_iter().map(|(&id, _)| id).collect()
}

fn draft_choice(drafts: &mut Drafts, tag: TagId, ids: &BTreeMap<u32, Option<u32>>) -> Vec<u32> {
    let mut by_value: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut present = Vec::new();
    for (&id, value) in ids {
        if let Some(value) = value {
            by_value.entry(*value).or_default().push(id);
            present.push(id);
        }
    }
    for (value, members) in by_value {
        drafts.put_value(BitmapId::new(tag, value), Role::Added, &members);
    }
    drafts.put(BitmapId::present(tag), Role::Added, &present);
    ids.keys().copied().collect()
}

fn draft_number(drafts: &mut Drafts, tag: TagId, ids: &BTreeMap<u32, Option<i64>>) -> Vec<u32> {
    let (present, numbers): (Vec<u32>, Vec<i64>) =
        ids.iter().filter_map(|(&id, number)| number.map(|number| (id, number))).unzip();
    drafts.put_numbers(tag, &present, &numbers);
    ids.keys().copied().collect()
}

fn draft_set(drafts: &mut Drafts, tag: TagId, ids: &BTreeMap<u32, SetChange>) -> Vec<u32> {
    let mut added: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut removed: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let (mut present, mut doubtful, mut cleared) = (Vec::new(), Vec::new(), Vec::new());
    for (&id, change) in ids {
        change.added.iter().for_each(|&value| added.entry(value).or_default().push(id));
        change.removed.iter().for_each(|&value| removed.entry(value).or_default().push(id));
        if !change.added.is_empty() {
            present.push(id);
        }
        if !change.removed.is_empty() {
            doubtful.push(id);
        }
        if change.cleared {
            cleared.push(id);
        }
    }
    for (value, members) in added {
        drafts.put_value(BitmapId::new(tag, value), Role::Added, &members);
    }
    for (value, members) in removed {
        drafts.put_value(BitmapId::new(tag, value), Role::Removed, &members);
    }
    drafts.put(BitmapId::present(tag), Role::Added, &present);
    drafts.put(BitmapId::present(tag), Role::Removed, &doubtful);
    cleared
}
