//! Parquet files that lie about their lengths, or expand, take no more than the budget of a reader.

use std::io::Write;
use std::path::Path;
use std::sync::Once;

use muster_exchange::{Input, LoadReader, Mapping, ReadOptions};

use crate::common::resolve;
use crate::forge::{
    BIT_PACKED, BROTLI, CODES, Column, DELTA_LENGTHS, DELTA_TEXTS, Forged, GZIP, LZ4_RAW, OPTIONAL, PLAIN, REPEATED,
    SNAPPY, Thrift, UNPACKED, ZSTD, codes, deltas, file, ids, levels, plain, run, texts, with_footer,
};

/// What a reader may hold here.
const HELD_BYTES_MAX: usize = 32 << 20;
/// The block of rows that it makes, whose vectors grow.
const BLOCK_BYTES_MAX: usize = 4 << 20;
const BLOCK_TIMES: usize = 2;
/// What decoders take beside their pages: windows and tables.
const DECODER_BYTES_MAX: usize = 4 << 20;

pub(crate) const CHOICE: &str = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                      columns = [{ column = \"c\", kind = \"choice\" }]";
pub(crate) const SET: &str = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                   columns = [{ column = \"c\", kind = \"set\" }]";
pub(crate) const INT: &str = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                   columns = [{ column = \"id\", tag = \"n\", kind = \"int\" }]";
/// A text that no tag takes, as long as pages are.
const LONG: usize = 1 << 20;

/// What reading a file came to: rows and rejects, or the error. Fails where it took more than it may.
pub(crate) fn read(what: &str, bytes: &[u8], mapping: &str) -> Result<(usize, usize), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.parquet");
    std::fs::write(&path, bytes).expect("a file");
    let mapping = Mapping::parse(mapping).expect("a mapping");
    let options =
        ReadOptions { held_bytes_max: HELD_BYTES_MAX, block_bytes_max: BLOCK_BYTES_MAX, ..ReadOptions::default() };
    // Decoders panic on some damage, and the symbols of a backtrace would be counted.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))));
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(rows_of(&path, &mapping, options)));
    let result = result.expect("measured");
    let held = counted.bytes_max as usize;
    let held_max = HELD_BYTES_MAX + BLOCK_TIMES * BLOCK_BYTES_MAX + DECODER_BYTES_MAX;
    assert!(held <= held_max, "{what}: {held} bytes of {held_max}, {result:?}");
    result
}

fn rows_of(path: &Path, mapping: &Mapping, options: ReadOptions) -> Result<(usize, usize), String> {
    let read = || {
        let mut reader = LoadReader::open(Input::open(path)?, mapping, &resolve(mapping), options)?;
        let (mut rows, mut rejected) = (0, 0);
        while let Some(block) = reader.next_block()? {
            rows += block.load.keys.len();
            rejected += block.rejected.len();
        }
        Ok((rows, rejected))
    };
    read().map_err(|error: muster_engine::Error| match std::error::Error::source(&error) {
        Some(source) => format!("{}: {source}", error.message()),
        None => error.message().to_owned(),
    })
}

#[track_caller]
pub(crate) fn refused(what: &str, bytes: &[u8], mapping: &str, why: &str) {
    let error = read(what, bytes, mapping).expect_err(what);
    assert!(error.contains(why), "{what}: {error}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).and_then(|()| packer.finish()).expect("packed")
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let quick = brotli::enc::BrotliEncoderParams { quality: 1, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &quick).expect("packed");
    packed
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).expect("packed")
}

/// The smallest file that is right, to see that the forge is.
#[test]
fn a_forged_file_that_does_not_lie_is_read() {
    let dictionary = Forged::dictionary(2, [plain(b"a"), plain(b"b")].concat());
    let column = texts(vec![dictionary, Forged::data(100, CODES, codes(100, 1))]);
    assert_eq!(read("sound", &file(&[ids(100), column], 100), CHOICE), Ok((100, 0)));
    let lists = levels(&[run(1, 0), run(2, 1), run(99, 0)]);
    let page = [lists, levels(&[run(102, 1)]), [1, 1].map(|_| plain(b"x")).concat(), plain(b"y").repeat(100)].concat();
    let column = Column { repetition: REPEATED, ..texts(vec![Forged::data(102, PLAIN, page)]) };
    assert_eq!(read("lists", &file(&[ids(100), column], 100), SET), Ok((100, 0)));
    let page = [deltas(100, 0, 3), deltas(100, 3, 0), b"abc".to_vec()].concat();
    let column = texts(vec![Forged::data(100, DELTA_TEXTS, page)]);
    assert_eq!(read("texts", &file(&[ids(100), column], 100), CHOICE), Ok((100, 0)));
    for (codec, packed) in
        [(GZIP, gzip as fn(&[u8]) -> Vec<u8>), (BROTLI, brotli), (ZSTD, zstd), (LZ4_RAW, lz4_flex::block::compress)]
    {
        let column = texts(vec![Forged::data(100, PLAIN, plain(b"abc").repeat(100)).packed(packed)]);
        let column = Column { codec, ..column };
        assert_eq!(read("packed", &file(&[ids(100), column], 100), CHOICE), Ok((100, 0)), "codec {codec}");
    }
}

#[test]
fn a_page_becomes_no_more_than_its_bytes_can() {
    for (codec, why) in [
        (UNPACKED, "claims to become"),
        (SNAPPY, "claims to become"),
        (GZIP, "claims to become"),
        (ZSTD, "claims to become"),
        (LZ4_RAW, "claims to become"),
        (BROTLI, "raise load_bytes_max"),
    ] {
        let page = Forged { unpacked: i64::from(i32::MAX), ..Forged::data(100, PLAIN, vec![7; 400]) };
        let column = Column { codec, ..texts(vec![page]) };
        refused("claims", &file(&[ids(100), column], 100), CHOICE, why);
    }
    // Two that go on behind what they claim: some kilobytes become 128 megabytes.
    for (codec, packed) in [(GZIP, gzip(&vec![0; 128 << 20])), (BROTLI, brotli(&vec![0; 128 << 20]))] {
        let page = Forged { unpacked: 400, ..Forged::data(100, PLAIN, packed) };
        let column = Column { codec, ..texts(vec![page]) };
        refused("goes on", &file(&[ids(100), column], 100), CHOICE, "it becomes 401 bytes and not 400");
    }
    // A header that says so much of its page that nobody would read it.
    let said = Thrift::default().int(1, 0).text(9, &"a".repeat(40 << 20)).end();
    let mut column = texts(vec![Forged::data(100, PLAIN, plain(b"a").repeat(100))]);
    column.pages[0].header = Some(said);
    refused("header", &file(&[ids(100), column], 100), CHOICE, "the header of a page");
    // An honest page that is too large for the budget.
    let large = Forged::data(100, PLAIN, [plain(&[b'a'; LONG]), plain(b"").repeat(99)].concat().repeat(64));
    let column = Column { codec: ZSTD, ..texts(vec![large.packed(zstd)]) };
    refused("large", &file(&[ids(100), column], 100), CHOICE, "raise load_bytes_max");
}

#[test]
fn a_dictionary_has_no_more_values_than_bytes() {
    for claim in [3, 1 << 20, i64::from(i32::MAX)] {
        let pages = || vec![Forged::dictionary(claim, vec![0; 8]), Forged::data(100, CODES, codes(100, 0))];
        let numbers = Column { physical: 2, name: "id", ..texts(pages()) };
        refused("texts", &file(&[ids(100), texts(pages())], 100), CHOICE, "a dictionary of 8 bytes claims");
        refused("numbers", &file(&[numbers], 100), INT, "a dictionary of 8 bytes claims");
    }
    let twice = vec![Forged::dictionary(1, plain(b"a")), Forged::dictionary(1, plain(b"a"))];
    refused("twice", &file(&[ids(100), texts(twice)], 100), CHOICE, "two dictionaries");
}

/// Many rows of one long text: the text is there once, however often it is meant.
#[test]
fn a_dictionary_that_expands_is_not_written_out() {
    const ROWS: u64 = 400_000;
    let long = || Forged::dictionary(2, [plain(&[b'a'; LONG]), plain(b"b")].concat());
    let coded = |rows: u64, code| Forged::data(rows as i64, CODES, codes(rows, code));
    let column = texts(vec![long(), coded(ROWS, 0)]);
    assert_eq!(read("choices", &file(&[ids(ROWS), column], ROWS as i64), CHOICE), Ok((0, ROWS as usize)));
    // Pages without the dictionary behind those with it, as writers do whose dictionary is full; and the other way.
    for pages in [
        vec![long(), coded(20_000, 0), Forged::data(10, PLAIN, plain(b"x").repeat(10))],
        vec![long(), Forged::data(10, PLAIN, plain(b"x").repeat(10)), coded(20_000, 0)],
    ] {
        assert_eq!(read("both", &file(&[ids(20_010), texts(pages)], 20_010), CHOICE), Ok((10, 20_000)));
    }
    // Lists of it.
    let page = [levels(&[run(ROWS, 0)]), levels(&[run(ROWS, 1)]), codes(ROWS, 0)].concat();
    let column = Column { repetition: REPEATED, ..texts(vec![long(), Forged::data(ROWS as i64, CODES, page)]) };
    assert_eq!(read("lists", &file(&[ids(ROWS), column], ROWS as i64), SET), Ok((0, ROWS as usize)));
}

#[test]
fn a_list_is_counted_before_it_is_made() {
    // One row of 30 million values, in some hundred bytes: all null, empty, or of a dictionary.
    const VALUES: u64 = 30_000_000;
    for body in [codes(VALUES, 0), vec![0; 10]] {
        let page = [levels(&[run(1, 0), run(VALUES - 1, 1)]), levels(&[run(VALUES, 1)]), body].concat();
        let pages = vec![Forged::dictionary(2, [plain(b"a"), plain(b"b")].concat())];
        let page = Forged::data(VALUES as i64, CODES, page);
        let column = Column { repetition: REPEATED, ..texts(pages.into_iter().chain([page]).collect()) };
        refused("one list", &file(&[ids(1), column], 1), SET, "shorter lists");
    }
    // As many in a million rows are read, fewer rows at once.
    const ROWS: u64 = 200_000;
    let lists = [run(1, 0), run(19, 1)].concat().repeat(ROWS as usize);
    let page = [levels(&[lists]), levels(&[run(20 * ROWS, 1)]), codes(20 * ROWS, 1)].concat();
    let pages = vec![Forged::dictionary(2, [plain(b"a"), plain(b"b")].concat())];
    let page = Forged::data(20 * ROWS as i64, CODES, page);
    let column = Column { repetition: REPEATED, ..texts(pages.into_iter().chain([page]).collect()) };
    assert_eq!(read("lists", &file(&[ids(ROWS), column], ROWS as i64), SET), Ok((ROWS as usize, 0)));
    // Levels that are not there.
    let page = [levels(&[run(5, 0)]), levels(&[run(100, 1)]), plain(b"a").repeat(100)].concat();
    let column = Column { repetition: REPEATED, ..texts(vec![Forged::data(100, PLAIN, page)]) };
    refused("levels", &file(&[ids(100), column], 100), SET, "fewer levels");
}

/// A decoder takes a level beyond the largest for a value, and drops what a list that is empty has.
#[test]
fn levels_are_those_that_a_column_can_have() {
    let nulls = |level: u8| {
        let page = [levels(&[run(60, 0), run(40, level)]), plain(b"a").repeat(100)].concat();
        let column = Column { repetition: OPTIONAL, ..texts(vec![Forged::data(100, PLAIN, page)]) };
        file(&[ids(100), column], 100)
    };
    let lists = |repetition: &[Vec<u8>], definition: &[Vec<u8>]| {
        let page = [levels(repetition), levels(definition), plain(b"a").repeat(100)].concat();
        let column = Column { repetition: REPEATED, ..texts(vec![Forged::data(100, PLAIN, page)]) };
        file(&[ids(99), column], 99)
    };
    assert_eq!(read("nulls", &nulls(1), CHOICE), Ok((100, 0)));
    let sound = [run(1, 0), run(1, 1), run(98, 0)];
    assert_eq!(read("lists", &lists(&sound, &[run(100, 1)]), SET), Ok((99, 0)));
    for level in [2, 5, 255] {
        let why = format!("a level of definition of {level}, at most 1 is one of its column");
        refused("nulls", &nulls(level), CHOICE, &why);
        refused("lists", &lists(&sound, &[run(50, 1), run(50, level)]), SET, &why);
        let why = format!("a level of repetition of {level}, at most 1 is one of its column");
        refused("lists", &lists(&[run(1, 0), run(1, level), run(98, 0)], &[run(100, 1)]), SET, &why);
    }
    for definition in [[run(1, 0), run(99, 1)], [run(1, 1), run(99, 0)]] {
        refused("contrary", &lists(&sound, &definition), SET, "a list that is null or empty in a page has values");
    }
    let page = [levels(&[run(99, 1)]), plain(b"a").repeat(100)].concat();
    let column = Column { repetition: OPTIONAL, ..texts(vec![Forged::data(100, PLAIN, page)]) };
    refused("too few", &file(&[ids(100), column], 100), CHOICE, "fewer levels of definition");
    // The form of old writers, one bit behind the other.
    let old = Forged { level_encoding: BIT_PACKED, ..Forged::data(100, PLAIN, vec![0xFF; 513]) };
    let column = Column { repetition: OPTIONAL, ..texts(vec![old]) };
    refused("old", &file(&[ids(100), column], 100), CHOICE, "not in runs (RLE)");
    // Where there are no levels, it does not matter what they are called.
    let old = Forged { level_encoding: BIT_PACKED, ..Forged::data(100, PLAIN, plain(b"a").repeat(100)) };
    assert_eq!(read("none", &file(&[ids(100), texts(vec![old])], 100), CHOICE), Ok((100, 0)));
}

#[test]
fn texts_that_share_their_beginning_are_counted_before_they_are_made() {
    const ROWS: u64 = 20_000;
    let long = LONG as i32;
    let page = [deltas(ROWS, 0, long), deltas(ROWS, long, 0), vec![b'a'; LONG]].concat();
    let column = texts(vec![Forged::data(ROWS as i64, DELTA_TEXTS, page)]);
    assert_eq!(read("shared", &file(&[ids(ROWS), column], ROWS as i64), CHOICE), Ok((0, ROWS as usize)));
    // Lengths that no header claims, and that the header does.
    let lengths = || deltas(1 << 26, 0, 0);
    let column = texts(vec![Forged::data(100, DELTA_LENGTHS, lengths())]);
    refused("lengths", &file(&[ids(100), column], 100), CHOICE, "not as long");
    let column = texts(vec![Forged::data(1 << 26, DELTA_LENGTHS, lengths())]);
    refused("lengths", &file(&[ids(100), column], 100), CHOICE, "raise load_bytes_max");
    let page = [deltas(1 << 26, 0, 0), deltas(1 << 26, 0, 0)].concat();
    let column = texts(vec![Forged::data(100, DELTA_TEXTS, page)]);
    refused("texts", &file(&[ids(100), column], 100), CHOICE, "not as long");
}

#[test]
fn a_footer_is_counted_before_it_is_made() {
    let footer = |schema: Thrift, groups: Thrift| {
        let footer = Thrift::default().int(1, 1);
        drop((schema, groups));
        with_footer(b"PAR1".to_vec(), footer)
    };
    refused("nothing", &footer(Thrift::default(), Thrift::default()), CHOICE, "damaged");
    let element = |name: &str, children: i64| {
        let element = Thrift::default().text(4, name);
        if children > 0 { element.int(5, children) } else { element.int(6, 0) }
    };
    // Columns inside of each other.
    let deep = (0..10_000).map(|_| element("a", 1)).collect();
    let footer = Thrift::default().int(1, 1).list(2, 10_000, deep).int(3, 1).list(4, 0, Vec::new());
    refused("deep", &with_footer(b"PAR1".to_vec(), footer), CHOICE, "too deep");
    // A long name above many.
    let names = [element(&"a".repeat(LONG), 1), element(&"b".repeat(LONG), 20_000)];
    let wide = names.into_iter().chain((0..20_000).map(|_| Thrift::default().int(1, 2).int(3, 0).text(4, "c")));
    let footer = Thrift::default().int(1, 1).list(2, 20_002, wide.collect()).int(3, 1).list(4, 0, Vec::new());
    refused("names", &with_footer(b"PAR1".to_vec(), footer), CHOICE, "raise load_bytes_max");
    // Lists of more than there is.
    for id in [2, 4] {
        let footer = Thrift::default().int(1, 1).list(id, i32::MAX as usize, Vec::new());
        refused("lists", &with_footer(b"PAR1".to_vec(), footer), CHOICE, "damaged");
    }
    let groups = (0..40_000).map(|_| Thrift::default()).collect();
    let footer = Thrift::default().int(1, 1).list(4, 40_000, groups);
    refused("groups", &with_footer(b"PAR1".to_vec(), footer), CHOICE, "more row groups");
    // Rows that are not there, and columns that are more than once.
    for rows in [101, 1 << 40, -1] {
        refused("rows", &file(&[ids(100), texts(vec![])], rows), INT, "damaged");
    }
    refused("rows", &file(&[ids(100)], 99), INT, "more rows than it claims");
}

/// Many bytes are changed, and four bytes become a large number.
#[test]
fn no_changed_byte_takes_memory() {
    let dictionary = Forged::dictionary(2, [plain(b"a"), plain(b"b")].concat());
    let coded = texts(vec![dictionary, Forged::data(100, CODES, codes(100, 1)).packed(zstd)]);
    let lists = [levels(&[run(1, 0), run(2, 1), run(99, 0)]), levels(&[run(102, 1)]), plain(b"y").repeat(102)].concat();
    let lists = Column { repetition: REPEATED, ..texts(vec![Forged::data(102, PLAIN, lists)]) };
    let shared = [deltas(100, 0, 3), deltas(100, 3, 0), b"abc".to_vec()].concat();
    let shared = Column { codec: GZIP, ..texts(vec![Forged::data(100, DELTA_TEXTS, shared).packed(gzip)]) };
    for (column, mapping) in [(coded, CHOICE), (lists, SET), (shared, CHOICE)] {
        let sound = file(&[column, ids(100)], 100);
        for place in (4..sound.len()).step_by(1 + sound.len() / 200) {
            let mut flipped = sound.clone();
            flipped[place] ^= 1 << (place % 8);
            let mut larger = sound.clone();
            let end = larger.len().min(place + 4);
            larger[place..end].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x7F][..end - place]);
            for changed in [&flipped, &larger] {
                drop(read("changed", changed, mapping));
            }
        }
    }
}

/// Two columns `id` and `n` of the rows (1, 1000003), (2, 1000005) and (3, 1000007) in plain pages with checksums,
/// which the writer of this crate cannot make: `pyarrow.parquet.write_table(…, write_page_checksum=True,
/// use_dictionary=False)`.
const CHECKSUMS: &[u8] = include_bytes!("checksums.parquet");

#[test]
fn a_page_that_has_a_checksum_is_held_to_it() {
    let mapping = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                   columns = [{ column = \"n\", kind = \"int\" }]\n";
    assert_eq!(read("whole", CHECKSUMS, mapping), Ok((3, 0)));
    let at = CHECKSUMS.windows(8).position(|bytes| bytes == 1_000_005_u64.to_le_bytes()).expect("a plain value");
    for bit in 0..64 {
        let mut bytes = CHECKSUMS.to_vec();
        bytes[at + bit / 8] ^= 1 << (bit % 8);
        refused(&format!("bit {bit}"), &bytes, mapping, "damaged");
    }
}
