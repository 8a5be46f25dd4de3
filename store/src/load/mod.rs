//! Bulk loads of files: the job, where it goes, and what a dry run counts.

mod distinct;
mod job;
mod target;

pub use job::{FileLoad, LoadEvent, LoadFault, LoadOutcome, Reached, Unheard};
pub use target::closed_values;
