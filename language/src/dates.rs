//! Dates and moments: from the characters of one token to what they say.

use crate::ast::{Date, DateTime};
use crate::fold::fold_text;

/// `YYYY-MM-DD`; None if there is no such day.
pub(crate) fn date(token: &str) -> Option<Date> {
    let folded = fold_text(token);
    let mut parts = folded.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    (day >= 1 && day <= days_in_month(year, month)).then_some(Date { year, month, day })
}

/// `YYYY-MM-DDTHH:MM[:SS]`; None if there is no such moment.
pub(crate) fn date_time(token: &str) -> Option<DateTime> {
    let folded = fold_text(token);
    let (day, time) = folded.split_once(['T', 't'])?;
    let date = date(day)?;
    let mut parts = time.splitn(3, ':');
    let hour = parts.next()?.parse().ok().filter(|&hour| hour < 24)?;
    let minute = parts.next()?.parse().ok().filter(|&minute| minute < 60)?;
    let second = match parts.next() {
        Some(second) => second.parse().ok().filter(|&second| second < 60)?,
        None => 0,
    };
    Some(DateTime { date, hour, minute, second })
}

/// The days of a month; 0 if there is no such month. By hand: the crate takes no calendar for two lines of it.
pub(crate) fn days_in_month(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// A date written in another order of signs (`2024-1-5`, `2024年1月5日`, `2024/01/05`), as it is written here.
pub(crate) fn other_date(text: &str) -> Option<String> {
    let folded = fold_text(text);
    let mut parts = folded.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty());
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = parts.next().is_none() && year.len() == 4 && month.len() <= 2 && day.len() <= 2;
    if !is_date {
        return None;
    }
    let written = format!("{year}-{month:0>2}-{day:0>2}");
    date(&written).map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist() {
        assert!(date("2024-02-29").is_some());
        assert!(date("2000-02-29").is_some());
        for text in ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-01-00"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert!(date_time("2024-01-01T23:59:59").is_some());
        for text in ["2024-01-01T24:00", "2024-01-01T10:60", "2024-01-01T10:00:60", "2024-02-30T10:00"] {
            assert_eq!(date_time(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_other_customs_are_known() {
        for text in ["2024-1-5", "2024年1月5日", "2024/01/05", "2024.1.5"] {
            assert_eq!(other_date(text).as_deref(), Some("2024-01-05"));
        }
        assert_eq!(other_date("2024-13-5"), None);
        assert_eq!(other_date("24-1-5"), None);
    }
}
