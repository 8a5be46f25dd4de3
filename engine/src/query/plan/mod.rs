//! From the parsed text of a query and the catalog to a plan of ids.
//!
//! A plan mentions numbers only: tags, values, days, milliseconds. It does not know parts, chunks or how a node is
//! evaluated. Negations stay where they are (terms of an And), shared expressions stand once.

mod arena;
mod context;
mod fault;
mod like;
mod moments;
mod node;
mod planned;
mod ranges;
mod request;

pub use context::PlanContext;
pub use node::{Comparison, GivenIds, Node, NodeId, Plan, Split, Term, ThresholdMode};
pub use planned::{Condition, ConditionKind, MissingCheck, Planned, Warning};
pub use ranges::{NUMBER_MAX, NUMBER_MIN};
pub use request::{Parameter, Parameters, QueryRequest, UnknownValues};
