//! The way out: from the text of a query to its answers, on one snapshot.
//!
//! text -> [`plan`] (ids only) -> bind (where the bitmaps stand) -> evaluate (chunk by chunk) -> answer.

mod answer;
mod bind;
mod budget;
mod context;
mod evaluate;
mod pace;
pub mod plan;
#[cfg(test)]
mod tests;

pub use answer::{
    Analyzed, Breakdown, Counted, Explained, Group, GroupKey, MembersPage, Memberships, Prepared, ProfileValue,
    Profiler, Stats, Why, contains_each, profile,
};
pub use evaluate::{Column, Entities, Run, Trace};
pub use pace::Stop;
