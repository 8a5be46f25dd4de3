//! Queries that are asked again and again: kept prepared as long as nothing changes.

use std::sync::Arc;

use super::prepared::Prepared;
use crate::error::Result;
use crate::ids::TypeId;
use crate::query::plan::{QueryRequest, UnknownValues};
use crate::snapshot::{KeptKey, Snapshot};

/// What a prepared query takes beside what binding counts: its text as read, as written and as conditions.
const BYTES_OF_A_BYTE: u64 = 96;
/// And what any takes.
const BYTES_OF_A_QUERY: u64 = 2_048;

impl Snapshot {
    /// The same as [`Snapshot::prepare`] for each of `texts`, without parameters. Those that were prepared on the
    /// newest version before, and mean the same at this time, are found; the others are kept.
    pub fn prepare_kept(&self, type_id: TypeId, texts: &[&str], request: &QueryRequest) -> Vec<Result<Arc<Prepared>>> {
        let may_be_kept = request.parameters.is_empty();
        let found = match may_be_kept {
            true => self.kept_queries(texts.iter().map(|text| key(type_id, text, request)), |query: &Prepared| {
                query.planned.holds_at(request.now_unix_ms)
            }),
            false => texts.iter().map(|_| None).collect(),
        };
        let prepare = |(text, found): (&&str, Option<Arc<Prepared>>)| {
            if let Some(found) = found {
                return Ok(found);
            }
            let prepared = Arc::new(self.prepare(type_id, text, request)?);
            if may_be_kept {
                self.keep_query(key(type_id, text, request), &prepared, prepared.bytes());
            }
            Ok(prepared)
        };
        texts.iter().zip(found).map(prepare).collect()
    }
}

fn key<'a>(type_id: TypeId, text: &'a str, request: &'a QueryRequest) -> KeptKey<'a> {
    KeptKey {
        type_id,
        text,
        zone: request.zone.as_deref(),
        unknown_is_empty: request.unknown_values == UnknownValues::Empty,
        memory_bytes_max: request.memory_bytes_max,
    }
}

impl Prepared {
    /// About how many bytes it takes.
    fn bytes(&self) -> u64 {
        let sources: usize = self.planned.sources.iter().map(|source| source.len()).sum();
        BYTES_OF_A_QUERY + BYTES_OF_A_BYTE * sources as u64 + self.budget.used()
    }
}
