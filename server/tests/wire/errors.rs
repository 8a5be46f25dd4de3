//! Refusals: codes, reasons, positions, remedies.

use std::time::Duration;

use muster_client::{Address, Client, ClientOptions, Code, ExitClass, text_key};
use muster_proto::v1::*;

use crate::served::{Served, batch, context, create_tag, create_type, entity, set};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_query_is_told_where_and_what_to_write() {
    let served = Served::with_shoppers().await;
    let error = served.count("😀城市 = 北京").await.unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    let error = served.count("age > 20 AND 诚市 = 北京").await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::InvalidArgument, "QUERY_UNKNOWN_TAG"));
    let at = error.details.position.unwrap();
    assert_eq!((at.byte_start, at.byte_end), (13, 19));
    assert_eq!((at.utf16_start, at.utf16_end), (13, 15));
    assert_eq!((at.line, at.column), (1, 14));
    assert_eq!(error.details.suggestion.as_deref(), Some("age > 20 AND 城市 = 北京"));
    assert_eq!(error.details.fields[0].0, "text");
    assert!(error.details.fields[0].1.contains("bytes 13..19"), "{}", error.details.fields[0].1);
    assert!(error.message.contains('^'), "{}", error.message);
    assert_eq!(error.exit_class(), ExitClass::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_has_its_code() {
    let served = Served::with_shoppers().await;
    let client = &served.client;
    let error = client.create_type(create_type("", "shoppers")).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::FailedPrecondition, "CONFLICT"));
    let error = client.create_tag(create_tag("", "a..b", TagKind::Flag, 0)).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::InvalidArgument, "INVALID"));
    let error = client.create_tag(create_tag("", "a", TagKind::Unspecified, 0)).await.unwrap_err();
    assert!(error.message.starts_with("say the tag's kind"), "{}", error.message);
    let error = client.write(batch("", vec![entity("x", vec![set("agee", "1")])])).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::NotFound, "NOT_FOUND"));
    assert!(error.message.starts_with("entity 1 (`x`): ") && error.message.contains("`age`"), "{}", error.message);
    let error = client.write(batch("", vec![entity("x", vec![set("age", "1.5")])])).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    let long = "k".repeat(300);
    let several = vec![entity("x", vec![set("age", "1")]), entity(&long, vec![set("age", "abc")])];
    let error = client.write(batch("", several)).await.unwrap_err();
    let shown =
        format!("entity 2 (`{}…`): tag `age`: `abc` is no number; expected an int such as -125", "k".repeat(80));
    assert_eq!(error.message, shown);
    for (written, bound) in [("-9223372036854775808", "least is -9"), ("9223372036854775808", "largest is 9")] {
        let error = client.write(batch("", vec![entity("x", vec![set("age", written)])])).await.unwrap_err();
        assert!(
            error.message.contains(&format!("is out of range; the {bound}223372036854775807")),
            "{}",
            error.message
        );
    }
    let request = ProfileRequest { key: Some(text_key("nobody")), ..ProfileRequest::default() };
    assert_eq!(client.profile(request).await.unwrap_err().code, Code::NotFound);
    let request =
        CountRequest { context: Some(QueryContext { space: "other".into(), ..context() }), text: "ALL".into() };
    let error = client.count(request).await.unwrap_err();
    assert!(error.message.contains("there are: main"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_must_be_named_where_there_are_several() {
    let served = Served::start().await;
    let error = served.count("ALL").await.unwrap_err();
    assert!(error.message.contains("create an entity type first"), "{}", error.message);
    served.client.create_type(create_type("", "a")).await.unwrap();
    assert_eq!(served.count("ALL").await.unwrap().count, 0);
    served.client.create_type(create_type("", "b")).await.unwrap();
    let error = served.count("ALL").await.unwrap_err();
    assert!(error.message.contains("a, b"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_named() {
    let served = Served::start_with(|config| {
        config.limits.batch_changes_max = 2;
        config.limits.queries_max = 1;
        config.limits.query_message_bytes_max = 1 << 16;
    })
    .await;
    served.add_type_only().await;
    let touch = |key: &str| entity(key, vec![]);
    let error = served.client.write(batch("", vec![touch("a"), touch("b"), touch("c")])).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::ResourceExhausted, "LIMIT"));
    assert_eq!(error.details.metadata["limit"], "batch_changes_max");
    let query = NamedQuery { name: String::new(), text: "ALL".into() };
    let request = CountBatchRequest { context: Some(context()), queries: vec![query.clone(), query] };
    let error = served.client.count_batch(request).await.unwrap_err();
    assert_eq!(error.details.metadata["limit"], "queries_max");
    let long = " ".repeat(1 << 17);
    let request = CountRequest { context: Some(context()), text: format!("ALL{long}") };
    let error = served.client.count(request).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
    let error = served.client.create_type(create_type("", &long)).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
    let request = BackupRequest { directory: long, spaces: Vec::new() };
    let error = served.client.backup(request).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted, "{error}");
}

impl Served {
    async fn add_type_only(&self) {
        self.client.create_type(create_type("", "shoppers")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_is_over_is_told_as_one() {
    let served = Served::with_shoppers().await;
    let hasty = served.client.with_deadline(Some(Duration::from_nanos(1)));
    let request = CountRequest { context: Some(context()), text: "ALL".into() };
    let error = hasty.count(request).await.unwrap_err();
    assert_eq!((error.code, error.exit_class()), (Code::DeadlineExceeded, ExitClass::Deadline));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::Unix(folder.path().join("nobody"));
    let error = Client::connect(address, ClientOptions::default()).await.unwrap_err();
    assert_eq!(error.exit_class(), ExitClass::Unreachable);
}
