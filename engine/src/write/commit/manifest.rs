//! The manifest as the commit writes and reads it: from its state to what names the files, and back.
//!
//! A manifest keeps one record per source. Batches and loads share that list under a prefix each: a load id is a source
//! that sends once, its reply the load's result. The numbers of values are not listed: the names files hold every value
//! that can be mentioned, so the highest number is found there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::codec::{Reader, Writer as Bytes};
use crate::error::{Error, Result};
use crate::ids::{BitmapId, Seq, TypeId};
use crate::manifest::{self, Manifest, PartKind, PartRecord, SourceRecord};

use crate::write::commit::Commit;
use crate::write::commit::reply::Loaded;
use crate::write::commit::state::{Base, SourceMark, Sources, State};
use crate::write::files::stack::{Content, Piece, Stack, StackLayer, StoredFile};
use crate::write::files::{FileKind, Files};

const BATCH_PREFIX: &str = "batch/";
const LOAD_PREFIX: &str = "load/";
/// The layout of replies in a manifest.
const REPLY_VERSION: u8 = 1;
/// That of a load's reply which ends with the digest of its content; a manifest with one is of version 2.
const REPLY_VERSION_CONTENT: u8 = 2;

/// What a manifest is to name.
pub(crate) struct Named<'n> {
    pub(crate) base: &'n Base,
    pub(crate) stack: &'n Stack,
    /// A load that is committed with it.
    pub(crate) load: Option<(&'n str, &'n Loaded)>,
}

impl Commit {
    /// Publishes the manifest of what is `named`, durably.
    ///
    /// Errors: limit, and nothing has changed; any other trips the fence, and whether the manifest counts is unknown
    /// until the next open.
    pub(crate) fn write_manifest(&self, files: &Files, state: &mut State, named: &Named<'_>) -> Result<()> {
        let Named { base, stack, load } = *named;
        let number = state.manifest.next();
        let locals = self.allocator.lock().local_counters();
        // A type that only the log knows may have got ids from a load, which the log does not list.
        let types = base.catalog.types().chain(state.catalog.types());
        let next_local_ids: BTreeMap<TypeId, u32> =
            types.filter_map(|entity_type| Some((entity_type.id, *locals.get(&entity_type.population)?))).collect();
        let manifest = Manifest {
            number,
            store_id: state.store_id,
            id_epoch: state.id_epoch,
            seq: base.seq,
            log_floor: base.log_floor,
            next_part: files.next_part(),
            next_file: crate::ids::FileNumber(1),
            catalog: base.catalog.encode(),
            parts: part_records(base, stack),
            next_local_ids: next_local_ids.into_iter().collect(),
            sources: source_records(&base.sources, &state.loads, load)?,
            has_contents: state.has_contents() || load.is_some_and(|(_, loaded)| loaded.content.is_some()),
        };
        manifest::publish(&*files.storage, &files.fence, &manifest)?;
        state.manifest = number;
        state.wal.note_manifest(number);
        // Old manifests that stay are in nobody's way.
        let _ = manifest::retire(&*files.storage, files.manifests_kept);
        Ok(())
    }
}

fn part_records(base: &Base, stack: &Stack) -> Vec<PartRecord> {
    let mut records: Vec<PartRecord> = records_of(&stack.layers).chain(records_of(&stack.names)).collect();
    if let Some(file) = &base.audiences {
        records.push(record(file, PartKind::Audiences, (Seq(0), base.seq), (BitmapId(0), BitmapId(0))));
    }
    records
}

/// One for each file of a pile.
fn records_of<T: Content>(pile: &[StackLayer<T>]) -> impl Iterator<Item = PartRecord> {
    pile.iter().flat_map(|layer| {
        let stored = layer.parts.iter().filter_map(|part| Some((&part.part, part.file.as_ref()?)));
        stored.map(|(part, file)| record(file, T::KIND, layer.seqs(), part.range()))
    })
}

fn record(file: &StoredFile, kind: PartKind, seqs: (Seq, Seq), range: (BitmapId, BitmapId)) -> PartRecord {
    PartRecord {
        id: file.id,
        kind,
        type_id: TypeId(0),
        first_seq: seqs.0,
        last_seq: seqs.1,
        order: 0,
        level: 0,
        bytes: file.bytes,
        footer_crc: file.footer_crc,
        lowest: range.0,
        highest: range.1,
    }
}

/// The kind of file that a record of a manifest names.
pub(crate) fn file_kind(kind: PartKind) -> Result<FileKind> {
    match kind {
        PartKind::Bitmaps => Ok(FileKind::Part),
        PartKind::Keys => Ok(FileKind::Names),
        PartKind::Audiences => Ok(FileKind::Audiences),
        PartKind::Values => {
            Err(Error::corrupt("a manifest lists a file of kind 3 (values alone), which no release of muster writes"))
        }
    }
}

fn source_records(
    sources: &Sources,
    loads: &BTreeMap<String, Loaded>,
    load: Option<(&str, &Loaded)>,
) -> Result<Vec<SourceRecord>> {
    let mut records = Vec::with_capacity(sources.len() + loads.len() + 1);
    for (name, mark) in sources.iter() {
        let mut bytes = Bytes::new();
        bytes.u8(REPLY_VERSION);
        bytes.u64(mark.seq.0);
        bytes.u64(mark.unknown_entities);
        bytes.u64(mark.new_entities);
        records.push(SourceRecord {
            name: format!("{BATCH_PREFIX}{name}"),
            sequence: mark.sequence,
            reply: bytes.into_bytes(),
        });
    }
    let older = loads.iter().map(|(id, loaded)| (id.as_str(), loaded));
    for (id, loaded) in older.chain(load) {
        let mut bytes = Bytes::new();
        bytes.u8(if loaded.content.is_some() { REPLY_VERSION_CONTENT } else { REPLY_VERSION });
        for number in [loaded.load_seq.0, loaded.rows, loaded.entities, loaded.new_entities, loaded.new_values] {
            bytes.u64(number);
        }
        if let Some(content) = &loaded.content {
            bytes.bytes(content);
        }
        records.push(SourceRecord {
            name: format!("{LOAD_PREFIX}{id}"),
            sequence: loaded.seq.0,
            reply: bytes.into_bytes(),
        });
    }
    records.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(records)
}

/// The sources and loads that a manifest remembers. Errors: corrupt.
pub(crate) fn read_sources(records: &[SourceRecord]) -> Result<(Sources, BTreeMap<String, Loaded>)> {
    let (mut sources, mut loads) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        let mut reader = Reader::new(&record.reply);
        let version = reader.u8()?;
        let is_of_load = record.name.starts_with(LOAD_PREFIX);
        if version != REPLY_VERSION && !(version == REPLY_VERSION_CONTENT && is_of_load) {
            return Err(Error::corrupt(format!("the reply to source `{}` has an unknown layout", record.name)));
        }
        if let Some(name) = record.name.strip_prefix(BATCH_PREFIX) {
            let mark = SourceMark {
                sequence: record.sequence,
                seq: Seq(reader.u64()?),
                unknown_entities: reader.u64()?,
                new_entities: reader.u64()?,
            };
            sources.insert(name.to_owned(), mark);
        } else if let Some(id) = record.name.strip_prefix(LOAD_PREFIX) {
            let loaded = Loaded {
                seq: Seq(record.sequence),
                load_seq: Seq(reader.u64()?),
                rows: reader.u64()?,
                entities: reader.u64()?,
                new_entities: reader.u64()?,
                new_values: reader.u64()?,
                repeated: false,
                content: if version == REPLY_VERSION_CONTENT { Some(reader.array()?) } else { None },
            };
            loads.insert(id.to_owned(), loaded);
        } else {
            return Err(Error::corrupt(format!(
                "the source `{}` begins neither with `batch/` nor with `load/`",
                record.name
            )));
        }
        reader.finish()?;
    }
    Ok((Arc::new(sources), loads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_loads_come_back() {
        let mark = SourceMark { sequence: 7, seq: Seq(9), unknown_entities: 1, new_entities: 2 };
        let loaded = Loaded {
            seq: Seq(8),
            load_seq: Seq(3),
            rows: 10,
            entities: 9,
            new_entities: 5,
            new_values: 2,
            repeated: false,
            content: None,
        };
        let with_content = Loaded { content: Some([7; 16]), ..loaded };
        let sources: Sources = Arc::new(BTreeMap::from([("a".to_owned(), mark), ("load/x".to_owned(), mark)]));
        let loads = BTreeMap::from([("x".to_owned(), loaded)]);
        let records = source_records(&sources, &loads, Some(("y", &with_content))).unwrap();
        let (sources_back, loads_back) = read_sources(&records).unwrap();
        assert_eq!(sources_back, sources);
        assert_eq!(loads_back.len(), 2);
        assert_eq!((loads_back["x"], loads_back["y"]), (loaded, with_content));
        let mut broken = records;
        broken[0].reply.pop();
        assert!(read_sources(&broken).is_err());
    }
}
