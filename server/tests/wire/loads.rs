//! Loads: by stream and by path, tried out, rejected, repeated.

use std::fmt::Write as _;

use muster_client::{Code, ExitClass, LoadEvent, Upload};
use muster_proto::v1::*;

use crate::served::{Served, create_tag, create_type};

const PEOPLE: &str = "id,city,age,vip\n1,北京,30,1\n2,上海,41,0\n3,\"\",,1\n";

fn reader(text: &str) -> Upload {
    Upload::Reader(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())))
}

fn header(name: &str) -> LoadHeader {
    LoadHeader {
        file: Some(FileSource { name: name.to_owned(), ..FileSource::default() }),
        create_missing_tags: true,
        ..LoadHeader::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_inferred_tried_out_and_loaded() {
    let served = Served::start().await;
    let file = FileSource { name: "people.csv".into(), ..FileSource::default() };
    let infer = InferLoadHeader { file: Some(file), ..InferLoadHeader::default() };
    let inferred = served.client.infer_load(infer, reader(PEOPLE), |_| {}).await.unwrap();
    assert_eq!(inferred.rows_sampled, 3);
    assert!(inferred.mapping_toml.contains("type = \"people\""), "{}", inferred.mapping_toml);

    let mapped = LoadHeader { mapping_toml: inferred.mapping_toml, ..header("people.csv") };
    let dry = LoadHeader { dry_run: true, ..mapped.clone() };
    let tried = served.client.load(dry, reader(PEOPLE), |_| {}).await.unwrap();
    assert_eq!((tried.rows, tried.new_entities, tried.rejected, tried.dry_run), (3, 3, 0, true));
    assert_eq!(tried.new_tags, ["city", "age", "vip"]);
    assert!(served.client.list_types(ListTypesRequest::default()).await.unwrap().types.is_empty());

    let mut sent = 0;
    let mapped = LoadHeader { load_id: "day-1".into(), ..mapped };
    let report = |event| {
        if let LoadEvent::Sent(bytes) = event {
            sent = bytes
        }
    };
    let loaded = served.client.load(mapped.clone(), reader(PEOPLE), report).await.unwrap();
    assert_eq!((loaded.rows, loaded.rows_written, loaded.new_entities, loaded.repeated), (3, 3, 3, false));
    assert_eq!(loaded.entity_type, "people");
    assert_eq!(served.count("vip AND city IS NOT MISSING").await.unwrap().count, 2);

    let again = served.client.load(mapped.clone(), reader(PEOPLE), |_| {}).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.rows, again.version), (3, loaded.version));
    let other = served.client.load(mapped.clone(), reader("id,city,age,vip\n9,x,1,1\n"), |_| {}).await.unwrap_err();
    assert_eq!(other.code, Code::FailedPrecondition);
    assert!(other.message.starts_with("give this load an id of its own: `day-1`"), "{other}");
    let replacing = LoadHeader { mode: LoadMode::Replace.into(), ..mapped.clone() };
    assert!(served.client.load(replacing, reader(PEOPLE), |_| {}).await.is_err(), "another mode is another load");
    let odd = LoadHeader { mode: 9, load_id: String::new(), ..mapped.clone() };
    let odd = served.client.load(odd, reader(PEOPLE), |_| {}).await.unwrap_err();
    assert!(odd.message.contains("upsert, replace, append"), "{odd}");
    let much = LoadHeader { shrink_max: Some(1.5), load_id: String::new(), ..mapped };
    let much = served.client.load(much, reader(PEOPLE), |_| {}).await.unwrap_err();
    assert!(much.message.contains("a share of 0 to 1"), "{much}");
    assert_eq!(served.count("ALL").await.unwrap().count, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_rejects_load_nothing_and_leave_no_tags() {
    let served = Served::start().await;
    let mapping = "type = \"people\"\n\
                   key = { column = \"id\", kind = \"u64\" }\n\
                   columns = [{ column = \"age\", kind = \"int\" }]\n";
    let text = "id,age\n1,30\n2,forty\n3,50\n";
    let load = LoadHeader { mapping_toml: mapping.into(), ..header("p.csv") };
    let mut rejects = Vec::new();
    let report = |event| {
        if let LoadEvent::Rejects(rows) = event {
            rejects.extend(rows)
        }
    };
    let error = served.client.load(load.clone(), reader(text), report).await.unwrap_err();
    assert_eq!((error.reason.as_str(), error.exit_class()), ("REJECTED_ROWS", ExitClass::RejectedRows));
    assert_eq!((rejects[0].line, rejects[0].column.as_str(), rejects[0].raw.as_str()), (3, "age", "forty"));
    assert!(served.client.list_types(ListTypesRequest::default()).await.unwrap().types.is_empty());

    let lenient = LoadHeader { max_rejects: 1, ..load };
    let loaded = served.client.load(lenient, reader(text), |_| {}).await.unwrap();
    assert_eq!((loaded.rows, loaded.rows_written, loaded.rejected), (3, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_read_only_where_it_is_allowed() {
    let import = tempfile::tempdir().unwrap();
    let path = import.path().join("people.csv");
    std::fs::write(&path, PEOPLE).unwrap();
    let named = LoadHeader {
        file: Some(FileSource { path: path.to_str().unwrap().to_owned(), ..FileSource::default() }),
        ..header("")
    };
    let served = Served::start().await;
    let error = served.client.load(named.clone(), Upload::ServerPath, |_| {}).await.unwrap_err();
    assert_eq!((error.reason.as_str(), error.exit_class()), ("PATH_NOT_ALLOWED", ExitClass::Permission));

    let folder = import.path().to_owned();
    let served = Served::start_with(move |config| config.import_dirs = vec![folder]).await;
    let mut guessed = false;
    let report = |event| guessed |= matches!(event, LoadEvent::Guess(_));
    let loaded = served.client.load(named, Upload::ServerPath, report).await.unwrap();
    assert_eq!((loaded.rows, loaded.entity_type.as_str()), (3, "people"));
    assert!(guessed, "no mapping was given");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_unless_it_may_be_made() {
    let served = Served::with_shoppers().await;
    let mapping = "type = \"shoppers\"\n\
                   key = { column = \"id\", kind = \"string\" }\n\
                   columns = [{ column = \"age\", kind = \"int\" }, { column = \"size\", kind = \"choice\" }]\n";
    let strict = LoadHeader { mapping_toml: mapping.into(), create_missing_tags: false, ..header("s.csv") };
    let error = served.client.load(strict, reader("id,age,size\nann,31,M\n"), |_| {}).await.unwrap_err();
    assert!(error.message.contains("`size`"), "{}", error.message);
    let wrong = mapping.replace("\"int\"", "\"choice\"");
    let wrong = LoadHeader { mapping_toml: wrong, ..header("s.csv") };
    let error = served.client.load(wrong, reader("id,age,size\nann,31,M\n"), |_| {}).await.unwrap_err();
    assert!(error.message.contains("give kind \"int\""), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_as_its_sender_knows_it() {
    let served = Served::start().await;
    let error = served.client.load(header("my.csv"), reader("PK\u{3}\u{4}zip"), |_| {}).await.unwrap_err();
    assert!(error.message.contains("my.csv") && !error.message.contains("spool"), "{}", error.message);
    let left = std::fs::read_dir(served.folder.path().join("store/spool")).unwrap().count();
    assert_eq!(left, 0, "an uploaded file goes with its load");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_in_many_chunks_arrive_whole() {
    let served = Served::start().await;
    let mut text = String::from("id,n\n");
    for row in 0..200_000 {
        writeln!(text, "{row},{}", row % 7).unwrap();
    }
    let loaded = served.client.load(header("many.csv"), reader(&text), |_| {}).await.unwrap();
    assert_eq!((loaded.rows, loaded.new_entities), (200_000, 200_000));
    assert_eq!(served.count("ALL").await.unwrap().count, 200_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_knows_the_type_and_comes_to_what_the_load_does() {
    let served = Served::start().await;
    served.client.create_type(create_type("", "people")).await.unwrap();
    served.client.create_tag(create_tag("", "zip", TagKind::Choice, 0)).await.unwrap();
    served.client.create_tag(create_tag("", "price", TagKind::Decimal, 1)).await.unwrap();
    let mut closed = create_tag("", "level", TagKind::Choice, 0);
    let level = closed.tag.as_mut().unwrap();
    level.closed_values = true;
    level.declared_values = vec![DeclaredValue { value: "silver".into(), ..DeclaredValue::default() }];
    served.client.create_tag(closed).await.unwrap();
    // The keys of the type are texts; gold is no level.
    let text = "id,zip,price,level\n1,10115,1.25,\n2,20095,n.a.,\n3,30159,2,gold\n4,1,1,silver\n";
    let file = FileSource { name: "people.csv".into(), ..FileSource::default() };
    let infer = InferLoadHeader { file: Some(file), ..InferLoadHeader::default() };
    let inferred = served.client.infer_load(infer, reader(text), |_| {}).await.unwrap();
    assert_eq!((inferred.rows_loaded, inferred.rows_rejected, inferred.rows_total), (2, 2, Some(4)));
    let reasons: Vec<(&str, u64)> =
        inferred.reject_kinds.iter().map(|kind| (kind.column.as_str(), kind.rows)).collect();
    assert_eq!(reasons, [("level", 1), ("price", 1)]);
    let load = LoadHeader { mapping_toml: inferred.mapping_toml, max_rejects: 2, ..header("people.csv") };
    let loaded = served.client.load(load, reader(text), |_| {}).await.unwrap();
    assert_eq!((loaded.rows_written, loaded.rejected), (2, 2));
    assert_eq!(served.count("zip = '10115' AND price = 1.2").await.unwrap().count, 1);
}

/// As `set` takes it: the label of a declared value is the value, whether or not the list is closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_label_loads_as_its_value() {
    let served = Served::start().await;
    served.client.create_type(create_type("", "people")).await.unwrap();
    let gold = DeclaredValue { value: "gold".into(), label: "黄金".into(), ..DeclaredValue::default() };
    for (name, kind, is_closed) in
        [("level", TagKind::Choice, true), ("open", TagKind::Choice, false), ("levels", TagKind::Set, true)]
    {
        let mut create = create_tag("", name, kind, 0);
        let tag = create.tag.as_mut().unwrap();
        tag.closed_values = is_closed;
        tag.declared_values = vec![gold.clone()];
        served.client.create_tag(create).await.unwrap();
    }
    let text = "id,level,open,levels\n1,黄金,黄金,黄金|gold\n2,gold,gold,gold\n3,黄,x,gold\n";
    let file = FileSource { name: "people.csv".into(), ..FileSource::default() };
    let infer = InferLoadHeader { file: Some(file), ..InferLoadHeader::default() };
    let inferred = served.client.infer_load(infer, reader(text), |_| {}).await.unwrap();
    assert_eq!((inferred.rows_loaded, inferred.rows_rejected), (2, 1));
    let reason = &inferred.reject_kinds[0].example.as_ref().unwrap().reason;
    assert_eq!(reason, "\"黄\" is none of the tag's values, which are closed");
    let load = LoadHeader { mapping_toml: inferred.mapping_toml, max_rejects: 1, ..header("people.csv") };
    let loaded = served.client.load(load, reader(text), |_| {}).await.unwrap();
    assert_eq!((loaded.rows_written, loaded.rejected), (2, 1));
    for asked in ["level = gold", "open = gold", "levels HAS gold", "level = 黄金"] {
        assert_eq!(served.count(asked).await.unwrap().count, 2, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_without_a_mapping_wants_a_key_that_is_sure() {
    let served = Served::start().await;
    for (text, key) in [("amount,city\n10,a\n20,a\n", "amount"), ("city,age\na,1\na,2\nb,2\n", "city")] {
        let error = served.client.load(header("things.csv"), reader(text), |_| {}).await.unwrap_err();
        assert_eq!((error.reason.as_str(), error.exit_class()), ("KEY_NEEDED", ExitClass::Usage));
        assert!(served.client.list_types(ListTypesRequest::default()).await.unwrap().types.is_empty());
        let named = LoadHeader { key_column: key.into(), dry_run: true, ..header("things.csv") };
        served.client.load(named, reader(text), |_| {}).await.unwrap();
    }
}
