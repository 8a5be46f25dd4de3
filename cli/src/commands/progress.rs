//! How far a load is, on a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use muster_client::v1::{LoadPhase, LoadProgress};

use crate::ask::Asker;

/// How often a second the line is drawn.
const DRAWN_PER_SECOND: u8 = 10;
/// How long a line stays as it is while nothing is reported.
const TICK: Duration = Duration::from_millis(200);

/// A line with a bar, the rate and the remaining time.
pub(crate) struct Progress {
    bar: ProgressBar,
    phase: LoadPhase,
}

impl Progress {
    /// Nothing is drawn where nobody looks, or where quiet is wanted.
    pub(crate) fn new(asker: &Asker) -> Progress {
        let bar = if asker.settings.quiet || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND))
        };
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message("waiting for the first rows");
        bar.enable_steady_tick(TICK);
        Progress { bar, phase: LoadPhase::Unspecified }
    }

    /// Shows how far the load is.
    pub(crate) fn show(&mut self, progress: &LoadProgress) {
        if self.phase != progress.phase() {
            self.phase = progress.phase();
            self.begin_phase(progress.rows_total.is_some());
        }
        let (position, length) = match progress.rows_total {
            Some(total) => (progress.rows, Some(total)),
            None => (progress.bytes, progress.bytes_total),
        };
        if let Some(length) = length {
            self.bar.set_length(length);
        }
        self.bar.set_position(position);
    }

    fn begin_phase(&mut self, in_rows: bool) {
        let (what, template) = match (self.phase, in_rows) {
            (LoadPhase::Committing, _) => ("committing", "{spinner} {msg}"),
            (LoadPhase::Receiving, _) => {
                ("sending", "{msg} [{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left")
            }
            (_, true) => ("loading", "{msg} [{bar:30}] {human_pos}/{human_len} rows, {per_sec}, {eta} left"),
            (_, false) => ("loading", "{msg} [{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("█▌ "));
        }
        self.bar.reset();
        self.bar.set_message(what);
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
