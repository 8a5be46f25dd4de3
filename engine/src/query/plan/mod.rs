//! From the parsed text of a query and the catalog to a plan of ids.
//!
//! A plan mentions numbers only: tags, values, days, milliseconds. It does not know parts, chunks or how a node is
//! evaluated. Negations stay where they are (terms of an And), shared expressions stand once.

mod arena;
mod audience;
mod context;
mod digest;
mod fault;
mod headline;
mod joined;
mod kept;
mod like;
mod meant;
mod moments;
mod node;
mod planned;
mod ranges;
mod remedy;
mod rename;
mod request;
mod resolve;
mod stored;

#[cfg(test)]
mod tests;

pub use audience::{StoredAudience, store_audience};
pub(crate) use context::PlanContext;
#[cfg(feature = "internals")]
pub use node::Node;
#[cfg(not(feature = "internals"))]
pub(crate) use node::Node;
pub(crate) use node::{Comparison, GivenIds, NodeId, Plan, Split, Term, ThresholdMode};
pub(crate) use planned::ConditionKind;
pub use planned::{Condition, Planned, Warning};
pub(super) use remedy::checked;
pub use request::{Parameter, Parameters, QueryRequest, UnknownValues};
pub use stored::{last_known_text, today_text};

use muster_language::Parsed;
use xxhash_rust::xxh3::xxh3_128;

use crate::error::Result;
use crate::ids::TypeId;
use resolve::Resolver;

/// Reads and plans a query. Errors: invalid or limit, with [`Error::query_fault`], whose suggestion can be planned;
/// what the context answers.
#[cfg(test)]
pub(crate) fn plan(context: &dyn PlanContext, type_id: TypeId, text: &str, request: &QueryRequest) -> Result<Planned> {
    let planned = |text: &str| plan_as_written(context, type_id, text, request);
    planned(text).map_err(|error| remedy::checked(error, context.catalog(), type_id, &planned))
}

#[cfg(test)]
fn plan_as_written(context: &dyn PlanContext, type_id: TypeId, text: &str, request: &QueryRequest) -> Result<Planned> {
    let parsed = muster_language::parse(text).map_err(|error| crate::error::Error::query(text, error))?;
    plan_parsed(context, type_id, text, parsed, request)
}

/// Plans a query that was read from `text`. Errors: as [`plan`].
pub(crate) fn plan_parsed(
    context: &dyn PlanContext,
    type_id: TypeId,
    text: &str,
    parsed: Parsed,
    request: &QueryRequest,
) -> Result<Planned> {
    resolved(Resolver::new(context, type_id, text, request)?, parsed)
}

fn resolved(mut resolver: Resolver<'_>, parsed: Parsed) -> Result<Planned> {
    let Parsed { mut expr, warnings } = parsed;
    resolver.warnings = warnings.into_iter().map(Warning::from).collect();
    let conditions = resolver.condition(&expr)?;
    if resolver.is_renamed {
        stored::by_names(resolver.context, resolver.type_id, &mut expr)?;
    }
    let mut audiences_used: Vec<_> = resolver.expanded.keys().copied().collect();
    audiences_used.sort_unstable();
    let fingerprint = fingerprint(&resolver, &conditions, &audiences_used);
    Ok(Planned {
        type_id: resolver.type_id,
        expr,
        fingerprint,
        warnings: resolver.warnings,
        missing_checks: resolver.missing_checks,
        resolved: resolver.resolved,
        zone: resolver.clock.zone_name().to_owned(),
        same_between: resolver.clock.same_between(),
        sources: resolver.sources,
        audiences_used,
        plan: resolver.arena.finish(conditions.node),
        conditions,
    })
}

/// The hash of the bound form: type, plan, audiences with their versions, and the zone where days depend on it.
fn fingerprint(
    resolver: &Resolver<'_>,
    conditions: &Condition,
    audiences_used: &[(crate::ids::AudienceId, u64)],
) -> u128 {
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(&resolver.type_id.0.to_le_bytes());
    bytes.extend_from_slice(&resolver.arena.digest(conditions.node).to_le_bytes());
    for (audience, version) in audiences_used {
        bytes.extend_from_slice(&audience.0.to_le_bytes());
        bytes.extend_from_slice(&version.to_le_bytes());
    }
    if resolver.clock.is_used() {
        bytes.extend_from_slice(resolver.clock.zone_name().as_bytes());
    }
    xxh3_128(&bytes)
}
