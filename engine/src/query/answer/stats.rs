//! Sum, extremes, mean and quantiles of a number tag within an audience.

use std::sync::Arc;

use super::prepared::Prepared;
use super::rank::rank;
use crate::bitmap::{ChunkBuffer, Container, Slices, and_into, and_not_into, slices_max, slices_min, slices_sum};
use crate::catalog::TagKind;
use crate::error::{Error, Result};
use crate::ids::{ChunkId, TagId};
use crate::query::bind::{
    Bound, BoundAnd, BoundBitmap, BoundNode, BoundNumber, DigitWords, Digits, SLICES_MAX, require_number,
};
use crate::query::evaluate::{Merge, Run, Scratch, Want, count, evaluate_spread};
use crate::query::plan::{NodeId, Term};

/// What the numbers of a tag come to. Numbers are ints, unscaled decimals, days or milliseconds, as the kind says.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// What kind of tag it is, with the scale of a decimal.
    pub kind: TagKind,
    /// Members of the audience.
    pub members: u64,
    /// Those who have the tag.
    pub count: u64,
    /// The sum.
    pub sum: i128,
    /// The least; none where nobody has the tag.
    pub min: Option<i64>,
    /// The greatest.
    pub max: Option<i64>,
    /// For each quantile asked for, the least `v` with at least `ceil(q * count)` numbers at most `v`.
    pub quantiles: Vec<(f64, Option<i64>)>,
}

impl Stats {
    /// Quantiles that one request may ask for.
    pub const QUANTILES_MAX: usize = QUANTILES_MAX;

    /// The mean in units of the tag (a decimal's point is applied); none where nobody has it.
    pub fn mean(&self) -> Option<f64> {
        let unit = 10f64.powi(i32::from(self.kind.scale()));
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 / unit)
    }
}

/// Quantiles that one request may ask for.
const QUANTILES_MAX: usize = 100;

struct WantSums {
    number: Arc<BoundNumber>,
    /// Whether the least and the greatest are wanted too; they cost more than the sum.
    extremes: bool,
}

/// Sums of some chunks; they merge by addition and comparison.
#[derive(Default)]
struct Sums {
    members: u64,
    count: u64,
    sum: i128,
    min: Option<i64>,
    max: Option<i64>,
    digits: DigitWords,
    buffers: [ChunkBuffer; 5],
}

impl Want for WantSums {
    type Partial = Sums;

    fn nothing(&self) -> Sums {
        Sums::default()
    }

    fn add(&self, sums: &mut Sums, chunk: ChunkId, members: Container<'_>, _: &mut Scratch) -> Result<bool> {
        let [fold, sign_fold, with_number, negative, rest] = &mut sums.buffers;
        sums.members += u64::from(members.cardinality());
        let with_number = match self.number.present.read(chunk, fold)? {
            Container::Full => members,
            present => {
                and_into(present, members, with_number);
                with_number.as_container()
            }
        };
        if with_number.is_empty() {
            return Ok(true);
        }
        sums.count += u64::from(with_number.cardinality());
        sums.digits.read(&self.number, chunk)?;
        let mut slices: Digits<'_> = [None; SLICES_MAX];
        let slice_count = sums.digits.digits(&self.number, chunk, &mut slices)?;
        let slices = Slices { slices: &slices[..slice_count] };
        let (negative, rest) = match self.number.negative.read(chunk, sign_fold)? {
            Container::Empty => (Container::Empty, with_number),
            below_zero => {
                and_into(with_number, below_zero, negative);
                and_not_into(with_number, below_zero, rest);
                (negative.as_container(), rest.as_container())
            }
        };
        sums.sum += slices_sum(slices, rest) as i128;
        if !negative.is_empty() {
            sums.sum -= slices_sum(slices, negative) as i128;
        }
        if !self.extremes {
            return Ok(true);
        }
        let least = match negative.is_empty() {
            true => slices_min(slices, rest).map(|magnitude| magnitude as i64),
            false => slices_max(slices, negative).map(|magnitude| -(magnitude as i64)),
        };
        let greatest = match rest.is_empty() {
            true => slices_min(slices, negative).map(|magnitude| -(magnitude as i64)),
            false => slices_max(slices, rest).map(|magnitude| magnitude as i64),
        };
        sums.min = sums.min.into_iter().chain(least).min();
        sums.max = sums.max.into_iter().chain(greatest).max();
        Ok(true)
    }
}

impl Merge for WantSums {
    fn merge(&self, into: &mut Sums, more: Sums) {
        into.members += more.members;
        into.count += more.count;
        into.sum += more.sum;
        into.min = into.min.into_iter().chain(more.min).min();
        into.max = into.max.into_iter().chain(more.max).max();
    }
}

impl Prepared {
    /// How many members have `tag`, and the sum of their numbers; less work than [`Prepared::stats`]. Errors: invalid,
    /// where the tag holds no numbers; corrupt, cancelled, deadline.
    pub fn sum(&self, run: &Run, tag: TagId) -> Result<(u64, i128)> {
        require_number(&self.snapshot, tag)?;
        let want = WantSums { number: self.bind_number(tag, run)?, extremes: false };
        let bytes = self.payload_bytes + want.number.payload_bytes();
        let sums = evaluate_spread(self.asked(run)?, bytes, want, run)?;
        Ok((sums.count, sums.sum))
    }

    /// What the numbers of `tag` come to among the members. Errors: invalid, where the tag holds no numbers or a
    /// quantile is not within 0 and 1; limit, corrupt, cancelled, deadline.
    pub fn stats(&self, run: &Run, tag: TagId, quantiles: &[f64]) -> Result<Stats> {
        let kind = require_number(&self.snapshot, tag)?;
        check_quantiles(quantiles)?;
        let number = self.bind_number(tag, run)?;
        let want = WantSums { number: Arc::clone(&number), extremes: true };
        let sums = evaluate_spread(self.asked(run)?, self.payload_bytes + number.payload_bytes(), want, run)?;
        let mut stats = Stats {
            kind,
            members: sums.members,
            count: sums.count,
            sum: sums.sum,
            min: sums.min,
            max: sums.max,
            quantiles: quantiles.iter().map(|&quantile| (quantile, None)).collect(),
        };
        if let (Some(min), Some(max), false) = (stats.min, stats.max, quantiles.is_empty()) {
            let mut ranks = Ranks { bound: at_most(self, self.keep(run)?, number)?, run };
            for (quantile, value) in &mut stats.quantiles {
                *value = Some(ranks.least(rank(*quantile, stats.count), min, max)?);
            }
        }
        Ok(stats)
    }
}

fn check_quantiles(quantiles: &[f64]) -> Result<()> {
    if quantiles.len() > QUANTILES_MAX {
        return Err(Error::limit(format!("a request may ask for {QUANTILES_MAX} quantiles (quantiles_max)")));
    }
    match quantiles.iter().find(|quantile| !(0.0..=1.0).contains(*quantile)) {
        Some(outside) => Err(Error::invalid(format!("write quantiles from 0 to 1, as in 0.95: {outside} is none"))),
        None => Ok(()),
    }
}

/// Counts members up to a number, on the kept audience.
struct Ranks<'a> {
    bound: Bound,
    run: &'a Run,
}

/// The node of the range in [`at_most`].
const RANGE: usize = 1;

/// `kept AND number within a range`, where the range is set later.
fn at_most(prepared: &Prepared, kept: BoundBitmap, number: Arc<BoundNumber>) -> Result<Bound> {
    let range = NodeId(RANGE as u32);
    let and = BoundAnd {
        positive: vec![NodeId(0)],
        tests: vec![Term { negated: false, node: range }],
        ..BoundAnd::default()
    };
    let ranges = [(0, 0)].into();
    Ok(Bound {
        snapshot: prepared.snapshot.clone(),
        type_id: prepared.planned.type_id,
        live: BoundBitmap::live(&prepared.snapshot, prepared.planned.type_id)?,
        chunk_end: prepared.bound.chunk_end,
        nodes: vec![BoundNode::Bitmap(kept), BoundNode::Number { number: 0, ranges }, BoundNode::And(Box::new(and))],
        numbers: vec![number],
        root: NodeId(2),
        is_unmerged: false,
        is_shared: None,
        releases: false,
        threads_max: 1,
    })
}

impl Ranks<'_> {
    /// The least number with at least `rank` numbers at most it, between `min` and `max`: one count per binary digit
    /// of their distance.
    fn least(&mut self, rank: u64, min: i64, max: i64) -> Result<i64> {
        let (mut low, mut high) = (min, max);
        while low < high {
            let middle = low + (high.abs_diff(low) / 2) as i64;
            self.bound.nodes[RANGE] = BoundNode::Number { number: 0, ranges: [(min, middle)].into() };
            let below = Scratch::lend(|scratch| count(&self.bound, 0..u32::MAX, self.run, scratch))?;
            if below >= rank {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }
}
