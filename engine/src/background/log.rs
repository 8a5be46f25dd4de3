//! The background job of the write-ahead log: syncs it while groups come, and marks it when they rest.

use std::time::Duration;

use parking_lot::Mutex;

use crate::error::Result;
use crate::options::{Durability, Options};
use crate::threads::Next;
use crate::write::{Work, Writer};

use super::RETRY;

/// How long writers rest before what they promised is marked as durable, in milliseconds. Each group says so of those
/// before it, so under load nothing else is needed.
const MARK_REST_MS: u64 = 10;

/// Once woken, by a group, it looks after each rest whether another has followed; where none has, it marks the log and
/// sleeps.
pub(super) struct LogTask {
    rest: Duration,
    /// What is done after each rest.
    meanwhile: fn(&Writer) -> Result<()>,
    groups: Mutex<Groups>,
}

/// Numbers of groups that were logged.
#[derive(Default)]
struct Groups {
    /// When the log was last marked.
    marked: u64,
    /// When the task last looked; none, where it sleeps.
    seen: Option<u64>,
}

impl LogTask {
    /// None, where `options` promise nothing to be durable.
    pub(super) fn of(options: &Options) -> Option<LogTask> {
        // A sync takes its time too: with two in an interval, what a power cut takes is not older than one.
        let interval = Duration::from_millis(options.sync_interval_ms.div_ceil(2));
        let (rest, meanwhile): (_, fn(&Writer) -> Result<()>) = match options.durability {
            Durability::Commit => (interval.min(Duration::from_millis(MARK_REST_MS)), |_| Ok(())),
            Durability::Interval => (interval, sync_newest),
            Durability::None => return None,
        };
        Some(LogTask { rest, meanwhile, groups: Mutex::default() })
    }

    pub(super) fn run(&self, writer: &Writer) -> Next {
        let mut groups = self.groups.lock();
        let logged = writer.pace.groups_logged();
        if groups.seen.is_none() && logged == groups.marked {
            return Next::Woken;
        }
        let Some(seen) = groups.seen.replace(logged) else {
            return Next::After(self.rest);
        };
        if let Err(error) = (self.meanwhile)(writer) {
            tracing::warn!(%error, "the log cannot be synced");
            return Next::After(RETRY);
        }
        if logged != seen {
            return Next::After(self.rest);
        }
        if let Err(error) = writer.work(Work::Log) {
            tracing::warn!(%error, "what is durable cannot be marked in the log");
            return Next::After(RETRY);
        }
        groups.marked = logged;
        groups.seen = None;
        // A group that was logged since then has woken the task while it ran.
        Next::Woken
    }
}

fn sync_newest(writer: &Writer) -> Result<()> {
    writer.sync(writer.snapshot().version()).map(drop)
}
