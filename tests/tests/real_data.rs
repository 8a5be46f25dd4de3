//! Questions over real data, asked through the binary; the answers were computed elsewhere.
//!
//! The data lies where `MUSTER_REAL_DATA` says. Where it is absent the tests say so loudly and count as skipped.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use arrow_select::take::take;
use muster_tests::{Store, real_data};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

/// The answers of one data set by the number of the question.
fn answers(data: &Path, name: &str) -> BTreeMap<u32, Value> {
    let text = std::fs::read_to_string(data.join("checks").join(format!("{name}.json"))).expect("the checks");
    let checks: Value = serde_json::from_str(&text).expect("checks are JSON");
    let number = |check: &Value| check["id"].as_str()?.rsplit('-').next()?.parse().ok();
    checks["checks"]
        .as_array()
        .expect("a list of checks")
        .iter()
        .map(|check| (number(check).expect("an id ends in its number"), check["answer"].clone()))
        .collect()
}

/// Equal, numbers up to what printing a mean can lose.
fn assert_same(question: u32, found: &Value, expected: &Value) {
    let same = match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().expect("a number"), expected.as_f64().expect("a number"));
            (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "question {question}");
            return found.iter().zip(expected).for_each(|(found, expected)| assert_same(question, found, expected));
        }
        (Value::Object(found), Value::Object(expected)) => {
            assert_eq!(found.len(), expected.len(), "question {question}: {found:?}");
            return expected.iter().for_each(|(key, value)| {
                assert_same(question, found.get(key).unwrap_or(&Value::Null), value);
            });
        }
        _ => found == expected,
    };
    assert!(same, "question {question}: found {found}, expected {expected}");
}

/// The groups of a breakdown by label, the `limit` largest.
fn breakdown(store: &Store, query: &str, tag: &str, limit: usize) -> Vec<(String, u64)> {
    let answer = store.json(&["breakdown", tag, "--in", query]);
    let groups = answer["groups"].as_array().expect("groups");
    let mut groups: Vec<(String, u64)> = groups
        .iter()
        .map(|group| (group["label"].as_str().expect("a label").to_owned(), group["count"].as_u64().expect("a count")))
        .collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    groups.truncate(limit);
    groups
}

fn object(groups: Vec<(String, u64)>) -> Value {
    Value::Object(groups.into_iter().map(|(label, count)| (label, json!(count))).collect())
}

fn stats(store: &Store, query: &str, tag: &str, quantiles: &str) -> Value {
    store.json(&["stats", tag, "--in", query, "--quantiles", quantiles])
}

/// The bookings, loaded once with the mapping that `--infer` proposes.
fn bookings(data: &Path) -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = Store::new();
        let file = data.join("hotel_bookings/bookings.parquet");
        let file = std::fs::canonicalize(file).expect("the bookings");
        let file = file.to_str().expect("a plain path");
        let map = store.text(&["load", file, "--infer", "--type", "bookings", "--key", "booking_id"]);
        std::fs::write(store.folder().join("map.toml"), map).expect("a map is written");
        let loaded = store.json(&["load", file, "--map", "map.toml", "--quiet"]);
        assert_eq!(loaded["rows"], json!(119_390), "{loaded}");
        assert_eq!(loaded["rejected"], json!(0), "{loaded}");
        store
    })
}

#[test]
fn hotel_bookings_groups_and_rates() {
    let Some(data) = real_data("hotel_bookings 01 02 04 05 07 13") else { return };
    let (store, answers) = (bookings(&data), answers(&data, "hotel_bookings"));
    assert_same(1, &object(breakdown(store, "ALL", "hotel", usize::MAX)), &answers[&1]);
    let canceled = store.json(&["count", "is_canceled = 1"]);
    let rate = canceled["count"].as_f64().expect("a count") / canceled["live"].as_f64().expect("a count");
    assert_same(2, &json!(rate), &answers[&2]);
    assert_same(4, &object(breakdown(store, "ALL", "reservation_status", usize::MAX)), &answers[&4]);
    let dates = breakdown(store, "ALL", "reservation_status_date", usize::MAX);
    assert_same(5, &json!([dates[0].0, dates[0].1, dates.len()]), &answers[&5]);
    let all: BTreeMap<String, u64> = breakdown(store, "ALL", "deposit_type", usize::MAX).into_iter().collect();
    let canceled = breakdown(store, "is_canceled = 1", "deposit_type", usize::MAX);
    let rates = canceled.into_iter().map(|(label, count)| {
        let rate = count as f64 / all[&label] as f64;
        (label, json!(rate))
    });
    assert_same(7, &Value::Object(rates.collect()), &answers[&7]);
    assert_same(13, &object(breakdown(store, "ALL", "country", 5)), &answers[&13]);
}

#[test]
fn hotel_bookings_numbers() {
    let Some(data) = real_data("hotel_bookings 03 11 12") else { return };
    let (store, answers) = (bookings(&data), answers(&data, "hotel_bookings"));
    let tags = ["lead_time", "stays_in_week_nights", "stays_in_weekend_nights", "adults"];
    let means: Vec<Value> = tags.iter().map(|tag| stats(store, "ALL", tag, "0.5")["mean"].clone()).collect();
    assert_same(3, &json!(means), &answers[&3]);
    let cents = stats(store, "hotel = 'Resort Hotel'", "adr_cents", "0.5");
    assert_same(11, &json!([cents["sum"], cents["min"], cents["max"]]), &answers[&11]);
    let lead = stats(store, "ALL", "lead_time", "0.5,0.9,0.99");
    let quantiles = lead["quantiles"].as_array().expect("quantiles");
    assert_same(12, &quantiles.iter().map(|it| it["value"].clone()).collect(), &answers[&12]);
}

#[test]
fn hotel_bookings_audiences() {
    let Some(data) = real_data("hotel_bookings 06 08 09 10") else { return };
    let (store, answers) = (bookings(&data), answers(&data, "hotel_bookings"));
    let missing = ["children", "country", "agent", "company"].map(|tag| store.count(&format!("{tag} IS MISSING")));
    assert_same(6, &json!(missing), &answers[&6]);
    let portuguese =
        "country = PRT AND market_segment = 'Online TA' AND lead_time BETWEEN 30 AND 90 AND NOT is_canceled = 1";
    assert_same(8, &json!(store.count(portuguese)), &answers[&8]);
    let abroad = [store.count("country != PRT"), store.count("NOT country = PRT")];
    assert_same(9, &json!(abroad), &answers[&9]);
    let families = "arrival_date IN 2016-07-01..2016-08-31 AND (children > 0 OR babies > 0)";
    assert_same(10, &json!(store.count(families)), &answers[&10]);
    let chinese = "country = PRT 且 market_segment = 'Online TA' 且 lead_time 介于 30 到 90 且 非 is_canceled = 1";
    assert_same(8, &json!(store.count(chinese)), &answers[&8]);
}

/// The rows of a Parquet file: the cells of two columns, by position.
fn rows<A: Array + Clone + 'static>(path: &Path, ids: &str, texts: &str) -> Vec<(A, StringArray)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a file")).expect("a Parquet file");
    reader
        .build()
        .expect("a reader")
        .map(|batch| {
            let batch = batch.expect("a batch");
            let column = |name: &str| Arc::clone(batch.column_by_name(name).expect("a column"));
            let ids = column(ids).as_any().downcast_ref::<A>().expect("its type").clone();
            (ids, plain_texts(&column(texts)))
        })
        .collect()
}

/// A column of texts, however the file keeps them.
fn plain_texts(column: &ArrayRef) -> StringArray {
    let column = match column.as_any_dictionary_opt() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None).expect("its values"),
        None => Arc::clone(column),
    };
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().clone(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().collect(),
        _ => column.as_string_view().iter().collect(),
    }
}

/// The baskets with their items as a list, and with the departments of these items as another.
fn baskets(data: &Path) -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = Store::new();
        let departments: BTreeMap<String, String> =
            rows::<StringArray>(&data.join("groceries/items.parquet"), "item", "level1")
                .iter()
                .flat_map(|(items, levels)| {
                    (0..items.len())
                        .map(|row| (items.value(row).to_owned(), levels.value(row).to_owned()))
                        .collect::<Vec<_>>()
                })
                .collect();
        let mut baskets: BTreeMap<i32, Vec<String>> = BTreeMap::new();
        for (ids, items) in rows::<Int32Array>(&data.join("groceries/basket_items.parquet"), "basket_id", "item") {
            for row in 0..ids.len() {
                baskets.entry(ids.value(row)).or_default().push(items.value(row).to_owned());
            }
        }
        let mut items = ListBuilder::new(StringBuilder::new());
        let mut levels = ListBuilder::new(StringBuilder::new());
        for basket in baskets.values() {
            for item in basket {
                items.values().append_value(item);
                levels.values().append_value(&departments[item]);
            }
            items.append(true);
            levels.append(true);
        }
        let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(baskets.keys().copied()));
        let columns: [(&str, ArrayRef); 3] =
            [("basket_id", ids), ("items", Arc::new(items.finish())), ("departments", Arc::new(levels.finish()))];
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let path = store.folder().join("baskets.parquet");
        let mut writer =
            ArrowWriter::try_new(File::create(&path).expect("a file"), batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("rows are written");
        writer.close().expect("a footer is written");
        let arguments =
            ["load", "baskets.parquet", "--infer", "--yes", "--type", "baskets", "--key", "basket_id", "--quiet"];
        let loaded = store.json(&arguments);
        assert_eq!(loaded["rows"], json!(baskets.len()), "{loaded}");
        store
    })
}

#[test]
fn groceries_baskets_and_items() {
    let Some(data) = real_data("groceries 01 02 03 04") else { return };
    let (store, answers) = (baskets(&data), answers(&data, "groceries"));
    let baskets = store.count("ALL");
    assert_same(1, &json!(baskets), &answers[&1]);
    let items = breakdown(store, "ALL", "items", usize::MAX);
    let cells: u64 = items.iter().map(|(_, count)| count).sum();
    assert_same(2, &json!([items.len(), cells as f64 / (baskets as f64 * items.len() as f64)]), &answers[&2]);
    assert_same(3, &object(items.into_iter().take(5).collect()), &answers[&3]);
    let of_size = (1..=4).map(|size| (size.to_string(), json!(store.count(&format!("EXACTLY {size} OF items.*")))));
    assert_same(4, &Value::Object(of_size.collect()), &answers[&4]);
}

#[test]
fn groceries_audiences() {
    let Some(data) = real_data("groceries 18 19 20 21") else { return };
    let (store, answers) = (baskets(&data), answers(&data, "groceries"));
    let milk = "items HAS ALL ('whole milk', 'other vegetables') AND NOT items HAS 'root vegetables'";
    assert_same(18, &json!(store.count(milk)), &answers[&18]);
    let dairy = "items HAS AT LEAST 2 OF ('whole milk', yogurt, butter, curd, 'cream cheese ')";
    assert_same(19, &json!(store.count(dairy)), &answers[&19]);
    assert_same(20, &object(breakdown(store, "ALL", "departments", usize::MAX)), &answers[&20]);
    let (both, any) = (store.count("items HAS ALL (butter, curd)"), store.count("items HAS ANY (butter, curd)"));
    assert_same(21, &json!(both as f64 / any as f64), &answers[&21]);
}
