//! Dictionaries against hash maps, and every kind of damage.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use xxhash_rust::xxh3::xxh3_64;

use super::format::{FOOTER_BYTES, Footer, GROUP_NAMES, NAME_BYTES_MAX, PAGE_BYTES, Tail};
use super::*;
use crate::catalog::EntityKey;
use crate::codec::crc32;
use crate::error::ErrorKind;
use crate::storage::Mapped;

/// A small generator, so that a printed seed gives the same run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

fn built(entries: &[(u32, u32, Vec<u8>)]) -> NamesPart {
    let mut builder = NamesBuilder::new();
    for (scope, number, name) in entries {
        builder.add(TagId(*scope), *number, xxh3_64(name), name);
    }
    NamesPart::open(Mapped::from_bytes(builder.build().unwrap()), None).unwrap()
}

fn merged(parts: &[&NamesPart], keep: &dyn Fn(TagId, u32) -> bool) -> NamesPart {
    let mut bytes = Vec::new();
    let mut sink = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok(())
    };
    let summary = merge_names(parts, keep, &mut sink).unwrap();
    assert_eq!(summary.bytes, bytes.len() as u64);
    let part = NamesPart::open(Mapped::from(&bytes[..]), Some(summary.footer_crc)).unwrap();
    assert_eq!(part.entry_count(), summary.entry_count);
    assert_eq!(part.scope_count(), summary.scope_count);
    part
}

/// What a dictionary must answer: number to name by scope, and of two numbers with one name the last one.
#[derive(Clone, Default)]
struct Oracle {
    names: BTreeMap<(u32, u32), Vec<u8>>,
    numbers: HashMap<(u32, Vec<u8>), u32>,
}

impl Oracle {
    /// A newer entry takes its name from the number that had it.
    fn add(&mut self, scope: u32, number: u32, name: &[u8]) {
        if let Some(old) = self.numbers.insert((scope, name.to_vec()), number) {
            self.names.remove(&(scope, old));
        }
        self.names.insert((scope, number), name.to_vec());
    }

    fn check(&self, part: &NamesPart) {
        assert_eq!(part.entry_count(), self.names.len() as u64);
        let scopes: BTreeSet<u32> = self.names.keys().map(|(scope, _)| *scope).collect();
        let found: Vec<u32> = part.scopes().unwrap().iter().map(|tag| tag.0).collect();
        assert_eq!(found, scopes.iter().copied().collect::<Vec<_>>());
        for ((scope, name), number) in &self.numbers {
            let found = part.find(TagId(*scope), xxh3_64(name), name).unwrap();
            assert_eq!(found, Some(*number).filter(|number| self.names.contains_key(&(*scope, *number))));
        }
        for scope in scopes {
            let tag = TagId(scope);
            let range = (scope, 0)..=(scope, u32::MAX);
            let of_scope: Vec<(u32, &Vec<u8>)> = self.names.range(range).map(|(key, name)| (key.1, name)).collect();
            let mut visited = Vec::new();
            part.scope(tag)
                .unwrap()
                .unwrap()
                .visit(|number, hash, name| {
                    assert_eq!(hash, xxh3_64(name));
                    visited.push((number, name.to_vec()));
                    Ok(())
                })
                .unwrap();
            assert!(visited.iter().map(|(number, name)| (*number, name)).eq(of_scope.iter().copied()));
            for (number, name) in &of_scope {
                assert_eq!(part.name(tag, *number).unwrap(), Some(name.as_slice()));
                assert_eq!(part.hash(tag, *number).unwrap(), Some(xxh3_64(name)));
                if let Some(hole) = number.checked_add(1) {
                    let expected = self.names.get(&(scope, hole)).map(Vec::as_slice);
                    assert_eq!(part.name(tag, hole).unwrap(), expected);
                }
            }
            let (first, last) = (of_scope[0].0, of_scope[of_scope.len() - 1].0);
            for (low, high) in
                [(0, u32::MAX), (first, last), (first + 1, last), (first, first), (last, u32::MAX), (5, 4)]
            {
                let expected: Vec<(u32, u64)> = of_scope
                    .iter()
                    .filter(|(number, _)| (low..=high).contains(number))
                    .map(|(number, name)| (*number, xxh3_64(name)))
                    .collect();
                let run = part.hashes(tag, low, high).unwrap();
                assert_eq!(run.len(), expected.len());
                assert_eq!(run.iter().collect::<Vec<_>>(), expected);
            }
        }
    }
}

fn random_name(dice: &mut Dice) -> Vec<u8> {
    let stem = ["user", "用户", "", "é", "x\0y", "a much longer name of somebody"][dice.roll(6)];
    match dice.roll(4) {
        0 => EntityKey::Number(dice.roll(300) as u64).canonical_bytes(),
        _ => EntityKey::Text(format!("{stem}{}", dice.roll(200))).canonical_bytes(),
    }
}

#[test]
fn random_parts_and_merges_agree_with_an_oracle() {
    for seed in 0..40 {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let mut all = Oracle::default();
        let mut next = [1u32, 100, 65_500];
        let mut parts = Vec::new();
        for _ in 0..1 + dice.roll(5) {
            let (mut one, mut entries) = (Oracle::default(), Vec::new());
            for _ in 0..dice.roll(400) {
                let which = dice.roll(3);
                let name = random_name(&mut dice);
                next[which] += if dice.roll(3) == 0 { 1 + dice.roll(3) as u32 } else { 1 };
                let scope = [3, 1, 90_000][which];
                one.add(scope, next[which], &name);
                all.add(scope, next[which], &name);
                entries.push((scope, next[which], name));
            }
            let part = built(&entries);
            one.check(&part);
            parts.push(Arc::new(part));
        }
        let all_parts: Vec<&NamesPart> = parts.iter().map(|part| &**part).collect();
        all.check(&merged(&all_parts, &|_, _| true));
        // Merging some first, then the rest, is the same as merging all at once.
        let (old, new) = all_parts.split_at(dice.roll(all_parts.len() + 1));
        let old = merged(old, &|_, _| true);
        let rest: Vec<&NamesPart> = std::iter::once(&old).chain(new.iter().copied()).collect();
        all.check(&merged(&rest, &|_, _| true));
        check_stack(&Names::new(parts.clone()), &all);
        // What is not kept is as if it had never been there, also where it hid an older entry of its name.
        let keep = |tag: TagId, number: u32| tag != TagId(1) && !number.is_multiple_of(3);
        let kept = merged(&[&merged(&all_parts, &|_, _| true)], &keep);
        let mut expected = all.clone();
        expected.names.retain(|(scope, number), _| keep(TagId(*scope), *number));
        expected.check(&kept);
    }
}

/// A stack finds what its merge finds; numbers whose name has moved on may keep it.
fn check_stack(names: &Names, all: &Oracle) {
    for ((scope, name), number) in &all.numbers {
        let found = names.find(TagId(*scope), xxh3_64(name), name).unwrap();
        assert_eq!(found, Some(*number));
    }
    for ((scope, number), name) in &all.names {
        assert_eq!(names.name(TagId(*scope), *number).unwrap(), Some(name.as_slice()));
        assert_eq!(names.hash(TagId(*scope), *number).unwrap(), Some(xxh3_64(name)));
        let mut hashes = [0; 100];
        let first = number.saturating_sub(7);
        names.hashes_into(TagId(*scope), first, &mut hashes).unwrap();
        assert_eq!(hashes[(number - first) as usize], xxh3_64(name));
    }
    for scope in [1, 3, 90_000] {
        let mut visited = BTreeMap::new();
        names
            .visit(TagId(scope), |number, name| {
                assert!(visited.last_key_value().is_none_or(|(last, _)| *last < number));
                visited.insert(number, name.to_vec());
                Ok(())
            })
            .unwrap();
        let of_scope = all.names.range((scope, 0)..=(scope, u32::MAX));
        assert!(of_scope.into_iter().all(|((_, number), name)| visited.get(number) == Some(name)));
        assert_eq!(names.last(TagId(scope)).unwrap(), visited.last_key_value().map(|(last, _)| *last));
    }
}

#[test]
fn an_empty_part_knows_nothing() {
    for part in [built(&[]), merged(&[], &|_, _| true), merged(&[&built(&[(1, 1, vec![7])])], &|_, _| false)] {
        assert_eq!((part.entry_count(), part.scope_count()), (0, 0));
        assert_eq!(part.find(TagId(1), 5, b"a").unwrap(), None);
        assert_eq!(part.name(TagId(1), 5).unwrap(), None);
        assert_eq!(part.hashes(TagId(1), 0, u32::MAX).unwrap().len(), 0);
        part.verify().unwrap();
    }
    assert!(NamesBuilder::new().is_empty());
}

#[test]
fn of_one_name_or_number_the_newest_counts() {
    let part = built(&[(1, 5, b"k".to_vec()), (1, 9, b"k".to_vec()), (1, 7, b"a".to_vec()), (1, 7, b"b".to_vec())]);
    assert_eq!(part.find(TagId(1), xxh3_64(b"k"), b"k").unwrap(), Some(9));
    assert_eq!(part.name(TagId(1), 5).unwrap(), None);
    assert_eq!(part.name(TagId(1), 7).unwrap(), Some(&b"b"[..]));
    assert_eq!(part.find(TagId(1), xxh3_64(b"a"), b"a").unwrap(), None);
    // A load below a small write: the small write's number counts, though it is lower.
    let (load, small) = (built(&[(1, 100, b"x".to_vec())]), built(&[(1, 50, b"x".to_vec())]));
    let both = merged(&[&load, &small], &|_, _| true);
    assert_eq!(both.find(TagId(1), xxh3_64(b"x"), b"x").unwrap(), Some(50));
    assert_eq!(both.entry_count(), 1);
}

#[test]
fn names_of_one_hash_are_told_apart() {
    let mut builder = NamesBuilder::new();
    for number in 1..=50u32 {
        builder.add(TagId(1), number, 42, format!("name {number}").as_bytes());
    }
    let part = NamesPart::open(Mapped::from_bytes(builder.build().unwrap()), None).unwrap();
    let part = merged(&[&part, &part], &|_, number| number != 20);
    assert_eq!(part.entry_count(), 49);
    for number in 1..=50u32 {
        let name = format!("name {number}");
        let found = part.find(TagId(1), 42, name.as_bytes()).unwrap();
        assert_eq!(found, Some(number).filter(|number| *number != 20));
    }
    assert_eq!(part.find(TagId(1), 42, b"name 0").unwrap(), None);
}

#[test]
fn many_names_take_few_bytes_and_cross_every_boundary() {
    let count = GROUP_NAMES + 5_000;
    let numbers: Vec<_> =
        (0..count).map(|number| (1, number, EntityKey::Number(u64::from(number) * 7).canonical_bytes())).collect();
    let texts: Vec<_> =
        (0..count).map(|number| (2, 3 * number, EntityKey::Text(format!("用户{number}")).canonical_bytes())).collect();
    let (number_part, text_part) = (built(&numbers), built(&texts));
    assert!(number_part.byte_len() <= 24 * u64::from(count), "{} bytes", number_part.byte_len());
    let part = merged(&[&number_part, &text_part], &|_, _| true);
    for (scope, number, name) in numbers.iter().chain(&texts) {
        assert_eq!(part.find(TagId(*scope), xxh3_64(name), name).unwrap(), Some(*number));
        assert_eq!(part.name(TagId(*scope), *number).unwrap(), Some(name.as_slice()));
    }
    let run = part.hashes(TagId(1), 100, 100 + 65_535).unwrap();
    let (first, hashes) = run.contiguous().unwrap();
    assert_eq!((first, hashes.len()), (100, 65_536));
    let holes = part.hashes(TagId(2), 3, 8).unwrap();
    assert!(holes.contiguous().is_none() && holes.len() == 2);
}

#[test]
fn a_part_with_several_pages_of_checksums_verifies() {
    let pages = PAGE_BYTES / 4 + 10;
    let mut builder = NamesBuilder::new();
    for number in 0..pages as u32 {
        let mut name = vec![number as u8; NAME_BYTES_MAX];
        name[..4].copy_from_slice(&number.to_le_bytes());
        builder.add(TagId(1), number, xxh3_64(&number.to_le_bytes()), &name);
    }
    let bytes = builder.build().unwrap();
    let part = NamesPart::open(Mapped::from_bytes(bytes.clone()), None).unwrap();
    part.verify().unwrap();
    let last = pages as u32 - 1;
    assert_eq!(part.name(TagId(1), last).unwrap().unwrap()[..4], last.to_le_bytes());
    // The last page of checksums is not the first one: damage there is found too.
    let (_, tail, _) = Footer::decode(&bytes[bytes.len() - FOOTER_BYTES..], bytes.len() as u64).unwrap();
    let mut damaged = bytes;
    damaged[(tail.table_offset + tail.page_count * 4) as usize - 1] ^= 1;
    let part = NamesPart::open(Mapped::from_bytes(damaged), None).unwrap();
    assert_eq!(part.verify().unwrap_err().kind(), ErrorKind::Corrupt);
    let mut long = NamesBuilder::new();
    long.add(TagId(1), 1, 1, &vec![0; NAME_BYTES_MAX + 1]);
    assert_eq!(long.build().unwrap_err().kind(), ErrorKind::Limit);
}

/// A part with a listed and a contiguous scope, names of one length and of several.
fn small_entries() -> Vec<(u32, u32, Vec<u8>)> {
    let mut entries: Vec<_> = (0..9u32).map(|n| (2, n, EntityKey::Number(n.into()).canonical_bytes())).collect();
    entries.extend((0..9u32).map(|n| (7, 5 + n * n, format!("值{}", "x".repeat(n as usize)).into_bytes())));
    entries
}

type Answers = (Vec<Option<u32>>, Vec<Option<Vec<u8>>>, Vec<(u32, u64)>, Vec<TagId>);

/// Everything that a small part can be asked.
fn answers(part: &NamesPart) -> crate::Result<Answers> {
    let (mut numbers, mut names) = (Vec::new(), Vec::new());
    let mut hashes = Vec::new();
    for (scope, number, name) in small_entries() {
        numbers.push(part.find(TagId(scope), xxh3_64(&name), &name)?);
        names.push(part.name(TagId(scope), number)?.map(<[u8]>::to_vec));
        names.push(part.name(TagId(scope), number + 1)?.map(<[u8]>::to_vec));
        hashes.extend(part.hashes(TagId(scope), number, number + 3)?.iter());
    }
    for scope in [2, 7] {
        if let Some(scope) = part.scope(TagId(scope))? {
            scope.visit(|_, _, _| Ok(()))?;
        }
    }
    Ok((numbers, names, hashes, part.scopes()?))
}

#[test]
fn every_flipped_bit_and_every_truncation_is_corrupt() {
    let mut builder = NamesBuilder::new();
    for (scope, number, name) in small_entries() {
        builder.add(TagId(scope), number, xxh3_64(&name), &name);
    }
    let bytes = builder.build().unwrap();
    let expected = answers(&NamesPart::open(Mapped::from_bytes(bytes.clone()), None).unwrap()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let opened = NamesPart::open(Mapped::from_bytes(flipped), None);
        match opened.and_then(|part| answers(&part).and_then(|found| part.verify().map(|()| found))) {
            Ok(found) => {
                assert!(found == expected, "bit {bit} changes an answer");
                panic!("bit {bit} is covered by no checksum");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt, "bit {bit}"),
        }
    }
    for len in 0..bytes.len() {
        let error = NamesPart::open(Mapped::from(&bytes[..len]), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
    let mut longer = bytes.clone();
    longer.extend_from_slice(&[0; 8]);
    assert!(NamesPart::open(Mapped::from_bytes(longer), None).is_err());
    assert!(NamesPart::open(Mapped::from_bytes(bytes), Some(1)).is_err());
}

/// Makes all checksums right again, so that what lies behind them is tested.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let len = bytes.len();
    let data_bytes = u64::from_le_bytes(bytes[len - 40..len - 32].try_into().unwrap());
    let tail = Tail::behind(data_bytes).unwrap();
    let mut table: Vec<u8> =
        bytes[..data_bytes as usize].chunks(PAGE_BYTES).flat_map(|page| crc32(page).to_le_bytes()).collect();
    table.resize(tail.table_bytes as usize, 0);
    let mut roots: Vec<u8> = table.chunks(PAGE_BYTES).flat_map(|page| crc32(page).to_le_bytes()).collect();
    roots.resize(tail.roots_bytes as usize, 0);
    bytes.truncate(data_bytes as usize);
    let footer = Footer { scope_count: 2, entry_count: 18, data_bytes, roots_crc: crc32(&roots) };
    bytes.extend([table, roots, footer.encode(len as u64)].concat());
    assert_eq!(bytes.len(), len);
    bytes
}

#[test]
fn damage_under_right_checksums_never_panics() {
    let mut builder = NamesBuilder::new();
    for (scope, number, name) in small_entries() {
        builder.add(TagId(scope), number, xxh3_64(&name), &name);
    }
    let bytes = builder.build().unwrap().to_vec();
    assert_eq!(resealed(bytes.clone()), bytes);
    let mut dice = Dice(11);
    let data_bytes = bytes.len() - FOOTER_BYTES - 16;
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..8_000 {
        let mut damaged = bytes.clone();
        for _ in 0..=dice.roll(3) {
            let at = 64 + dice.roll(data_bytes - 64);
            damaged[at] = [0, 1, 0x7F, 0xFF, dice.roll(256) as u8][dice.roll(5)];
        }
        let part = NamesPart::open(Mapped::from(&resealed(damaged)[..]), None).unwrap();
        match answers(&part) {
            Ok(_) => opened += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt);
                refused += 1;
            }
        }
        let merge = merge_names(&[&part, &part], &|_, _| true, &mut |_| Ok(()));
        assert!(merge.is_ok() || merge.unwrap_err().kind() == ErrorKind::Corrupt);
        let mut hashes = [0; 64];
        let _ = Names::new(vec![Arc::new(part)]).hashes_into(TagId(7), 3, &mut hashes);
    }
    assert!(opened > 100 && refused > 100, "{opened} opened, {refused} refused");
    for _ in 0..5_000 {
        let noise: Vec<u8> = (0..dice.roll(300)).map(|_| dice.roll(256) as u8).collect();
        assert!(NamesPart::open(Mapped::from(&noise[..]), None).is_err());
    }
}

/// The fixture of format version 1: the keys 7 and 9 of one type, and two values of a tag.
#[test]
fn the_layout_is_the_one_that_is_checked_in() {
    let mut builder = NamesBuilder::new();
    for number in [7u64, 9] {
        let key = EntityKey::Number(number);
        builder.add(TagId(1), number as u32, key.hash(), &key.canonical_bytes());
    }
    for (number, name) in [(1, "北京"), (2, "x")] {
        builder.add(TagId(2), number, xxh3_64(name.as_bytes()), name.as_bytes());
    }
    let bytes = builder.build().unwrap();
    let mut dump = crate::dump::Dump::new(&bytes);
    dump_header(&mut dump);
    for (len, meaning) in [
        (8, "scope 1: numbers, which have a hole"),
        (16, "hashes, by number"),
        (8, "buckets: one, from 0 to 2"),
        (8, "order: positions by sort key"),
        (2, "fingerprints, in that order"),
        (6, "padding"),
        (18, "names, all of one length"),
        (6, "padding"),
        (16, "scope 2: hashes; numbers have no hole"),
        (8, "buckets"),
        (8, "order"),
        (2, "fingerprints"),
        (6, "padding"),
        (16, "bases: of the first group, and the end"),
        (8, "offsets: where each name begins"),
        (7, "names"),
        (1, "padding"),
    ] {
        dump.field(len, meaning);
    }
    for scope in 1..=2 {
        dump_scope(&mut dump, scope);
    }
    dump.field(4, "page checksums: of the one page");
    dump.field(4, "padding");
    dump.field(4, "roots: of the page checksums");
    dump.field(4, "padding");
    dump_footer(&mut dump);
    let fixture = dump.check("names.v1.txt");
    let part = NamesPart::open(Mapped::from(&fixture[..]), None).unwrap();
    part.verify().unwrap();
    let nine = EntityKey::Number(9);
    let found = part.find(TagId(1), nine.hash(), &nine.canonical_bytes()).unwrap();
    assert_eq!(found, Some(9));
    assert_eq!(part.name(TagId(2), 1).unwrap(), Some("北京".as_bytes()));
}

fn dump_header(dump: &mut crate::dump::Dump<'_>) {
    dump.field(8, "magic");
    dump.field(4, "format version");
    dump.field(4, "bytes of a page");
    dump.field(44, "zero");
    dump.field(4, "crc32 of the header");
}

fn dump_scope(dump: &mut crate::dump::Dump<'_>, scope: u32) {
    dump.field(4, &format!("directory: scope {scope}"));
    dump.field(1, "  key namespace, reserved");
    dump.field(1, "  bits: numbers are listed");
    dump.field(1, "  bucket bits");
    dump.field(1, "  zero");
    dump.field(4, "  entries");
    dump.field(4, "  lowest number");
    dump.field(4, "  highest number");
    dump.field(4, "  length of every name, or varying");
    dump.field(8, "  pointer to aliases, reserved");
    dump.field(8, "  offset of the first section");
    dump.field(8, "  bytes of all names");
}

fn dump_footer(dump: &mut crate::dump::Dump<'_>) {
    dump.field(8, "magic of the footer");
    dump.field(4, "format version");
    dump.field(4, "scopes");
    dump.field(8, "length of the part");
    dump.field(8, "length of the data");
    dump.field(8, "entries of all scopes");
    dump.field(4, "crc32 of the roots");
    dump.field(16, "zero");
    dump.field(4, "crc32 of the footer");
}
