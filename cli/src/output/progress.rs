//! A progress bar: one line on standard error that is drawn over while work goes on, where somebody looks at it.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a second the line is drawn.
const DRAWN_PER_SECOND: u8 = 10;
/// How long a line stays as it is while nothing is reported.
const TICK: Duration = Duration::from_millis(200);
/// The characters of a bar: done, under way, to do.
const BAR_CHARS: &str = "█▌ ";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nothing yet: only that it goes on is shown.
    Nothing,
    Bytes,
    Rows,
}

impl Unit {
    fn template(self) -> &'static str {
        match self {
            Unit::Nothing => "{spinner} {msg}",
            Unit::Bytes => "{msg} [{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
            Unit::Rows => "{msg} [{bar:30}] {human_pos}/{human_len} rows, {per_sec}, {eta} left",
        }
    }
}

/// A line with a bar, the rate and the remaining time.
#[derive(Clone, Debug)]
pub(crate) struct ProgressLine {
    bar: ProgressBar,
}

impl ProgressLine {
    /// A line that is never drawn.
    pub(crate) fn hidden() -> ProgressLine {
        ProgressLine { bar: ProgressBar::hidden() }
    }

    /// A line on the terminal; nothing is drawn where standard error is none.
    pub(crate) fn on_terminal() -> ProgressLine {
        if !std::io::stderr().is_terminal() {
            return ProgressLine::hidden();
        }
        let target = ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND);
        let line = ProgressLine { bar: ProgressBar::with_draw_target(None, target) };
        line.bar.enable_steady_tick(TICK);
        line
    }

    /// Begins to show `what`, from nothing.
    pub(crate) fn begin(&self, what: &'static str, unit: Unit) {
        if let Ok(style) = ProgressStyle::with_template(unit.template()) {
            self.bar.set_style(style.progress_chars(BAR_CHARS));
        }
        self.bar.reset();
        self.bar.set_message(what);
    }

    /// Shows what is under way now.
    pub(crate) fn name(&self, what: String) {
        self.bar.set_message(what);
    }

    /// Shows how far it is.
    pub(crate) fn reach(&self, position: u64, length: Option<u64>) {
        if let Some(length) = length {
            self.bar.set_length(length);
        }
        self.bar.set_position(position);
    }

    /// Says something without drawing over it.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
