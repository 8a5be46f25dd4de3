//! A guess at a file whose dictionary expands looks at so many bytes of it and no more.

use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray, UInt64Array};
use arrow_ipc::writer::FileWriter;
use muster_exchange::{InferOptions, Inference, infer};

use crate::forge::{CODES, Column, Forged, REPEATED, codes, file, ids, levels, plain, run, texts};

const ROWS: u64 = 400_000;
const LONG: usize = 1 << 20;
/// What a guess may look at, and what it may hold: the file and what it remembers of it.
const TEXT_BYTES_MAX: u64 = 64 << 20;
const HELD_BYTES_MAX: u64 = 64 << 20;

fn guess(path: &Path) -> Inference {
    let options = InferOptions { text_bytes_max: TEXT_BYTES_MAX, ..InferOptions::default() };
    let mut guessed = None;
    let counted = allocation_counter::measure(|| guessed = Some(infer(path, &options)));
    assert!(counted.bytes_max <= HELD_BYTES_MAX, "{} bytes", counted.bytes_max);
    guessed.expect("measured").unwrap_or_else(|error| panic!("{error}"))
}

/// The rows that have as many bytes, and those of the first look.
#[track_caller]
fn assert_bounded(guessed: &Inference) {
    let rows = guessed.rows_looked_at;
    assert!((32..=TEXT_BYTES_MAX / LONG as u64 + 16).contains(&rows), "{rows} rows");
    assert!(guessed.mapping.columns.iter().any(|column| column.column == "c"), "{:?}", guessed.mapping);
}

#[test]
fn a_dictionary_that_expands_is_looked_at_in_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t");
    let long = || Forged::dictionary(2, [plain(&b"a|b ".repeat(LONG / 4)), plain(b"b")].concat());
    let values = texts(vec![long(), Forged::data(ROWS as i64, CODES, codes(ROWS, 0))]);
    let page = [levels(&[run(ROWS, 0)]), levels(&[run(ROWS, 1)]), codes(ROWS, 0)].concat();
    let lists = Column { repetition: REPEATED, ..texts(vec![long(), Forged::data(ROWS as i64, CODES, page)]) };
    for column in [values, lists] {
        std::fs::write(&path, file(&[ids(ROWS), column], ROWS as i64)).expect("a file");
        assert_bounded(&guess(&path));
    }
}

#[test]
fn arrow_texts_that_expand_are_looked_at_in_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t");
    let long = "a;b ".repeat(LONG / 4);
    let keys = PrimitiveArray::<Int32Type>::from_iter_values((0..ROWS).map(|_| 0));
    let values: ArrayRef = Arc::new(StringArray::from(vec![long.as_str(), "b"]));
    let coded: ArrayRef = Arc::new(DictionaryArray::try_new(keys, values).expect("codes"));
    // Views of one text that all begin elsewhere: no two are the same place.
    let one = StringViewArray::from(vec![format!("{long}{}", "a".repeat(ROWS as usize))]);
    let view = |row: u64| (LONG as u128) | 0x2062_3B61_u128 << 32 | u128::from(row * 4 % (LONG as u64 / 4)) << 96;
    let views = (0..ROWS).map(view).collect::<Vec<_>>();
    let views = StringViewArray::try_new(views.into(), one.data_buffers().to_vec(), None).expect("views");
    for column in [coded, Arc::new(views) as ArrayRef] {
        let ids: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..ROWS));
        let batch = RecordBatch::try_from_iter([("id", ids), ("c", column)]).expect("a batch");
        let mut writer =
            FileWriter::try_new(std::fs::File::create(&path).expect("a file"), &batch.schema()).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
        assert_bounded(&guess(&path));
    }
}
