//! A batch is weighed before it is decoded.
//!
//! Two bytes on the wire can become a hundred in memory, so a length says little. A first pass over the bytes sums what
//! each field takes when it is decoded, and allocates nothing; the second pass takes no more than that.

use std::fmt;

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost::{DecodeError, Message};

use crate::v1::{Change, EntityChanges, WriteRequest};

/// The most memory that a batch may take when it is decoded, in bytes.
pub const WRITE_MEMORY_BYTES_MAX: usize = 256 << 20;

/// What the smallest allocation takes, with what the allocator adds to it.
const ALLOCATION_BYTES_MIN: usize = 32;
/// Lists within a change grow by doubling, from room for four: while they grow, old and new exist side by side.
const GROWTH: usize = 4;
/// The field of [`WriteRequest`] that holds its entities.
const ENTITIES: u32 = 4;
/// The field of [`EntityChanges`] that holds its changes.
const CHANGES: u32 = 2;

/// Why a batch is not decoded.
#[derive(Clone, PartialEq, Debug)]
pub enum WriteError {
    /// Its bytes are no such message.
    Malformed(DecodeError),
    /// It would take more than [`WRITE_MEMORY_BYTES_MAX`].
    TooLarge,
}

impl From<DecodeError> for WriteError {
    fn from(error: DecodeError) -> WriteError {
        WriteError::Malformed(error)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Malformed(error) => error.fmt(f),
            WriteError::TooLarge => write!(
                f,
                "send a smaller batch: it would take more than {WRITE_MEMORY_BYTES_MAX} bytes of memory \
                 (write_memory_bytes_max)"
            ),
        }
    }
}

impl std::error::Error for WriteError {}

/// Decodes a batch. What is held meanwhile and in the result is at most [`WRITE_MEMORY_BYTES_MAX`].
pub fn decode_write(bytes: &[u8]) -> Result<WriteRequest, WriteError> {
    weigh_write(bytes)?;
    let mut request = WriteRequest { entities: Vec::with_capacity(count(bytes, ENTITIES)?), ..WriteRequest::default() };
    let mut rest = bytes;
    while let Some(field) = Field::next(&mut rest)? {
        match field.content {
            Some(content) if field.number == ENTITIES => {
                let changes = Vec::with_capacity(count(content, CHANGES)?);
                let mut entity = EntityChanges { key: None, changes };
                entity.merge(content)?;
                request.entities.push(entity);
            }
            _ => request.merge(field.whole)?,
        }
    }
    Ok(request)
}

/// The memory that a batch takes at most when it is decoded, in bytes.
pub fn weigh_write(bytes: &[u8]) -> Result<usize, WriteError> {
    let mut left = WRITE_MEMORY_BYTES_MAX;
    weigh(bytes, REQUEST, &mut left)?;
    Ok(WRITE_MEMORY_BYTES_MAX - left)
}

/// What a field becomes in memory. Fields that are not listed take nothing beside the message that they are in.
enum Kind {
    /// A string.
    Text,
    /// Strings in a list that grows.
    Texts,
    /// A message that lies in the one around it.
    One(&'static [(u32, Kind)]),
    /// Messages of so many bytes in a list whose room is taken at once.
    Many(usize, &'static [(u32, Kind)]),
}

type Fields = &'static [(u32, Kind)];

const REQUEST: Fields = &[
    (1, Kind::Text),
    (2, Kind::Text),
    (3, Kind::One(&[(1, Kind::Text)])),
    (5, Kind::Text),
    (ENTITIES, Kind::Many(size_of::<EntityChanges>(), ENTITY)),
];
const ENTITY: Fields = &[(1, Kind::One(&[(1, Kind::Text)])), (CHANGES, Kind::Many(size_of::<Change>(), CHANGE))];
const CHANGE: Fields = &[(1, Kind::One(SET)), (2, Kind::One(REMOVE)), (3, Kind::One(&[(1, Kind::Text)]))];
const SET: Fields = &[(1, Kind::Text), (2, Kind::One(VALUE))];
const REMOVE: Fields = &[(1, Kind::Text), (2, Kind::Text)];
const VALUE: Fields = &[(1, Kind::Text), (3, Kind::Text), (8, Kind::One(&[(1, Kind::Texts)]))];

/// Takes what the fields of a message weigh from `left`. The depth is that of the tables.
fn weigh(mut bytes: &[u8], fields: Fields, left: &mut usize) -> Result<(), WriteError> {
    while let Some(field) = Field::next(&mut bytes)? {
        let Some(content) = field.content else { continue };
        match fields.iter().find(|(number, _)| *number == field.number) {
            Some((_, Kind::Text)) => take(left, text_bytes(content.len()))?,
            Some((_, Kind::Texts)) => take(left, text_bytes(content.len()) + GROWTH * size_of::<String>())?,
            Some((_, Kind::One(fields))) => weigh(content, fields, left)?,
            Some((_, Kind::Many(size, fields))) => {
                take(left, *size)?;
                weigh(content, fields, left)?;
            }
            None => {}
        }
    }
    Ok(())
}

/// What a string of `len` bytes takes beside itself.
fn text_bytes(len: usize) -> usize {
    match len {
        0 => 0,
        _ => (len + size_of::<usize>()).next_multiple_of(16).max(ALLOCATION_BYTES_MIN),
    }
}

fn take(left: &mut usize, bytes: usize) -> Result<(), WriteError> {
    *left = left.checked_sub(bytes).ok_or(WriteError::TooLarge)?;
    Ok(())
}

/// How often a field with a content stands in a message.
pub(crate) fn count(mut bytes: &[u8], number: u32) -> Result<usize, DecodeError> {
    let mut found = 0;
    while let Some(field) = Field::next(&mut bytes)? {
        found += usize::from(field.number == number && field.content.is_some());
    }
    Ok(found)
}

/// One field of a message, not decoded.
struct Field<'b> {
    number: u32,
    /// With its key and length.
    whole: &'b [u8],
    /// What has a length: a string, bytes or a message.
    content: Option<&'b [u8]>,
}

impl<'b> Field<'b> {
    /// The field at the start of `bytes`, which move on behind it.
    fn next(bytes: &mut &'b [u8]) -> Result<Option<Field<'b>>, DecodeError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let start = *bytes;
        let (number, wire_type) = decode_key(bytes)?;
        let content_start = match wire_type {
            WireType::LengthDelimited => {
                let mut content = *bytes;
                decode_varint(&mut content)?;
                Some(content.len())
            }
            _ => None,
        };
        skip_field(wire_type, number, bytes, DecodeContext::default())?;
        let whole = &start[..start.len() - bytes.len()];
        let content = content_start.map(|left| &start[start.len() - left..whole.len()]);
        Ok(Some(Field { number, whole, content }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protox::prost_reflect::{DescriptorPool, Kind as Declared, MessageDescriptor};

    /// The tables name every field that takes memory of its own.
    fn compare(message: &MessageDescriptor, fields: Fields) {
        for declared in message.fields() {
            let kind = fields.iter().find(|(number, _)| *number == declared.number()).map(|(_, kind)| kind);
            let name = declared.full_name();
            match (declared.kind(), declared.is_list(), kind) {
                (Declared::String | Declared::Bytes, false, Some(Kind::Text)) => {}
                (Declared::String | Declared::Bytes, true, Some(Kind::Texts)) => {}
                (Declared::Message(inner), true, Some(Kind::Many(_, fields)))
                | (Declared::Message(inner), false, Some(Kind::One(fields))) => compare(&inner, fields),
                (Declared::Message(inner), false, None) => compare(&inner, &[]),
                (Declared::String | Declared::Bytes | Declared::Message(_), _, _) => panic!("{name} has no weight"),
                (_, is_list, _) => assert!(!is_list, "{name} has no weight"),
            }
        }
        for (number, _) in fields {
            assert!(message.get_field(*number).is_some(), "{} has no field {number}", message.full_name());
        }
    }

    #[test]
    fn every_field_has_a_weight() {
        let pool = DescriptorPool::decode(crate::FILE_DESCRIPTOR_SET).expect("the descriptors");
        compare(&pool.get_message_by_name("muster.v1.WriteRequest").expect("a batch"), REQUEST);
    }
}
