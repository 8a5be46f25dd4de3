//! The forms of tags: how the layers of files keep a tag of the catalog.

use crate::catalog::{Catalog, TagKind};
use crate::ids::TagId;
use crate::part::{MergeTag, TagForm};

/// How the layers keep a tag of this kind.
pub(crate) fn tag_form(kind: TagKind) -> TagForm {
    match kind {
        TagKind::Flag => TagForm::Flag,
        TagKind::Choice => TagForm::Choice,
        TagKind::Set => TagForm::Set,
        TagKind::Int | TagKind::Decimal { .. } | TagKind::Date | TagKind::Time => TagForm::Number,
    }
}

/// What a merge must know of the tags of `catalog`.
pub(crate) fn describe(catalog: &Catalog) -> impl Fn(TagId) -> Option<MergeTag> + '_ {
    |id| match catalog.stored_kind(id) {
        Some((type_id, kind)) => {
            let population = catalog.entity_type(type_id)?.population;
            Some(MergeTag { population, form: tag_form(kind) })
        }
        None if catalog.is_dropped(id) => None,
        None => Some(MergeTag { population: id, form: TagForm::Flag }),
    }
}
