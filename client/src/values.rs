//! Formatting of keys and values as text.

use jiff::Span;
use jiff::civil::date;
use muster_proto::v1::{EntityKey, Value, entity_key, value};

/// The key as a person writes it. The server reads digits as a number where the type has numbers for keys.
pub fn text_key(key: impl Into<String>) -> EntityKey {
    EntityKey { key: Some(entity_key::Key::Text(key.into())) }
}

/// A key as a person reads it.
pub fn key_text(key: &EntityKey) -> String {
    match &key.key {
        Some(entity_key::Key::Text(text)) => text.clone(),
        Some(entity_key::Key::Number(number)) => number.to_string(),
        None => String::new(),
    }
}

/// A value as a person reads it: `12.50`, `2026-11-01`, `2026-11-01T08:00:00Z`, the values of a set joined by a comma
/// and a space.
pub fn format_value(value: &Value) -> String {
    match &value.value {
        None => String::new(),
        Some(value::Value::Written(text) | value::Value::Text(text)) => text.clone(),
        Some(value::Value::Flag(truth)) => truth.to_string(),
        Some(value::Value::Int(number)) => number.to_string(),
        Some(value::Value::Decimal(decimal)) => format_decimal(decimal.unscaled, decimal.scale),
        Some(value::Value::Date(days)) => format_date(*days),
        Some(value::Value::Time(milliseconds)) => format_time(*milliseconds),
        Some(value::Value::List(list)) => list.values.join(", "),
    }
}

fn format_decimal(unscaled: i64, scale: u32) -> String {
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if unscaled < 0 { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// A day, which is counted from 1970-01-01; the bare number beyond the calendar, where no server answers with one.
fn format_date(days: i64) -> String {
    let date = Span::new().try_days(days).and_then(|span| date(1970, 1, 1).checked_add(span));
    date.map_or_else(|_| days.to_string(), |date| date.to_string())
}

fn format_time(milliseconds: i64) -> String {
    const DAY: i64 = 86_400_000;
    let (days, rest) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY));
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let fraction = match rest % 1000 {
        0 => String::new(),
        part => format!(".{part:03}"),
    };
    format!("{}T{hour:02}:{minute:02}:{second:02}{fraction}Z", format_date(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_exactly() {
        assert_eq!(format_decimal(1250, 2), "12.50");
        assert_eq!(format_decimal(-5, 2), "-0.05");
        assert_eq!(format_decimal(7, 0), "7");
        assert_eq!(format_decimal(i64::MIN + 1, 18), "-9.223372036854775807");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_778, "2026-11-21"),
            (-719_528, "0000-01-01"),
        ] {
            assert_eq!(format_date(days), date);
        }
        assert_eq!(format_date(i64::MAX), i64::MAX.to_string());
        assert_eq!(format_time(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(format_time(86_400_000 + 3_600_000), "1970-01-02T01:00:00Z");
    }
}
