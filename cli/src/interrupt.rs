//! Ctrl-C (SIGINT): what is under way is given up, and what is open is still closed.

use crate::exit::Failure;

/// Gives up `work` on Ctrl-C, so that what is open can still be closed.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        outcome = work => outcome,
        Ok(()) = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
    }
}
