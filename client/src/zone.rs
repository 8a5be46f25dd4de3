//! The time zone in which times are shown: that of the reply, as the server says it.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use muster_proto::v1;

use crate::values::format_value;

/// See the module.
#[derive(Clone, Debug)]
pub struct ShownZone(TimeZone);

impl ShownZone {
    /// Whether a name or offset is a zone on this machine.
    pub fn is_known(name: &str) -> bool {
        DateTimeParser::new().parse_time_zone(name).is_ok()
    }

    /// The zone of a name or offset. One that this machine does not know becomes UTC, which every time then says.
    pub fn named(name: &str) -> ShownZone {
        ShownZone(DateTimeParser::new().parse_time_zone(name).unwrap_or(TimeZone::UTC))
    }

    /// A value as a person reads it, a time as the clocks of the zone show it.
    pub fn text(&self, value: &v1::Value) -> String {
        match &value.value {
            Some(v1::value::Value::Time(ms)) if self.0 != TimeZone::UTC => match Timestamp::from_millisecond(*ms) {
                // No offset of whole minutes is true of the clocks of another age: universal time is.
                Ok(instant) if self.0.to_offset(instant).seconds() % 60 == 0 => {
                    let shown = instant.display_with_offset(self.0.to_offset(instant));
                    if ms % 1000 == 0 { shown.to_string() } else { format!("{shown:.3}") }
                }
                _ => format_value(value),
            },
            _ => format_value(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_the_zone_with_its_offset() {
        let value = v1::Value { value: Some(v1::value::Value::Time(1_780_000_000_250)) };
        for (zone, expected) in [
            ("Asia/Shanghai", "2026-05-29T04:26:40.250+08:00"),
            ("-02:30", "2026-05-28T17:56:40.250-02:30"),
            ("UTC", "2026-05-28T20:26:40.250Z"),
            ("", "2026-05-28T20:26:40.250Z"),
            ("Mars/Olympus", "2026-05-28T20:26:40.250Z"),
        ] {
            assert_eq!(ShownZone::named(zone).text(&value), expected, "{zone}");
        }
    }
}
