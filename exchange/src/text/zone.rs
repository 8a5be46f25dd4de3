//! Time zones: times as clocks of a zone show them.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::{DAY_MS, civil_date, is_time};

/// A time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Milliseconds since 1970-01-01, of UTC or of whatever zone the clock stood in.
    pub(crate) ms: i64,
    /// Whether nothing says in which zone.
    pub(crate) is_local: bool,
    /// Whether a part finer than a millisecond was cut.
    pub(crate) cut: bool,
}

/// How often the clocks of a zone show a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Once,
    /// Twice, because they were set back: the first is meant.
    Twice,
    /// Never, because they were set forward: it is moved forward by as much.
    Never,
}

/// The instant at which the clocks of `zone` show `local_ms`, and how often they do.
pub(crate) fn in_zone(local_ms: i64, zone: &TimeZone) -> Option<(i64, Shown)> {
    if !is_time(local_ms) {
        return None;
    }
    let days = local_ms.div_euclid(DAY_MS);
    let ms = local_ms.rem_euclid(DAY_MS) as i32;
    let clock = jiff::civil::time(
        (ms / 3_600_000) as i8,
        (ms / 60_000 % 60) as i8,
        (ms / 1000 % 60) as i8,
        ms % 1000 * 1_000_000,
    );
    let local = DateTime::from_parts(civil_date(days)?, clock);
    let (offset, shown) = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, Shown::Once),
        AmbiguousOffset::Gap { before, .. } => (before, Shown::Never),
        AmbiguousOffset::Fold { before, .. } => (before, Shown::Twice),
    };
    Some((local_ms - offset_ms(offset), shown))
}

pub(super) fn offset_ms(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1000
}
