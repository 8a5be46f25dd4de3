//! Sums of tags with rational factors, brought to integers.
//!
//! Everything is exact: a sum is `numerator / denominator` in 128 bits, checked at every step. What cannot be held is
//! refused with a limit.

use super::super::node::Comparison;
use super::super::ranges::{self, NUMBER_MAX, Ranges};
use crate::ids::TagId;

/// A rational number, its denominator above zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fraction {
    pub numerator: i128,
    pub denominator: i128,
}

impl Fraction {
    pub(super) const ZERO: Fraction = Fraction { numerator: 0, denominator: 1 };

    pub(super) fn whole(number: i128) -> Fraction {
        Fraction { numerator: number, denominator: 1 }
    }

    /// `digits / 10^scale`.
    pub(super) fn decimal(digits: u128, scale: u8) -> Option<Fraction> {
        Fraction { numerator: i128::try_from(digits).ok()?, denominator: 10i128.checked_pow(u32::from(scale))? }
            .reduced()
    }

    fn reduced(self) -> Option<Fraction> {
        if self.denominator == 1 {
            return Some(self);
        }
        let common = gcd(self.numerator.unsigned_abs(), self.denominator.unsigned_abs());
        if common <= 1 {
            return Some(self);
        }
        let common = i128::try_from(common).ok()?;
        Some(Fraction { numerator: self.numerator / common, denominator: self.denominator / common })
    }

    pub(super) fn times(self, other: Fraction) -> Option<Fraction> {
        // Reduced crosswise first, so that the product overflows only when it must.
        let left = Fraction { numerator: self.numerator, denominator: other.denominator }.reduced()?;
        let right = Fraction { numerator: other.numerator, denominator: self.denominator }.reduced()?;
        Some(Fraction {
            numerator: left.numerator.checked_mul(right.numerator)?,
            denominator: left.denominator.checked_mul(right.denominator)?,
        })
    }

    /// One divided by it; none for zero.
    pub(super) fn inverse(self) -> Option<Fraction> {
        match self.numerator {
            0 => None,
            numerator if numerator < 0 => {
                Some(Fraction { numerator: self.denominator.checked_neg()?, denominator: numerator.checked_neg()? })
            }
            numerator => Some(Fraction { numerator: self.denominator, denominator: numerator }),
        }
    }

    pub(super) fn plus(self, other: Fraction) -> Option<Fraction> {
        if self.denominator == other.denominator {
            return Fraction { numerator: self.numerator.checked_add(other.numerator)?, denominator: self.denominator }
                .reduced();
        }
        let common = lcm(self.denominator, other.denominator)?;
        let left = self.numerator.checked_mul(common / self.denominator)?;
        let right = other.numerator.checked_mul(common / other.denominator)?;
        Fraction { numerator: left.checked_add(right)?, denominator: common }.reduced()
    }

    pub(super) fn negated(self) -> Option<Fraction> {
        Some(Fraction { numerator: self.numerator.checked_neg()?, denominator: self.denominator })
    }
}

/// A sum of tags and a constant.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    /// Each tag once, in order of appearance; a factor may have become zero.
    pub factors: Vec<(TagId, Fraction)>,
    pub constant: Fraction,
}

impl Sum {
    pub(super) fn zero() -> Sum {
        Sum { factors: Vec::new(), constant: Fraction::ZERO }
    }

    /// Adds `factor * tag`; none when it cannot be held.
    pub(super) fn add_tag(&mut self, tag: TagId, factor: Fraction) -> Option<()> {
        match self.factors.iter_mut().find(|(known, _)| *known == tag) {
            Some((_, known)) => *known = known.plus(factor)?,
            None => self.factors.push((tag, factor)),
        }
        Some(())
    }

    /// Adds a constant; none when it cannot be held.
    pub(super) fn add(&mut self, constant: Fraction) -> Option<()> {
        self.constant = self.constant.plus(constant)?;
        Some(())
    }

    /// This sum without `other`; none when it cannot be held.
    pub(super) fn minus(mut self, other: &Sum) -> Option<Sum> {
        for (tag, factor) in &other.factors {
            self.add_tag(*tag, factor.negated()?)?;
        }
        self.add(other.constant.negated()?)?;
        Some(self)
    }
}

/// What `sum op 0` means for those who have all tags of the sum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Solved {
    /// It always holds, or never.
    Decided(bool),
    /// It holds for these numbers of the only tag left.
    Ranges(TagId, Ranges),
    /// It is a sum of several tags: integer factors by rising tag, the first above zero, without a common divisor.
    Terms(Vec<(TagId, i128)>, i128, Comparison),
}

/// Brings `sum op 0` to integers. None when a sum of numbers that tags can hold could leave 128 bits.
pub(super) fn solve(sum: &Sum, op: Comparison) -> Option<Solved> {
    let mut left = sum.factors.iter().filter(|(_, factor)| factor.numerator != 0);
    if let (Some((_, factor)), None) = (left.next(), left.next())
        && let Some(truth) = beyond_every_tag(*factor, sum.constant, op)
    {
        return Some(Solved::Decided(truth));
    }
    let mut common = sum.constant.denominator;
    for (_, factor) in &sum.factors {
        common = lcm(common, factor.denominator)?;
    }
    let scaled = |fraction: Fraction| fraction.numerator.checked_mul(common / fraction.denominator);
    let mut constant = scaled(sum.constant)?;
    let mut terms = Vec::with_capacity(sum.factors.len());
    for &(tag, factor) in &sum.factors {
        match scaled(factor)? {
            0 => {}
            factor => terms.push((tag, factor)),
        }
    }
    if constant == i128::MIN {
        return None;
    }
    match terms.as_slice() {
        [] => return Some(Solved::Decided(op.holds(&constant, &0))),
        [(tag, factor)] => {
            if *factor == i128::MIN {
                return None;
            }
            return Some(Solved::Ranges(*tag, ranges::solve(*factor, constant, op)));
        }
        _ => {}
    }
    terms.sort_unstable();
    let mut divisor = constant.unsigned_abs();
    for (_, factor) in &terms {
        divisor = gcd(divisor, factor.unsigned_abs());
    }
    let divisor = i128::try_from(divisor).ok()?;
    let is_flipped = terms[0].1 < 0;
    let divisor = if is_flipped { -divisor } else { divisor };
    let mut bound = 0i128;
    for (_, factor) in &mut terms {
        *factor /= divisor;
        bound = bound.checked_add(factor.checked_abs()?.checked_mul(i128::from(NUMBER_MAX) + 1)?)?;
    }
    constant /= divisor;
    bound.checked_add(constant.checked_abs()?)?;
    let op = if is_flipped { op.flipped() } else { op };
    Some(Solved::Terms(terms, constant, op))
}

/// What `factor * x + constant op 0` comes to where no x that a tag can hold is near: `-constant / factor` is a
/// fraction whose numerator leaves 128 bits while its denominator is one of 63.
fn beyond_every_tag(factor: Fraction, constant: Fraction, op: Comparison) -> Option<bool> {
    let inverse = factor.inverse()?;
    let numerators = Fraction { numerator: constant.numerator, denominator: inverse.denominator }.reduced()?;
    let denominators = Fraction { numerator: inverse.numerator, denominator: constant.denominator }.reduced()?;
    let is_held = numerators.numerator.checked_mul(denominators.numerator).is_some();
    let denominator = numerators.denominator.checked_mul(denominators.denominator)?;
    if is_held || denominator > i128::from(NUMBER_MAX) {
        return None;
    }
    // The sum has the sign of its constant, whatever the tag says.
    Some(op.holds(&constant.numerator.signum(), &0))
}

fn gcd(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

fn lcm(left: i128, right: i128) -> Option<i128> {
    if left == right || right == 1 {
        return Some(left);
    }
    let common = i128::try_from(gcd(left.unsigned_abs(), right.unsigned_abs())).ok()?;
    (left / common).checked_mul(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: TagId = TagId(1);
    const B: TagId = TagId(2);

    fn decimal(digits: u128, scale: u8) -> Fraction {
        Fraction::decimal(digits, scale).unwrap()
    }

    #[test]
    fn factors_come_to_integers_without_a_common_divisor() {
        // b < a * 0.5, both with two digits behind the point
        let mut sum = Sum::zero();
        sum.add_tag(B, decimal(1, 2)).unwrap();
        sum.add_tag(A, decimal(5, 1).times(decimal(1, 2)).unwrap().negated().unwrap()).unwrap();
        let solved = solve(&sum, Comparison::Less).unwrap();
        assert_eq!(solved, Solved::Terms(vec![(A, 1), (B, -2)], 0, Comparison::Greater));
    }

    #[test]
    fn one_tag_is_ranges_and_none_is_decided() {
        let mut sum = Sum::zero();
        sum.add_tag(A, decimal(2, 0)).unwrap();
        sum.add(Fraction::whole(-35)).unwrap();
        assert_eq!(solve(&sum, Comparison::Greater).unwrap(), Solved::Ranges(A, vec![(18, NUMBER_MAX)]));
        sum.add_tag(A, Fraction::whole(-2)).unwrap();
        assert_eq!(solve(&sum, Comparison::Less).unwrap(), Solved::Decided(true));
    }

    #[test]
    fn one_tag_beside_what_leaves_128_bits_is_decided() {
        let nines = 10i128.pow(38) - 1;
        for (factor, op, expected) in [
            (decimal(1, 2), Comparison::Less, true),
            (decimal(1, 18), Comparison::Greater, false),
            (decimal(5, 2).negated().unwrap(), Comparison::Less, true),
            (decimal(1, 2), Comparison::Equal, false),
            (decimal(1, 2), Comparison::NotEqual, true),
        ] {
            let mut sum = Sum::zero();
            sum.add_tag(A, factor).unwrap();
            sum.add(Fraction::whole(-nines)).unwrap();
            assert_eq!(solve(&sum, op), Some(Solved::Decided(expected)), "{factor:?} {op:?}");
        }
    }

    #[test]
    fn what_leaves_128_bits_is_refused() {
        let mut sum = Sum::zero();
        sum.add_tag(A, Fraction::whole(10i128.pow(18))).unwrap();
        sum.add_tag(B, Fraction::whole(3)).unwrap();
        assert!(solve(&sum, Comparison::Less).is_some());
        sum.add_tag(B, Fraction::whole(10i128.pow(20))).unwrap();
        assert!(solve(&sum, Comparison::Less).is_none());
        assert!(Fraction::whole(i128::MAX).plus(Fraction::whole(1)).is_none());
    }
}
