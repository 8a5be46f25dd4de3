//! The third evaluator: some entities at once, as columns of bits. A law keeps it equal to the one by point.
//!
//! The entities rise, so a bitmap is read in one pass: its container is found once a chunk and asked about all of them.
//! An operation asks its next operand only about those who are in doubt until then.

use std::collections::HashMap;
use std::sync::Arc;

use super::Run;
use super::number::in_ranges;
use crate::error::Result;
use crate::ids::LocalId;
use crate::query::bind::{Bound, BoundAnd, BoundBitmap, BoundNode, BoundNumber, Found, Linear, SplitKeys};
use crate::query::budget::Budget;
use crate::query::pace::{Pace, SMALL_PER_UNIT};
use crate::query::plan::{NodeId, ThresholdMode};

/// Some entities, rising, each once: the rows of columns.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    ids: Vec<LocalId>,
}

impl Entities {
    /// Sorts `ids`.
    pub fn new(mut ids: Vec<LocalId>) -> Entities {
        ids.sort_unstable();
        ids.dedup();
        Entities { ids }
    }

    /// The place of one of them.
    pub fn place_of(&self, id: LocalId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }
}

/// Some of the entities: a bit for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    words: Vec<u64>,
}

impl Column {
    fn none(len: usize) -> Column {
        Column { words: vec![0; len.div_ceil(64)] }
    }

    fn all(len: usize) -> Column {
        let mut all = Column { words: vec![u64::MAX; len.div_ceil(64)] };
        if let Some(last) = all.words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last = (1 << (len % 64)) - 1;
        }
        all
    }

    /// Whether the entity at `place` is one of them.
    pub fn contains(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn insert(&mut self, place: usize) {
        self.words[place / 64] |= 1 << (place % 64);
    }

    fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn and(&mut self, other: &Column) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    fn and_not(&mut self, other: &Column) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let rest = std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)));
            rest.take_while(|rest| *rest != 0).map(move |rest| 64 * index + rest.trailing_zeros() as usize)
        })
    }
}

/// The number of each entity that has one, by place.
type Numbers = Arc<[Option<i64>]>;

/// What many queries are asked about the same entities. The numbers of a tag are read once for all of them.
pub(in crate::query) struct Columns<'e> {
    entities: &'e Entities,
    run: &'e Run,
    pace: Pace,
    budget: Budget,
    /// By where the bound number stands, which is held so that nothing else stands there.
    numbers: HashMap<usize, (Arc<BoundNumber>, Numbers)>,
}

/// One query under way.
struct Asking<'c, 'e> {
    columns: &'c mut Columns<'e>,
    bound: &'c Bound,
    /// What nodes came to that several others ask for, over all entities.
    shared: HashMap<usize, Column>,
    shared_bytes: u64,
}

const COLUMNS: &str = "what so many conditions say of so many keys";

impl<'e> Columns<'e> {
    /// Nothing is known yet; `budget` is for what is kept.
    pub(in crate::query) fn new(entities: &'e Entities, budget: Budget, run: &'e Run) -> Columns<'e> {
        Columns { entities, run, pace: Pace::default(), budget, numbers: HashMap::new() }
    }

    /// Whom the query selects. Errors: limit, corrupt, cancelled, deadline.
    pub(in crate::query) fn of(&mut self, bound: &Bound) -> Result<Column> {
        let all = Column::all(self.entities.ids.len());
        let mut asking = Asking { columns: self, bound, shared: HashMap::new(), shared_bytes: 0 };
        let selected = asking.node(bound.root, &all);
        // What the nodes of one query shared is let go with it.
        let shared_bytes = asking.shared_bytes;
        self.budget.give_back(shared_bytes);
        selected
    }

    fn work(&mut self, entities: usize) -> Result<()> {
        self.run.work(&mut self.pace, 1 + (entities / SMALL_PER_UNIT) as u32)
    }

    /// Those of `wanted` for whom `holds` says so.
    fn filter(&mut self, wanted: &Column, mut holds: impl FnMut(LocalId) -> Result<bool>) -> Result<Column> {
        let mut found = Column::none(self.entities.ids.len());
        for (count, place) in wanted.places().enumerate() {
            if count % SMALL_PER_UNIT == 0 {
                self.work(0)?;
            }
            // Without a branch: whether an entity is a member is seldom foreseen.
            found.words[place / 64] |= u64::from(holds(self.entities.ids[place])?) << (place % 64);
        }
        Ok(found)
    }

    fn bitmap(&mut self, bitmap: &BoundBitmap, wanted: &Column) -> Result<Column> {
        let mut at = None;
        let mut here = Found::Fold;
        self.filter(wanted, |id| {
            if at != Some(id.chunk()) {
                at = Some(id.chunk());
                here = bitmap.find(id.chunk())?;
            }
            match &here {
                Found::View(container) => Ok(container.contains(id.low())),
                // A few entities are asked for layer by layer in less time than a chunk is folded.
                Found::Fold => bitmap.contains(id),
            }
        })
    }

    fn numbers(&mut self, number: &Arc<BoundNumber>) -> Result<Numbers> {
        let key = Arc::as_ptr(number) as usize;
        if let Some((_, numbers)) = self.numbers.get(&key) {
            return Ok(Arc::clone(numbers));
        }
        let len = self.entities.ids.len();
        self.budget.charge((len * size_of::<Option<i64>>()) as u64, COLUMNS)?;
        let present = self.bitmap(&number.present, &Column::all(len))?;
        let mut magnitudes = vec![0u64; len];
        for (digit, slice) in number.slices.iter().enumerate() {
            self.bitmap(slice, &present)?.places().for_each(|place| magnitudes[place] |= 1 << digit);
        }
        let negative = self.bitmap(&number.negative, &present)?;
        let number_at = |place: usize| {
            let sign = if negative.contains(place) { -1 } else { 1 };
            present.contains(place).then(|| sign * magnitudes[place] as i64)
        };
        let numbers: Numbers = (0..len).map(number_at).collect();
        self.numbers.insert(key, (Arc::clone(number), Arc::clone(&numbers)));
        Ok(numbers)
    }
}

impl Asking<'_, '_> {
    /// Those of `wanted` whom the node selects.
    fn node(&mut self, id: NodeId, wanted: &Column) -> Result<Column> {
        if wanted.is_empty() {
            return Ok(wanted.clone());
        }
        if !self.bound.is_shared.as_ref().is_some_and(|is_shared| is_shared[id.index()]) {
            return self.select(id, wanted);
        }
        if let Some(known) = self.shared.get(&id.index()) {
            let mut found = known.clone();
            found.and(wanted);
            return Ok(found);
        }
        let all = Column::all(self.columns.entities.ids.len());
        let bytes = size_of_val(&all.words[..]) as u64;
        self.shared_bytes += bytes;
        self.columns.budget.charge(bytes, COLUMNS)?;
        let mut found = self.select(id, &all)?;
        self.shared.insert(id.index(), found.clone());
        found.and(wanted);
        Ok(found)
    }

    fn select(&mut self, id: NodeId, wanted: &Column) -> Result<Column> {
        let bound = self.bound;
        match bound.node(id) {
            BoundNode::Nothing => Ok(Column::none(self.columns.entities.ids.len())),
            BoundNode::Bitmap(bitmap) => self.columns.bitmap(bitmap, wanted),
            BoundNode::SetPresence(presence) => self.columns.filter(wanted, |id| presence.contains(id)),
            BoundNode::Values { values, .. } => {
                self.any(values, wanted, |it, value, rest| it.columns.bitmap(value, rest))
            }
            BoundNode::Number { number, ranges } => {
                let numbers = self.columns.numbers(&bound.numbers[*number])?;
                let mut found = Column::none(numbers.len());
                let holds = |place: &usize| numbers[*place].is_some_and(|number| in_ranges(ranges, number));
                wanted.places().filter(holds).for_each(|place| found.insert(place));
                self.columns.work(wanted.count())?;
                Ok(found)
            }
            BoundNode::Linear(linear) => self.linear(linear, wanted),
            BoundNode::Split(keys) => self.split(keys, wanted),
            BoundNode::And(and) => self.and(and, wanted),
            BoundNode::Or(children) => self.any(children, wanted, |it, child, rest| it.node(*child, rest)),
            BoundNode::Threshold { mode, k, of } => self.threshold((*mode, *k), of, wanted),
        }
    }

    /// Those of `wanted` whom any of `operands` selects.
    fn any<T>(
        &mut self,
        operands: &[T],
        wanted: &Column,
        select: impl Fn(&mut Self, &T, &Column) -> Result<Column>,
    ) -> Result<Column> {
        let mut rest = wanted.clone();
        for operand in operands {
            if rest.is_empty() {
                break;
            }
            let found = select(self, operand, &rest)?;
            rest.and_not(&found);
        }
        let mut found = wanted.clone();
        found.and_not(&rest);
        Ok(found)
    }

    fn and(&mut self, and: &BoundAnd, wanted: &Column) -> Result<Column> {
        let mut rest = wanted.clone();
        for &positive in and.positive.iter().chain(&and.unions) {
            rest = self.node(positive, &rest)?;
        }
        for &negative in &and.negative {
            let found = self.node(negative, &rest)?;
            rest.and_not(&found);
        }
        for test in &and.tests {
            let found = self.node(test.node, &rest)?;
            match test.negated {
                true => rest.and_not(&found),
                false => rest = found,
            }
        }
        // Without a positive term the live are what the others are taken from.
        let has_positive = !and.positive.is_empty() || !and.unions.is_empty();
        match has_positive || and.tests.iter().any(|test| !test.negated) {
            true => Ok(rest),
            false => self.columns.bitmap(&self.bound.live, &rest),
        }
    }

    fn threshold(&mut self, (mode, k): (ThresholdMode, u32), of: &[NodeId], wanted: &Column) -> Result<Column> {
        let len = self.columns.entities.ids.len();
        self.columns.budget.check(4 * len as u64, COLUMNS)?;
        let mut counts = vec![0u32; len];
        for &child in of {
            self.node(child, wanted)?.places().for_each(|place| counts[place] += 1);
        }
        let mut found = Column::none(len);
        let holds = |place: &usize| match mode {
            ThresholdMode::AtLeast => counts[*place] >= k,
            ThresholdMode::AtMost => counts[*place] <= k,
            ThresholdMode::Exactly => counts[*place] == k,
        };
        wanted.places().filter(holds).for_each(|place| found.insert(place));
        self.columns.bitmap(&self.bound.live, &found)
    }

    fn linear(&mut self, linear: &Linear, wanted: &Column) -> Result<Column> {
        let len = self.columns.entities.ids.len();
        self.columns.budget.check((len * size_of::<i128>()) as u64, COLUMNS)?;
        let mut sums = vec![linear.constant; len];
        let mut rest = wanted.clone();
        for &(number, factor) in &linear.terms {
            let numbers = self.columns.numbers(&self.bound.numbers[number])?;
            let mut having = Column::none(len);
            for place in rest.places() {
                if let Some(number) = numbers[place] {
                    sums[place] += factor * i128::from(number);
                    having.insert(place);
                }
            }
            rest = having;
        }
        let mut found = Column::none(len);
        rest.places().filter(|&place| linear.op.holds(&sums[place], &0)).for_each(|place| found.insert(place));
        self.columns.work(rest.count())?;
        Ok(found)
    }

    fn split(&mut self, keys: &SplitKeys, wanted: &Column) -> Result<Column> {
        let bound = self.bound;
        let live = self.columns.bitmap(&bound.live, wanted)?;
        self.columns.filter(&live, |id| keys.contains(bound, id))
    }
}
