//! Answers: what a prepared query can be asked.

mod breakdown;
mod explain;
mod keep;
mod kept;
mod members;
mod membership;
mod merging;
mod prepared;
mod profile;
mod rank;
mod stats;
mod value_counts;
mod why;

pub use breakdown::{Breakdown, Group, GroupKey};
pub use explain::{Analyzed, Explained};
pub use members::MembersPage;
pub use membership::{Memberships, contains_each};
pub use prepared::{Counted, Prepared};
pub use profile::{ProfileValue, Profiler, profile};
pub use stats::Stats;
pub use why::Why;
