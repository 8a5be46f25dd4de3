//! What a user asks of the catalog, by names.

use crate::catalog::audience::AudienceUse;
use crate::catalog::kind::KeyKind;
use crate::catalog::tag::{TagChange, TagSpec};
use crate::ids::TagId;

/// A change of the catalog as a user asks for it. Types, tags and audiences are named by name or label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CatalogChange {
    /// A new entity type.
    CreateType {
        /// Its name.
        name: String,
        /// What its keys are, for ever.
        key: KeyKind,
        /// A second name.
        label: Option<String>,
        /// What it is, for people.
        description: String,
    },
    /// What is said about a type; what is `None` stays.
    ChangeType {
        /// The type.
        name: String,
        /// A second name; empty for none.
        label: Option<String>,
        /// What it is, for people.
        description: Option<String>,
    },
    /// Another name for a type.
    RenameType {
        /// The type.
        name: String,
        /// Its new name.
        new_name: String,
    },
    /// A type goes, with its entities, tags and audiences.
    DropType {
        /// The type.
        name: String,
        /// Also when it has tags or audiences.
        force: bool,
    },
    /// A new tag.
    CreateTag(Box<TagSpec>),
    /// What is said about a tag.
    ChangeTag {
        /// The type.
        type_name: String,
        /// The tag.
        name: String,
        /// What to change.
        change: Box<TagChange>,
    },
    /// Another name for a tag; saved audiences follow.
    RenameTag {
        /// The type.
        type_name: String,
        /// The tag.
        name: String,
        /// Its new name.
        new_name: String,
    },
    /// A tag goes, with what it said of every entity.
    DropTag {
        /// The type.
        type_name: String,
        /// The tag.
        name: String,
        /// Also when an audience uses it.
        force: bool,
    },
    /// A new audience, or a new version of one; the same stored text again is no new version.
    SaveAudience(Box<AudienceSpec>),
    /// What is said about an audience; what is `None` stays.
    ChangeAudience {
        /// The type.
        type_name: String,
        /// The audience.
        name: String,
        /// What it is, for people.
        description: Option<String>,
        /// Who answers for it.
        owner: Option<String>,
    },
    /// Another name for an audience; audiences that use it follow.
    RenameAudience {
        /// The type.
        type_name: String,
        /// The audience.
        name: String,
        /// Its new name.
        new_name: String,
    },
    /// An audience goes, with all its versions.
    DropAudience {
        /// The type.
        type_name: String,
        /// The audience.
        name: String,
        /// Also when another audience uses it.
        force: bool,
    },
}

impl CatalogChange {
    /// A new entity type, and nothing else said about it.
    pub fn create_type(name: impl Into<String>, key: KeyKind) -> CatalogChange {
        CatalogChange::CreateType { name: name.into(), key, label: None, description: String::new() }
    }

    /// A new tag.
    pub fn create_tag(spec: TagSpec) -> CatalogChange {
        CatalogChange::CreateTag(Box::new(spec))
    }
}

/// An audience as it is saved: names for its type and itself, ids for what its text uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudienceSpec {
    /// The type, by name or label.
    pub type_name: String,
    /// The audience's name.
    pub name: String,
    /// The query with ids instead of names.
    pub stored: String,
    /// The tags that the query uses, in any order.
    pub tags_used: Vec<TagId>,
    /// The audiences that the query uses, in any order.
    pub audiences_used: Vec<AudienceUse>,
    /// What it is, for people; `None` keeps what was said.
    pub description: Option<String>,
    /// Who answers for it; `None` keeps who did.
    pub owner: Option<String>,
    /// Now, in milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: i64,
}
