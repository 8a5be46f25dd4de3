//! The log record of one batch: resolved to ids, so that replay looks up no name.
//!
//! `docs/formats/batch-record.md` is the text of this layout. The record carries every id that the batch allocated, so
//! bits and names recover together. Decoding trusts nothing: counts are bounded by the bytes that are left, ids and
//! texts by their limits, and the record must end where its content ends.

use crate::codec::{Reader, Writer};
use crate::error::{Error, Result};
use crate::formats::BATCH_RECORD;
use crate::ids::{LocalId, Seq, TagId, TypeId, ValueId};

use crate::catalog::limits::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::write::commit::batch::{BATCH_CHANGES_MAX, SOURCE_BYTES_MAX};

/// The layout described here; a record of a newer one is refused.
pub(crate) const BATCH_RECORD_VERSION: u8 = BATCH_RECORD.newest() as u8;

/// One batch, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchRecord {
    pub(crate) type_id: TypeId,
    /// The type's population tag, under which its keys are named.
    pub(crate) population: TagId,
    /// Who sent it, and its number there.
    pub(crate) source: Option<(String, u64)>,
    /// The counts of the first reply, for a repeat after a restart.
    pub(crate) unknown_entities: u64,
    pub(crate) new_entities: u64,
    /// Keys that became known, with the ids that they got.
    pub(crate) keys: Vec<NewKey>,
    /// Values that became known, with the ids that they got.
    pub(crate) values: Vec<NewValue>,
    /// The changes, in order.
    pub(crate) changes: Vec<EntityChange>,
}

/// A key that became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewKey {
    pub(crate) local: LocalId,
    /// The key's canonical bytes.
    pub(crate) canonical: Vec<u8>,
}

/// A value that became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewValue {
    pub(crate) tag: TagId,
    pub(crate) value: ValueId,
    pub(crate) text: String,
}

/// One change of one entity, by ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityChange {
    pub(crate) local: LocalId,
    pub(crate) what: What,
}

/// What happens to the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Touch,
    Erase,
    SetFlag(TagId),
    SetChoice(TagId, ValueId),
    AddValue(TagId, ValueId),
    RemoveValue(TagId, ValueId),
    SetNumber(TagId, i64),
    Clear(TagId),
}

/// A batch that only has to be promised.
pub(crate) struct Resolved {
    pub(crate) seq: Seq,
    pub(crate) record: BatchRecord,
    /// The record as the log keeps it.
    pub(crate) bytes: Vec<u8>,
}

impl BatchRecord {
    /// The bytes of the record. Errors: limit, when a text or a count exceeds what decoding accepts.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        let mut writer = Writer::new();
        writer.u8(BATCH_RECORD_VERSION);
        writer.varint(self.type_id.0.into());
        writer.varint(self.population.0.into());
        writer.bool(self.source.is_some());
        if let Some((name, sequence)) = &self.source {
            put_text(&mut writer, name.as_bytes(), SOURCE_BYTES_MAX)?;
            writer.varint(*sequence);
        }
        writer.varint(self.unknown_entities);
        writer.varint(self.new_entities);
        put_count(&mut writer, self.keys.len())?;
        for key in &self.keys {
            writer.varint(key.local.0.into());
            put_text(&mut writer, &key.canonical, CANONICAL_BYTES_MAX)?;
        }
        put_count(&mut writer, self.values.len())?;
        for value in &self.values {
            writer.varint(value.tag.0.into());
            writer.varint(value.value.0.into());
            put_text(&mut writer, value.text.as_bytes(), VALUE_BYTES_MAX)?;
        }
        put_count(&mut writer, self.changes.len())?;
        for change in &self.changes {
            writer.u8(change.what.code());
            writer.varint(change.local.0.into());
            change.what.encode_rest(&mut writer);
        }
        Ok(writer.into_bytes())
    }

    /// The record that `bytes` hold. Errors: corrupt, and invalid for a newer version.
    pub(crate) fn decode(bytes: &[u8]) -> Result<BatchRecord> {
        let mut reader = Reader::new(bytes);
        BATCH_RECORD.check(u32::from(reader.u8()?))?;
        let type_id = TypeId(take_u32(&mut reader, 1, u32::MAX)?);
        let population = TagId(take_u32(&mut reader, 1, u32::MAX)?);
        let source = match reader.bool()? {
            true => Some((take_string(&mut reader, SOURCE_BYTES_MAX)?, reader.varint()?)),
            false => None,
        };
        let (unknown_entities, new_entities) = (reader.varint()?, reader.varint()?);
        let count = take_count(&mut reader, 3)?;
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            let local = take_local(&mut reader)?;
            let canonical = take_text(&mut reader, CANONICAL_BYTES_MAX)?.to_vec();
            keys.push(NewKey { local, canonical });
        }
        let count = take_count(&mut reader, 3)?;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let tag = TagId(take_u32(&mut reader, 1, u32::MAX)?);
            let value = take_value(&mut reader)?;
            let text = take_string(&mut reader, VALUE_BYTES_MAX)?;
            values.push(NewValue { tag, value, text });
        }
        let count = take_count(&mut reader, 2)?;
        let mut changes = Vec::with_capacity(count);
        for _ in 0..count {
            let code = reader.u8()?;
            let local = take_local(&mut reader)?;
            let what = What::decode(code, &mut reader)?;
            changes.push(EntityChange { local, what });
        }
        reader.finish()?;
        Ok(BatchRecord { type_id, population, source, unknown_entities, new_entities, keys, values, changes })
    }
}

/// A canonical key has a kind byte before its text.
const CANONICAL_BYTES_MAX: usize = KEY_BYTES_MAX + 1;
/// A list of values is one change and many entries here, and each entity may be touched as well.
const ENTRIES_MAX: usize = 4 * BATCH_CHANGES_MAX;

impl What {
    fn code(self) -> u8 {
        match self {
            What::Touch => 1,
            What::Erase => 2,
            What::SetFlag(_) => 3,
            What::SetChoice(..) => 4,
            What::AddValue(..) => 5,
            What::RemoveValue(..) => 6,
            What::SetNumber(..) => 7,
            What::Clear(_) => 8,
        }
    }

    fn encode_rest(self, writer: &mut Writer) {
        match self {
            What::Touch | What::Erase => {}
            What::SetFlag(tag) | What::Clear(tag) => writer.varint(tag.0.into()),
            What::SetChoice(tag, value) | What::AddValue(tag, value) | What::RemoveValue(tag, value) => {
                writer.varint(tag.0.into());
                writer.varint(value.0.into());
            }
            What::SetNumber(tag, number) => {
                writer.varint(tag.0.into());
                writer.varint(zigzag(number));
            }
        }
    }

    fn decode(code: u8, reader: &mut Reader<'_>) -> Result<What> {
        if code <= 2 {
            return match code {
                1 => Ok(What::Touch),
                2 => Ok(What::Erase),
                _ => Err(reader.corrupt(format_args!("no change has the code {code}"))),
            };
        }
        let tag = TagId(take_u32(reader, 1, u32::MAX)?);
        Ok(match code {
            3 => What::SetFlag(tag),
            4 => What::SetChoice(tag, take_value(reader)?),
            5 => What::AddValue(tag, take_value(reader)?),
            6 => What::RemoveValue(tag, take_value(reader)?),
            7 => match unzigzag(reader.varint()?) {
                i64::MIN => return Err(reader.corrupt(format_args!("-2^63 is not a number of a tag"))),
                number => What::SetNumber(tag, number),
            },
            8 => What::Clear(tag),
            _ => return Err(reader.corrupt(format_args!("no change has the code {code}"))),
        })
    }
}

/// Small numbers of either sign become small unsigned ones.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn put_text(writer: &mut Writer, text: &[u8], len_max: usize) -> Result<()> {
    if text.len() > len_max {
        return Err(Error::limit(format!("{} bytes of text, at most {len_max} are allowed", text.len())));
    }
    writer.varint(text.len() as u64);
    writer.bytes(text);
    Ok(())
}

fn put_count(writer: &mut Writer, count: usize) -> Result<()> {
    if count > ENTRIES_MAX {
        return Err(Error::limit(format!("a batch may hold {ENTRIES_MAX} single changes, it holds {count}: split it")));
    }
    writer.varint(count as u64);
    Ok(())
}

fn take_text<'a>(reader: &mut Reader<'a>, len_max: usize) -> Result<&'a [u8]> {
    let len = reader.varint()?;
    if len > len_max as u64 {
        return Err(reader.corrupt(format_args!("expected at most {len_max} bytes, found a length of {len}")));
    }
    reader.bytes(len as usize)
}

fn take_string(reader: &mut Reader<'_>, len_max: usize) -> Result<String> {
    let bytes = take_text(reader, len_max)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(reader.corrupt(format_args!("the text before is not UTF-8"))),
    }
}

fn take_count(reader: &mut Reader<'_>, each_bytes_min: usize) -> Result<usize> {
    let count = reader.varint()?;
    if count > (reader.remaining() / each_bytes_min) as u64 || count > ENTRIES_MAX as u64 {
        return Err(reader.corrupt(format_args!("a count of {count} does not fit {} bytes", reader.remaining())));
    }
    Ok(count as usize)
}

fn take_u32(reader: &mut Reader<'_>, least: u32, most: u32) -> Result<u32> {
    let number = reader.varint()?;
    if number < least.into() || number > most.into() {
        return Err(reader.corrupt(format_args!("expected a number from {least} to {most}, found {number}")));
    }
    Ok(number as u32)
}

fn take_local(reader: &mut Reader<'_>) -> Result<LocalId> {
    Ok(LocalId(take_u32(reader, 0, LocalId::MAX.0)?))
}

fn take_value(reader: &mut Reader<'_>) -> Result<ValueId> {
    Ok(ValueId(take_u32(reader, 1, ValueId::MAX.0)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn what() -> impl Strategy<Value = What> {
        let (tag, value) = (1..=u32::MAX, 1..=ValueId::MAX.0);
        prop_oneof![
            Just(What::Touch),
            Just(What::Erase),
            tag.clone().prop_map(|t| What::SetFlag(TagId(t))),
            (tag.clone(), value.clone()).prop_map(|(t, v)| What::SetChoice(TagId(t), ValueId(v))),
            (tag.clone(), value.clone()).prop_map(|(t, v)| What::AddValue(TagId(t), ValueId(v))),
            (tag.clone(), value).prop_map(|(t, v)| What::RemoveValue(TagId(t), ValueId(v))),
            (tag.clone(), -i64::MAX..=i64::MAX).prop_map(|(t, n)| What::SetNumber(TagId(t), n)),
            tag.prop_map(|t| What::Clear(TagId(t))),
        ]
    }

    fn record() -> impl Strategy<Value = BatchRecord> {
        let local = (0..=LocalId::MAX.0).prop_map(LocalId);
        let key = (local.clone(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(local, canonical)| NewKey { local, canonical });
        let value = (1..=u32::MAX, 1..=ValueId::MAX.0, ".{0,9}").prop_map(|(tag, value, text)| NewValue {
            tag: TagId(tag),
            value: ValueId(value),
            text,
        });
        let change = (local, what()).prop_map(|(local, what)| EntityChange { local, what });
        (
            1..=u32::MAX,
            prop::option::of((".{0,9}", any::<u64>())),
            any::<(u64, u64)>(),
            prop::collection::vec(key, 0..4),
            prop::collection::vec(value, 0..4),
            prop::collection::vec(change, 0..9),
        )
            .prop_map(|(id, source, (unknown_entities, new_entities), keys, values, changes)| BatchRecord {
                type_id: TypeId(id),
                population: TagId(id),
                source,
                unknown_entities,
                new_entities,
                keys,
                values,
                changes,
            })
    }

    proptest! {
        #[test]
        fn a_record_survives_its_bytes_and_no_prefix_passes(record in record()) {
            let bytes = record.encode().unwrap();
            prop_assert_eq!(BatchRecord::decode(&bytes).unwrap(), record);
            for len in 0..bytes.len() {
                prop_assert!(BatchRecord::decode(&bytes[..len]).is_err());
            }
        }

        #[test]
        fn any_bytes_are_decoded_without_panic(bytes: Vec<u8>) {
            let behind_a_version = [&[BATCH_RECORD_VERSION], &bytes[..]].concat();
            for bytes in [bytes, behind_a_version] {
                if let Ok(record) = BatchRecord::decode(&bytes) {
                    prop_assert_eq!(record.encode().unwrap(), bytes);
                }
            }
        }

        #[test]
        fn a_changed_record_that_decodes_encodes_to_the_same_bytes(
            record in record(),
            at: prop::sample::Index,
            byte: u8,
        ) {
            let mut bytes = record.encode().unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(record) = BatchRecord::decode(&bytes) {
                prop_assert_eq!(record.encode().unwrap(), bytes);
            }
        }
    }
}
