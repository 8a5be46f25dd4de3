//! The layout of a manifest; the text is docs/formats/manifest.md.

use super::{
    CATALOG_BYTES_MAX, Manifest, PARTS_MAX, PartKind, PartRecord, SOURCE_NAME_BYTES_MAX, SOURCE_REPLY_BYTES_MAX,
    SOURCES_MAX, SourceRecord, TYPES_MAX,
};
use crate::codec::{Reader, Writer, crc32};
use crate::error::{Error, Result};
use crate::formats::MANIFEST;
use crate::ids::{BitmapId, FileNumber, PartId, Seq, TypeId};

/// The directory of the manifests.
pub(crate) const MANIFEST_DIR: &str = "manifest";
/// The longest manifest, in bytes.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 1 << 30;

const MAGIC: [u8; 8] = *b"MUSTRMAN";
/// The version of a manifest whose replies have no digests.
const VERSION_FIRST: u32 = 1;
const VERSION: u32 = MANIFEST.newest();
const HEADER_BYTES: usize = 64;
const HEADER_CRC_OFFSET: usize = 60;
const PART_BYTES: usize = 64;
const NEXT_ID_BYTES: usize = 8;
/// A source with an empty name and an empty reply.
const SOURCE_BYTES_MIN: usize = 16;

const _: () = assert!(HEADER_CRC_OFFSET + 4 == HEADER_BYTES);
const _: () = assert!(
    (PARTS_MAX * PART_BYTES
        + TYPES_MAX * NEXT_ID_BYTES
        + SOURCES_MAX * (SOURCE_BYTES_MIN + SOURCE_NAME_BYTES_MAX + SOURCE_REPLY_BYTES_MAX)
        + CATALOG_BYTES_MAX
        + (1 << 10)) as u64
        <= MANIFEST_BYTES_MAX
);

/// The path of a manifest.
pub(crate) fn path(number: FileNumber) -> String {
    format!("{MANIFEST_DIR}/{:06}.manifest", number.0)
}

/// The number that a name in [`MANIFEST_DIR`] gives; `None` for names that are not those of manifests.
pub(super) fn number_of(name: &str) -> Option<FileNumber> {
    let number = name.strip_suffix(".manifest")?.parse().ok().filter(|&number| number != 0 && number != u64::MAX)?;
    // Only the one way to write a number counts, so no two names have one number.
    (format!("{number:06}.manifest") == name).then_some(FileNumber(number))
}

/// The bytes of `manifest`. Errors: limit, when it is larger than its bounds; internal, when it contradicts itself.
pub(super) fn encode(manifest: &Manifest) -> Result<Vec<u8>> {
    manifest.check_limits()?;
    manifest.check(Error::internal)?;
    let body = encode_body(manifest)?;
    let mut writer = Writer::new();
    writer.bytes(&MAGIC);
    writer.u32(if manifest.has_contents { VERSION } else { VERSION_FIRST });
    writer.zeros(4);
    writer.bytes(&manifest.store_id);
    writer.u64(manifest.number.0);
    writer.u64(body.len() as u64);
    writer.u32(crc32(&body));
    writer.zeros(8);
    let crc = crc32(writer.as_bytes());
    writer.u32(crc);
    writer.bytes(&body);
    Ok(writer.into_bytes())
}

fn encode_body(manifest: &Manifest) -> Result<Vec<u8>> {
    let mut writer = Writer::new();
    writer.u64(manifest.id_epoch);
    writer.u64(manifest.seq.0);
    writer.u64(manifest.log_floor.0);
    writer.u64(manifest.next_part.0);
    writer.u64(manifest.next_file.0);
    writer.count(manifest.parts.len())?;
    writer.count(manifest.next_local_ids.len())?;
    writer.count(manifest.sources.len())?;
    writer.count(manifest.catalog.len())?;
    for part in &manifest.parts {
        encode_part(&mut writer, part);
    }
    for (type_id, next) in &manifest.next_local_ids {
        writer.u32(type_id.0);
        writer.u32(*next);
    }
    writer.bytes(&manifest.catalog);
    writer.align(8);
    for source in &manifest.sources {
        writer.u64(source.sequence);
        writer.count(source.name.len())?;
        writer.count(source.reply.len())?;
        writer.bytes(source.name.as_bytes());
        writer.bytes(&source.reply);
        writer.align(8);
    }
    Ok(writer.into_bytes())
}

fn encode_part(writer: &mut Writer, part: &PartRecord) {
    writer.u64(part.id.0);
    writer.u32(part.type_id.0);
    writer.u8(part.kind as u8);
    writer.u8(part.level);
    writer.zeros(2);
    writer.u64(part.first_seq.0);
    writer.u64(part.last_seq.0);
    writer.u32(part.order);
    writer.u32(part.footer_crc);
    writer.u64(part.bytes);
    writer.u64(part.lowest.0);
    writer.u64(part.highest.0);
}

/// Reads manifest `number`. Errors: corrupt; invalid, when a newer program wrote it.
pub(super) fn decode(bytes: &[u8], number: FileNumber) -> Result<Manifest> {
    let mut reader = Reader::new(bytes);
    let mut header = Reader::new(reader.bytes(HEADER_BYTES)?);
    if header.array()? != MAGIC {
        return Err(Error::corrupt("it does not begin as a manifest does (wrong magic)"));
    }
    let version = header.u32()?;
    if crc32(&bytes[..HEADER_CRC_OFFSET]) != Reader::at(bytes, HEADER_CRC_OFFSET)?.u32()? {
        return Err(Error::corrupt(format!("the checksum of its header (version {version}) is wrong")));
    }
    MANIFEST.check(version)?;
    header.zeros(4)?;
    let store_id = header.array()?;
    let found = FileNumber(header.u64()?);
    let body_bytes = header.u64()?;
    let body_crc = header.u32()?;
    header.zeros(8)?;
    if found != number {
        return Err(Error::corrupt(format!("it was written as manifest {found}")));
    }
    if body_bytes != reader.remaining() as u64 {
        let remaining = reader.remaining();
        return Err(Error::corrupt(format!("expected {body_bytes} bytes behind its header, found {remaining}")));
    }
    let body = reader.bytes(reader.remaining())?;
    if crc32(body) != body_crc {
        return Err(Error::corrupt("its checksum is wrong"));
    }
    let manifest = Manifest { has_contents: version == VERSION, ..decode_body(body, number, store_id)? };
    manifest.check(Error::corrupt)?;
    Ok(manifest)
}

fn decode_body(body: &[u8], number: FileNumber, store_id: [u8; 16]) -> Result<Manifest> {
    let mut reader = Reader::new(body);
    let mut manifest = Manifest { number, ..Manifest::first(store_id, reader.u64()?) };
    manifest.seq = Seq(reader.u64()?);
    manifest.log_floor = FileNumber(reader.u64()?);
    manifest.next_part = PartId(reader.u64()?);
    manifest.next_file = FileNumber(reader.u64()?);
    let part_count = bounded(&mut reader, PARTS_MAX)?;
    let type_count = bounded(&mut reader, TYPES_MAX)?;
    let source_count = bounded(&mut reader, SOURCES_MAX)?;
    let catalog_bytes = bounded(&mut reader, CATALOG_BYTES_MAX)?;
    // Each piece is taken as bytes first, so nothing is allocated for a count that the file cannot hold.
    let parts = reader.bytes(part_count * PART_BYTES)?;
    manifest.parts = parts.chunks_exact(PART_BYTES).map(decode_part).collect::<Result<_>>()?;
    let next_ids = reader.bytes(type_count * NEXT_ID_BYTES)?;
    manifest.next_local_ids = next_ids.chunks_exact(NEXT_ID_BYTES).map(decode_next_id).collect::<Result<_>>()?;
    manifest.catalog = reader.bytes(catalog_bytes)?.to_vec();
    skip_padding(&mut reader)?;
    for _ in 0..source_count {
        manifest.sources.push(decode_source(&mut reader)?);
    }
    reader.finish()?;
    Ok(manifest)
}

fn bounded(reader: &mut Reader<'_>, max: usize) -> Result<usize> {
    let count = reader.u32()? as usize;
    if count > max {
        return Err(reader.corrupt(format_args!("expected at most {max}, found {count}")));
    }
    Ok(count)
}

fn skip_padding(reader: &mut Reader<'_>) -> Result<()> {
    reader.zeros(reader.offset().next_multiple_of(8) - reader.offset())
}

fn decode_part(bytes: &[u8]) -> Result<PartRecord> {
    let mut reader = Reader::new(bytes);
    let id = PartId(reader.u64()?);
    let type_id = TypeId(reader.u32()?);
    let kind = reader.u8()?;
    let level = reader.u8()?;
    reader.zeros(2)?;
    Ok(PartRecord {
        id,
        type_id,
        kind: PartKind::from_number(kind)?,
        level,
        first_seq: Seq(reader.u64()?),
        last_seq: Seq(reader.u64()?),
        order: reader.u32()?,
        footer_crc: reader.u32()?,
        bytes: reader.u64()?,
        lowest: BitmapId(reader.u64()?),
        highest: BitmapId(reader.u64()?),
    })
}

fn decode_next_id(bytes: &[u8]) -> Result<(TypeId, u32)> {
    let mut reader = Reader::new(bytes);
    Ok((TypeId(reader.u32()?), reader.u32()?))
}

fn decode_source(reader: &mut Reader<'_>) -> Result<SourceRecord> {
    let sequence = reader.u64()?;
    let name_bytes = bounded(reader, SOURCE_NAME_BYTES_MAX)?;
    let reply_bytes = bounded(reader, SOURCE_REPLY_BYTES_MAX)?;
    let name = std::str::from_utf8(reader.bytes(name_bytes)?)
        .map_err(|_| reader.corrupt(format_args!("the name of a source is not UTF-8")))?
        .to_owned();
    let reply = reader.bytes(reply_bytes)?.to_vec();
    skip_padding(reader)?;
    Ok(SourceRecord { name, sequence, reply })
}

impl PartKind {
    fn from_number(number: u8) -> Result<PartKind> {
        Ok(match number {
            1 => PartKind::Bitmaps,
            2 => PartKind::Keys,
            3 => PartKind::Values,
            4 => PartKind::Audiences,
            _ => return Err(Error::corrupt(format!("{number} is not a kind of part"))),
        })
    }
}
