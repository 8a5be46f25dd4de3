//! The promises of the manifest.

use super::*;
use crate::dump::Dump;
use crate::error::ErrorKind;
use crate::storage::sim::{CrashPolicy, Failure, Fault, Keep};
use crate::storage::{Disk, Fence, Random, Sim, Storage};
use proptest::prelude::*;

fn part(id: u64) -> PartRecord {
    PartRecord {
        id: PartId(id),
        kind: PartKind::Bitmaps,
        type_id: TypeId(1),
        first_seq: Seq(id),
        last_seq: Seq(id + 3),
        order: 7,
        level: 2,
        bytes: 4096 + id,
        footer_crc: 0xABCD_EF01,
        lowest: BitmapId(1 << 32),
        highest: BitmapId(9 << 32 | 5),
    }
}

fn sample(number: u64) -> Manifest {
    let source = |name: &str| SourceRecord { name: name.into(), sequence: number, reply: vec![3; 5] };
    Manifest {
        number: FileNumber(number),
        seq: Seq(100 + number),
        next_part: PartId(10 + number),
        catalog: b"catalog".to_vec(),
        parts: (1..=number.min(5)).map(part).collect(),
        next_local_ids: vec![(TypeId(1), 77), (TypeId(4), u32::MAX)],
        sources: vec![source("crm"), source("网站")],
        ..Manifest::first(*b"0123456789abcdef", 4)
    }
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn what_is_published_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let storages: [Box<dyn Storage>; 2] = [Box::new(Disk::open(dir.path()).unwrap()), Box::new(Sim::new(0))];
    for storage in storages {
        let (storage, fence) = (&*storage, Fence::new());
        assert_eq!(load_newest(storage).unwrap(), None);
        publish(storage, &fence, &Manifest::first([1; 16], 0)).unwrap();
        for number in 2..9 {
            publish(storage, &fence, &sample(number)).unwrap();
            assert_eq!(load_newest(storage).unwrap(), Some(sample(number)));
        }
        assert_eq!(retire(storage, 2).unwrap(), [6, 7, 8].map(FileNumber));
        assert_eq!(storage.list(MANIFEST_DIR).unwrap().len(), 3);
        assert_eq!(load(storage, FileNumber(6)).unwrap(), sample(6));
        assert_eq!(kind(load(storage, FileNumber(5))), Some(ErrorKind::NotFound));
    }
}

#[test]
fn the_layouts_are_those_on_paper() {
    let manifest = sample(2);
    check_layout(&manifest, "manifest.v1.txt");
    check_layout(&Manifest { has_contents: true, ..manifest }, "manifest.v2.txt");
}

fn check_layout(manifest: &Manifest, name: &str) {
    let bytes = format::encode(manifest).unwrap();
    let mut dump = Dump::new(&bytes);
    for (len, field) in [
        (8, "magic"),
        (4, "format version"),
        (4, "zero"),
        (16, "store id"),
        (8, "number"),
        (8, "length of the body"),
        (4, "crc32 of the body"),
        (8, "zero"),
        (4, "crc32 of the header"),
        (8, "id epoch"),
        (8, "seq"),
        (8, "log floor"),
        (8, "next part"),
        (8, "next other file"),
        (4, "how many parts"),
        (4, "how many entity types"),
        (4, "how many sources"),
        (4, "length of the catalog"),
    ] {
        dump.field(len, field);
    }
    for _ in &manifest.parts {
        for (len, field) in [
            (8, "part: number"),
            (4, "  entity type"),
            (1, "  kind"),
            (1, "  level"),
            (2, "  zero"),
            (8, "  first seq"),
            (8, "  last seq"),
            (4, "  order"),
            (4, "  crc32 of its footer"),
            (8, "  length of its file"),
            (8, "  lowest bitmap"),
            (8, "  highest bitmap"),
        ] {
            dump.field(len, field);
        }
    }
    for _ in &manifest.next_local_ids {
        dump.field(4, "entity type");
        dump.field(4, "  next local id");
    }
    dump.field(7, "catalog");
    dump.field(1, "padding");
    for (source, padding) in manifest.sources.iter().zip([0, 5]) {
        dump.field(8, "source: the number of its last batch");
        dump.field(4, "  length of its name");
        dump.field(4, "  length of the last reply");
        dump.field(source.name.len(), "  name");
        dump.field(source.reply.len(), "  reply");
        dump.field(padding, "  padding");
    }
    let fixture = dump.check(name);
    assert_eq!(format::decode(&fixture, FileNumber(2)).unwrap(), *manifest);
}

#[test]
fn a_number_is_given_once() {
    let (storage, fence) = (Sim::new(0), Fence::new());
    publish(&storage, &fence, &sample(1)).unwrap();
    assert_eq!(kind(publish(&storage, &fence, &sample(1))), Some(ErrorKind::Conflict));
    assert_eq!(kind(publish(&storage, &fence, &sample(2))), Some(ErrorKind::ReadOnly));
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let bytes = format::encode(&sample(3)).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(kind(format::decode(&flipped, FileNumber(3))), Some(ErrorKind::Corrupt), "bit {bit}");
    }
    for cut in 0..bytes.len() {
        assert_eq!(kind(format::decode(&bytes[..cut], FileNumber(3))), Some(ErrorKind::Corrupt), "cut at {cut}");
    }
    assert_eq!(kind(format::decode(&[&bytes[..], &[0]].concat(), FileNumber(3))), Some(ErrorKind::Corrupt));
    assert_eq!(kind(format::decode(&bytes, FileNumber(4))), Some(ErrorKind::Corrupt));
}

#[test]
fn a_damaged_newest_is_refused_with_what_going_back_costs() {
    let (storage, fence) = (Sim::new(0), Fence::new());
    for number in 1..4 {
        publish(&storage, &fence, &sample(number)).unwrap();
    }
    storage.corrupt(&path(FileNumber(3)), |bytes| bytes[70] ^= 1).unwrap();
    let error = load_newest(&storage).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let expected = "manifest/000003.manifest: its checksum is wrong; the newest older one that verifies is \
         manifest/000002.manifest: it holds 2 parts up to batch 102";
    assert!(error.message().starts_with(expected), "{error}");
    for number in 1..3 {
        storage.corrupt(&path(FileNumber(number)), Vec::clear).unwrap();
    }
    assert!(load_newest(&storage).unwrap_err().message().ends_with("restore a backup"));
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let mut bytes = format::encode(&sample(1)).unwrap();
    bytes[8] = 3;
    let crc = crate::codec::crc32(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
    let error = format::decode(&bytes, FileNumber(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().starts_with("use a newer muster"));
}

#[test]
fn what_contradicts_itself_is_neither_written_nor_read() {
    let changes: [fn(&mut Manifest); 9] = [
        |manifest| manifest.seq = Seq(u64::MAX),
        |manifest| manifest.log_floor = FileNumber(0),
        |manifest| manifest.parts[1].id = PartId(1),
        |manifest| manifest.parts[0].id = PartId(0),
        |manifest| manifest.parts[0].id = manifest.next_part,
        |manifest| manifest.parts[0].last_seq = Seq(0),
        |manifest| manifest.parts[0].highest = BitmapId(0),
        |manifest| manifest.next_local_ids.reverse(),
        |manifest| manifest.sources[1].name = "crm".into(),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut manifest = sample(3);
        change(&mut manifest);
        assert_eq!(kind(format::encode(&manifest)), Some(ErrorKind::Internal), "change {index}");
        assert_eq!(kind(manifest.check(Error::corrupt)), Some(ErrorKind::Corrupt), "change {index}");
    }
    let too_long = SourceRecord { name: "x".into(), sequence: 1, reply: vec![0; SOURCE_REPLY_BYTES_MAX + 1] };
    let manifest = Manifest { sources: vec![too_long], ..sample(1) };
    assert_eq!(kind(format::encode(&manifest)), Some(ErrorKind::Limit));
}

proptest! {
    #[test]
    fn any_body_is_read_without_panic(body: Vec<u8>, counts: [u8; 4]) {
        // A true header around a body of chance, with small counts so that the rest is reached.
        let mut body = [vec![1; 40], counts.iter().flat_map(|&count| [count % 3, 0, 0, 0]).collect(), body].concat();
        let mut bytes = format::encode(&sample(1)).unwrap();
        bytes.truncate(64);
        bytes[40..48].copy_from_slice(&(body.len() as u64).to_le_bytes());
        bytes[48..52].copy_from_slice(&crate::codec::crc32(&body).to_le_bytes());
        let crc = crate::codec::crc32(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        bytes.append(&mut body);
        if let Ok(manifest) = format::decode(&bytes, FileNumber(1)) {
            prop_assert_eq!(format::encode(&manifest).unwrap(), bytes);
        }
    }
}

/// Publishes manifests and crashes at any call; returns what was wrong.
fn crash_run(seed: u64, lies: bool) -> std::result::Result<(), String> {
    let mut random = Random::seeded(seed);
    let mut storage = Sim::new(seed);
    let mut published = 0;
    for _ in 0..3 {
        storage.lie_in_sync(lies);
        let fence = Fence::new();
        let fault = if random.one_in(3) { Fault::NoSpace } else { Fault::Io };
        storage.fail(Failure::for_good(1 + random.below(60), fault));
        let mut tried = published;
        while tried == published && published < 20 {
            tried += 1;
            if publish(&storage, &fence, &sample(tried)).is_ok() {
                published = tried;
                // A name that stays costs room and nothing else.
                let _ = retire(&storage, 2);
            }
        }
        storage = storage.crash(random.next_u64());
        let found = load_newest(&storage).map_err(|error| format!("seed {seed}: {error}"))?;
        let found_number = found.as_ref().map_or(0, |manifest| manifest.number.0);
        if found_number != published && found_number != tried {
            return Err(format!("seed {seed}: {published} published, {tried} tried, {found_number} found"));
        }
        if found.is_some_and(|manifest| manifest != sample(found_number)) {
            return Err(format!("seed {seed}: manifest {found_number} has changed"));
        }
        published = found_number;
    }
    Ok(())
}

#[test]
fn after_a_crash_the_newest_manifest_is_the_last_published() {
    for seed in 0..3000 {
        crash_run(seed, false).unwrap();
    }
}

#[test]
fn the_crash_test_notices_a_sync_that_lies() {
    assert!((0..200).filter(|&seed| crash_run(seed, true).is_err()).count() > 50);
}

#[test]
fn a_manifest_refused_by_a_full_disk_leaves_nothing() {
    let (storage, fence) = (Sim::new(0), Fence::new());
    publish(&storage, &fence, &sample(1)).unwrap();
    storage.set_space(Some(storage.file_len(&path(FileNumber(1))).unwrap() + 50));
    assert_eq!(kind(publish(&storage, &fence, &sample(2))), Some(ErrorKind::Limit));
    assert_eq!(storage.list(MANIFEST_DIR).unwrap(), ["000001.manifest"]);
    storage.set_space(None);
    publish(&storage, &fence, &sample(2)).unwrap();
    let image = storage.crash_with(CrashPolicy { names: Keep::Nothing, data: Keep::Nothing }, 0);
    assert_eq!(load_newest(&image).unwrap(), Some(sample(2)));
}
