//! Saving an audience: its query is planned as it is today, and stored with ids instead of names.

use muster_language::highlight::{PieceKind, tokens};
use muster_language::limits::TEXT_BYTES_MAX;
use muster_language::parse;

use super::context::PlanContext;
use super::remedy::checked;
use super::request::{QueryRequest, UnknownValues};
use super::resolve::Resolver;
use super::stored::{Hints, ToIds, with_ids};
use super::{Planned, fault};
use crate::catalog::AudienceUse;
use crate::error::{Error, Result};
use crate::ids::{TagId, TypeId};

/// What is saved of an audience.
#[derive(Clone, Debug)]
pub struct StoredAudience {
    /// The query with ids instead of names.
    pub stored: String,
    /// The tags that it uses, rising, with the flags that now lie below its wildcards.
    pub tags_used: Vec<TagId>,
    /// The audiences that it names, rising.
    pub audiences_used: Vec<AudienceUse>,
    /// The query as it is planned today, with its warnings.
    pub planned: Planned,
}

/// The stored form of the audience `name` with the query `text`. Unknown values are warnings.
///
/// Errors: invalid, when the text is no query of the type, needs a parameter, or names the audience itself.
pub fn store_audience(
    context: &dyn PlanContext,
    type_id: TypeId,
    name: &str,
    text: &str,
    request: &QueryRequest,
) -> Result<StoredAudience> {
    let stored = |text: &str| store_as_written(context, type_id, name, text, request);
    stored(text)
        .map_err(|error| checked(error, context.catalog(), type_id, &|text| stored(text).map(|stored| stored.planned)))
}

fn store_as_written(
    context: &dyn PlanContext,
    type_id: TypeId,
    name: &str,
    text: &str,
    request: &QueryRequest,
) -> Result<StoredAudience> {
    let parsed = parse(text).map_err(|error| Error::query(text, error))?;
    let request =
        QueryRequest { unknown_values: UnknownValues::Empty, parameters: Default::default(), ..request.clone() };
    let mut resolver = Resolver::new(context, type_id, text, &request)?;
    resolver.saving = context.catalog().audience_named(type_id, name).map(|audience| audience.id);
    if let Some(param) = tokens(text).into_iter().find(|piece| piece.kind == PieceKind::Param) {
        let remedy = format!("write a value instead of {}", param.span.of(text));
        let detail = "an audience is saved without parameters, so that it means the same to all who name it";
        return Err(resolver.refuse(fault::PARAMETER, param.span, remedy, detail));
    }
    let expr = parsed.expr.clone();
    let planned = super::resolved(resolver, parsed)?;
    let (mut stored, names) = with_ids(context, type_id, expr.clone(), Hints::Kept)?;
    if stored.len() > TEXT_BYTES_MAX {
        // What cannot be read again is of no use, and the names only explain.
        (stored, _) = with_ids(context, type_id, expr, Hints::LeftOut)?;
    }
    if stored.len() > TEXT_BYTES_MAX {
        return Err(Error::limit(format!(
            "save it in several audiences: with numbers for names it has {} bytes, at most {TEXT_BYTES_MAX} are \
             allowed",
            stored.len()
        )));
    }
    let ToIds { mut tags_used, mut audiences_used, .. } = names;
    tags_used.sort_unstable();
    tags_used.dedup();
    audiences_used.sort_unstable();
    audiences_used.dedup();
    Ok(StoredAudience { stored, tags_used, audiences_used, planned })
}
