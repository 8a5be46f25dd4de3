use jiff::tz::TimeZone;

use super::*;

fn decimal_of_f64(value: f64, scale: u8) -> Result<i64, NumberFault> {
    Scale::exact(scale).of_f64(value)
}

fn decimal_of_f32(value: f32, scale: u8) -> Result<i64, NumberFault> {
    Scale::exact(scale).of_f32(value)
}

#[test]
fn a_number_is_exact_or_refused() {
    use NumberFault::{NotANumber, TooLarge, TooPrecise};
    let cases: [(&str, u8, Result<i64, NumberFault>); 26] = [
        ("0", 0, Ok(0)),
        ("-0", 0, Ok(0)),
        ("+7", 0, Ok(7)),
        ("007", 0, Ok(7)),
        ("3.0", 0, Ok(3)),
        ("12.345", 2, Err(TooPrecise)),
        ("12.340", 2, Ok(1234)),
        ("-12.34", 2, Ok(-1234)),
        (".5", 1, Ok(5)),
        ("5.", 1, Ok(50)),
        (".", 1, Err(NotANumber)),
        ("", 1, Err(NotANumber)),
        ("-", 1, Err(NotANumber)),
        (" 1", 0, Err(NotANumber)),
        ("1 ", 0, Err(NotANumber)),
        ("1,5", 1, Err(NotANumber)),
        ("1e3", 0, Ok(1000)),
        ("1.5E-1", 2, Ok(15)),
        ("1e", 0, Err(NotANumber)),
        ("e1", 0, Err(NotANumber)),
        ("1e99999", 0, Err(TooLarge)),
        ("9223372036854775807", 0, Ok(i64::MAX)),
        ("-9223372036854775807", 0, Ok(-i64::MAX)),
        ("-9223372036854775808", 0, Err(TooLarge)),
        ("9223372036854775808", 0, Err(TooLarge)),
        ("1.00000000000000000000000000000000000000000000000000000000000", 0, Ok(1)),
    ];
    for (text, scale, expected) in cases {
        assert_eq!(parse_decimal(text.as_bytes(), scale), expected, "{text:?}");
    }
}

#[test]
fn a_double_is_the_decimal_it_was_written_as() {
    assert_eq!(decimal_of_f64(12.34, 2), Ok(1234));
    assert_eq!(decimal_of_f64(12.345, 2), Err(NumberFault::TooPrecise));
    assert_eq!(decimal_of_f64(0.1 + 0.2, 1), Err(NumberFault::TooPrecise));
    assert_eq!(decimal_of_f64(-11062.06, 2), Ok(-1_106_206));
    assert_eq!(decimal_of_f64(f64::NAN, 2), Err(NumberFault::NotANumber));
    assert_eq!(decimal_of_f64(1e300, 2), Err(NumberFault::TooLarge));
    assert_eq!(decimal_of_f64(9_007_199_254_740_993.0, 0), Ok(9_007_199_254_740_992));
    assert_eq!(decimal_of_f32(0.1, 1), Ok(1));
    assert_eq!(decimal_of_f32(0.1, 0), Err(NumberFault::TooPrecise));
}

#[test]
fn every_cent_survives_as_a_double() {
    for cents in (0..4_000_000_000_000_i64).step_by(9_999_991) {
        let value = cents as f64 / 100.0;
        assert_eq!(decimal_of_f64(value, 2), Ok(cents));
        assert_eq!(decimal_of_f64(-value, 2), Ok(-cents));
    }
}

#[test]
fn dates_count_as_the_calendar_does() {
    assert_eq!(parse_date(b"1970-01-01"), Some(0));
    assert_eq!(parse_date(b"0000-01-01"), Some(*DAYS.start()));
    assert_eq!(parse_date(b"9999-12-31"), Some(*DAYS.end()));
    for days in DAYS.step_by(97) {
        assert_eq!(parse_date(print_date(days).as_bytes()), Some(days));
    }
    for text in ["2023-02-29", "2023-13-01", "2023-00-01", "2023-1-1", "2023-01-01 "] {
        assert_eq!(parse_date(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn times_know_their_zone_and_are_cut_to_milliseconds() {
    let shanghai = TimeZone::get("Asia/Shanghai").expect("a bundled zone");
    type Case<'a> = (&'a str, Option<&'a TimeZone>, Option<(i64, bool)>);
    let cases: [Case<'_>; 10] = [
        ("1970-01-01 00:00", None, Some((0, false))),
        ("1970-01-01T00:00:01Z", None, Some((1000, false))),
        ("1970-01-01T08:00:00+08:00", None, Some((0, false))),
        ("1970-01-01 08:00:00", Some(&shanghai), Some((0, false))),
        ("1970-01-01T00:00:00Z", Some(&shanghai), Some((0, false))),
        ("1970-01-01 00:00:00.1239", None, Some((123, true))),
        ("1970-01-01 00:00:00.5", None, Some((500, false))),
        ("1970-01-01 24:00", None, None),
        ("1970-01-01", None, None),
        ("1970-01-01 00:00 noon", None, None),
    ];
    for (text, zone, expected) in cases {
        let read = parse_written_time(text.as_bytes()).and_then(|written| match zone {
            Some(zone) if written.is_local => Some((in_zone(written.ms, zone)?.0, written.cut)),
            _ => Some((written.ms, written.cut)),
        });
        assert_eq!(read, expected, "{text:?}");
    }
    assert_eq!(parse_date_as("03/12/2020", "%d/%m/%Y"), parse_date(b"2020-12-03"));
    assert_eq!(parse_time_as("03/12/2020 08:30", "%d/%m/%Y %H:%M"), parse_written_time(b"2020-12-03 08:30"));
}

/// A file and a batch mean the same by a written time, to both ends of the calendar; what is finer than a millisecond
/// is cut in a file, and refused in a batch.
#[test]
fn a_time_of_a_file_is_that_of_a_batch() {
    use muster_engine::catalog::{TagKind, Value, Zone};
    for zone in ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
        let known = Zone::named(zone).unwrap();
        for text in [
            "9999-12-31T23:59:59",
            "9999-12-31 23:59:59.999Z",
            "9999-12-31T18:59:59-0500",
            "9999-12-31T19:00-05",
            "0000-01-01T00:00",
            "0000-01-01T00:00:00+00:01",
            "0000-01-01T12:00:00,5",
            "2026-11-11T08:00:60",
            "2026-11-11T24:00:00",
            "2026-02-29T08:00",
            "2026-03-08T02:30",
            "2026-11-01T01:30",
            "2026-11-11T08:00:00 +08:00",
        ] {
            let read = parse_written_time(text.as_bytes()).and_then(|written| match written.is_local {
                true => in_zone(written.ms, known.rules()).map(|(ms, _)| ms),
                false => Some(written.ms),
            });
            let of_batch = TagKind::Time.parse_value_in(text, &known).ok();
            assert_eq!(read.filter(|ms| is_time(*ms)).map(Value::Time), of_batch, "{text} in {zone}");
        }
    }
}
