//! From the parsed text of a query and the catalog to a plan of ids.
//!
//! A plan mentions numbers only: tags, values, days, milliseconds. It does not know parts, chunks or how a node is
//! evaluated. Negations stay where they are (terms of an And), shared expressions stand once.

mod node;
mod request;

pub use node::{Comparison, GivenIds, Node, NodeId, Plan, Split, Term, ThresholdMode};
pub use request::{Parameter, Parameters, QueryRequest, UnknownValues};
