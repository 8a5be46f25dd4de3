//! What is read is what was written, or refused.

use super::*;

fn number(kind: TagKind, text: &str) -> Option<i64> {
    let value = kind.parse_value(text).ok()?;
    Some(kind.number_of(&value).unwrap())
}

const CENTS: TagKind = TagKind::Decimal { scale: 2 };

#[test]
fn numbers_are_exact_or_refused() {
    assert_eq!(number(TagKind::Int, "-42"), Some(-42));
    assert_eq!(number(TagKind::Int, "+42.00"), Some(42));
    assert_eq!(number(TagKind::Int, "9223372036854775807"), Some(i64::MAX));
    assert_eq!(number(TagKind::Int, "-9223372036854775807"), Some(-i64::MAX));
    assert_eq!(number(CENTS, "1"), Some(100));
    assert_eq!(number(CENTS, "-0.5"), Some(-50));
    assert_eq!(number(CENTS, "12.340"), Some(1234));
    assert_eq!(number(CENTS, "007.01"), Some(701));
    for bad in [
        "",
        "-",
        ".",
        ".5",
        "5.",
        "1e3",
        "1,000",
        " 1",
        "１",
        "--1",
        "9223372036854775808",
        "-9223372036854775808",
        "1.5",
    ] {
        assert_eq!(number(TagKind::Int, bad), None, "{bad}");
    }
    for bad in ["1.234", "92233720368547758.08", "1.-2", "NaN"] {
        assert_eq!(number(CENTS, bad), None, "{bad}");
    }
}

#[test]
fn decimals_print_with_their_scale() {
    for (unscaled, scale, text) in [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (-1234, 2, "-12.34"),
        (i64::MAX, 18, "9.223372036854775807"),
        (i64::MIN, 0, "-9223372036854775808"),
        (i64::MIN, 1, "-922337203685477580.8"),
    ] {
        assert_eq!(TagKind::Decimal { scale }.format_number(unscaled), text);
        assert_eq!(Value::Decimal { unscaled, scale }.to_string(), text);
    }
}

#[test]
fn dates_count_days_from_1970() {
    for (text, days) in [
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        ("2000-03-01", 11_017),
        ("2024-02-29", 19_782),
        ("0000-01-01", DAYS_MIN),
        ("9999-12-31", DAYS_MAX),
    ] {
        assert_eq!(number(TagKind::Date, text), Some(days), "{text}");
        assert_eq!(TagKind::Date.format_number(days), text);
    }
    for bad in
        ["2023-02-29", "2024-13-01", "2024-1-1", "20240101", "2024-01-01 ", "24-01-01", "+002024-01-01", "2024/01/01"]
    {
        assert_eq!(number(TagKind::Date, bad), None, "{bad}");
    }
    assert_eq!(TagKind::Date.format_number(i64::MAX), format!("{} days", i64::MAX));
}

#[test]
fn times_are_utc_unless_they_name_a_zone() {
    for (text, ms) in [
        ("1970-01-01 00:00", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01 00:00:01.5", 1_500),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31 23:59:59.999", -1),
        ("2026-11-21T09:30:00.123456000Z", 0),
    ] {
        let found = number(TagKind::Time, text);
        if text.contains("123456") {
            assert_eq!(found, None, "{text}");
        } else {
            assert_eq!(found, Some(ms), "{text}");
            assert_eq!(number(TagKind::Time, &TagKind::Time.format_number(ms)), Some(ms));
        }
    }
    assert_eq!(number(TagKind::Time, "1970-01-02"), Some(86_400_000), "a date is its first instant");
    for bad in [
        "1970-01-01 24:00",
        "1970-01-01 00:60",
        "1970-01-01x00:00",
        "00:00",
        "1970-01-01 00:00[UTC]",
        "1970-02-30 00:00",
    ] {
        assert_eq!(number(TagKind::Time, bad), None, "{bad}");
    }
    assert_eq!(TagKind::Time.format_number(1_500), "1970-01-01T00:00:01.5Z");
    assert_eq!(TagKind::Time.format_number(i64::MIN), format!("{} ms", i64::MIN));
}

#[test]
fn a_value_of_another_kind_is_refused() {
    assert_eq!(CENTS.number_of(&Value::Int(3)).unwrap(), 300);
    let tenths = Value::Decimal { unscaled: 35, scale: 1 };
    assert_eq!(CENTS.number_of(&tenths).unwrap(), 350);
    assert!(TagKind::Int.number_of(&tenths).is_err());
    assert_eq!(TagKind::Int.number_of(&Value::Decimal { unscaled: 30, scale: 1 }).unwrap(), 3);
    assert_eq!(TagKind::Date.number_of(&Value::Text("1970-01-02".into())).unwrap(), 1);
    assert!(TagKind::Date.number_of(&Value::Int(1)).is_err());
    assert!(TagKind::Time.number_of(&Value::Date(1)).is_err());
    assert!(TagKind::Int.number_of(&Value::Flag(true)).is_err());
    assert!(TagKind::Int.number_of(&Value::Int(i64::MIN)).is_err());
    assert!(TagKind::Date.number_of(&Value::Date(DAYS_MAX + 1)).is_err());
    assert!(TagKind::Choice.number_of(&Value::Text("1".into())).is_err());
}

#[test]
fn texts_are_kept_byte_for_byte() {
    assert_eq!(TagKind::Choice.parse_value(" ０07 ").unwrap(), Value::Text(" ０07 ".into()));
    assert_eq!(TagKind::Set.parse_value("").unwrap(), Value::Text(String::new()));
    assert!(TagKind::Set.parse_value(&"x".repeat(VALUE_BYTES_MAX + 1)).is_err());
    assert_eq!(TagKind::Flag.parse_value("TRUE").unwrap(), Value::Flag(true));
    assert!(TagKind::Flag.parse_value("yes").is_err());
}

/// The figures are those of Python: `datetime(9999, 12, 31, 23, 59, 59, 999000) - datetime(1970, 1, 1)`.
#[test]
fn times_are_printed_up_to_the_last_day_of_four_digits() {
    assert_eq!(TagKind::Time.format_number(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
    assert_eq!(TagKind::Time.format_number(-62_135_596_800_000), "0001-01-01T00:00:00Z");
    assert_eq!(TagKind::Time.format_number(500), "1970-01-01T00:00:00.5Z");
}
