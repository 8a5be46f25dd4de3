//! Whole numbers that may mean something else than an amount: a time, a day, a code. The name of the column is a hint,
//! and the numbers have to agree with it; where they say it alone, no name is needed.

use super::numbers::Numbers;
use super::observe::Observed;
use super::words::plural;
use crate::mapping::TimeUnit;

/// Fewer distinct numbers look like a count, not like a code.
const CODE_VALUES_MIN: u64 = 16;
/// Smaller numbers are ages, sizes and weights.
const CODE_MAX_MIN: i128 = 256;
/// The last words of names of codes.
const CODE_WORDS: [&str; 9] = ["id", "code", "no", "nr", "sku", "zip", "zipcode", "postcode", "plz"];
const CODE_ENDINGS: [&str; 2] = ["编号", "代码"];
/// Words of names of times, and what others begin or end with.
const TIME_WORDS: [&str; 9] = ["ts", "at", "ms", "us", "ns", "epoch", "time", "timestamp", "datetime"];
const TIME_PARTS: [&str; 2] = ["time", "时间"];
/// The moments that times since 1970 lie between, in seconds: 1990 to 2100, and 2000 to 2040 where no name says that
/// they are times.
const NAMED_SECONDS: (i128, i128) = (631_152_000, 4_102_444_800);
const NAMELESS_SECONDS: (i128, i128) = (946_684_800, 2_208_988_800);

/// What the numbers may mean, as a question.
pub(super) fn meaning(seen: &Observed, numbers: &Numbers, nulls: u64) -> Option<String> {
    let words = words_of(&seen.name);
    let is_called_code = is_called_code(&seen.name, &words) && numbers.whole_min >= 0;
    let unit = match () {
        () if is_called_time(&seen.name, &words) => unit_within(numbers, NAMED_SECONDS),
        () if is_called_code => None,
        () => unit_within(numbers, NAMELESS_SECONDS),
    };
    if let Some(unit) = unit {
        let unit = unit.name();
        Some(format!("int that looks like a time since 1970: kind = \"time\", time_unit = {unit:?}?"))
    } else if looks_like_days(numbers) {
        Some("int that looks like dates: kind = \"date\", date_format = \"%Y%m%d\"?".to_owned())
    } else if is_called_code || is_used_as_code(seen, numbers, nulls) {
        Some(format!("int with {}, looks like a code: choice?", plural(seen.distinct(), "distinct value")))
    } else {
        None
    }
}

/// The words of a name, in small letters: `orderId` and `order_id` have two.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || was_small && c.is_uppercase() {
            words.push(String::new());
        }
        was_small = c.is_lowercase();
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words
}

fn is_called_code(name: &str, words: &[String]) -> bool {
    words.last().is_some_and(|last| CODE_WORDS.contains(&last.as_str()))
        || CODE_ENDINGS.iter().any(|end| name.ends_with(end))
}

fn is_called_time(name: &str, words: &[String]) -> bool {
    words.iter().any(|word| TIME_WORDS.contains(&word.as_str()))
        || TIME_PARTS.iter().any(|part| name.to_lowercase().contains(part))
}

/// Whether the numbers are missing where there is no thing, never 0, and leave out many between them: those of agents,
/// not those of years.
fn is_used_as_code(seen: &Observed, numbers: &Numbers, nulls: u64) -> bool {
    let distinct = seen.distinct();
    let range = numbers.whole_max.saturating_sub(numbers.whole_min).saturating_add(1);
    let has_gaps = numbers.whole_max >= CODE_MAX_MIN && i128::from(distinct) * 4 <= range.saturating_mul(3);
    let repeats = distinct >= CODE_VALUES_MIN && distinct * 4 <= seen.rows - nulls;
    nulls > 0 && numbers.whole_min >= 1 && has_gaps && repeats
}

/// The unit in which all numbers lie between 1990 and 2100.
pub(super) fn epoch_unit(numbers: &Numbers) -> Option<TimeUnit> {
    unit_within(numbers, NAMED_SECONDS)
}

fn unit_within(numbers: &Numbers, (from, to): (i128, i128)) -> Option<TimeUnit> {
    let units = [
        (TimeUnit::Second, 1),
        (TimeUnit::Millisecond, 1_000),
        (TimeUnit::Microsecond, 1_000_000),
        (TimeUnit::Nanosecond, 1_000_000_000),
    ];
    let unit = units.iter().find(|(_, factor)| {
        let years = from * factor..to * factor;
        years.contains(&numbers.whole_min) && years.contains(&numbers.whole_max)
    });
    unit.map(|(unit, _)| *unit)
}

/// Whether all numbers could be written as YYYYMMDD.
pub(super) fn looks_like_days(numbers: &Numbers) -> bool {
    let is_day = |number: i128| {
        (1900..2100).contains(&(number / 10_000))
            && (1..=12).contains(&(number / 100 % 100))
            && (1..=31).contains(&(number % 100))
    };
    numbers.count > 0 && is_day(numbers.whole_min) && is_day(numbers.whole_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_against_their_words() {
        let is_code = |name: &str| is_called_code(name, &words_of(name));
        for name in ["id", "order_id", "orderId", "Code", "zip", "country.code", "invoice-no", "商品编号"] {
            assert!(is_code(name), "{name}");
        }
        for name in ["paid", "amid", "piano", "decode", "valid", "casino", "ids"] {
            assert!(!is_code(name), "{name}");
        }
        let is_time = |name: &str| is_called_time(name, &words_of(name));
        for name in
            ["time", "created_at", "createdAt", "ts", "event_ts", "lastTime", "timestamp", "下单时间", "start_ms"]
        {
            assert!(is_time(name), "{name}");
        }
        for name in ["products", "amounts", "points", "flat", "status", "items"] {
            assert!(!is_time(name), "{name}");
        }
    }
}
