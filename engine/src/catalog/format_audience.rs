//! The bytes of an audience's head and versions, in the audiences' part and in the log.

use crate::catalog::audience::{AudienceHead, AudienceUse, AudienceVersion};
use crate::catalog::format::{is_rising, put_text, read_name, read_text};
use crate::catalog::limits::AUDIENCE_BYTES_MAX;
use crate::codec::{Reader, Writer};
use crate::error::Result;
use crate::ids::{AudienceId, TagId, TypeId};

pub(super) fn put_head(writer: &mut Writer, head: &AudienceHead) {
    writer.u32(head.id.0);
    writer.u32(head.type_id.0);
    writer.i64(head.created_ms);
    put_text(writer, &head.name);
    put_text(writer, &head.description);
    put_text(writer, &head.owner);
}

pub(super) fn read_head(reader: &mut Reader<'_>) -> Result<AudienceHead> {
    Ok(AudienceHead {
        id: AudienceId(reader.u32()?),
        type_id: TypeId(reader.u32()?),
        created_ms: reader.i64()?,
        name: read_name(reader)?,
        description: read_text(reader)?,
        owner: read_text(reader)?,
    })
}

pub(super) fn put_version(writer: &mut Writer, version: &AudienceVersion) {
    writer.u64(version.version);
    writer.i64(version.saved_ms);
    put_text(writer, &version.stored);
    writer.u32(version.tags_used.len() as u32);
    for tag in &version.tags_used {
        writer.u32(tag.0);
    }
    writer.u32(version.audiences_used.len() as u32);
    for used in &version.audiences_used {
        writer.u32(used.id.0);
        writer.u64(used.version.unwrap_or(0));
    }
}

pub(super) fn read_version(reader: &mut Reader<'_>) -> Result<AudienceVersion> {
    let version = reader.u64()?;
    let saved_ms = reader.i64()?;
    let stored = reader.str(AUDIENCE_BYTES_MAX)?.to_owned();
    let mut tags_used = Vec::new();
    for _ in 0..reader.count(4)? {
        tags_used.push(TagId(reader.u32()?));
    }
    let mut audiences_used = Vec::new();
    for _ in 0..reader.count(12)? {
        let id = AudienceId(reader.u32()?);
        let version = reader.u64()?;
        audiences_used.push(AudienceUse { id, version: (version != 0).then_some(version) });
    }
    if !is_rising(&tags_used) || !is_rising(&audiences_used) {
        return Err(reader.corrupt(format_args!("what a version uses does not rise")));
    }
    Ok(AudienceVersion { version, saved_ms, stored, tags_used, audiences_used })
}
