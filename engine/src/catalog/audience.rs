//! A saved audience: a query with a name, version by version.

use std::sync::Arc;

use crate::ids::{AudienceId, TagId, TypeId};

/// Another audience that a stored text names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AudienceUse {
    /// The other audience.
    pub id: AudienceId,
    /// The version that the text pins; its latest when none.
    pub version: Option<u64>,
}

/// What an audience said from one save to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudienceVersion {
    /// 1 for the first, rising by one.
    pub version: u64,
    /// When it was saved, in milliseconds since 1970-01-01T00:00:00Z.
    pub saved_ms: i64,
    /// The query with ids instead of names.
    pub stored: String,
    /// The tags that it uses, rising.
    pub tags_used: Vec<TagId>,
    /// The audiences that it uses, rising.
    pub audiences_used: Vec<AudienceUse>,
}

impl AudienceVersion {
    /// Whether both are the same query, whatever its tags and audiences were called when it was saved.
    pub(crate) fn selects_like(&self, other: &AudienceVersion) -> bool {
        without_hints(&self.stored) == without_hints(&other.stored)
    }
}

/// A stored query whose paths are numbers alone: `` `#12` `` for `` `#12 city` ``.
fn without_hints(stored: &str) -> String {
    let mut out = String::with_capacity(stored.len());
    let (mut is_text, mut is_path, mut is_hint) = (false, false, false);
    for c in stored.chars() {
        match c {
            '\'' if !is_path => is_text = !is_text,
            '`' if !is_text => (is_path, is_hint) = (!is_path, false),
            ' ' if is_path && !is_hint => is_hint = true,
            _ => {}
        }
        if !is_hint {
            out.push(c);
        }
    }
    out
}

/// A query with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audience {
    /// Its number.
    pub id: AudienceId,
    /// The type whose entities it selects.
    pub type_id: TypeId,
    /// Its name, in stored spelling.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// When it was first saved, in milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: i64,
    /// The versions that are kept, rising; never empty.
    pub versions: Vec<Arc<AudienceVersion>>,
}

impl Audience {
    /// What it says now.
    ///
    /// # Panics
    /// Never: the catalog holds no audience without a version.
    pub fn latest(&self) -> &AudienceVersion {
        self.versions.last().expect("an audience has a version")
    }

    /// The version with this number, when it is kept.
    pub fn version(&self, number: u64) -> Option<&AudienceVersion> {
        self.versions.binary_search_by_key(&number, |version| version.version).ok().map(|index| &*self.versions[index])
    }
}

/// Everything of an audience but its versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudienceHead {
    /// Its number.
    pub id: AudienceId,
    /// The type whose entities it selects.
    pub type_id: TypeId,
    /// Its name, in stored spelling.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// When it was first saved.
    pub created_ms: i64,
}

impl Audience {
    /// Everything but the versions.
    pub fn head(&self) -> AudienceHead {
        AudienceHead {
            id: self.id,
            type_id: self.type_id,
            name: self.name.clone(),
            description: self.description.clone(),
            owner: self.owner.clone(),
            created_ms: self.created_ms,
        }
    }
}
