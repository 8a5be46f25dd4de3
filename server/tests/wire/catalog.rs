//! Spaces, types, tags, values, audiences.

use muster_client::Code;
use muster_proto::v1::*;

use crate::served::{Served, batch, context, create_tag, create_type, entity, set};

#[tokio::test(flavor = "multi_thread")]
async fn spaces_know_nothing_of_each_other() {
    let served = Served::with_shoppers().await;
    let client = &served.client;
    let create = |name: &str| CreateSpaceRequest { name: name.into(), ..Default::default() };
    client.create_space(create("tenant-b")).await.unwrap();
    assert_eq!(client.create_space(create("tenant-b")).await.unwrap_err().code, Code::FailedPrecondition);
    assert_eq!(client.create_space(create("../up")).await.unwrap_err().code, Code::InvalidArgument);
    client.create_type(create_type("tenant-b", "shoppers")).await.unwrap();
    client.create_tag(create_tag("tenant-b", "age", TagKind::Int, 0)).await.unwrap();
    client.write(batch("tenant-b", vec![entity("zoe", vec![set("age", "99")])])).await.unwrap();
    let count = async |space: &str| {
        let context = QueryContext { space: space.into(), ..context() };
        client.count(CountRequest { context: Some(context), text: "age > 0".into() }).await.unwrap().count
    };
    assert_eq!((count("tenant-b").await, count("main").await), (1, 3));

    let folder = served.stop().await;
    let served = Served::start_in(folder, |_| {}).await;
    let spaces = served.client.list_spaces(ListSpacesRequest {}).await.unwrap().spaces;
    let spaces: Vec<_> = spaces.iter().map(|space| (space.name.as_str(), space.open)).collect();
    assert_eq!(spaces, [("main", false), ("tenant-b", false)]);
    assert_eq!(served.count("age > 0").await.unwrap().count, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_described_renamed_and_dropped() {
    let served = Served::with_shoppers().await;
    let client = &served.client;
    let change = ChangeTagRequest {
        name: "城市".into(),
        label: Some("city".into()),
        owner: Some("crm".into()),
        layer: Some(Layer::Base.into()),
        ..ChangeTagRequest::default()
    };
    client.change_tag(change).await.unwrap();
    let get = |name: &str| GetTagRequest { name: name.into(), ..GetTagRequest::default() };
    let tag = client.get_tag(get("city")).await.unwrap().tag.unwrap();
    assert_eq!((tag.name.as_str(), tag.owner.as_str(), tag.values), ("城市", "crm", Some(2)));
    assert_eq!((tag.kind(), tag.layer()), (TagKind::Choice, Layer::Base));

    let rename = RenameTagRequest { name: "city".into(), new_name: "town".into(), ..RenameTagRequest::default() };
    client.rename_tag(rename).await.unwrap();
    assert_eq!(served.count("town = 北京").await.unwrap().count, 2);
    let drop = DropTagRequest { name: "town".into(), ..DropTagRequest::default() };
    client.drop_tag(drop).await.unwrap();
    client.create_tag(create_tag("", "town", TagKind::Choice, 0)).await.unwrap();
    assert_eq!(served.count("town IS NOT MISSING").await.unwrap().count, 0, "old data does not come back");

    let list = ListTagsRequest { prefix: "s".into(), ..ListTagsRequest::default() };
    let names: Vec<String> = client.list_tags(list).await.unwrap().tags.into_iter().map(|tag| tag.name).collect();
    assert_eq!(names, ["seen", "spend"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_listed_for_completion() {
    let served = Served::with_shoppers().await;
    let list = |tag: &str, prefix: &str, limit| ListValuesRequest {
        tag: tag.into(),
        prefix: prefix.into(),
        limit,
        ..ListValuesRequest::default()
    };
    let names = |reply: ListValuesReply| reply.values.into_iter().map(|value| value.name).collect::<Vec<_>>();
    let reply = served.client.list_values(list("interests", "", 1)).await.unwrap();
    assert!(reply.truncated);
    assert_eq!(names(reply), ["golf"]);
    assert_eq!(names(served.client.list_values(list("城市", "上", 0)).await.unwrap()), ["上海"]);
    let error = served.client.list_values(list("age", "", 0)).await.unwrap_err();
    assert!(error.message.contains("of kind int"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_saved_used_and_guarded() {
    let served = Served::with_shoppers().await;
    let client = &served.client;
    let save = |name: &str, text: &str| SaveAudienceRequest {
        name: name.into(),
        text: text.into(),
        ..SaveAudienceRequest::default()
    };
    let saved = client.save_audience(save("young", "age < 35")).await.unwrap().audience.unwrap();
    assert_eq!((saved.version, saved.text.as_str()), (1, "age < 35"));
    let saved = client.save_audience(save("young", "age < 25")).await.unwrap().audience.unwrap();
    assert_eq!((saved.version, saved.versions.len()), (2, 2));
    let stale = SaveAudienceRequest { expected_version: Some(1), ..save("young", "age < 20") };
    assert_eq!(client.save_audience(stale).await.unwrap_err().reason, "CONFLICT");
    assert_eq!(served.count("@young").await.unwrap().count, 1);
    assert_eq!(served.count("@young:v1").await.unwrap().count, 2);

    let rename = RenameTagRequest { name: "age".into(), new_name: "years".into(), ..RenameTagRequest::default() };
    client.rename_tag(rename).await.unwrap();
    let get = GetAudienceRequest { name: "young".into(), audience_version: Some(1), ..GetAudienceRequest::default() };
    assert_eq!(client.get_audience(get).await.unwrap().audience.unwrap().text, "years < 35");
    let drop = |force| DropTagRequest { name: "years".into(), force, ..DropTagRequest::default() };
    let error = client.drop_tag(drop(false)).await.unwrap_err();
    assert!(error.code == Code::FailedPrecondition && error.message.contains("young"), "{}", error.message);
    let tag = client.get_tag(GetTagRequest { name: "years".into(), ..GetTagRequest::default() }).await.unwrap();
    assert_eq!(tag.audiences, ["young"]);

    let list = client.list_audiences(ListAudiencesRequest::default()).await.unwrap();
    assert_eq!(list.audiences.len(), 1);
    let error = client.save_audience(save("loop", "@loop")).await.unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    client.drop_audience(DropAudienceRequest { name: "young".into(), ..DropAudienceRequest::default() }).await.unwrap();
    assert!(served.count("@young").await.is_err());
    client.drop_tag(drop(false)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn status_counts_and_survives_a_restart() {
    let served = Served::with_shoppers().await;
    served.client.flush(FlushRequest::default()).await.unwrap();
    served.client.compact(CompactRequest::default()).await.unwrap();
    let version = served.client.sync(SyncRequest::default()).await.unwrap().durable_version;
    let status = served.client.status(StatusRequest::default()).await.unwrap();
    assert_eq!((status.version, status.durable_version, status.flushed_version), (version, version, version));
    assert!(status.parts > 0 && status.part_bytes > 0);
    let shoppers = &status.types[0];
    assert_eq!((shoppers.name.as_str(), shoppers.live, shoppers.tags), ("shoppers", 5, 7));
    let folder = served.stop().await;
    let served = Served::start_in(folder, |_| {}).await;
    let again = served.client.status(StatusRequest::default()).await.unwrap();
    assert_eq!((again.version, again.store_id), (status.version, status.store_id));
    assert_eq!(served.count("interests HAS ALL (ski, golf)").await.unwrap().count, 1);
}
