//! A cache of the names that completion offers, asked from the server when they are needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use muster_client::v1::{ListAudiencesRequest, ListTagsRequest, ListTypesRequest, ListValuesRequest, Tag};
use tokio::runtime::Handle;

use crate::ask::Asker;

/// How long names are offered without asking again.
const NAMES_AGE_MAX: Duration = Duration::from_secs(3);
/// How long a completion may take.
const COMPLETION_WAIT: Duration = Duration::from_millis(500);
/// How many values are offered.
const VALUES_MAX: u32 = 50;

/// Tags, types and audiences of the store that is asked.
#[derive(Clone)]
pub(super) struct Names {
    runtime: Handle,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    asker: Option<Asker>,
    asked: Option<Instant>,
    catalog: Catalog,
}

/// What there is to name.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    pub(super) tags: Vec<Tag>,
    pub(super) types: Vec<String>,
    pub(super) audiences: Vec<String>,
}

impl Names {
    pub(super) fn new(runtime: Handle) -> Names {
        Names { runtime, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is a whole assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks with `asker` from now on.
    pub(super) fn ask_with(&self, asker: Asker) {
        let mut state = self.state();
        // A line may have changed the names, or the type.
        state.asked = None;
        state.asker = Some(asker);
    }

    /// Lets the connection go.
    pub(super) fn forget(&self) {
        self.state().asker = None;
    }

    /// The names of now, or those of the last answer.
    pub(super) fn catalog(&self) -> Catalog {
        let (asker, is_fresh) = {
            let state = self.state();
            (state.asker.clone(), state.asked.is_some_and(|asked| asked.elapsed() < NAMES_AGE_MAX))
        };
        if let Some(asker) = asker.filter(|_| !is_fresh) {
            let catalog = self.runtime.block_on(async { tokio::time::timeout(COMPLETION_WAIT, ask(&asker)).await });
            let mut state = self.state();
            state.asked = Some(Instant::now());
            if let Ok(catalog) = catalog {
                state.catalog = catalog;
            }
        }
        self.state().catalog.clone()
    }

    /// The values of a tag that begin with `prefix`.
    pub(super) fn values(&self, tag: &str, prefix: &str) -> Vec<String> {
        let Some(asker) = self.state().asker.clone() else { return Vec::new() };
        let request = ListValuesRequest {
            space: asker.space(),
            entity_type: asker.entity_type(),
            tag: tag.to_owned(),
            prefix: prefix.to_owned(),
            limit: VALUES_MAX,
        };
        let ask = async { tokio::time::timeout(COMPLETION_WAIT, asker.client.list_values(request)).await };
        match self.runtime.block_on(ask) {
            Ok(Ok(reply)) => reply.values.into_iter().map(|value| value.name).collect(),
            // A completion that cannot be had is no error to a person who types.
            _ => Vec::new(),
        }
    }
}

async fn ask(asker: &Asker) -> Catalog {
    let tags = asker.client.list_tags(ListTagsRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        prefix: String::new(),
    });
    let types = asker.client.list_types(ListTypesRequest { space: asker.space() });
    let audiences = asker.client.list_audiences(ListAudiencesRequest {
        space: asker.space(),
        entity_type: asker.entity_type(),
        prefix: String::new(),
    });
    let (tags, types, audiences) = tokio::join!(tags, types, audiences);
    let types = types.map(|reply| reply.types).unwrap_or_default();
    let audiences = audiences.map(|reply| reply.audiences).unwrap_or_default();
    Catalog {
        tags: tags.map(|reply| reply.tags).unwrap_or_default(),
        types: types.into_iter().map(|found| found.name).collect(),
        audiences: audiences.into_iter().map(|audience| audience.name).collect(),
    }
}
