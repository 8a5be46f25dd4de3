//! Files as people have them: what is in doubt is said to be, and what is guessed loads as it stands.

mod common;

use muster_engine::catalog::{KeyKind, TagKind};
use muster_exchange::{InferError, InferOptions, Inference, KnownTag, KnownType, infer};

use common::read_csv;

fn try_guess(bytes: &[u8], options: &InferOptions) -> Result<Inference, InferError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("people.csv");
    std::fs::write(&path, bytes).expect("written");
    infer(&path, options)
}

fn guess(text: &str) -> Inference {
    try_guess(text.as_bytes(), &InferOptions::default()).unwrap_or_else(|fault| panic!("{fault}"))
}

fn known(key: KeyKind, tags: &[(&str, TagKind)]) -> InferOptions {
    let tag = |(name, kind): &(&str, TagKind)| KnownTag {
        name: (*name).to_owned(),
        label: None,
        kind: *kind,
        closed_values: None,
    };
    let known = KnownType::new("people".to_owned(), key, tags.iter().map(tag).collect());
    InferOptions { known: Some(known), ..InferOptions::default() }
}

#[test]
fn the_key_of_a_type_beats_the_names_of_its_tags() {
    let file = "id,email,age\n1,a@x.de,30\n2,b@x.de,40\n3,c@x.de,50\n";
    assert_eq!(guess(file).mapping.key.column, "id");
    let options = known(KeyKind::String, &[("id", TagKind::Int), ("age", TagKind::Int)]);
    let inference = try_guess(file.as_bytes(), &options).expect("a guess");
    assert_eq!((inference.mapping.key.column.as_str(), inference.key_doubt), ("email", None));
    // A new tag beside the key: the name decides among what is no tag.
    let wider = "id,user_id,city\n1,a,Rom\n2,b,Ulm\n";
    let inference = try_guess(wider.as_bytes(), &known(KeyKind::String, &[("id", TagKind::Int)])).expect("a guess");
    assert_eq!(inference.mapping.key.column, "user_id");
}

#[test]
fn keys_that_are_equal_as_they_load_are_counted_as_one() {
    for rows in ["1,1\n1.0,2\n2,3\n2.0,4\n3,5\n3.0,6\n", "1,1\n 1,2\n2,3\n2 ,4\n", "1.0,1\n1.00,2\n"] {
        let inference = guess(&format!("id,v\n{rows}"));
        assert!(inference.key_doubt.is_some(), "{rows}");
    }
    // Texts are keys as they are written, and different numbers are different keys.
    for rows in ["1,1\n1.0,2\nx,3\n", "1.0,1\n2.0,2\n3,3\n", "1.0,1\n1,2\n2,3\n"] {
        let inference = guess(&format!("id,v\n{rows}"));
        assert_eq!(inference.key_doubt, None, "{rows}");
    }
}

#[test]
fn an_encoding_in_doubt_is_said_and_can_be_given() {
    let bytes = b"id,city\n1,\xcc\xee\xf1\xea\xe2\xe0\n2,\xca\xe8\xe5\xe2\n";
    let inference = try_guess(bytes, &InferOptions::default()).expect("a guess");
    assert!(inference.encoding_doubt.is_some());
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (0, 2));
    let given = InferOptions { encoding: Some("windows-1251".to_owned()), ..InferOptions::default() };
    let inference = try_guess(bytes, &given).expect("a guess");
    assert_eq!((inference.encoding_doubt.as_deref(), inference.trial.rows_loaded), (None, 2));
    assert!(inference.print().contains("encoding = \"windows-1251\""));
    // Names of columns that cannot be read ask for it too.
    let header = b"id,\xe3\xee\xf0\xee\xe4\n1,a\n";
    let refused = try_guess(header, &InferOptions::default());
    assert!(matches!(&refused, Err(InferError::NoEncoding(said)) if said.contains("--encoding")), "{refused:?}");
    assert!(try_guess(header, &given).is_ok());
    let wrong = InferOptions { encoding: Some("klingon".to_owned()), ..InferOptions::default() };
    assert!(matches!(try_guess(header, &wrong), Err(InferError::File(_))));
}

#[test]
fn a_broken_character_costs_its_row_alone() {
    let mut bytes = encoding_rs::GBK.encode("编号,城市\n").0.into_owned();
    for row in 0..1000 {
        bytes.extend_from_slice(&encoding_rs::GBK.encode(&format!("{row},北京上海\n")).0);
    }
    bytes.extend_from_slice(b"1000,\xb9\xe3\xd6\n");
    let inference = try_guess(&bytes, &InferOptions::default()).expect("a guess");
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (1000, 1));
}

#[test]
fn blanks_around_the_values_of_a_list_are_left_out() {
    let inference = guess("id,likes\n1,ski | art\n2,art | ski\n3,ski | art | golf\n4,golf|ski\n5,art\n6,golf | art\n");
    let likes = &inference.mapping.columns[0];
    assert_eq!((likes.kind, likes.trim), (TagKind::Set, true));
    let (rows, _) = read_csv(b"id,likes\n1,ski | art\n", &inference.print()).expect("it reads");
    assert_eq!(rows[0].1[0].as_deref(), Some("[\"art\", \"ski\"]"));
    let plain = guess("id,likes\n1,ski|art\n2,art|ski\n3,ski|art|golf\n4,golf|ski\n5,art\n6,golf|art\n");
    assert!(!plain.mapping.columns[0].trim);
}

#[test]
fn a_fraction_that_looks_like_thousands_of_another_column_earns_a_note() {
    let inference = guess("id;price;count\n1;12,50;1.100\n2;1.250,00;2.300\n3;3,20;1.750\n");
    let notes: Vec<&str> = inference.notes.iter().filter(|n| n.column == "count").map(|n| n.message.as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("thousands = \".\", decimal_point = \",\"")), "{notes:?}");
    let plain = guess("id;price;count\n1;12,50;1.1\n2;1.250,00;2.3\n3;3,20;1.75\n");
    assert!(!plain.notes.iter().any(|n| n.column == "count" && n.message.contains("thousands")), "{:?}", plain.notes);
}

#[test]
fn a_date_among_times_is_its_first_moment() {
    let inference = guess("id,t\n1,2026-01-05\n2,2026-01-05 10:00\n");
    assert_eq!(inference.mapping.columns[0].kind, TagKind::Time);
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (2, 0));
    let options = known(KeyKind::U64, &[("t", TagKind::Time)]);
    let inference = try_guess(b"id,t\n1,2026-01-05\n2,2026-01-06\n", &options).expect("a guess");
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (2, 0));
    let (rows, _) = read_csv(b"id,t\n1,2026-01-05\n", &inference.print()).expect("it reads");
    assert_eq!(rows[0].1[0].as_deref(), Some("2026-01-05T00:00:00Z"));
}

fn notes_on(inference: &Inference, column: &str) -> Vec<String> {
    inference.notes.iter().filter(|note| note.column == column).map(|note| note.message.clone()).collect()
}

#[test]
fn a_column_of_which_no_value_can_be_loaded_is_left_out() {
    let kinds = [TagKind::Int, TagKind::Decimal { scale: 2 }, TagKind::Date, TagKind::Time, TagKind::Flag];
    for kind in kinds {
        let tags = [("amt", kind), ("late", kind), ("n", TagKind::Int)];
        let file = "id,amt,late,n,city\n1,low,x y,1,Rom\n2,high,,2,Ulm\n3,NULL,z z,3,Bari\n";
        let inference = try_guess(file.as_bytes(), &known(KeyKind::U64, &tags)).expect("a guess");
        assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (3, 0), "{kind}");
        let loaded: Vec<&str> = inference.mapping.loaded_columns().map(|column| column.column.as_str()).collect();
        assert_eq!(loaded, ["n", "city"], "{kind}");
        for (column, count) in [("amt", "2 values"), ("late", "2 values")] {
            let notes = notes_on(&inference, column);
            assert!(notes.len() == 1 && notes[0].starts_with("skipped: ") && notes[0].contains(count), "{notes:?}");
        }
    }
    // One value that fits keeps the column, and the rest is for the rejects.
    let tags = [("amt", TagKind::Int)];
    let inference = try_guess(b"id,amt\n1,low\n2,5\n", &known(KeyKind::U64, &tags)).expect("a guess");
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (1, 1));
}

#[test]
fn a_first_record_that_looks_like_a_row_is_told_of() {
    let notes = notes_on(&guess("1,x,3\n2,y,4\n3,z,5\n"), "");
    assert!(notes.iter().any(|note| note.contains("header = false")), "{notes:?}");
    for plain in ["id,x,y\n2,y,4\n", "id,2025,name\n1,x,y\n"] {
        assert_eq!(notes_on(&guess(plain), ""), Vec::<String>::new(), "{plain}");
    }
    let twice = try_guess(b"0,x0,0\n1,x1,1\n", &InferOptions::default());
    assert!(
        matches!(&twice, Err(InferError::File(fault)) if fault.to_string().contains("header = false")),
        "{twice:?}"
    );
}

#[test]
fn keys_that_say_that_there_is_none_are_told_of_once() {
    let inference = guess("id,v\na,1\nNULL,2\nNULL,3\nc,4\nd,5\n");
    let notes = notes_on(&inference, "id");
    assert!(notes.iter().any(|note| note.contains("NULL in 2 rows")), "{notes:?}");
    let inference = guess("id,v\na,1\n,2\n,3\nc,4\nd,5\n");
    let nulls: Vec<String> = notes_on(&inference, "id").into_iter().filter(|note| note.contains("reject")).collect();
    assert_eq!(nulls.len(), 1, "{nulls:?}");
}

#[test]
fn a_year_of_two_digits_is_none_of_four() {
    let options = known(KeyKind::U64, &[("d", TagKind::Date)]);
    let file = "id,d\n1,31.12.2026\n2,13.05.26\n3,14.05.2026\n";
    let inference = try_guess(file.as_bytes(), &options).expect("a guess");
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (2, 1));
    // The mapping of one night, kept for the next.
    let mapping = "type = \"people\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                   columns = [{ column = \"d\", kind = \"date\", date_format = \"%d.%m.%Y\" }]\n";
    let (rows, rejects) =
        read_csv(b"id,d\n3,31.12.26\n4, 1.1.2026\n5,1. 1.2026\n6,1.1.+2026\n7,1.1.2026\n", mapping).expect("it reads");
    assert_eq!((rows.len(), rejects.len()), (1, 4));
}

#[test]
fn what_an_export_writes_of_a_set_is_read_back() {
    let file = "id,tags\n1,\"[\"\"ski\"\",\"\"golf\"\"]\"\n2,\"[\"\"a,b|c\"\"]\"\n3,[]\n4,\n";
    for options in [InferOptions::default(), known(KeyKind::U64, &[("tags", TagKind::Set)])] {
        let inference = try_guess(file.as_bytes(), &options).expect("a guess");
        let column = &inference.mapping.columns[0];
        assert_eq!((column.kind, column.list_separator.as_deref()), (TagKind::Set, Some("json")));
        let (rows, rejects) = read_csv(file.as_bytes(), &inference.print()).expect("it reads");
        let sets: Vec<Option<&str>> = rows.iter().map(|(_, cells)| cells[0].as_deref()).collect();
        assert_eq!(sets, [Some("[\"golf\", \"ski\"]"), Some("[\"a,b|c\"]"), Some("[]"), None]);
        assert!(rejects.is_empty());
    }
    let mapping = "type = \"people\"\nkey = { column = \"id\", kind = \"u64\" }\n\
                   columns = [{ column = \"tags\", kind = \"set\", list_separator = \"json\" }]\n";
    let (rows, rejects) =
        read_csv(b"id,tags\n1,ski\n2,[1]\n3,[null]\n4,\"[\"\"\"\"]\"\n5,[\n", mapping).expect("it reads");
    assert_eq!((rows.len(), rejects.len()), (1, 4), "an empty text in quotes is a value, as an export writes it");
}

#[test]
fn a_set_that_exists_is_read_with_the_separator_of_the_file() {
    let options = known(KeyKind::U64, &[("tags", TagKind::Set)]);
    for (between, separator) in [("|", "|"), (";", ";"), (", ", ","), ("、", "、"), ("，", "，")] {
        let file = format!("id,tags\n1,\"ski{between}golf\"\n2,golf\n3,\"tea{between}ski\"\n");
        let inference = try_guess(file.as_bytes(), &options).expect("a guess");
        assert_eq!(inference.mapping.columns[0].list_separator.as_deref(), Some(separator));
        assert!(notes_on(&inference, "tags").iter().any(|note| note.contains("2 rows: taken as lists")));
        let (rows, _) = read_csv(file.as_bytes(), &inference.print()).expect("it reads");
        assert_eq!(rows[2].1[0].as_deref(), Some("[\"ski\", \"tea\"]"), "{between}");
    }
    let inference = try_guess(b"id,tags\n1,ski/golf\n2,golf\n", &options).expect("a guess");
    assert!(notes_on(&inference, "tags").iter().any(|note| note.contains("no text has a separator")));
}

#[test]
fn words_that_mean_null_do_so_in_quotes_too() {
    let inference = guess("\"id\",\"v\"\n\"1\",\"5\"\n\"2\",\n\"3\",\"NULL\"\n\"4\",\"\"\n\"5\",\"7\"\n\"6\",-\n");
    assert_eq!(inference.mapping.columns[0].kind, TagKind::Int);
    assert_eq!(inference.mapping.columns[0].null_words, ["", "-", "NULL"]);
    assert_eq!(inference.trial.rows_rejected, 0);
    let inference = guess("id,v\n1,\"yes\"\n2,\"no\"\n3,\"\"\n");
    assert_eq!((inference.mapping.columns[0].kind, inference.trial.rows_rejected), (TagKind::Flag, 0));
    // Of a choice, all of them are named.
    let inference = guess("id,x\n1,N/A\n2,NULL\n3,a\n4,-\n5,b\n");
    let notes = notes_on(&inference, "x");
    assert!(notes.iter().any(|note| note.contains("null_words = [\"-\", \"N/A\", \"NULL\"]?")), "{notes:?}");
}

#[test]
fn how_cells_are_read_is_said_where_the_tag_exists_too() {
    let amounts = known(KeyKind::U64, &[("amt", TagKind::Decimal { scale: 2 })]);
    for (cells, said) in [(["1,234", "2,500"], "between thousands"), (["1,5", "2,25"], "before the fraction")] {
        let file = format!("id;amt\n1;{}\n2;{}\n", cells[0], cells[1]);
        let inference = try_guess(file.as_bytes(), &amounts).expect("a guess");
        let notes = notes_on(&inference, "amt");
        assert!(notes.iter().any(|note| note.contains(said)), "{notes:?}");
    }
    let days = known(KeyKind::U64, &[("d", TagKind::Date)]);
    for (cells, said) in [(["31.12.2026", "1.2.2026"], "%d.%m.%Y"), (["20261231", "20260102"], "%Y%m%d")] {
        let file = format!("id,d\n1,{}\n2,{}\n", cells[0], cells[1]);
        let notes = notes_on(&try_guess(file.as_bytes(), &days).expect("a guess"), "d");
        assert!(notes.iter().any(|note| note.contains(said)), "{notes:?}");
    }
    // Days of which the order is not sure stay unread.
    let inference = try_guess(b"id,d\n1,05/04/2026\n2,06/07/2026\n", &days).expect("a guess");
    assert!(inference.mapping.columns[0].skip);
    assert!(notes_on(&inference, "d").iter().any(|note| note.contains("%d/%m/%Y") && note.contains("%m/%d/%Y")));
}

#[test]
fn no_note_proposes_another_kind_than_that_of_the_tag() {
    let mut file = "id,shop_id,vip,word,tags\n".to_owned();
    for row in 0..100 {
        let truth = if row % 2 == 0 { "yes" } else { "no" };
        file.push_str(&format!("{row},{},{},{truth},a{}|b{}\n", row % 7 + 1, row % 2, row % 3, row % 7));
    }
    let kinds = [("shop_id", TagKind::Int), ("vip", TagKind::Flag), ("word", TagKind::Flag), ("tags", TagKind::Set)];
    let inference = try_guess(file.as_bytes(), &known(KeyKind::U64, &kinds)).expect("a guess");
    for (name, _) in kinds {
        let notes = notes_on(&inference, name);
        assert!(!notes.iter().any(|note| note.contains("kind =") || note.contains('?')), "{notes:?}");
        assert!(notes_on(&guess(&file), name).iter().any(|note| note.contains("kind =") || note.contains('?')));
    }
}

/// What people read as numbers or days, and no mapping that is sure does: the proposal says what to do.
#[test]
fn odd_numbers_and_days_are_never_proposed_without_a_word() {
    let cases: [(&[&str], TagKind, &str); 9] = [
        (&["$12.50", "$99", "$1,200.00"], TagKind::Decimal { scale: 2 }, "\"$\" beside them"),
        (&["¥99", "¥100", "¥3"], TagKind::Int, "\"¥\" beside them"),
        (&["12 €", "13,50 €", "14 €"], TagKind::Decimal { scale: 2 }, "\"€\" beside them"),
        (&["40%", "41%", "0.5%"], TagKind::Decimal { scale: 2 }, "\"%\" beside them"),
        (&["05/01/26", "31/12/25", "14/02/26"], TagKind::Date, "date_format = \"%d/%m/%y\""),
        (&["05/01/26", "02/12/25", "04/02/26"], TagKind::Date, "\"%d/%m/%y\" or \"%m/%d/%y\""),
        (&["Jan 5, 2026", "Dec 31, 2025", "Feb 3, 2026"], TagKind::Date, "date_format = \"%b %d, %Y\""),
        (&["5-JAN-26", "31-DEC-25", "3-FEB-26"], TagKind::Date, "date_format = \"%d-%b-%y\""),
        (&["1/5/2026 3:07 PM", "12/31/2026 9:00 AM", "2/3/2026 1:00 PM"], TagKind::Time, "\"%m/%d/%Y %I:%M %p\""),
    ];
    for (cells, kind, said) in cases {
        let rows: Vec<String> = cells.iter().enumerate().map(|(row, cell)| format!("{row},\"{cell}\"\n")).collect();
        let file = format!("id,v\n{}", rows.concat());
        let inference = guess(&file);
        assert_eq!((inference.mapping.columns[0].kind, inference.trial.rows_rejected), (TagKind::Choice, 0));
        let notes = notes_on(&inference, "v");
        assert!(notes.iter().any(|note| note.contains(said)), "{cells:?}: {notes:?}");
        // Where the tag has the kind already, the column is left out and the same is said.
        let inference = try_guess(file.as_bytes(), &known(KeyKind::U64, &[("v", kind)])).expect("a guess");
        let notes = notes_on(&inference, "v");
        assert!(inference.mapping.columns[0].skip, "{cells:?}: {notes:?}");
        assert!(notes.iter().any(|note| note.contains(said)), "{cells:?}: {notes:?}");
    }
    // These have a mapping that is sure.
    for (cells, format) in
        [(["5 Jan 2026", "31 Dec 2025"], "%d %b %Y"), (["2026年1月5日", "2025年12月31日"], "%Y年%m月%d日")]
    {
        let inference = guess(&format!("id,v\n1,{}\n2,{}\n", cells[0], cells[1]));
        assert_eq!(inference.mapping.columns[0].kind, TagKind::Date);
        assert_eq!(inference.mapping.columns[0].date_formats, [format]);
    }
}

#[test]
fn a_few_texts_with_a_separator_are_told_of() {
    let inference = guess("id,likes\n1,ski|art\n2,golf\n");
    assert_eq!(inference.mapping.columns[0].kind, TagKind::Choice);
    let notes = notes_on(&inference, "likes");
    assert!(notes.iter().any(|note| note.contains("kind = \"set\", list_separator = \"|\"")), "{notes:?}");
    assert_eq!(notes_on(&guess("id,likes\n1,ski\n2,golf\n"), "likes"), Vec::<String>::new());
}

#[test]
fn words_of_a_flag_that_exists_are_taken_as_far_as_they_are_known() {
    let options = known(KeyKind::U64, &[("vip", TagKind::Flag)]);
    let inference = try_guess("id,vip\n1,是\n2,否\n3,未知\n4,1\n".as_bytes(), &options).expect("a guess");
    let vip = &inference.mapping.columns[0];
    assert_eq!((vip.true_words.join(" "), vip.false_words.join(" ")), ("是 1".to_owned(), "否".to_owned()));
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (3, 1));
    let notes = notes_on(&inference, "vip");
    assert!(notes.iter().any(|note| note.starts_with("neither true nor false is \"未知\"")), "{notes:?}");
    // No word is known: the column is left out, and how to name them is said.
    let inference = try_guess(b"id,vip\n1,active\n2,gone\n", &options).expect("a guess");
    assert!(inference.mapping.columns[0].skip);
    let notes = notes_on(&inference, "vip");
    assert!(notes[0].contains("true_words and false_words name others"), "{notes:?}");
}

/// A name alone makes nothing a code or a time, and numbers that are one need no name.
#[test]
fn codes_and_times_are_told_by_their_numbers() {
    let of = |name: &str, cell: &dyn Fn(u64) -> String| {
        let rows: String = (0..400).map(|row| format!("k{row},{}\n", cell(row))).collect();
        notes_on(&guess(&format!("key,{name}\n{rows}")), name).join(" / ")
    };
    let (time, code) = ("looks like a time since 1970", "looks like a code");
    let moments = |row: u64| (1_767_225_600_000 + row * 86_400_123).to_string();
    for name in ["time", "created", "v"] {
        assert!(of(name, &moments).contains(time), "{name}");
    }
    for name in ["time", "products", "v"] {
        assert_eq!(of(name, &|row| (row % 90).to_string()), "", "{name}");
    }
    assert!(of("shop_id", &|row| (1_000_000_000 + row).to_string()).contains(code));
    assert!(of("code", &|row| (row % 50 + 2).to_string()).contains(code));
    assert_eq!(of("code", &|row| (row as i64 % 50 - 20).to_string()), "");
    let with_nulls = |numbers: fn(u64) -> u64| {
        move |row: u64| if row.is_multiple_of(5) { String::new() } else { numbers(row).to_string() }
    };
    assert!(of("agent", &with_nulls(|row| row % 40 * 13 + 1)).contains(code));
    for name in ["age", "agent"] {
        assert_eq!(of(name, &with_nulls(|row| row % 60 + 18)), "", "{name}");
    }
}

#[test]
fn a_file_of_zero_bytes_is_called_so() {
    for bytes in [&[0][..], &[0; 3], &[0; 100_000]] {
        let fault = try_guess(bytes, &InferOptions::default()).expect_err("no table").to_string();
        assert!(fault.contains("nothing but zero bytes"), "{fault}");
    }
}

#[test]
fn a_line_for_excel_alone_is_called_so() {
    for head in ["sep=;\n", "SEP=,\r\n", "\u{feff}sep=\t\n", "\"sep=;\"\n"] {
        let fault = try_guess(format!("{head}id;a\n1;x\n").as_bytes(), &InferOptions::default()).expect_err("no table");
        assert!(fault.to_string().contains("strike that line"), "{fault}");
    }
    guess("sep=a,id\nx,1\n");
}

/// Digits that are gone, or will be, are told of.
#[test]
fn what_has_lost_digits_is_told_of() {
    let inference = guess("id,phone,t\n1.23457E+15,1.38E+10,2026-01-05T10:00:00.123456Z\n2.3E+15,139,2026-01-05\n");
    for (column, said) in [("id", "lost digits"), ("phone", "lost digits"), ("t", "1 time is finer than a millisecond")]
    {
        let notes = notes_on(&inference, column);
        assert!(notes.iter().any(|note| note.contains(said)), "{column}: {notes:?}");
    }
}

#[test]
fn a_file_of_too_many_columns_names_the_limit() {
    let wide = |columns: usize| {
        let names: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
        format!("{}\n{}\n", names.join(","), vec!["1"; columns].join(","))
    };
    let options = InferOptions { key_column: Some("c0".to_owned()), ..InferOptions::default() };
    let fault = try_guess(wide(10_001).as_bytes(), &options).expect_err("too wide").to_string();
    assert!(fault.contains("more than 10000 fields (COLUMNS_MAX)"), "{fault}");
    let inference = try_guess(wide(10_000).as_bytes(), &options).expect("a guess");
    assert_eq!((inference.mapping.columns.len(), inference.trial.rows_loaded), (9_999, 1));
}

/// A column whose name has a tab is shown as `a\tb`, and named so.
#[test]
fn a_column_is_found_by_its_name_as_it_is_shown() {
    let file = "a\tb,v\nx,1\ny,2\n";
    let csv = muster_exchange::CsvOptions::default();
    for name in ["a\tb", "a\\tb"] {
        let options =
            InferOptions { key_column: Some(name.to_owned()), csv: Some(csv.clone()), ..InferOptions::default() };
        let inference = try_guess(file.as_bytes(), &options).expect("a guess");
        assert_eq!((inference.mapping.key.column.as_str(), inference.trial.rows_loaded), ("a\tb", 2));
    }
}

#[test]
fn days_among_which_some_are_none_are_told_of() {
    let rows: Vec<String> = (20..32).map(|day| format!("{day},2026-02-{day}\n")).collect();
    let inference = guess(&format!("id,d\n{}", rows.concat()));
    assert_eq!(inference.mapping.columns[0].kind, TagKind::Choice);
    let notes = notes_on(&inference, "d");
    assert!(notes.iter().any(|note| note.starts_with("9 of 12 distinct texts are dates")), "{notes:?}");
}
