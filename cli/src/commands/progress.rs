//! The progress bar of a load: which phase it is in, and how far.

use muster_client::v1::{LoadPhase, LoadProgress};

use crate::ask::Asker;
use crate::output::progress::{ProgressLine, Unit};

/// How far a load is.
pub(crate) struct Progress {
    line: ProgressLine,
    phase: LoadPhase,
}

impl Progress {
    /// Before the first report.
    pub(crate) fn new(asker: &Asker) -> Progress {
        let line = asker.settings.progress_line();
        line.begin("waiting for the first rows", Unit::Nothing);
        Progress { line, phase: LoadPhase::Unspecified }
    }

    /// Shows how far the load is.
    pub(crate) fn show(&mut self, progress: &LoadProgress) {
        if self.phase != progress.phase() {
            self.phase = progress.phase();
            self.begin_phase(progress);
        }
        match progress.rows_total {
            Some(total) => self.line.reach(progress.rows, Some(total)),
            None => self.line.reach(progress.bytes, progress.bytes_total),
        }
    }

    fn begin_phase(&self, progress: &LoadProgress) {
        match (self.phase, progress.rows_total) {
            (LoadPhase::Committing, _) => self.line.begin("committing", Unit::Nothing),
            (LoadPhase::Receiving, _) => self.line.begin("sending", Unit::Bytes),
            (_, Some(_)) => self.line.begin("loading", Unit::Rows),
            (_, None) => self.line.begin("loading", Unit::Bytes),
        }
    }

    /// Says something without drawing over it.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        self.line.aside(say);
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.line.end();
    }
}
