//! What is proposed is taken: over random files of all kinds of columns a proposal loads, and comes to what it says.

mod common;

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, DictionaryArray,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
    UInt64Array,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, Schema};
use common::resolve;
use muster_engine::catalog::{KeyKind, TagKind};
use muster_exchange::{
    InferError, InferOptions, Inference, Input, KnownTag, KnownType, LoadReader, Mapping, ReadOptions, infer,
};
use parquet::arrow::ArrowWriter;

/// How many files of each kind.
const SEEDS: u64 = 150;
const KINDS: [TagKind; 8] = [
    TagKind::Flag,
    TagKind::Choice,
    TagKind::Set,
    TagKind::Int,
    TagKind::Decimal { scale: 2 },
    TagKind::Decimal { scale: 9 },
    TagKind::Date,
    TagKind::Time,
];

/// Numbers that look random and are the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

/// The ways in which a column of a CSV is written.
const WRITINGS: usize = 24;

/// A cell of a column that is written in one of the ways.
fn cell(writing: usize, row: u64, random: &mut Random) -> String {
    let day = format!("{:02}", random.below(28) + 1);
    let (month, year) = (format!("{:02}", random.below(12) + 1), 1990 + random.below(50));
    let small = random.below(2_000);
    match writing {
        0 => small.to_string(),
        1 => format!("-{small}.{:02}", random.below(100)),
        2 => format!("{small},{}", random.below(1000)),
        3 => format!("{},{:03}", random.below(900) + 1, random.below(1000)),
        4 => format!("{}.{:03},{}", random.below(900) + 1, random.below(1000), random.below(100)),
        5 => format!("{}\u{a0}{:03}", random.below(900) + 1, random.below(1000)),
        6 => format!("{small}.0"),
        7 => format!("{year}-{month}-{day}"),
        8 => format!("{year}/{}/{}", random.below(12) + 1, random.below(28) + 1),
        9 => format!("{day}/{month}/{year}"),
        10 => format!("{day}.{month}.{year}"),
        11 => format!("{year}-{month}-{day}T{:02}:00:00Z", random.below(24)),
        12 => format!("{year}/{month}/{day} {}:30", random.below(24)),
        13 => (*random.pick(&["是", "否"])).to_owned(),
        14 => (*random.pick(&["true", "FALSE", "True"])).to_owned(),
        15 => random.below(2).to_string(),
        16 => (*random.pick(&["red", " green", "blue ", "黄"])).to_owned(),
        17 => format!("t{}|t{}", random.below(5), random.below(5)),
        18 => format!("unique text {row}"),
        19 => format!("0.{}", random.next()),
        20 => format!("{}.{}", random.next(), random.below(1_000_000)),
        21 => format!("{:05}", random.below(100_000)),
        22 => random.next().to_string(),
        _ => format!("{}e{}", small, random.below(40)),
    }
}

/// A field as RFC 4180 wants it.
fn field(cell: &str) -> String {
    match cell.contains([',', ';', '"', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

fn random_csv(random: &mut Random) -> Vec<u8> {
    let rows = random.below(60) + 1;
    let delimiter = *random.pick(&[",", ";"]);
    let writings: Vec<usize> = (0..random.below(7) + 1).map(|_| random.below(WRITINGS as u64) as usize).collect();
    let names: Vec<String> = (0..writings.len()).map(|index| format!("c{index}")).collect();
    let mut text = format!("id{delimiter}{}\n", names.join(delimiter));
    let (odd_every, blank_every) = (random.below(40) + 5, random.below(20) + 2);
    let key = random.below(4);
    for row in 0..rows {
        let key = match key {
            0 => row.to_string(),
            1 => format!("{row}.0"),
            2 => format!(" k{row} "),
            _ => (row / 2 * 2).to_string(),
        };
        let _ = write!(text, "{}", if random.one_in(30) { String::new() } else { field(&key) });
        for writing in &writings {
            let cell = match () {
                () if random.one_in(odd_every) => {
                    (*random.pick(&["NULL", "odd", "\"", "  ", "NaN", "-", "99999999999999999999999"])).to_owned()
                }
                () if random.one_in(blank_every) => format!(" {} ", cell(*writing, row, random)),
                () if random.one_in(10) => String::new(),
                () => cell(*writing, row, random),
            };
            let _ = write!(text, "{delimiter}{}", field(&cell));
        }
        text.push_str(if random.one_in(50) { "\nbroken\n" } else { "\n" });
    }
    match random.below(4) {
        0 => encoding_rs::GBK.encode(&text).0.into_owned(),
        1 => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => text.into_bytes(),
    }
}

fn random_array(rows: usize, random: &mut Random) -> ArrayRef {
    let null_every = random.below(20) + 2;
    let valid: Vec<bool> = (0..rows).map(|_| !random.one_in(null_every)).collect();
    let mut cells = |cell: &mut dyn FnMut(&mut Random) -> i64| -> Vec<Option<i64>> {
        valid.iter().map(|valid| valid.then(|| cell(random))).collect()
    };
    let small = cells(&mut |random| random.below(3_000) as i64 - 1_000);
    let wild = cells(&mut |random| random.next() as i64);
    let float = |odd: f64| move |cell: &Option<i64>| cell.map(|n| if n % 13 == 0 { odd } else { n as f64 / 700.0 });
    let decimals = |scale: i8, precision: u8| {
        let cells: Vec<Option<i128>> = wild.iter().map(|n| n.map(|n| i128::from(n) * 1_000_003)).collect();
        Decimal128Array::from(cells).with_precision_and_scale(precision, scale).expect("it has room")
    };
    match random.below(16) {
        0 => Arc::new(Int64Array::from(small)),
        1 => Arc::new(Int64Array::from(wild)),
        2 => Arc::new(wild.iter().map(|n| n.map(|n| n as u64)).collect::<UInt64Array>()),
        3 => Arc::new(small.iter().map(float(f64::NAN)).collect::<Float64Array>()),
        4 => Arc::new(small.iter().map(float(f64::INFINITY)).collect::<Float64Array>()),
        5 => Arc::new(small.iter().map(|n| n.map(|n| n as f32 / 4096.0)).collect::<Float32Array>()),
        6 => Arc::new(wild.iter().map(|n| n.map(|n| f64::from_bits(n as u64))).collect::<Float64Array>()),
        7 => Arc::new(decimals(2, 38)),
        8 => Arc::new(decimals(18, 38)),
        9 => Arc::new(decimals(0, 30)),
        10 => {
            let cells: Vec<Option<i256>> =
                wild.iter().map(|n| n.map(|n| i256::from_i128(i128::from(n) * i128::from(i64::MAX)))).collect();
            Arc::new(Decimal256Array::from(cells).with_precision_and_scale(70, 20).expect("it has room"))
        }
        11 => Arc::new(small.iter().map(|n| n.map(|n| n % 2 == 0)).collect::<BooleanArray>()),
        12 => Arc::new(small.iter().map(|n| n.map(|n| n as i32)).collect::<Date32Array>()),
        13 => Arc::new(TimestampNanosecondArray::from(wild)),
        14 => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for cell in &small {
                for element in 0..cell.unwrap_or(0).rem_euclid(4) {
                    lists.values().append_option((element != 3).then(|| format!("v{element}")));
                }
                lists.append(cell.is_some());
            }
            Arc::new(lists.finish())
        }
        _ => {
            let texts: Vec<Option<String>> =
                small.iter().map(|n| n.map(|n| cell((n.unsigned_abs() % 24) as usize, 1, &mut Random(7)))).collect();
            match rows % 2 {
                0 => Arc::new(StringArray::from(texts)),
                _ => Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>()),
            }
        }
    }
}

fn write_random_parquet(path: &Path, random: &mut Random) {
    let rows = random.below(80) as usize + 1;
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row * 3)));
    let mut columns = vec![("id".to_owned(), keys)];
    for index in 0..random.below(7) + 1 {
        columns.push((format!("c{index}"), random_array(rows, random)));
    }
    write_parquet(path, columns);
}

fn write_parquet(path: &Path, columns: Vec<(String, ArrayRef)>) {
    let field = |(name, array): &(String, ArrayRef)| {
        let field = Field::new(name, array.data_type().clone(), true);
        match array.data_type() {
            DataType::FixedSizeBinary(16) => {
                field.with_metadata([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())].into())
            }
            _ => field,
        }
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<Field>>()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, array)| array).collect());
    let mut writer = ArrowWriter::try_new(File::create(path).expect("created"), schema, None).expect("it starts");
    writer.write(&batch.expect("it fits")).expect("written");
    writer.close().expect("closed");
}

/// A type of which some of the columns are tags, of whatever kinds.
fn random_type(random: &mut Random) -> Option<KnownType> {
    if random.one_in(2) {
        return None;
    }
    let tags = (0..random.below(8)).map(|index| KnownTag {
        name: format!("c{index}"),
        label: None,
        kind: *random.pick(&KINDS),
        closed_values: None,
    });
    let tags = tags.collect();
    Some(KnownType::new("t".to_owned(), *random.pick(&[KeyKind::String, KeyKind::U64, KeyKind::Dense]), tags))
}

/// The law. Whatever is proposed prints as a mapping that is read again, loads, and comes to what was said.
fn check(path: &Path, options: &InferOptions, what: &str) -> Option<Inference> {
    let inference = match infer(path, options) {
        Ok(inference) => inference,
        Err(InferError::NoKey(_)) => return None,
        Err(InferError::NoEncoding(error)) => panic!("{what}: {error}"),
        Err(InferError::File(error)) => panic!("{what}: {error}"),
    };
    let mapping = Mapping::parse(&inference.print()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(mapping, inference.mapping, "{what}");
    let input = Input::open(path).expect("it opens");
    let mut reader = LoadReader::open(input, &mapping, &resolve(&mapping), ReadOptions::default())
        .unwrap_or_else(|error| panic!("{what}: {error}\n{}", inference.print()));
    let (mut loaded, mut rejected) = (0, 0);
    while let Some(block) = reader.next_block().unwrap_or_else(|error| panic!("{what}: {error}")) {
        loaded += block.load.keys.len() as u64;
        rejected += block.rejected.len() as u64;
    }
    let trial = &inference.trial;
    assert_eq!((trial.rows_loaded, trial.rows_rejected), (loaded, rejected), "{what}\n{}", inference.print());
    assert_eq!(trial.rejected.iter().map(|kind| kind.rows).sum::<u64>(), rejected, "{what}");
    for kind in trial.rejected.iter().filter(|kind| !kind.column.is_empty()) {
        assert!(inference.notes.iter().any(|note| note.column == kind.column), "{what}: no note on {}", kind.column);
    }
    if let Some(known) = &options.known {
        assert_eq!(mapping.key.kind, known.key, "{what}");
    }
    Some(inference)
}

#[test]
fn a_proposal_for_a_csv_comes_to_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut with_rejects = 0;
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut random = Random(seed);
        let path = folder.path().join("t.csv");
        std::fs::write(&path, random_csv(&mut random)).expect("written");
        let options = InferOptions { known: random_type(&mut random), ..InferOptions::default() };
        let inference = check(&path, &options, &format!("csv of seed {seed}"));
        with_rejects += u64::from(inference.is_some_and(|inference| inference.trial.rows_rejected > 0));
    }
    assert!(with_rejects > SEEDS / 10 && with_rejects < SEEDS, "{with_rejects} files with rejects");
}

#[test]
fn a_proposal_for_parquet_comes_to_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let mut random = Random(seed);
        let path = folder.path().join("t.parquet");
        write_random_parquet(&path, &mut random);
        let options = InferOptions { known: random_type(&mut random), ..InferOptions::default() };
        check(&path, &options, &format!("parquet of seed {seed}")).expect("it has an id");
    }
}

#[test]
fn scores_of_a_model_load_and_the_note_names_the_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scores.parquet");
    let scores: Vec<f64> = (0..1_000).map(|row| if row == 7 { 1.0 / 3.0 } else { f64::from(row) / 8.0 }).collect();
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1_000));
    let scores: ArrayRef = Arc::new(Float64Array::from(scores));
    write_parquet(&path, vec![("id".to_owned(), keys), ("score".to_owned(), scores)]);
    let inference = check(&path, &InferOptions::default(), "scores").expect("it has an id");
    let score = &inference.mapping.columns[0];
    assert_eq!((score.kind, score.skip), (TagKind::Decimal { scale: 6 }, false));
    let note = inference.notes.iter().find(|note| note.column == "score").expect("a note");
    assert!(note.message.starts_with("0.3333333333333333 has 16 digits behind the point"), "{}", note.message);
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (1_000, 0));
}

#[test]
fn a_uuid_is_a_key_and_never_loses_to_five_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("people.parquet");
    let mut random = Random(1);
    let mut uuid = |_| (u128::from(random.next()) << 64 | u128::from(random.next())).to_be_bytes();
    let uuids: Vec<[u8; 16]> = (0..1_000).map(&mut uuid).collect();
    let texts = |count: i64| (0..1_000).map(|row| Some(format!("v{}", row % count))).collect::<StringArray>();
    // By its name, with a repetition; and without one, when it is only the best guess.
    for (name, is_sure) in [("id", true), ("visitor", false)] {
        let mut keys = uuids.clone();
        if is_sure {
            keys[1] = keys[0];
        }
        let keys: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter(keys.into_iter()).expect("of one size"));
        let columns = vec![
            ("level".to_owned(), Arc::new(texts(5)) as ArrayRef),
            (name.to_owned(), keys),
            ("n".to_owned(), Arc::new(texts(500)) as ArrayRef),
        ];
        write_parquet(&path, columns);
        let inference = check(&path, &InferOptions::default(), name).expect("it has a key");
        assert_eq!((inference.mapping.key.column.as_str(), inference.mapping.key.kind), (name, KeyKind::String));
        assert_eq!(inference.key_doubt.is_none(), is_sure, "{:?}", inference.key_doubt);
        assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (1_000, 0));
    }
}

#[test]
fn an_id_is_the_key_whatever_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("things.parquet");
    let large = Decimal128Array::from(vec![1_i128 << 70, 2]).with_precision_and_scale(38, 0).expect("it has room");
    let ids: [(ArrayRef, KeyKind, &str); 5] = [
        (Arc::new(Float64Array::from(vec![1.5, 2.0])), KeyKind::String, ""),
        (Arc::new(large), KeyKind::String, ""),
        (Arc::new(Date32Array::from(vec![20_000, 20_001])), KeyKind::String, ""),
        (Arc::new(Float64Array::from(vec![1e19, 2.0])), KeyKind::U64, "keys beyond 2^53"),
        (Arc::new(Float64Array::from(vec![1e15, 2.0])), KeyKind::U64, ""),
    ];
    for (id, kind, said) in ids {
        let what = format!("{id:?}");
        let other: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        write_parquet(&path, vec![("id".to_owned(), id), ("a".to_owned(), other)]);
        let inference = check(&path, &InferOptions::default(), &what).expect("it has an id");
        assert_eq!((inference.mapping.key.column.as_str(), inference.mapping.key.kind), ("id", kind), "{what}");
        assert_eq!((inference.trial.rows_loaded, inference.key_doubt.is_none()), (2, true), "{what}");
        let notes: Vec<&str> = inference.notes.iter().map(|note| note.message.as_str()).collect();
        assert!(notes.concat().starts_with(said) && (said.is_empty() == notes.is_empty()), "{what}: {notes:?}");
    }
}
