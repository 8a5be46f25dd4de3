//! The bytes of the catalog: in the manifest (types and tags), in the audiences' part, and in the log (records).
//!
//! `docs/formats/catalog.md` is the text of these layouts. Decoding trusts nothing: counts are bounded by the bytes
//! that are left, texts by their limits, and what is decoded is put together through the same checks as a change.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::audience::Audience;
use crate::catalog::entity_type::EntityType;
use crate::catalog::format_audience::{put_head, put_version, read_head, read_version};
use crate::catalog::kind::{KeyKind, TagKind};
use crate::catalog::limits::{NAME_CHARS_MAX, SCALE_MAX, TEXT_BYTES_MAX, VALUE_BYTES_MAX};
use crate::catalog::name::is_stored_name;
use crate::catalog::tag::{DeclaredValue, Layer, Sensitivity, Tag, TagDefinition, WriteDates};
use crate::catalog::{Catalog, CatalogRecord, Inner, NextIds};
use crate::codec::{Reader, Writer, crc32, crc32_seeded};
use crate::error::{Error, Result};
use crate::formats::{AUDIENCES, CATALOG, Format};
use crate::ids::{AudienceId, TagId, TypeId};

const CATALOG_MAGIC: [u8; 8] = *b"MUSTRCAT";
const AUDIENCES_MAGIC: [u8; 8] = *b"MUSTRAUD";
/// The first layout, which is written wherever it can say everything; older programs read it.
const VERSION_FIRST: u32 = 1;
/// The newest layout: a tag may name the dates of its writes.
const VERSION: u32 = CATALOG.newest();
pub(super) const HEADER_BYTES: usize = 24;
/// Bytes of the longest name: four to a character.
const NAME_BYTES_MAX: usize = NAME_CHARS_MAX * 4;

const PUT_TYPE: u8 = 1;
const DROP_TYPE: u8 = 2;
const PUT_TAG: u8 = 3;
const DROP_TAG: u8 = 4;
const PUT_AUDIENCE: u8 = 5;
const DROP_AUDIENCE: u8 = 6;
/// A tag in the layout of version 2.
const PUT_DATED_TAG: u8 = 7;

const CLOSED_VALUES: u8 = 1;
const ORDERED_VALUES: u8 = 2;
/// Since version 2.
const WRITE_DATES: u8 = 4;

impl Catalog {
    /// The types, the tags and the next ids, for the manifest.
    ///
    /// # Panics
    /// Never: every length is bounded by the catalog's limits.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u32(self.0.next.entity_type);
        writer.u32(self.0.next.tag);
        writer.u32(self.0.next.audience);
        writer.u32(self.0.types.len() as u32);
        for entity_type in self.types() {
            put_type(&mut writer, entity_type);
        }
        writer.u32(self.0.tags.len() as u32);
        for tag in self.0.tags.values() {
            put_tag(&mut writer, tag);
        }
        framed(CATALOG_MAGIC, self.format_version(), &writer.into_bytes())
    }

    /// The version of the layout that says everything: the first where that is enough.
    pub(crate) fn format_version(&self) -> u32 {
        if self.has_write_dates() { VERSION } else { VERSION_FIRST }
    }

    /// The catalog that [`Catalog::encode`] wrote, without audiences. Errors: corrupt; invalid, when a newer program
    /// wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Catalog> {
        decode_catalog(bytes).map_err(|error| error.context("the catalog"))
    }

    /// The audiences with all their versions, for a part of their own.
    pub fn encode_audiences(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u32(self.0.audiences.len() as u32);
        for audience in self.0.audiences.values() {
            put_head(&mut writer, &audience.head());
            writer.u32(audience.versions.len() as u32);
            for version in &audience.versions {
                put_version(&mut writer, version);
            }
        }
        framed(AUDIENCES_MAGIC, VERSION_FIRST, &writer.into_bytes())
    }

    /// This catalog with the audiences that [`Catalog::encode_audiences`] wrote instead of its own. Errors: corrupt.
    pub fn decode_audiences(&self, bytes: &[u8]) -> Result<Catalog> {
        self.with_audiences(bytes).map_err(|error| error.context("the audiences"))
    }

    fn with_audiences(&self, bytes: &[u8]) -> Result<Catalog> {
        let mut inner = (*self.0).clone();
        inner.forget_audiences();
        let (_, mut reader) = unframed(AUDIENCES_MAGIC, &AUDIENCES, bytes)?;
        for _ in 0..reader.count(8)? {
            let head = read_head(&mut reader)?;
            if head.id.0 >= inner.next.audience || !is_last(&inner.audiences, head.id) {
                return Err(reader.corrupt(format_args!("audience {} was not given, or stands out of order", head.id)));
            }
            let mut versions = Vec::new();
            for _ in 0..reader.count(8)? {
                versions.push(Arc::new(read_version(&mut reader)?));
            }
            inner.put_audience(Audience {
                id: head.id,
                type_id: head.type_id,
                name: head.name,
                description: head.description,
                owner: head.owner,
                created_ms: head.created_ms,
                versions,
            })?;
        }
        reader.finish()?;
        Ok(Catalog(Arc::new(inner)))
    }
}

fn decode_catalog(bytes: &[u8]) -> Result<Catalog> {
    let (version, mut reader) = unframed(CATALOG_MAGIC, &CATALOG, bytes)?;
    let mut inner = Inner::empty();
    inner.next = NextIds { entity_type: reader.u32()?, tag: reader.u32()?, audience: reader.u32()? };
    if inner.next.entity_type == 0 || inner.next.tag == 0 || inner.next.audience == 0 {
        return Err(reader.corrupt(format_args!("a next id is 0")));
    }
    for _ in 0..reader.count(8)? {
        let entity_type = read_type(&mut reader)?;
        let (id, population) = (entity_type.id, entity_type.population);
        let given = id.0 < inner.next.entity_type && population.0 < inner.next.tag;
        if !given || !is_last(&inner.types, id) {
            return Err(reader.corrupt(format_args!("type {id} was not given, or stands out of order")));
        }
        inner.put_type(entity_type)?;
    }
    for _ in 0..reader.count(8)? {
        let tag = read_tag(&mut reader, version)?;
        let last = tag.write_dates.map_or(tag.id, |dates| dates.tag.max(tag.id));
        if last.0 >= inner.next.tag || !is_last(&inner.tags, tag.id) {
            return Err(reader.corrupt(format_args!("tag {} was not given, or stands out of order", tag.id)));
        }
        inner.put_tag(tag)?;
    }
    if version == VERSION && inner.write_dates.is_empty() {
        return Err(reader.corrupt(format_args!(
            "format version {version}, but no tag names the dates of its writes, which version 1 can say"
        )));
    }
    reader.finish()?;
    Ok(Catalog(Arc::new(inner)))
}

/// magic, version, crc32 of all the rest, length of the body, the body.
pub(super) fn framed(magic: [u8; 8], version: u32, body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.bytes(&magic);
    writer.u32(version);
    writer.u32(frame_crc(magic, version, body));
    writer.u64(body.len() as u64);
    writer.bytes(body);
    writer.into_bytes()
}

fn frame_crc(magic: [u8; 8], version: u32, body: &[u8]) -> u32 {
    let crc = crc32(&magic);
    let crc = crc32_seeded(crc, &version.to_le_bytes());
    let crc = crc32_seeded(crc, &(body.len() as u64).to_le_bytes());
    crc32_seeded(crc, body)
}

/// The version and the body. Errors: corrupt; invalid, where the version is above the newest of `format`.
fn unframed<'b>(magic: [u8; 8], format: &Format, bytes: &'b [u8]) -> Result<(u32, Reader<'b>)> {
    let mut reader = Reader::new(bytes);
    if reader.array::<8>()? != magic {
        return Err(Error::corrupt("its first bytes are not those of this format (wrong magic)"));
    }
    let version = reader.u32()?;
    let crc = reader.u32()?;
    let body_bytes = reader.u64()?;
    if body_bytes != reader.remaining() as u64 {
        return Err(Error::corrupt(format!(
            "expected {body_bytes} bytes behind the header, found {}",
            reader.remaining()
        )));
    }
    let found = frame_crc(magic, version, &bytes[HEADER_BYTES..]);
    if found != crc {
        return Err(Error::corrupt(format!("expected checksum {crc:08x}, found {found:08x}")));
    }
    format.check(version)?;
    Ok((version, reader))
}

impl CatalogRecord {
    /// The bytes of the record for the log, which adds its own checksum.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            CatalogRecord::PutType(entity_type) => {
                writer.u8(PUT_TYPE);
                put_type(&mut writer, entity_type);
            }
            CatalogRecord::DropType(id) => {
                writer.u8(DROP_TYPE);
                writer.u32(id.0);
            }
            CatalogRecord::PutTag(tag) => {
                writer.u8(if tag.write_dates.is_some() { PUT_DATED_TAG } else { PUT_TAG });
                put_tag(&mut writer, tag);
            }
            CatalogRecord::DropTag(id) => {
                writer.u8(DROP_TAG);
                writer.u32(id.0);
            }
            CatalogRecord::PutAudience { head, version, forgotten } => {
                writer.u8(PUT_AUDIENCE);
                put_head(&mut writer, head);
                writer.u32(forgotten.len() as u32);
                for number in forgotten {
                    writer.u64(*number);
                }
                writer.bool(version.is_some());
                if let Some(version) = version {
                    put_version(&mut writer, version);
                }
            }
            CatalogRecord::DropAudience(id) => {
                writer.u8(DROP_AUDIENCE);
                writer.u32(id.0);
            }
        }
        writer.into_bytes()
    }

    /// The record that [`CatalogRecord::encode`] wrote. Errors: corrupt.
    pub fn decode(bytes: &[u8]) -> Result<CatalogRecord> {
        let mut reader = Reader::new(bytes);
        let record = read_record(&mut reader)
            .and_then(|record| reader.finish().map(|()| record))
            .map_err(|error| error.context("a catalog record"))?;
        Ok(record)
    }
}

fn read_record(reader: &mut Reader<'_>) -> Result<CatalogRecord> {
    Ok(match reader.u8()? {
        PUT_TYPE => CatalogRecord::PutType(read_type(reader)?),
        DROP_TYPE => CatalogRecord::DropType(TypeId(reader.u32()?)),
        PUT_TAG => CatalogRecord::PutTag(Box::new(read_tag(reader, VERSION_FIRST)?)),
        PUT_DATED_TAG => match read_tag(reader, VERSION)? {
            tag if tag.write_dates.is_some() => CatalogRecord::PutTag(Box::new(tag)),
            tag => return Err(reader.corrupt(format_args!("tag {} does not date its writes", tag.id))),
        },
        DROP_TAG => CatalogRecord::DropTag(TagId(reader.u32()?)),
        PUT_AUDIENCE => {
            let head = read_head(reader)?;
            let mut forgotten = Vec::new();
            for _ in 0..reader.count(8)? {
                forgotten.push(reader.u64()?);
            }
            if !is_rising(&forgotten) {
                return Err(reader.corrupt(format_args!("the forgotten versions do not rise")));
            }
            let version = match reader.bool()? {
                true => Some(Box::new(read_version(reader)?)),
                false => None,
            };
            CatalogRecord::PutAudience { head, version, forgotten }
        }
        DROP_AUDIENCE => CatalogRecord::DropAudience(AudienceId(reader.u32()?)),
        other => return Err(reader.corrupt(format_args!("record kind {other} is unknown"))),
    })
}

/// A length and a text; no text of the catalog comes near 2^32 bytes.
pub(super) fn put_text(writer: &mut Writer, text: &str) {
    writer.u32(text.len() as u32);
    writer.bytes(text.as_bytes());
}

fn put_optional(writer: &mut Writer, text: &Option<String>) {
    writer.bool(text.is_some());
    if let Some(text) = text {
        put_text(writer, text);
    }
}

pub(super) fn read_text(reader: &mut Reader<'_>) -> Result<String> {
    reader.str(TEXT_BYTES_MAX).map(str::to_owned)
}

pub(super) fn read_name(reader: &mut Reader<'_>) -> Result<String> {
    let name = reader.str(NAME_BYTES_MAX)?;
    match is_stored_name(name) {
        true => Ok(name.to_owned()),
        false => Err(reader.corrupt(format_args!("the text before is not a stored name"))),
    }
}

fn read_label(reader: &mut Reader<'_>) -> Result<Option<String>> {
    match reader.bool()? {
        true => read_name(reader).map(Some),
        false => Ok(None),
    }
}

/// Whether `id` comes behind all that were read before.
fn is_last<K: Ord, V>(before: &BTreeMap<K, V>, id: K) -> bool {
    before.last_key_value().is_none_or(|(last, _)| *last < id)
}

pub(super) fn is_rising<T: PartialOrd>(things: &[T]) -> bool {
    things.windows(2).all(|two| two[0] < two[1])
}

fn put_type(writer: &mut Writer, entity_type: &EntityType) {
    writer.u32(entity_type.id.0);
    writer.u32(entity_type.population.0);
    writer.u8(match entity_type.key {
        KeyKind::String => 1,
        KeyKind::U64 => 2,
        KeyKind::Dense => 3,
    });
    put_text(writer, &entity_type.name);
    put_optional(writer, &entity_type.label);
    put_text(writer, &entity_type.description);
}

fn read_type(reader: &mut Reader<'_>) -> Result<EntityType> {
    let id = TypeId(reader.u32()?);
    let population = TagId(reader.u32()?);
    if id.0 == 0 || population.0 == 0 {
        return Err(reader.corrupt(format_args!("a type or its population has the number 0")));
    }
    let key = match reader.u8()? {
        1 => KeyKind::String,
        2 => KeyKind::U64,
        3 => KeyKind::Dense,
        other => return Err(reader.corrupt(format_args!("key kind {other} is unknown"))),
    };
    Ok(EntityType {
        id,
        population,
        key,
        name: read_name(reader)?,
        label: read_label(reader)?,
        description: read_text(reader)?,
    })
}

fn put_tag(writer: &mut Writer, tag: &Tag) {
    writer.u32(tag.id.0);
    writer.u32(tag.type_id.0);
    writer.u8(match tag.kind {
        TagKind::Flag => 1,
        TagKind::Choice => 2,
        TagKind::Set => 3,
        TagKind::Int => 4,
        TagKind::Decimal { .. } => 5,
        TagKind::Date => 6,
        TagKind::Time => 7,
    });
    writer.u8(tag.kind.scale());
    writer.u8(tag.layer.map_or(0, Layer::number));
    writer.u8(tag.sensitivity.map_or(0, Sensitivity::number));
    writer.u32(tag.time_to_live_days.unwrap_or(0));
    let closed = if tag.closed_values { CLOSED_VALUES } else { 0 };
    let ordered = if tag.ordered_values { ORDERED_VALUES } else { 0 };
    let dated = if tag.write_dates.is_some() { WRITE_DATES } else { 0 };
    writer.u8(closed | ordered | dated);
    put_text(writer, &tag.name);
    put_optional(writer, &tag.label);
    for text in [&tag.description, &tag.source, &tag.unit, &tag.owner] {
        put_text(writer, text);
    }
    writer.u32(tag.values.len() as u32);
    for declared in &tag.values {
        put_text(writer, &declared.value);
        put_optional(writer, &declared.label);
        put_optional(writer, &declared.parent);
    }
    if let Some(dates) = tag.write_dates {
        writer.u32(dates.tag.0);
        writer.i64(dates.since);
    }
}

/// A tag in the layout of `version`.
fn read_tag(reader: &mut Reader<'_>, version: u32) -> Result<Tag> {
    let id = TagId(reader.u32()?);
    let type_id = TypeId(reader.u32()?);
    if id.0 == 0 {
        return Err(reader.corrupt(format_args!("a tag has the number 0")));
    }
    let kind = read_kind(reader)?;
    let layer = read_word(reader, Layer::ALL, |layer| layer.number())?;
    let sensitivity = read_word(reader, Sensitivity::ALL, |one| one.number())?;
    let days = reader.u32()?;
    let bits = reader.u8()?;
    let dated = if version >= 2 { WRITE_DATES } else { 0 };
    if bits & !(CLOSED_VALUES | ORDERED_VALUES | dated) != 0 {
        return Err(reader.corrupt(format_args!("tag {id} has unknown bits {bits:#04x}")));
    }
    let name = read_name(reader)?;
    let label = read_label(reader)?;
    let [description, source, unit, owner] = [(); 4].map(|()| read_text(reader));
    let mut values = Vec::new();
    for _ in 0..reader.count(6)? {
        values.push(read_declared(reader)?);
    }
    let write_dates = match bits & WRITE_DATES {
        0 => None,
        _ => Some(WriteDates { tag: TagId(reader.u32()?), since: reader.i64()? }),
    };
    let definition = TagDefinition {
        name,
        label,
        kind,
        description: description?,
        source: source?,
        unit: unit?,
        owner: owner?,
        layer,
        sensitivity,
        time_to_live_days: (days != 0).then_some(days),
        closed_values: bits & CLOSED_VALUES != 0,
        ordered_values: bits & ORDERED_VALUES != 0,
        values,
    };
    Ok(Tag { id, type_id, definition, write_dates })
}

fn read_kind(reader: &mut Reader<'_>) -> Result<TagKind> {
    let (number, scale) = (reader.u8()?, reader.u8()?);
    Ok(match (number, scale) {
        (1, 0) => TagKind::Flag,
        (2, 0) => TagKind::Choice,
        (3, 0) => TagKind::Set,
        (4, 0) => TagKind::Int,
        (5, 0..=SCALE_MAX) => TagKind::Decimal { scale },
        (6, 0) => TagKind::Date,
        (7, 0) => TagKind::Time,
        _ => {
            return Err(reader.corrupt(format_args!("tag kind {number} with scale {scale} is unknown")));
        }
    })
}

fn read_word<T: Copy>(reader: &mut Reader<'_>, all: &[T], number_of: impl Fn(T) -> u8) -> Result<Option<T>> {
    let number = reader.u8()?;
    let found = all.iter().copied().find(|one| number_of(*one) == number);
    if number != 0 && found.is_none() {
        return Err(reader.corrupt(format_args!("the word numbered {number} is unknown")));
    }
    Ok(found)
}

fn read_declared(reader: &mut Reader<'_>) -> Result<DeclaredValue> {
    let value = reader.str(VALUE_BYTES_MAX)?.to_owned();
    let [label, parent] = [(); 2].map(|()| match reader.bool()? {
        true => reader.str(VALUE_BYTES_MAX).map(|text| Some(text.to_owned())),
        false => Ok(None),
    });
    Ok(DeclaredValue { value, label: label?, parent: parent? })
}
