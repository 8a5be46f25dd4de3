//! What can be said with every command: where the store is, what is asked of it, how answers are written.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::args::moment::Moment;
use crate::args::parameter::NamedParameter;
use crate::output::Format;

/// What an unknown value of a choice or set tag means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnknownValues {
    /// An error that names the nearest
    #[default]
    Refuse,
    /// A condition that selects nobody
    Empty,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Globals {
    /// Directory of a store: served from inside, or attached to if a server holds it [env: MUSTER_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of a server, host:port or unix:/path [env: MUSTER_ADDR]
    #[arg(long, global = true, value_name = "ADDRESS", conflicts_with = "data")]
    pub(crate) addr: Option<String>,
    /// Space [default: main]
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) space: Option<String>,
    /// Entity type; not needed where there is one
    #[arg(long = "type", global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) entity_type: Option<String>,
    /// What stands for $NAME: a value, or @FILE with one a line or a roaring bitmap; repeated for a list
    #[arg(long = "param", global = true, value_name = "NAME=VALUE")]
    pub(crate) params: Vec<NamedParameter>,
    /// How answers are written
    #[arg(long, global = true, value_enum)]
    pub(crate) format: Option<Format>,
    /// Time zone of what is written, asked and shown, such as Asia/Shanghai [default: the space's]
    #[arg(long, global = true, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// Date or moment taken for today and now, such as 2026-11-11
    #[arg(long, global = true, value_name = "MOMENT")]
    pub(crate) now: Option<Moment>,
    /// What a value that no entity has means [default: refuse]
    #[arg(long, global = true, value_enum, hide_default_value = true)]
    pub(crate) unknown_values: Option<UnknownValues>,
    /// How long an answer may take, such as 500ms, 10s or 2m [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Say nothing but answers and errors
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
}

/// Reads `500ms`, `10s`, `2m` or `1h`; a number without a unit means seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor_ms: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err("write a number and ms, s, m or h, as in 500ms".to_owned()),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor_ms)) {
        Some(0) | None => Err("write a number above 0 and ms, s, m or h, as in 500ms".to_owned()),
        Some(ms) => Ok(Duration::from_millis(ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "0s", "s", "-1s", "1d", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
