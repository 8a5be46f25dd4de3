//! Windows at the end of a month, and days that leave the calendar.

use super::world::{NOW_MS, World};
use crate::catalog::TagKind;

const DAY_MS: i64 = 86_400_000;

fn world() -> World {
    let mut world = World::new();
    world.tags(TagKind::Date, &["d", "e"]);
    world.tag("t", TagKind::Time);
    world
}

/// The days that a window resolves to when it is asked on a day.
fn resolved(window: &str, today: &str) -> String {
    let mut world = world();
    let day: jiff::civil::Date = today.parse().unwrap();
    let days = jiff::civil::date(1970, 1, 1).duration_until(day).as_hours() / 24;
    world.request.now_unix_ms = days * DAY_MS + DAY_MS / 2;
    let planned = world.plan(&format!("d IN {window}")).unwrap();
    planned.resolved.into_iter().map(|(_, days)| days).collect::<Vec<_>>().join(" ")
}

/// A stretch of months begins so many months before the day after its end; where that month has no such day, with its
/// last.
#[test]
fn windows_of_months_at_the_end_of_a_month() {
    for (today, last, previous) in [
        ("2025-03-31", "2025-03-01..2025-03-31", "2025-02-01..2025-02-28"),
        ("2025-03-30", "2025-02-28..2025-03-30", "2025-01-28..2025-02-27"),
        ("2025-03-29", "2025-02-28..2025-03-29", "2025-01-28..2025-02-27"),
        ("2025-03-28", "2025-02-28..2025-03-28", "2025-01-28..2025-02-27"),
        ("2025-03-27", "2025-02-28..2025-03-27", "2025-01-28..2025-02-27"),
        ("2025-02-28", "2025-02-01..2025-02-28", "2025-01-01..2025-01-31"),
        ("2024-02-29", "2024-02-01..2024-02-29", "2024-01-01..2024-01-31"),
        ("2025-05-15", "2025-04-16..2025-05-15", "2025-03-16..2025-04-15"),
        ("2025-12-31", "2025-12-01..2025-12-31", "2025-11-01..2025-11-30"),
    ] {
        assert_eq!(resolved("LAST 1mo", today), last, "LAST 1mo on {today}");
        assert_eq!(resolved("PREV 1mo", today), previous, "PREV 1mo on {today}");
    }
    assert_eq!(resolved("LAST 1y", "2024-02-29"), "2023-03-01..2024-02-29");
    assert_eq!(resolved("LAST 1y", "2025-02-27"), "2024-02-28..2025-02-27");
}

#[test]
fn days_that_leave_the_calendar_are_refused_and_never_wrap() {
    let world = world();
    for amount in ["99999y", "4294967295y", "4294967295mo", "4294967295w", "4294967295d", "8000y"] {
        for sign in ["+", "-"] {
            for (tag, moment) in [("d", "today"), ("t", "today"), ("t", "now"), ("t", "2024-05-01T10:00")] {
                let text = format!("{tag} >= {moment} {sign} {amount}");
                let error = world.plan(&text).err().unwrap_or_else(|| panic!("{text} is outside the calendar"));
                let fault = error.query_fault().expect("a fault of the query");
                assert_eq!(fault.error.code, "out_of_range", "{text}: {error}");
            }
        }
        for window in [format!("LAST {amount}"), format!("PREV {amount}"), format!("LAST {amount} ENDING 0001-01-01")] {
            let text = format!("d IN {window}");
            assert!(world.plan(&text).is_err(), "{text}");
        }
    }
    world.plan("d >= today - 2026y AND d <= today + 7973y").expect("both are in the calendar");
    for text in [
        "d >= today - 2027y",
        "d <= today + 7974y",
        "t >= now + 4294967295h",
        "t >= now - 4294967295h",
        "t IN LAST 4294967295h",
    ] {
        assert!(world.plan(text).is_err(), "{text}");
    }
}

#[test]
fn lengths_that_no_two_days_are_apart_are_decided() {
    let world = world();
    let root = |text: &str| {
        let planned = world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        format!("{:?}", planned.plan.node(planned.plan.root))
    };
    // Linear in days and milliseconds: exact, with no calendar that could end.
    for text in ["d - e <= 4294967295d", "d - 4294967295w < e", "t - now < 4294967295d", "d + 99999d >= today"] {
        assert!(!root(text).is_empty(), "{text}");
    }
}

/// A time in quotes is the instant that a batch would write for it, or is refused as it would be there.
#[test]
fn a_written_time_is_asked_as_it_is_set() {
    let mut world = world();
    for zone in ["UTC", "Asia/Shanghai", "America/New_York", "+14:00"] {
        world.request.zone = Some(zone.to_owned());
        let known = crate::catalog::Zone::named(zone).unwrap();
        for text in [
            "9999-12-31T23:59:59",
            "9999-12-31T23:59:59Z",
            "9999-12-31T18:59:59.999",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00",
            "0000-01-01T00:00:00+00:01",
            "2026-11-11T08:00:60",
            "2026-11-11T08:00:00.0001",
            "2026-11-11 08:00:00.250 +0800",
            "2026-03-08T02:30",
        ] {
            let asked = world.plan(&format!("t = '{text}'"));
            match TagKind::Time.parse_value_in(text, &known) {
                Ok(crate::catalog::Value::Time(ms)) => {
                    let planned = asked.unwrap_or_else(|error| panic!("{text} in {zone}: {error}"));
                    let node = format!("{:?}", planned.plan.node(planned.plan.root));
                    assert!(node.contains(&ms.to_string()), "{text} in {zone}, {ms}: {node}");
                }
                _ => assert!(asked.is_err(), "{text} in {zone}"),
            }
        }
    }
}

#[test]
fn the_first_and_the_last_day_of_the_calendar_can_be_asked() {
    let mut world = world();
    for text in ["d >= 0000-01-01", "d <= 9999-12-31", "t >= 0000-01-01", "t <= 9999-12-31", "d < 9999-12-31 - 9999y"] {
        world.plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    for now in [i64::MIN, i64::MIN / 2, i64::MAX / 2, i64::MAX, NOW_MS * 1_000] {
        world.request.now_unix_ms = now;
        for text in ["d >= today", "d IN LAST 7d", "t IN PREV 2mo", "d <= yesterday", "t IN LAST 5h", "t > now"] {
            let _ = world.plan(text);
        }
    }
}
