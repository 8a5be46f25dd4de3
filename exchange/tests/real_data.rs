//! The guesses on real files, and their rows.

mod common;

use common::{count_rows, counts, read_all, real_data};
use muster_engine::catalog::{KeyKind, TagKind};
use muster_exchange::{ColumnMapping, InferError, InferOptions, Inference, Input, Mapping, ReadOptions, infer};

fn column<'a>(inference: &'a Inference, name: &str) -> &'a ColumnMapping {
    inference.mapping.columns.iter().find(|column| column.column == name).unwrap_or_else(|| panic!("no column {name}"))
}

fn notes<'a>(inference: &'a Inference, name: &str) -> Vec<&'a str> {
    inference.notes.iter().filter(|note| note.column == name).map(|note| note.message.as_str()).collect()
}

#[test]
fn hotel_bookings_are_understood_and_read() {
    let Some(folder) = real_data() else {
        return;
    };
    let path = folder.join("hotel_bookings/bookings.parquet");
    let inference = infer(&path, &InferOptions::default()).expect("it is Parquet");
    println!("{}", inference.print());
    assert_eq!(inference.rows_looked_at, 119_390);
    assert_eq!(inference.mapping.entity_type, "bookings");
    assert_eq!(inference.mapping.key.column, "booking_id");
    assert_eq!(inference.mapping.key.kind, KeyKind::U64);
    let kinds = [
        ("hotel", TagKind::Choice),
        ("is_canceled", TagKind::Flag),
        ("is_repeated_guest", TagKind::Flag),
        ("lead_time", TagKind::Int),
        ("children", TagKind::Int),
        ("agent", TagKind::Int),
        ("country", TagKind::Choice),
        ("adr", TagKind::Decimal { scale: 2 }),
        ("adr_cents", TagKind::Int),
        ("arrival_date", TagKind::Date),
        ("reservation_status_date", TagKind::Date),
    ];
    for (name, kind) in kinds {
        let column = column(&inference, name);
        assert_eq!(column.kind, kind, "{name}");
        assert!(!column.skip, "{name}");
    }
    assert_eq!(notes(&inference, "agent"), ["int with 333 distinct values, looks like a code: choice?"]);
    assert_eq!(notes(&inference, "company"), ["int with 352 distinct values, looks like a code: choice?"]);
    assert!(notes(&inference, "is_canceled")[0].contains("a flag"));
    for quiet in ["lead_time", "children", "adults", "arrival_date_week_number", "adr", "hotel"] {
        assert!(notes(&inference, quiet).is_empty(), "{quiet}: {:?}", notes(&inference, quiet));
    }
    let mapping = Mapping::parse(&inference.print()).expect("it prints TOML");
    assert_eq!(mapping, inference.mapping);

    let input = Input::open(&path).expect("it opens");
    let (rows, rejects) = read_all(input, &mapping, ReadOptions::default()).expect("it reads");
    assert!(rejects.is_empty(), "{:?}", rejects.first());
    assert_eq!(rows.len(), 119_390);
    let names: Vec<&str> = mapping.loaded_columns().map(|c| c.column.as_str()).collect();
    let place = |name: &str| names.iter().position(|n| *n == name).expect("a column");
    assert_eq!(counts(&rows, place("hotel"))["Resort Hotel"], 40_060);
    assert_eq!(counts(&rows, place("reservation_status"))["Check-Out"], 75_166);
    assert_eq!(counts(&rows, place("reservation_status_date"))["2015-10-21"], 1461);
    let nulls = [("children", 4), ("country", 488), ("agent", 16_340), ("company", 112_593)];
    for (name, expected) in nulls {
        assert_eq!(counts(&rows, place(name))["null"], expected, "{name}");
    }
    // The amounts as decimals are those that the file has as cents.
    for (_, cells) in &rows {
        let adr = cells[place("adr")].as_deref().expect("never null");
        let cents = cells[place("adr_cents")].as_deref().expect("never null");
        assert_eq!(adr.replace('.', "").parse::<i64>().ok(), cents.parse().ok());
    }
}

#[test]
fn groceries_read_the_same_from_both_formats() {
    let Some(folder) = real_data() else {
        return;
    };
    let mut tables = Vec::new();
    for file in ["basket_items.csv", "basket_items.parquet"] {
        let path = folder.join("groceries").join(file);
        let inference = infer(&path, &InferOptions::default()).expect("it is a table");
        let mapping = &inference.mapping;
        assert_eq!(mapping.entity_type, "basket_items");
        assert_eq!(mapping.key.column, "basket_id");
        assert_eq!(mapping.key.kind, KeyKind::U64);
        assert!(notes(&inference, "basket_id")[0].starts_with("9,835 distinct keys in 43,367 rows"));
        assert_eq!(column(&inference, "item").kind, TagKind::Choice);
        assert_eq!(column(&inference, "n").kind, TagKind::Int);
        let input = Input::open(&path).expect("it opens");
        let (rows, rejects) = read_all(input, mapping, ReadOptions::default()).expect("it reads");
        assert!(rejects.is_empty());
        assert_eq!(rows.len(), 43_367);
        assert_eq!(counts(&rows, 1)["whole milk"], 2513);
        assert!(counts(&rows, 1).contains_key("cream cheese "));
        tables.push(rows);
    }
    assert_eq!(tables[0], tables[1]);
}

#[test]
fn online_retail_keeps_its_thousandths_and_times() {
    let Some(folder) = real_data() else {
        return;
    };
    let path = folder.join("online_retail/transactions.parquet");
    let inference = infer(&path, &InferOptions::default()).expect("it is Parquet");
    // Both `invoice_no` and `customer_id` stand in many rows; the latter is called a key.
    assert_eq!(inference.mapping.key.column, "customer_id");
    assert!(inference.key_doubt.is_some());
    assert_eq!(column(&inference, "unit_price").kind, TagKind::Decimal { scale: 3 });
    assert_eq!(column(&inference, "invoice_ts").kind, TagKind::Time);
    let said = "135,080 rows will be rejected, the first on line ";
    let on_key = notes(&inference, "customer_id");
    assert!(on_key.iter().any(|note| note.starts_with(said) && note.ends_with("the key is null")), "{on_key:?}");
    let input = Input::open(&path).expect("it opens");
    let (rows, rejects) = count_rows(input, &inference.mapping).expect("it reads");
    assert_eq!((rows, rejects.len()), (406_829, 135_080));
    assert_eq!((inference.trial.rows_loaded, inference.trial.rows_rejected), (406_829, 135_080));
    let options = InferOptions { key_column: Some("invoice_no".to_owned()), ..InferOptions::default() };
    let inference = infer(&path, &options).expect("it is Parquet");
    assert_eq!(inference.mapping.key.kind, KeyKind::String);
    assert_eq!(column(&inference, "customer_id").kind, TagKind::Int);
    assert!(notes(&inference, "customer_id")[0].contains("looks like a code"));
    let (rows, rejects) = count_rows(Input::open(&path).expect("it opens"), &inference.mapping).expect("it reads");
    assert!(rejects.is_empty(), "{:?}", rejects.first());
    assert_eq!(rows, 541_909);
}

#[test]
fn otto_times_are_noted() {
    let Some(folder) = real_data() else {
        return;
    };
    // A session has many events: there is no key to guess.
    let options = InferOptions { key_column: Some("session".to_owned()), ..InferOptions::default() };
    for file in ["events.csv", "events.parquet"] {
        let path = folder.join("otto_fixture").join(file);
        assert!(matches!(infer(&path, &InferOptions::default()), Err(InferError::NoKey(_))), "{file}");
        let inference = infer(&path, &options).expect("it is a table");
        assert!(notes(&inference, "ts_ms")[0].contains("time_unit = \"ms\""));
    }
}
