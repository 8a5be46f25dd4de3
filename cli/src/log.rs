//! Logging of `muster serve`: lines on standard error. Every other command says what there is to say in its own words.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exit::Failure;
use crate::output::LogLines;

/// The variable that says what is logged.
pub(crate) const VARIABLE: &str = "MUSTER_LOG";

/// Logs from now on: errors, unless [`VARIABLE`] says otherwise.
pub(crate) fn start() -> Result<(), Failure> {
    let filter = match std::env::var(VARIABLE).unwrap_or_default().as_str() {
        "" => Targets::new().with_default(LevelFilter::ERROR),
        wanted => wanted.parse::<Targets>().map_err(|error| {
            Failure::usage(format!(
                "set {VARIABLE} to off, error, warn, info, debug or trace, or to module=level: `{wanted}` is none \
                 ({error})"
            ))
        })?,
    };
    // No colours, not even on a terminal: whatever else is in a line is written out.
    let printed = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| LogLines).with_filter(filter);
    tracing_subscriber::registry().with(printed).init();
    Ok(())
}
