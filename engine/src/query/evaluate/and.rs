//! The And of one chunk: plain operands first, then unions of values, then tests on what is left.
//!
//! Where all operands are bitsets, everything is one pass over their words, a number comparison included. Otherwise
//! the plain operands are combined first, and what costs more looks only at who is left.

use super::chunk::{OPERANDS_MAX, Operands};
use super::few::Few;
use super::scratch::Scratch;
use super::trace::Way;
use crate::bitmap::{
    ChunkBuffer, Container, Fused, Words, and_count, and_not_count, conjunction_count, conjunction_into, fused_count,
    intersect_disjoint_union_count,
};
use crate::error::Result;
use crate::ids::ChunkId;
use crate::query::bind::{Bound, BoundAnd, BoundNode, Found};
use crate::query::plan::{NodeId, Term};

/// Bitsets of a fused pass.
pub(super) type WordsList<'a> = Few<&'a Words, OPERANDS_MAX>;

/// What `Few` puts where nothing is.
pub(super) static NOBODY: Words = [0; crate::bitmap::CHUNK_WORDS];

/// Values of which the containers are at hand at once; a union of more is made first.
const VALUES_MAX: usize = 1024;

/// What the plain operands of an And come to before they are combined.
enum Plain {
    /// One of them leaves nobody.
    Nobody,
    /// All are bitsets, or leave everybody.
    Bitsets,
    /// Some are not.
    Mixed,
}

impl Bound {
    /// How many the And selects in `chunk`.
    pub(super) fn and_count(&self, id: NodeId, and: &BoundAnd, chunk: ChunkId, scratch: &mut Scratch) -> Result<u32> {
        if and.unions.is_empty()
            && and.tests.is_empty()
            && let Some(count) = self.count_in_place(and, chunk, scratch)?
        {
            scratch.note(Way::InPlace);
            return Ok(count);
        }
        if and.is_long() {
            return self.count_of_selected(id, chunk, scratch);
        }
        let plain = self.prepare_plain(and, chunk, scratch)?;
        match (plain, and.unions.as_slice(), and.tests.as_slice()) {
            (Plain::Nobody, ..) => Ok(0),
            (_, [], []) if and.positive.len() + and.negative.len() <= OPERANDS_MAX => {
                let mut buffer = scratch.borrow();
                let positive = self.operands(&and.positive, chunk, scratch)?;
                let negative = self.operands(&and.negative, chunk, scratch)?;
                let count = conjunction_count(positive.as_slice(), negative.as_slice(), &mut buffer);
                scratch.give_back(buffer);
                scratch.note(Way::InPlace);
                Ok(count)
            }
            (Plain::Bitsets, [], [Term { node, negated: false }]) => {
                let BoundNode::Number { number, ranges } = self.node(*node) else {
                    return self.count_of_selected(id, chunk, scratch);
                };
                scratch.note(Way::Fused);
                self.number_count(*number, ranges, &and.positive, &and.negative, chunk, scratch)
            }
            (plain, [union], []) => {
                self.union_and_count(id, and, *union, matches!(plain, Plain::Bitsets), chunk, scratch)
            }
            _ => self.count_of_selected(id, chunk, scratch),
        }
    }

    /// The count where every operand stands in a part: each is looked up once. None where one does not.
    #[inline]
    fn count_in_place(&self, and: &BoundAnd, chunk: ChunkId, scratch: &mut Scratch) -> Result<Option<u32>> {
        let find = |id: NodeId| self.in_place(id, chunk);
        match (and.positive.as_slice(), and.negative.as_slice()) {
            (&[first, second], []) => match (find(first)?, find(second)?) {
                (Some(first), Some(second)) => return Ok(Some(and_count(first, second))),
                _ => return Ok(None),
            },
            (&[first], &[second]) => match (find(first)?, find(second)?) {
                (Some(first), Some(second)) => return Ok(Some(and_not_count(first, second))),
                _ => return Ok(None),
            },
            (positive, negative) if positive.is_empty() || positive.len().max(negative.len()) > OPERANDS_MAX => {
                return Ok(None);
            }
            _ => {}
        }
        let mut positive: Operands<'_> = Few::new(Container::Empty);
        for &id in &and.positive {
            match find(id)? {
                Some(container) if container.is_empty() => return Ok(Some(0)),
                Some(container) => positive.push(container),
                None => return Ok(None),
            }
        }
        let mut negative: Operands<'_> = Few::new(Container::Empty);
        for &id in &and.negative {
            match find(id)? {
                Some(container) => negative.push(container),
                None => return Ok(None),
            }
        }
        let mut buffer = scratch.borrow();
        let count = conjunction_count(positive.as_slice(), negative.as_slice(), &mut buffer);
        scratch.give_back(buffer);
        Ok(Some(count))
    }

    /// Fills `result` with what the And selects in `chunk`.
    pub(super) fn and_into(
        &self,
        and: &BoundAnd,
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        if and.is_long() {
            self.combine_one_by_one(and, chunk, scratch, result)?;
            return self.apply_tests(and, chunk, scratch, result);
        }
        if let Plain::Nobody = self.prepare_plain(and, chunk, scratch)? {
            result.clear();
            return Ok(());
        }
        scratch.note(if and.is_plain() { Way::InPlace } else { Way::Narrowed });
        for &union in &and.unions {
            self.prepare(union, chunk, scratch)?;
        }
        self.plain_into(and, &and.unions, chunk, scratch, result)?;
        self.apply_tests(and, chunk, scratch, result)
    }

    fn apply_tests(
        &self,
        and: &BoundAnd,
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        for test in &and.tests {
            if result.is_empty() {
                break;
            }
            scratch.work(1)?;
            self.apply_test(*test, chunk, scratch, result)?;
        }
        Ok(())
    }

    /// Combines the plain operands and the unions of a long list one by one, so that only one of them is at hand.
    fn combine_one_by_one(
        &self,
        and: &BoundAnd,
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        let mut is_begun = false;
        for &id in and.positive.iter().chain(&and.unions) {
            scratch.work(1)?;
            self.prepare(id, chunk, scratch)?;
            let operand = self.container(id, chunk, scratch)?;
            match std::mem::replace(&mut is_begun, true) {
                false => result.copy_from(operand),
                true => result.and_with(operand),
            }
            self.release(id, scratch);
            if result.is_empty() {
                return Ok(());
            }
        }
        if !is_begun {
            let mut fold = scratch.borrow();
            result.copy_from(self.live.read(chunk, &mut fold)?);
            scratch.give_back(fold);
        }
        for &id in &and.negative {
            if result.is_empty() {
                break;
            }
            scratch.work(1)?;
            self.prepare(id, chunk, scratch)?;
            result.and_not_with(self.container(id, chunk, scratch)?);
            self.release(id, scratch);
        }
        Ok(())
    }

    /// Prepares the plain operands, as far as it takes to see that one leaves nobody.
    fn prepare_plain(&self, and: &BoundAnd, chunk: ChunkId, scratch: &mut Scratch) -> Result<Plain> {
        let mut bitsets = and.positive.len() + and.negative.len() <= OPERANDS_MAX;
        for &positive in &and.positive {
            self.prepare(positive, chunk, scratch)?;
            match self.container(positive, chunk, scratch)? {
                container if container.is_empty() => return Ok(Plain::Nobody),
                Container::Bitset { .. } | Container::Full => {}
                _ => bitsets = false,
            }
        }
        for &negative in &and.negative {
            self.prepare(negative, chunk, scratch)?;
            match self.container(negative, chunk, scratch)? {
                Container::Full => return Ok(Plain::Nobody),
                Container::Bitset { .. } | Container::Empty => {}
                _ => bitsets = false,
            }
        }
        Ok(if bitsets { Plain::Bitsets } else { Plain::Mixed })
    }

    /// Combines the plain operands and `unions`, all prepared; the live where there is no positive one.
    fn plain_into(
        &self,
        and: &BoundAnd,
        unions: &[NodeId],
        chunk: ChunkId,
        scratch: &mut Scratch,
        result: &mut ChunkBuffer,
    ) -> Result<()> {
        let mut fold = scratch.borrow();
        let mut positive: Few<Container<'_>, OPERANDS_MAX> = Few::new(Container::Empty);
        for &id in and.positive.iter().chain(unions) {
            positive.push(self.container(id, chunk, scratch)?);
        }
        if positive.as_slice().is_empty() {
            positive.push(self.live.read(chunk, &mut fold)?);
        }
        let negative = self.operands(&and.negative, chunk, scratch)?;
        conjunction_into(positive.as_slice(), negative.as_slice(), result);
        scratch.give_back(fold);
        Ok(())
    }

    /// Narrows `result` by a test.
    fn apply_test(&self, test: Term, chunk: ChunkId, scratch: &mut Scratch, result: &mut ChunkBuffer) -> Result<()> {
        let mut passed = scratch.borrow();
        let candidates = result.as_container();
        match self.node(test.node) {
            BoundNode::Number { number, ranges } => {
                self.number_into(*number, ranges, candidates, chunk, scratch, &mut passed)?;
            }
            BoundNode::Linear(linear) => self.linear_into(linear, candidates, chunk, scratch, &mut passed)?,
            BoundNode::Split(keys) => self.split_into(keys, candidates, chunk, scratch, &mut passed)?,
            _ => unreachable!("bind makes tests of these three only"),
        }
        if test.negated {
            result.and_not_with(passed.as_container());
        } else {
            std::mem::swap(result, &mut passed);
        }
        scratch.give_back(passed);
        Ok(())
    }

    fn count_of_selected(&self, id: NodeId, chunk: ChunkId, scratch: &mut Scratch) -> Result<u32> {
        self.prepare(id, chunk, scratch)?;
        Ok(scratch.slot(id).cardinality())
    }

    /// Counts an And with the values of one tag, without building their union where they exclude each other.
    fn union_and_count(
        &self,
        id: NodeId,
        and: &BoundAnd,
        union: NodeId,
        bitsets: bool,
        chunk: ChunkId,
        scratch: &mut Scratch,
    ) -> Result<u32> {
        let BoundNode::Values { values, disjoint } = self.node(union) else {
            return self.count_of_selected(id, chunk, scratch);
        };
        if values.len() > VALUES_MAX {
            return self.count_of_selected(id, chunk, scratch);
        }
        let mut containers: Few<Container<'_>, 32> = Few::new(Container::Empty);
        let mut all_bitsets = true;
        for value in values {
            match value.find(chunk)? {
                Found::Fold => return self.count_of_selected(id, chunk, scratch),
                Found::View(container) if container.is_empty() => {}
                Found::View(container) => {
                    all_bitsets &= matches!(container, Container::Bitset { .. });
                    containers.push(container);
                }
            }
        }
        if containers.as_slice().is_empty() {
            return Ok(0);
        }
        if bitsets && all_bitsets && containers.as_slice().len() <= OPERANDS_MAX {
            let all = self.words_of(&and.positive, chunk, scratch)?;
            let none = self.words_of(&and.negative, chunk, scratch)?;
            let mut any: WordsList<'_> = Few::new(&NOBODY);
            containers.as_slice().iter().filter_map(words_in).for_each(|words| any.push(words));
            scratch.note(Way::Fused);
            return Ok(fused_count(&Fused { all: all.as_slice(), none: none.as_slice(), any: any.as_slice() }));
        }
        if !disjoint {
            return self.count_of_selected(id, chunk, scratch);
        }
        scratch.note(Way::AddedUp);
        if let ([filter], []) = (and.positive.as_slice(), and.negative.as_slice()) {
            let filter = self.container(*filter, chunk, scratch)?;
            return Ok(intersect_disjoint_union_count(containers.as_slice(), filter));
        }
        let mut filter = scratch.borrow();
        self.plain_into(and, &[], chunk, scratch, &mut filter)?;
        let count = intersect_disjoint_union_count(containers.as_slice(), filter.as_container());
        scratch.give_back(filter);
        Ok(count)
    }

    /// The bitsets among prepared nodes; those that are empty or full are left out.
    pub(super) fn words_of<'s>(
        &'s self,
        ids: &[NodeId],
        chunk: ChunkId,
        scratch: &'s Scratch,
    ) -> Result<WordsList<'s>> {
        let mut list = Few::new(&NOBODY);
        for &id in ids {
            if let Container::Bitset { words, .. } = self.container(id, chunk, scratch)? {
                list.push(words);
            }
        }
        Ok(list)
    }
}

/// The words of a bitset.
fn words_in<'a>(container: &Container<'a>) -> Option<&'a Words> {
    match *container {
        Container::Bitset { words, .. } => Some(words),
        _ => None,
    }
}
