//! Bulk loads of files: the job, where it goes, what it does to each tag, what must hold, and what a dry run counts.

mod content;
mod distinct;
mod effects;
mod gates;
mod job;
mod target;

pub use effects::TagEffect;
pub use job::{FileLoad, LoadEvent, LoadFault, LoadOutcome};
pub use target::closed_values;
