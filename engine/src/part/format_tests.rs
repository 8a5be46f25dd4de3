//! The layout of a part, byte by byte: the dump under tests/data/formats is made here and read back here.

use std::mem::offset_of;

use super::format::*;
use super::{BitmapView, Part, PartBuilder, Role, TagForm};
use crate::dump::Dump;
use crate::ids::{BitmapId, LocalId, Seq, TagId, ValueId};
use crate::storage::Mapped;

const POPULATION: TagId = TagId(1);
const FLAG: TagId = TagId(2);
const CITY: TagId = TagId(3);
const AGE: TagId = TagId(4);
const INTERESTS: TagId = TagId(5);

/// A part with a bitmap of each form, and of each kind of container but the bitset, which alone takes 8 KiB.
fn tiny() -> Mapped {
    let mut part = PartBuilder::new();
    for id in 0..65_536 {
        part.touch(POPULATION, LocalId(id));
    }
    for id in (10..=30).chain(40..=49) {
        part.set_flag(FLAG, LocalId(id));
    }
    part.clear_everyone(CITY, TagForm::Choice);
    part.set_choice(CITY, LocalId(7), ValueId(2));
    part.set_choice(CITY, LocalId(5), ValueId(9));
    part.set_number(AGE, LocalId(3), -5);
    part.add_value(INTERESTS, LocalId(4), ValueId(1));
    part.remove_value(INTERESTS, LocalId(4), ValueId(3));
    part.finish(Seq(6), Seq(7)).unwrap()
}

fn fields(dump: &mut Dump<'_>, fields: &[(usize, &str)]) {
    for (length, meaning) in fields {
        dump.field(*length, meaning);
    }
}

fn entries(dump: &mut Dump<'_>, count: u32, list: &[(usize, &str)]) {
    for _ in 0..count {
        fields(dump, list);
    }
}

/// The first `count` entries of a table.
fn table<T: bytemuck::Pod>(bytes: &[u8], count: u32) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).take(count as usize).map(bytemuck::pod_read_unaligned).collect()
}

/// What the units hold, by offset: containers, and the columns of pair blocks.
fn pieces(directory: &[u8], footer: &Footer, layout: &DirectoryLayout) -> Vec<(usize, usize, String)> {
    let chunks: Vec<ChunkEntry> = table(&directory[layout.chunks..], footer.chunk_count);
    let mut pieces = Vec::new();
    for entry in table::<BitmapEntry>(directory, footer.bitmap_count) {
        for chunk in &chunks[entry.first_chunk as usize..][..entry.chunk_count as usize] {
            let (name, length) = match chunk.kind {
                kind::ARRAY => ("array", 2 * (usize::from(chunk.cardinality_minus_one) + 1)),
                kind::RUNS => ("runs", 4 * (usize::from(chunk.runs_minus_one) + 1)),
                _ => continue,
            };
            let role = if entry.role == Role::Added as u8 { "added to" } else { "removed from" };
            let meaning = format!("{name} of ids {role} bitmap {}", BitmapId(entry.bitmap));
            pieces.push((chunk.offset as usize, length, meaning));
        }
    }
    for block in table::<PairsEntry>(&directory[layout.pairs..], footer.pairs_count) {
        let (start, count) = (block.offset as usize, block.count as usize);
        let columns = PairsLayout::new(count);
        let tag = block.tag;
        pieces.push((start, 4 * count, format!("pairs of tag {tag} by value: values")));
        pieces.push((start + columns.lows_by_value, 2 * count, "  ids".to_owned()));
        pieces.push((start + columns.lows_by_id, 2 * count, "by id: ids".to_owned()));
        pieces.push((start + columns.values_by_id, 4 * count, "  values".to_owned()));
    }
    pieces.sort();
    pieces
}

#[test]
fn the_layout_of_a_part_is_the_one_in_its_dump() {
    let bytes = tiny();
    let footer: Footer = bytemuck::pod_read_unaligned(&bytes[bytes.len() - FOOTER_BYTES..]);
    let directory = footer.directory_offset as usize;
    let layout = DirectoryLayout::new(footer.bitmap_count, footer.chunk_count, footer.pairs_count, footer.unit_count);
    let mut dump = Dump::new(&bytes);
    fields(&mut dump, &HEADER);
    let mut position = HEADER_BYTES;
    for (offset, length, meaning) in pieces(&bytes[directory..], &footer, &layout) {
        dump.field(offset - position, "zero");
        dump.field(length, &meaning);
        position = offset + length;
    }
    dump.field(directory - position, "zero");
    entries(&mut dump, footer.bitmap_count, &BITMAP);
    entries(&mut dump, footer.chunk_count, &CHUNK);
    entries(&mut dump, footer.pairs_count, &PAIRS);
    entries(&mut dump, footer.unit_count, &UNIT);
    dump.field(layout.bytes - layout.units - size_of::<UnitEntry>() * footer.unit_count as usize, "zero");
    let checksums = layout.bytes.div_ceil(PAGE_BYTES);
    entries(&mut dump, checksums as u32, &[(4, "crc32 of a page of the directory")]);
    dump.field((4 * checksums).next_multiple_of(8) - 4 * checksums, "zero");
    fields(&mut dump, &FOOTER);
    let fixture = dump.check("part.v1.txt");

    let part = Part::open(Mapped::from(&fixture[..]), "the fixture", Some(footer.crc)).unwrap();
    part.check().unwrap();
    assert_eq!((part.first_seq(), part.last_seq()), (Seq(6), Seq(7)));
    let view = |bitmap, role| part.bitmap(bitmap, role).unwrap();
    assert_eq!(view(BitmapId::live(POPULATION), Role::Added).unwrap().cardinality(), 65_536);
    assert_eq!(view(BitmapId::flag(FLAG), Role::Added).unwrap().cardinality(), 31);
    assert_eq!(view(BitmapId::cleared(CITY), Role::Added), Some(BitmapView::Everyone));
    assert!(matches!(view(BitmapId::value(CITY, ValueId(9)), Role::Added), Some(BitmapView::Pairs { .. })));
    assert!(view(BitmapId::negative(AGE), Role::Added).is_some());
    assert!(view(BitmapId::value(INTERESTS, ValueId(3)), Role::Removed).is_some());
}

#[test]
fn the_dump_names_every_field_where_it_stands() {
    let end = |list: &[(usize, &str)]| list.iter().map(|(length, _)| length).sum::<usize>();
    assert_eq!(end(&HEADER), HEADER_BYTES);
    assert_eq!(end(&HEADER[..5]), offset_of!(Header, zero));
    assert_eq!(end(&BITMAP), size_of::<BitmapEntry>());
    assert_eq!(end(&BITMAP[..4]), offset_of!(BitmapEntry, role));
    assert_eq!(end(&CHUNK), size_of::<ChunkEntry>());
    assert_eq!(end(&CHUNK[..5]), offset_of!(ChunkEntry, kind));
    assert_eq!(end(&PAIRS), size_of::<PairsEntry>());
    assert_eq!(end(&PAIRS[..5]), offset_of!(PairsEntry, unit));
    assert_eq!(end(&UNIT), size_of::<UnitEntry>());
    assert_eq!(end(&FOOTER), FOOTER_BYTES);
    assert_eq!(end(&FOOTER[..11]), offset_of!(Footer, bitmap_count));
}

const HEADER: [(usize, &str); 7] = [
    (8, "magic"),
    (4, "format version"),
    (4, "zero"),
    (8, "first seq"),
    (8, "last seq"),
    (28, "zero"),
    (4, "crc32 of the header"),
];

const BITMAP: [(usize, &str); 7] = [
    (8, "bitmap: slot, tag"),
    (8, "  cardinality"),
    (4, "  first entry of the chunk table"),
    (4, "  how many entries"),
    (1, "  role"),
    (1, "  form"),
    (6, "  zero"),
];

const CHUNK: [(usize, &str); 7] = [
    (4, "container: offset"),
    (4, "  unit"),
    (2, "  chunk"),
    (2, "  cardinality - 1"),
    (2, "  runs - 1"),
    (1, "  kind"),
    (1, "  zero"),
];

const PAIRS: [(usize, &str); 7] = [
    (4, "pair block: tag"),
    (2, "  chunk"),
    (2, "  zero"),
    (4, "  offset"),
    (4, "  how many pairs"),
    (4, "  unit"),
    (4, "  zero"),
];

const UNIT: [(usize, &str); 3] = [(4, "unit: offset"), (4, "  length"), (4, "  crc32")];

const FOOTER: [(usize, &str); 17] = [
    (8, "magic"),
    (4, "format version"),
    (4, "crc32 of the page checksums"),
    (8, "length of the file"),
    (8, "first seq"),
    (8, "last seq"),
    (8, "lowest bitmap"),
    (8, "highest bitmap"),
    (8, "offset of the directory"),
    (8, "length of the directory"),
    (8, "offset of the page checksums"),
    (4, "bitmaps"),
    (4, "containers"),
    (4, "pair blocks"),
    (4, "units"),
    (12, "zero"),
    (4, "crc32 of the header's crc32 and of the footer"),
];
