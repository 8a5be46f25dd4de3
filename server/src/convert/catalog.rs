//! Spaces, types, tags, values and audiences.

use muster_engine::ValueId;
use muster_engine::catalog::{
    Audience, AudienceSpec, AudienceVersion, CatalogChange, DeclaredValue, EntityType, KeyKind, Layer, Sensitivity,
    Tag, TagChange, TagDefinition, TagKind, TagSpec,
};
use muster_engine::query::plan::StoredAudience;
use muster_engine::{Error, Result};
use muster_proto::v1;
use muster_store::Space;

use super::durability;
use super::value::kind_to_wire;
use crate::shared::Shared;
use crate::view::View;

/// A space that is open.
pub(crate) fn space_to_wire(space: &Space) -> v1::Space {
    v1::Space {
        name: space.name().to_owned(),
        open: true,
        durability: durability::to_wire(space.durability()).into(),
        zone: space.zone().name().to_owned(),
        missing: false,
    }
}

/// A space of the list, open or not.
pub(crate) fn listed_to_wire(shared: &Shared, (name, open): (String, bool)) -> Result<v1::Space> {
    let durability = shared.store.durability(&name).map(durability::to_wire)?.into();
    let zone = shared.store.zone(&name)?.name().to_owned();
    let missing = shared.store.is_missing(&name);
    Ok(v1::Space { name, open, durability, zone, missing })
}

pub(crate) fn key_kind_from_wire(kind: i32) -> Result<KeyKind> {
    match v1::KeyKind::try_from(kind) {
        Ok(v1::KeyKind::Unspecified | v1::KeyKind::String) => Ok(KeyKind::String),
        Ok(v1::KeyKind::U64) => Ok(KeyKind::U64),
        Ok(v1::KeyKind::Dense) => Ok(KeyKind::Dense),
        Err(_) => Err(Error::invalid(format!("{kind} is no kind of key"))),
    }
}

pub(crate) fn key_kind_to_wire(kind: KeyKind) -> v1::KeyKind {
    match kind {
        KeyKind::String => v1::KeyKind::String,
        KeyKind::U64 => v1::KeyKind::U64,
        KeyKind::Dense => v1::KeyKind::Dense,
    }
}

fn tag_kind_from_wire(kind: i32, scale: u32) -> Result<TagKind> {
    let kind = match v1::TagKind::try_from(kind) {
        Ok(v1::TagKind::Flag) => TagKind::Flag,
        Ok(v1::TagKind::Choice) => TagKind::Choice,
        Ok(v1::TagKind::Set) => TagKind::Set,
        Ok(v1::TagKind::Int) => TagKind::Int,
        Ok(v1::TagKind::Decimal) => match u8::try_from(scale) {
            Ok(scale) => return Ok(TagKind::Decimal { scale }),
            Err(_) => {
                return Err(Error::invalid(format!("a decimal cannot have {scale} digits behind the point")));
            }
        },
        Ok(v1::TagKind::Date) => TagKind::Date,
        Ok(v1::TagKind::Time) => TagKind::Time,
        Ok(v1::TagKind::Unspecified) | Err(_) => {
            return Err(Error::invalid("say the tag's kind: flag, choice, set, int, decimal, date or time"));
        }
    };
    if scale != 0 {
        return Err(Error::invalid(format!("only a decimal has a scale: the tag is {kind}")));
    }
    Ok(kind)
}

fn layer_from_wire(layer: i32) -> Result<Option<Layer>> {
    match v1::Layer::try_from(layer) {
        Ok(v1::Layer::Unspecified) => Ok(None),
        Ok(v1::Layer::Base) => Ok(Some(Layer::Base)),
        Ok(v1::Layer::Behaviour) => Ok(Some(Layer::Behaviour)),
        Ok(v1::Layer::Prediction) => Ok(Some(Layer::Prediction)),
        Err(_) => Err(Error::invalid(format!("{layer} is no layer"))),
    }
}

fn layer_to_wire(layer: Option<Layer>) -> v1::Layer {
    match layer {
        None => v1::Layer::Unspecified,
        Some(Layer::Base) => v1::Layer::Base,
        Some(Layer::Behaviour) => v1::Layer::Behaviour,
        Some(Layer::Prediction) => v1::Layer::Prediction,
    }
}

fn sensitivity_from_wire(sensitivity: i32) -> Result<Option<Sensitivity>> {
    match v1::Sensitivity::try_from(sensitivity) {
        Ok(v1::Sensitivity::Unspecified) => Ok(None),
        Ok(v1::Sensitivity::Public) => Ok(Some(Sensitivity::Public)),
        Ok(v1::Sensitivity::Internal) => Ok(Some(Sensitivity::Internal)),
        Ok(v1::Sensitivity::Private) => Ok(Some(Sensitivity::Private)),
        Err(_) => Err(Error::invalid(format!("{sensitivity} is no sensitivity"))),
    }
}

fn sensitivity_to_wire(sensitivity: Option<Sensitivity>) -> v1::Sensitivity {
    match sensitivity {
        None => v1::Sensitivity::Unspecified,
        Some(Sensitivity::Public) => v1::Sensitivity::Public,
        Some(Sensitivity::Internal) => v1::Sensitivity::Internal,
        Some(Sensitivity::Private) => v1::Sensitivity::Private,
    }
}

fn not_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn declared_from_wire(declared: v1::DeclaredValue) -> DeclaredValue {
    DeclaredValue { value: declared.value, label: not_empty(declared.label), parent: not_empty(declared.parent) }
}

fn declared_to_wire(declared: &DeclaredValue) -> v1::DeclaredValue {
    v1::DeclaredValue {
        value: declared.value.clone(),
        label: declared.label.clone().unwrap_or_default(),
        parent: declared.parent.clone().unwrap_or_default(),
    }
}

/// What a request asks for a new type.
pub(crate) fn create_type(request: v1::CreateTypeRequest) -> Result<CatalogChange> {
    Ok(CatalogChange::CreateType {
        name: request.name,
        key: key_kind_from_wire(request.key_kind)?,
        label: not_empty(request.label),
        description: request.description,
    })
}

/// A type under another name.
pub(crate) fn rename_type(request: v1::RenameTypeRequest) -> CatalogChange {
    CatalogChange::RenameType { name: request.name, new_name: request.new_name }
}

/// No type of that name any more.
pub(crate) fn drop_type(request: v1::DropTypeRequest) -> CatalogChange {
    CatalogChange::DropType { name: request.name, force: request.force }
}

/// What a request asks for a new tag of the type `type_name`.
pub(crate) fn create_tag(type_name: &str, tag: Option<v1::Tag>) -> Result<CatalogChange> {
    let tag = tag.ok_or_else(|| Error::invalid("give the tag to create"))?;
    let kind = tag_kind_from_wire(tag.kind, tag.scale)?;
    let (layer, sensitivity) = (layer_from_wire(tag.layer)?, sensitivity_from_wire(tag.sensitivity)?);
    let definition = TagDefinition {
        label: not_empty(tag.label),
        description: tag.description,
        source: tag.source,
        unit: tag.unit,
        owner: tag.owner,
        layer,
        sensitivity,
        time_to_live_days: tag.time_to_live_days.filter(|days| *days != 0),
        closed_values: tag.closed_values,
        values: tag.declared_values.into_iter().map(declared_from_wire).collect(),
        ..TagDefinition::new(tag.name, kind)
    };
    Ok(CatalogChange::CreateTag(Box::new(TagSpec { type_name: type_name.to_owned(), definition })))
}

/// What a request asks to change of a tag of the type `type_name`.
pub(crate) fn change_tag(type_name: &str, request: v1::ChangeTagRequest) -> Result<CatalogChange> {
    let change = TagChange {
        label: request.label,
        description: request.description,
        source: request.source,
        unit: request.unit,
        owner: request.owner,
        layer: request.layer.map(layer_from_wire).transpose()?,
        sensitivity: request.sensitivity.map(sensitivity_from_wire).transpose()?,
        time_to_live_days: request.time_to_live_days.map(|days| (days != 0).then_some(days)),
        closed_values: request.closed_values,
        values: request.declared_values.map(|list| list.values.into_iter().map(declared_from_wire).collect()),
        ..TagChange::default()
    };
    Ok(CatalogChange::ChangeTag { type_name: type_name.to_owned(), name: request.name, change: Box::new(change) })
}

/// A tag of the type `type_name` under another name.
pub(crate) fn rename_tag(type_name: &str, request: v1::RenameTagRequest) -> CatalogChange {
    CatalogChange::RenameTag { type_name: type_name.to_owned(), name: request.name, new_name: request.new_name }
}

/// No tag of that name any more.
pub(crate) fn drop_tag(type_name: &str, request: v1::DropTagRequest) -> CatalogChange {
    CatalogChange::DropTag { type_name: type_name.to_owned(), name: request.name, force: request.force }
}

/// An audience of the type `type_name` with what is kept of its text.
pub(crate) fn save_audience(
    type_name: &str,
    request: v1::SaveAudienceRequest,
    stored: StoredAudience,
    now_ms: i64,
) -> CatalogChange {
    CatalogChange::SaveAudience(Box::new(AudienceSpec {
        type_name: type_name.to_owned(),
        name: request.name,
        stored: stored.stored,
        tags_used: stored.tags_used,
        audiences_used: stored.audiences_used,
        description: not_empty(request.description),
        owner: not_empty(request.owner),
        now_ms,
    }))
}

/// No audience of that name any more.
pub(crate) fn drop_audience(type_name: &str, request: v1::DropAudienceRequest) -> CatalogChange {
    CatalogChange::DropAudience { type_name: type_name.to_owned(), name: request.name, force: request.force }
}

pub(crate) fn type_to_wire(view: &View, entity_type: &EntityType, live: Option<u64>) -> v1::EntityType {
    v1::EntityType {
        id: entity_type.id.0,
        name: entity_type.name.clone(),
        key_kind: key_kind_to_wire(entity_type.key).into(),
        description: entity_type.description.clone(),
        label: entity_type.label.clone().unwrap_or_default(),
        tags: saturated(view.tags_of(entity_type.id).count()),
        live,
    }
}

pub(crate) fn tag_to_wire(tag: &Tag, values: Option<u64>) -> v1::Tag {
    v1::Tag {
        id: tag.id.0,
        name: tag.name.clone(),
        kind: kind_to_wire(tag.kind).into(),
        scale: tag.kind.scale().into(),
        label: tag.label.clone().unwrap_or_default(),
        description: tag.description.clone(),
        source: tag.source.clone(),
        unit: tag.unit.clone(),
        owner: tag.owner.clone(),
        layer: layer_to_wire(tag.layer).into(),
        sensitivity: sensitivity_to_wire(tag.sensitivity).into(),
        time_to_live_days: tag.time_to_live_days,
        closed_values: tag.closed_values,
        values,
        declared_values: tag.values.iter().map(declared_to_wire).collect(),
    }
}

/// A value that a tag has.
pub(crate) fn value_name_to_wire((id, name): (ValueId, String)) -> v1::TagValueName {
    v1::TagValueName { id: id.0, name }
}

/// One version of an audience.
pub(crate) fn audience_to_wire(
    view: &View,
    entity_type: &EntityType,
    audience: &Audience,
    version: &AudienceVersion,
) -> v1::Audience {
    v1::Audience {
        id: audience.id.0,
        name: audience.name.clone(),
        version: version.version,
        text: view.text_of(entity_type.id, version),
        description: audience.description.clone(),
        owner: audience.owner.clone(),
        created_unix_ms: version.saved_ms,
        entity_type: entity_type.name.clone(),
        versions: audience.versions.iter().map(|kept| kept.version).collect(),
    }
}

/// A count of names, which the catalog's limits keep far below.
pub(crate) fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use muster_engine::write::Durability;
    use muster_proto::Words;

    use super::*;
    use crate::convert::{durability, value};

    /// The engine's word and the wire's are one, and there are as many.
    fn check<E, W: Words>(engine: impl IntoIterator<Item = E>, name: fn(E) -> &'static str, to_wire: fn(E) -> W)
    where
        E: Copy,
    {
        let pairs: Vec<_> = engine.into_iter().map(|one| (to_wire(one), name(one))).collect();
        assert!(pairs == W::WORDS, "{:?}", pairs.iter().map(|(_, word)| word).collect::<Vec<_>>());
    }

    #[test]
    fn the_wire_and_the_engine_have_the_same_words() {
        check(TagKind::ALL, TagKind::name, value::kind_to_wire);
        check(KeyKind::ALL, KeyKind::name, key_kind_to_wire);
        check(Layer::ALL.iter().copied(), Layer::name, |layer| layer_to_wire(Some(layer)));
        check(Sensitivity::ALL.iter().copied(), Sensitivity::name, |it| sensitivity_to_wire(Some(it)));
        check(Durability::ALL, Durability::name, durability::to_wire);
    }
}
