//! What a load does to each tag: who gets a value, who keeps the old one, who loses it.

use std::collections::BTreeMap;

use muster_engine::catalog::Tag;
use muster_engine::query::plan::{Parameter, QueryRequest};
use muster_engine::query::{Breakdown, Run};
use muster_engine::write::{LoadMode, PreparedLoad};
use muster_engine::{Result, Snapshot, TypeId};
use muster_language::suggest;

/// What a load did to one tag, in numbers of entities, as of the moment it began.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TagEffect {
    /// The tag's name.
    pub tag: String,
    /// What is done with who has it already.
    pub mode: LoadMode,
    /// Who had it.
    pub before: u64,
    /// Who has it now: `set` and `kept` together.
    pub after: u64,
    /// Who got a value, the same or another.
    pub set: u64,
    /// Who has what he had.
    pub kept: u64,
    /// Who lost it.
    pub removed: u64,
}

/// Questions about a load that nobody sees yet, to the store before it and after it.
pub(super) struct Preview<'a> {
    pub(super) load: &'a PreparedLoad,
    pub(super) type_id: TypeId,
    run: &'a Run,
    /// The entities that rows name.
    named: Parameter,
}

impl<'a> Preview<'a> {
    pub(super) fn new(load: &'a PreparedLoad, type_id: TypeId, run: &'a Run) -> Preview<'a> {
        Preview { load, type_id, run, named: bitmap(load.named()) }
    }

    /// How many entities of `snapshot` a text means, which may say `$named`.
    pub(super) fn count(&self, snapshot: &Snapshot, text: &str) -> Result<u64> {
        self.count_with(snapshot, text, &[])
    }

    pub(super) fn breakdown(&self, snapshot: &Snapshot, text: &str, tag: &Tag) -> Result<Breakdown> {
        snapshot.prepare(self.type_id, text, &self.request(&[]))?.breakdown(self.run, tag.id)
    }

    /// How many entities rows name.
    pub(super) fn named_count(&self) -> u64 {
        self.load.named_count()
    }

    /// The numbers that part those of `tag` before the load into `parts` of as many entities, rising, as they are
    /// written.
    pub(super) fn quantiles(&self, tag: &Tag, parts: usize) -> Result<Vec<String>> {
        let wanted: Vec<f64> = (1..parts).map(|part| part as f64 / parts as f64).collect();
        let all = self.load.before().prepare(self.type_id, "ALL", &self.request(&[]))?;
        let found = all.stats(self.run, tag.id, &wanted)?.quantiles;
        Ok(found.into_iter().filter_map(|(_, number)| Some(tag.kind.number_value(number?).to_string())).collect())
    }

    /// How many entities of `snapshot` have a number of `tag` up to `bound`.
    pub(super) fn count_up_to(&self, snapshot: &Snapshot, tag: &Tag, bound: &str) -> Result<u64> {
        let bound = Parameter::Scalar(bound.to_owned());
        self.count_with(snapshot, &format!("{} <= $bound", suggest::name(&tag.name)), &[("bound", &bound)])
    }

    fn count_with(&self, snapshot: &Snapshot, text: &str, more: &[(&str, &Parameter)]) -> Result<u64> {
        Ok(snapshot.prepare(self.type_id, text, &self.request(more))?.count(self.run)?.count)
    }

    fn request(&self, more: &[(&str, &Parameter)]) -> QueryRequest {
        let more = more.iter().map(|(name, parameter)| ((*name).to_owned(), (*parameter).clone()));
        let named = [("named".to_owned(), self.named.clone())];
        QueryRequest { parameters: named.into_iter().chain(more).collect(), ..QueryRequest::now() }
    }

    /// What the load does to each of its tags, by name.
    pub(super) fn effects(&self, modes: &BTreeMap<muster_engine::TagId, LoadMode>) -> Result<Vec<TagEffect>> {
        let mut effects = Vec::new();
        for id in self.load.tags() {
            self.run.look()?;
            // One that was dropped meanwhile has no effect.
            let Some(tag) = self.load.after().catalog().tag(id) else { continue };
            effects.push(self.effect(tag, modes.get(&id).copied().unwrap_or_default())?);
        }
        effects.sort_by(|a, b| a.tag.cmp(&b.tag));
        Ok(effects)
    }

    fn effect(&self, tag: &Tag, mode: LoadMode) -> Result<TagEffect> {
        let name = suggest::name(&tag.name);
        let has = format!("{name} IS NOT MISSING");
        let after = self.count(self.load.after(), &has)?;
        let set = self.load.set_count(tag)?;
        // One that is younger than the load was nobody's.
        let is_old = self.load.before().catalog().tag(tag.id).is_some();
        let before = if is_old { self.count(self.load.before(), &has)? } else { 0 };
        let removed = match is_old && before > 0 && self.load.takes(tag)? {
            true => self.removed(&name, &has, mode)?,
            false => 0,
        };
        Ok(TagEffect { tag: tag.name.clone(), mode, before, after, set, kept: after.saturating_sub(set), removed })
    }

    /// Who had a tag and has it no more. Where it is not replaced, only who is named can lose it.
    fn removed(&self, name: &str, has: &str, mode: LoadMode) -> Result<u64> {
        let who = match mode {
            LoadMode::Replace => has.to_owned(),
            LoadMode::Upsert | LoadMode::Append => format!("{has} AND ids($named)"),
        };
        let had = self.load.before().prepare(self.type_id, &who, &self.request(&[]))?.bitmap(self.run)?;
        self.count_with(self.load.after(), &format!("ids($had) AND {name} IS MISSING"), &[("had", &bitmap(had))])
    }
}

fn bitmap(bytes: Vec<u8>) -> Parameter {
    Parameter::Bitmap { bytes, id_epoch: None, store_id: None }
}
