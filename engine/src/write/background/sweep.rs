//! The sweep, the garbage collection of expired tags: takes away what tags with a time to live have kept long enough.
//!
//! Such a tag dates its writes in a hidden date tag beside it, and the sweep clears, in ordinary batches of bounded
//! size, the tag and the date of everybody whose last write has expired. Who that is, is looked up under the gate, in
//! the newest version: a write that came first has moved its date, and one that comes later finds the tag cleared, so
//! no fresh value is ever taken. A running load is older than the sweep and its rows would lose against it, so its type
//! waits until it ends. Days are counted in UTC by the clock that the engine was opened with; readers know nothing of
//! all this.

use crate::bitmap::{AlignedWords, ChunkBuffer, Container, Slices, for_each_id, slices_range_into, write_words};
use crate::catalog::{CatalogRecord, Tag};
use crate::error::Result;
use crate::ids::{BitmapId, ChunkId, LocalId, TagId, TypeId};
use crate::part::BitmapStack;
use crate::snapshot::{NumberStacks, Snapshot, number_stacks, stack, taken};

use crate::write::commit::logging::Room;
use crate::write::commit::record::{BatchRecord, EntityChange, Resolved, What};
use crate::write::commit::state::State;
use crate::write::files::forms::tag_form;
use crate::write::turns::Swept;
use crate::write::writer::Writer;

/// The most entities whose tag one batch of a sweep clears.
pub(crate) const SWEEP_ENTITIES_MAX: usize = 16_384;

impl Writer {
    /// See `Engine::sweep`. Ends early where `is_stopped`.
    pub(crate) fn sweep(&self, is_stopped: &dyn Fn() -> bool) -> Result<u64> {
        let mut swept = self.turns.sweeping.lock();
        self.check_open()?;
        self.begin_dates()?;
        let (snapshot, today) = (self.snapshot(), self.files.today());
        let (mut cleared, mut is_whole) = (0, true);
        for tag in snapshot.catalog().expiring_tags() {
            let ended = self.sweep_tag(&snapshot, tag, today, is_stopped, &mut cleared)?;
            is_whole &= ended;
        }
        *swept = is_whole.then(|| Swept { day: today, tags: swept_tags(&snapshot) });
        Ok(cleared)
    }

    /// Sweeps unless that was done today; for the background.
    pub(crate) fn sweep_if_due(&self, is_stopped: &dyn Fn() -> bool) -> Result<()> {
        let snapshot = self.snapshot();
        if self.files.fence.reason().is_some() || snapshot.catalog().expiring_tags().next().is_none() {
            return Ok(());
        }
        let now = Swept { day: self.files.today(), tags: swept_tags(&snapshot) };
        let is_done = self.turns.sweeping.lock().as_ref() == Some(&now);
        match is_done {
            true => Ok(()),
            false => self.sweep(is_stopped).map(drop),
        }
    }

    /// Gives tags of stores from before their writes were dated what dates them.
    fn begin_dates(&self) -> Result<()> {
        let lacks = |tag: &&Tag| tag.write_dates.is_none();
        let undated: Vec<TagId> = self.snapshot().catalog().expiring_tags().filter(lacks).map(|tag| tag.id).collect();
        for id in undated {
            self.commit.alone(|state| {
                let Some(tag) = state.catalog.tag(id).cloned() else {
                    return Ok(());
                };
                let record = CatalogRecord::PutTag(Box::new(tag));
                let record = state.catalog.with_write_dates(record, self.files.today())?;
                self.commit.commit_record(&self.pace, state, record).map(drop)
            })?;
        }
        Ok(())
    }

    /// Clears what has expired of one tag; returns whether it came to the end. `snapshot` only says where to look.
    fn sweep_tag(
        &self,
        snapshot: &Snapshot,
        tag: &Tag,
        today: i64,
        is_stopped: &dyn Fn() -> bool,
        cleared: &mut u64,
    ) -> Result<bool> {
        let Some(expired) = Expired::find(snapshot, tag, today)? else {
            return Ok(true);
        };
        for chunk in 0..snapshot.chunk_end(tag.type_id)? {
            let chunk = ChunkId(chunk as u16);
            let mut rest = expired.in_chunk(chunk)?.len();
            while rest > 0 {
                if is_stopped() {
                    return Ok(false);
                }
                self.pace.wait_for_room()?;
                match self.commit.alone(|state| self.clear_expired(state, tag.id, chunk, today))? {
                    Some(count) => {
                        *cleared += count as u64;
                        rest = if count < SWEEP_ENTITIES_MAX { 0 } else { rest.saturating_sub(count) };
                    }
                    None => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    /// Clears a tag of some of those in one chunk whose last write has expired now; returns how many, or none where a
    /// load of the type runs. REQUIRES: nobody else writes.
    fn clear_expired(&self, state: &mut State, id: TagId, chunk: ChunkId, today: i64) -> Result<Option<usize>> {
        self.check_open()?;
        let snapshot = self.snapshot();
        let Some(tag) = snapshot.catalog().tag(id) else {
            return Ok(Some(0));
        };
        if self.commit.is_loading(tag.type_id) {
            return Ok(None);
        }
        let (Some(dates), Some(expired)) = (tag.write_dates, Expired::find(&snapshot, tag, today)?) else {
            return Ok(Some(0));
        };
        let mut lows = expired.in_chunk(chunk)?;
        lows.truncate(SWEEP_ENTITIES_MAX);
        if !lows.is_empty() {
            let clears = lows
                .iter()
                .map(|&low| LocalId::from_parts(chunk, low))
                .flat_map(|local| [tag.id, dates.tag].map(|tag| EntityChange { local, what: What::Clear(tag) }));
            self.promise_clears(state, &snapshot, tag.type_id, clears.collect())?;
        }
        Ok(Some(lows.len()))
    }

    fn promise_clears(
        &self,
        state: &mut State,
        snapshot: &Snapshot,
        type_id: TypeId,
        changes: Vec<EntityChange>,
    ) -> Result<()> {
        let record = BatchRecord {
            type_id,
            population: snapshot.entity_type(type_id)?.population,
            source: None,
            unknown_entities: 0,
            new_entities: 0,
            keys: Vec::new(),
            values: Vec::new(),
            changes,
        };
        let bytes = record.encode()?;
        let seq = state.seq.next();
        self.commit.promise(&self.pace, state, &[Resolved { seq, record, bytes }], Room::Reserved)
    }
}

fn swept_tags(snapshot: &Snapshot) -> Vec<(TagId, u32)> {
    let tags = snapshot.catalog().expiring_tags();
    tags.filter_map(|tag| Some((tag.write_dates?.tag, tag.time_to_live_days?))).collect()
}

/// Whose last write of a tag has expired, in one version.
struct Expired {
    /// The days of the writes.
    days: NumberStacks,
    /// Who has the tag.
    present: BitmapStack,
    /// The last day that has expired, counted from 1970.
    until: u64,
}

impl Expired {
    /// None where no write of the tag can have expired on `today`.
    fn find(snapshot: &Snapshot, tag: &Tag, today: i64) -> Result<Option<Expired>> {
        // Days before 1970 are those of a wrong clock, and expire with the first right one.
        let until = tag.expired_until(today).and_then(|until| u64::try_from(until).ok());
        let (Some(dates), Some(until)) = (tag.write_dates, until) else {
            return Ok(None);
        };
        let layers = snapshot.layers();
        let population = snapshot.entity_type(tag.type_id)?.population;
        let days = number_stacks(layers, dates.tag, &taken(layers, dates.tag, population)?)?;
        let present = match tag_form(tag.kind) {
            crate::part::TagForm::Flag => BitmapId::flag(tag.id),
            _ => BitmapId::present(tag.id),
        };
        let present = stack(layers, present, &taken(layers, tag.id, population)?)?;
        Ok(Some(Expired { days, present, until }))
    }

    /// Those in one chunk, rising: who was written on a day that has expired, and who has the tag from before its
    /// writes were dated. Errors: corrupt.
    fn in_chunk(&self, chunk: ChunkId) -> Result<Vec<u16>> {
        let mut buffer = ChunkBuffer::new();
        let mut words = |stack: &BitmapStack| -> Result<Box<AlignedWords>> {
            let mut words = Box::new(AlignedWords::ZERO);
            stack.fold(chunk, &mut buffer)?;
            write_words(buffer.as_container(), &mut words.0);
            Ok(words)
        };
        let dated = words(&self.days.present)?;
        let negative = words(&self.days.negative)?;
        let slices: Vec<Box<AlignedWords>> = self.days.slices.iter().map(&mut words).collect::<Result<_>>()?;
        let slices: Vec<_> = slices.iter().map(|slice| Some(&slice.0)).collect();
        let mut expired = words(&self.present)?;
        let mut positive = Box::new(AlignedWords::ZERO);
        let mut old = Box::new(AlignedWords::ZERO);
        for (word, (dated, negative)) in positive.0.iter_mut().zip(dated.0.iter().zip(&negative.0)) {
            *word = dated & !negative;
        }
        slices_range_into(Slices { slices: &slices }, 0, self.until, &positive.0, &mut old.0);
        let mut cardinality = 0;
        for (index, word) in expired.0.iter_mut().enumerate() {
            *word = (*word & !dated.0[index]) | old.0[index] | negative.0[index];
            cardinality += word.count_ones();
        }
        let mut lows = Vec::new();
        for_each_id(Container::Bitset { words: &expired.0, cardinality }, |low| lows.push(low));
        Ok(lows)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::catalog::{CatalogChange, EntityKey, KeyKind, TagKind, TagSpec, Value};
    use crate::engine::Engine;
    use crate::options::Options;
    use crate::storage::{ManualClock, Sim};
    use crate::write::{Batch, Change, EntityChanges, Place, Writer};

    use super::*;

    /// Stores of before this was applied have tags with a time to live that date nothing.
    #[test]
    fn an_old_tag_with_a_time_to_live_begins_its_days_with_the_first_sweep() {
        let (sim, clock) = (Sim::new(1), Arc::new(ManualClock::new(0)));
        let options = Options { background: false, ..Options::default() };
        let engine = Engine::open(Arc::new(sim.clone()), options.clone(), Arc::clone(&clock) as _).unwrap();
        let (name, description) = ("users".to_owned(), String::new());
        let users = CatalogChange::CreateType { name, key: KeyKind::String, label: None, description };
        engine.change_catalog(users).unwrap();
        let seen = CatalogChange::CreateTag(Box::new(TagSpec::new("users", "seen", TagKind::Flag)));
        let id = engine.change_catalog(seen).unwrap().tag_id.unwrap();
        let set = Change::set("seen", Value::Flag(true));
        let entities = vec![EntityChanges::new(EntityKey::Text("u".into()), vec![set])];
        engine.write(Batch { type_name: "users".into(), source: None, entities }).unwrap();
        engine.close().unwrap();
        let writer = Writer::open(Place {
            new_store_id: [0; 16],
            settings: options.write_settings(),
            lock_text: String::new(),
            storage: Arc::new(sim),
            clock: Arc::clone(&clock) as _,
        });
        let writer = writer.unwrap();
        let mut tag = writer.snapshot().catalog().tag(id).unwrap().clone();
        tag.definition.time_to_live_days = Some(1);
        writer
            .commit
            .alone(|state| writer.commit.commit_record(&writer.pace, state, CatalogRecord::PutTag(Box::new(tag))))
            .unwrap();
        assert_eq!(writer.sweep(&|| false).unwrap(), 0);
        assert_eq!(writer.snapshot().catalog().tag(id).unwrap().write_dates.map(|dates| dates.since), Some(0));
        clock.advance_ms(2 * 86_400_000);
        assert_eq!(writer.sweep(&|| false).unwrap(), 1);
        writer.close().unwrap();
    }
}
