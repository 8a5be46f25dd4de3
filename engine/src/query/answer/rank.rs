//! The rank of a quantile, exact: a quantile is the decimal that somebody wrote, not the binary number nearest to it.

/// The most digits behind the point with which a power of ten still fits beside a rank; smaller quantiles than that are
/// below one entity of any population.
const DIGITS_MAX: u32 = 38;

/// The rank of the number that quantile `q` of `count` sorted numbers is, from 1 on: `ceil(q * count)`, and 1 for 0.
///
/// `q` stands for the shortest decimal that reads back as it, so that 0.07 of 100 numbers is the seventh, though the
/// binary number behind 0.07 is a little larger. The product is one of whole numbers: `q` is `digits / 10^places`.
///
/// REQUIRES: `q` lies within 0 and 1, and `count` is above 0.
pub(super) fn rank(q: f64, count: u64) -> u64 {
    let (digits, places) = shortest_decimal(q);
    let rank = match 10_u128.checked_pow(places) {
        Some(unit) if places <= DIGITS_MAX => (digits * u128::from(count)).div_ceil(unit),
        _ => 1,
    };
    u64::try_from(rank).unwrap_or(count).clamp(1, count)
}

/// The shortest decimal that reads back as `q`: its digits and how many of them stand behind the point.
fn shortest_decimal(q: f64) -> (u128, u32) {
    // The standard library promises this form: the fewest digits that read back, and an exponent of ten.
    let text = format!("{:e}", q.abs());
    let (mantissa, exponent) = text.split_once('e').expect("the form has an exponent");
    let exponent: i64 = exponent.parse().expect("an exponent is a whole number");
    let fraction_count = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i64);
    let digits: u128 = mantissa.replace('.', "").parse().expect("a double has at most 17 digits");
    let places = fraction_count - exponent;
    // Only 1 itself can have digits before the point, and then it has no others.
    (digits * 10_u128.pow(u32::try_from(-places).unwrap_or(0)), u32::try_from(places).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_the_product_rounded_up_and_nothing_else() {
        for thousandths in 0..=1_000_u64 {
            let written = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
            let q: f64 = written.parse().unwrap();
            for count in 1..=1_000_u64 {
                let expected = ((thousandths * count).div_ceil(1_000)).max(1);
                assert_eq!(rank(q, count), expected, "{written} of {count}");
            }
        }
    }

    #[test]
    fn quantiles_that_are_rounded_up_in_floating_point_are_not() {
        let of_hundred = [0.07, 0.14, 0.28, 0.55, 0.56].map(|q| rank(q, 100));
        assert_eq!(of_hundred, [7, 14, 28, 55, 56]);
        // A million thousandths of thousandths, and as many entities as there can be.
        for millionths in [1_u64, 7, 70_000, 140_001, 333_333, 999_999, 1_000_000] {
            let q: f64 = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000).parse().unwrap();
            for count in [1, 10, 1_000_000, 4_294_967_295_u64] {
                let expected = (u128::from(millionths) * u128::from(count)).div_ceil(1_000_000);
                assert_eq!(u128::from(rank(q, count)), expected, "{q} of {count}");
            }
        }
    }

    #[test]
    fn the_smallest_quantiles_are_the_first_number() {
        for q in [0.0, -0.0, f64::MIN_POSITIVE, 5e-324, 1e-39, 1e-38] {
            assert_eq!(rank(q, u64::MAX), 1, "{q:e}");
        }
        assert_eq!(rank(1e-9, 4_000_000_001), 5);
        assert_eq!(rank(1.0, u64::MAX), u64::MAX);
        assert_eq!(rank(0.1 + 0.2, 10), 4, "0.30000000000000004 was asked, which is a little more than 0.3");
    }
}
