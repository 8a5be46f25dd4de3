//! Arrow files that lie about their lengths are refused, and take no more memory than what is there allows.

use std::path::Path;
use std::sync::Arc;

use crate::common::read_all;
use crate::parquet::{INT, SET, read as read_within, refused};
use arrow_array::types::{Int32Type, UInt8Type};
use arrow_array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Int64Array, ListArray, NullArray, RecordBatch, StringArray,
    UInt64Array,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use muster_exchange::{Input, Mapping, ReadOptions};

const MAPPING: &str = "type = \"t\"\nkey = { column = \"id\", kind = \"u64\" }\ncolumns = [\n\
                       { column = \"n\", kind = \"int\" },\n{ column = \"c\", kind = \"choice\" },\n]";
/// The rows of the files that are changed; eight bytes each make a length that stands out.
const ROWS: usize = 1_000;
/// What reading a changed file of some kilobytes may take: the buffers of a reader and of some decoders.
const MEMORY_BYTES_MAX: u64 = 64 << 20;

fn sound(compression: Option<CompressionType>, as_stream: bool) -> Vec<u8> {
    let ids: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..ROWS as u64));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS as i64).map(|row| row % 7)));
    let keys = (0..ROWS as i32).map(|row| row % 3).collect::<arrow_array::PrimitiveArray<Int32Type>>();
    let cities: ArrayRef = Arc::new(StringArray::from(vec!["Berlin", "北京", "Köln"]));
    let choices: ArrayRef = Arc::new(DictionaryArray::try_new(keys, cities).expect("codes of the values"));
    let batch = RecordBatch::try_from_iter([("id", ids), ("n", numbers), ("c", choices)]).expect("a batch");
    let options = IpcWriteOptions::default().try_with_compression(compression).expect("a codec");
    let mut bytes = Vec::new();
    if as_stream {
        let mut writer = StreamWriter::try_new_with_options(&mut bytes, &batch.schema(), options).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    } else {
        let mut writer = FileWriter::try_new_with_options(&mut bytes, &batch.schema(), options).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
    }
    bytes
}

fn read(path: &Path, bytes: &[u8]) -> muster_engine::Result<usize> {
    std::fs::write(path, bytes).expect("a file");
    let mapping = Mapping::parse(MAPPING).expect("a mapping");
    read_all(Input::open(path)?, &mapping, ReadOptions::default()).map(|(rows, _)| rows.len())
}

/// Where the eight bytes of a number stand.
fn places_of(bytes: &[u8], number: i64) -> Vec<usize> {
    bytes.windows(8).enumerate().filter(|(_, eight)| *eight == number.to_le_bytes()).map(|(at, _)| at).collect()
}

#[test]
fn an_unpacked_length_is_no_more_than_the_packed_bytes_can_become() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    for (codec, as_stream) in
        [(CompressionType::LZ4_FRAME, false), (CompressionType::ZSTD, false), (CompressionType::ZSTD, true)]
    {
        let bytes = sound(Some(codec), as_stream);
        assert_eq!(read(&path, &bytes).expect("sound"), ROWS);
        let places = places_of(&bytes, 8 * ROWS as i64);
        assert!(!places.is_empty(), "the unpacked length of a column stands somewhere");
        for place in places {
            for claim in [1_i64 << 35, i64::MAX, -2, i64::MIN] {
                let mut lying = bytes.clone();
                lying[place..place + 8].copy_from_slice(&claim.to_le_bytes());
                let mut error = None;
                let counted = allocation_counter::measure(|| error = read(&path, &lying).err());
                let error = error.expect("refused");
                assert!(error.message().contains("claim to become"), "{}", error.message());
                assert!(counted.bytes_max < MEMORY_BYTES_MAX, "{}", counted.bytes_max);
            }
        }
    }
}

/// Every byte outside of the values is changed, and every aligned eight bytes become a large number.
#[test]
fn no_changed_byte_ends_the_process_or_takes_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    for (codec, as_stream) in [(None, false), (Some(CompressionType::ZSTD), false), (Some(CompressionType::ZSTD), true)]
    {
        let bytes = sound(codec, as_stream);
        let step = (bytes.len() / 250).max(1);
        for place in (0..bytes.len()).step_by(step) {
            let mut lying = bytes.clone();
            lying[place] ^= 1 << (place % 8);
            let eight = place & !7;
            let mut larger = bytes.clone();
            let end = larger.len().min(eight + 8);
            larger[eight..end].copy_from_slice(&(1_i64 << 40).to_le_bytes()[..end - eight]);
            for changed in [&lying, &larger, &bytes[..place].to_vec()] {
                let counted = allocation_counter::measure(|| drop(read(&path, changed)));
                assert!(counted.bytes_max < MEMORY_BYTES_MAX, "byte {place} of {codec:?}: {}", counted.bytes_max);
            }
        }
    }
}

/// A file of one batch.
fn written(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(compression).expect("a codec");
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new_with_options(&mut bytes, &batch.schema(), options).expect("a writer");
    writer.write(batch).and_then(|()| writer.finish()).expect("written");
    drop(writer);
    bytes
}

fn ids(rows: u64) -> (&'static str, ArrayRef) {
    ("id", Arc::new(UInt64Array::from_iter_values(0..rows)))
}

/// A megabyte that becomes more than may be held: said so, and lied about.
#[test]
fn packed_buffers_become_no_more_than_may_be_held() {
    let rows = 6 << 20;
    let zeros: ArrayRef = Arc::new(UInt64Array::from(vec![0; rows]));
    let batch = RecordBatch::try_from_iter([("id", zeros)]).expect("a batch");
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let bytes = written(&batch, Some(codec));
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        refused("honest", &bytes, INT, "write the file in smaller batches");
        let mut lying = bytes.clone();
        let claim = *places_of(&bytes, 8 * rows as i64).last().expect("a claim");
        lying[claim..claim + 8].copy_from_slice(&8_i64.to_le_bytes());
        let why = if codec == CompressionType::LZ4_FRAME { "become more" } else { "damaged" };
        refused("lying", &lying, INT, why);
    }
}

/// Lists of nulls take no bytes, however many are claimed.
#[test]
fn lists_of_nothing_are_counted() {
    for (length, rows) in [(i32::MAX, 1), (1 << 20, 100)] {
        let field = Arc::new(Field::new("item", DataType::Null, true));
        let nulls = Arc::new(NullArray::new(length as usize * rows));
        let lists: ArrayRef = Arc::new(FixedSizeListArray::new(field, length, nulls, None));
        let batch = RecordBatch::try_from_iter([ids(rows as u64), ("c", lists)]).expect("a batch");
        let bytes = written(&batch, None);
        match rows {
            1 => refused("one list", &bytes, SET, "shorten the list"),
            _ => assert_eq!(read_within("lists", &bytes, SET), Ok((0, rows))),
        }
    }
}

/// As many values as fit are taken at once, of lists that are all right.
#[test]
fn long_lists_are_taken_some_rows_at_once() {
    const ROWS: usize = 3_000;
    const LENGTH: usize = 2_000;
    let values =
        (0..ROWS).map(|row| Some((0..LENGTH).map(move |value| Some((row % 7 + value) as u8)).collect::<Vec<_>>()));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<UInt8Type, _, _>(values));
    let batch = RecordBatch::try_from_iter([ids(ROWS as u64), ("c", lists)]).expect("a batch");
    assert_eq!(read_within("lists", &written(&batch, None), SET), Ok((ROWS, 0)));
}

/// A stream that ends in the middle of a length, which is a length to the decoder.
#[test]
fn what_is_behind_the_last_message_is_no_length() {
    let bytes = sound(None, true);
    let sound = &bytes[..bytes.len() - 8];
    for rest in [&[0xFF, 0xFF, 0, 0x16, 0, 0x15][..], &[0, 0, 0, 0x40], &[7]] {
        refused("a rest", &[sound, rest].concat(), INT, "its last message is cut off");
    }
    for rest in [&[][..], &[0; 4], &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]] {
        assert_eq!(read_within("an end", &[sound, rest].concat(), INT), Ok((ROWS, 0)));
    }
}
