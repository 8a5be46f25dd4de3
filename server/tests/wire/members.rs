//! Members: keys, ids, roaring bytes, pages.

use muster_client::{Code, format_value};
use muster_proto::v1::*;

use crate::served::{Served, batch, context, entity, set};

fn request(text: &str) -> MembersRequest {
    MembersRequest { context: Some(context()), text: text.to_owned(), ..MembersRequest::default() }
}

async fn all(served: &Served, request: MembersRequest) -> Vec<MembersReply> {
    let mut members = served.client.members(request).await.unwrap();
    let mut messages = Vec::new();
    while let Some(message) = members.next().await.unwrap() {
        messages.push(message);
    }
    messages
}

fn keys(messages: &[MembersReply]) -> Vec<String> {
    messages.iter().flat_map(|message| message.text_keys.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_with_the_values_asked_for() {
    let served = Served::with_shoppers().await;
    let request = MembersRequest { with_tags: vec!["age".into(), "interests".into()], ..request("vip") };
    let messages = all(&served, request).await;
    assert_eq!(keys(&messages), ["ann", "dee"]);
    let columns = &messages[0].columns;
    let cells = |column: &Column| {
        let text = |cell: &Cell| cell.value.as_ref().map(format_value);
        column.cells.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(cells(&columns[0]), [Some("30".to_owned()), None]);
    assert_eq!(cells(&columns[1]), [Some("ski, golf".to_owned()), Some("ski".to_owned())]);
    let info = messages[0].info.as_ref().unwrap();
    assert_eq!(info.canonical, "vip");
    assert!(messages.last().unwrap().next_page_token.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_of_one_version_whatever_is_written_meanwhile() {
    let served = Served::with_shoppers().await;
    let first = all(&served, MembersRequest { limit: 2, ..request("ALL") }).await;
    assert_eq!(keys(&first), ["ann", "bob"]);
    let token = first.last().unwrap().next_page_token.clone();
    assert!(!token.is_empty());

    let erase = Change { change: Some(change::Change::Erase(Erase {})) };
    served
        .client
        .write(batch("", vec![entity("new", vec![set("age", "1")]), entity("cid", vec![erase])]))
        .await
        .unwrap();

    let rest = all(&served, MembersRequest { page_token: token.clone(), ..request("ALL") }).await;
    // Neither who came since nor who was erased since is shown.
    assert_eq!(keys(&rest), ["dee", "eve"]);
    assert_eq!(rest[0].info.as_ref().unwrap().version, first[0].info.as_ref().unwrap().version);

    let other = served.client.members(MembersRequest { page_token: token, ..request("vip") }).await;
    let error = other.unwrap().next().await.unwrap_err();
    assert_eq!((error.code, error.details.fields[0].0.as_str()), (Code::InvalidArgument, "page_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_no_longer_kept_is_gone() {
    let served = Served::start_with(|config| config.store.leases_max = 0).await;
    served.add_shoppers("").await;
    let first = all(&served, MembersRequest { limit: 2, ..request("ALL") }).await;
    let token = first.last().unwrap().next_page_token.clone();
    served.client.write(batch("", vec![entity("new", vec![])])).await.unwrap();
    let mut members = served.client.members(MembersRequest { page_token: token, ..request("ALL") }).await.unwrap();
    assert_eq!(members.next().await.unwrap_err().reason, "VERSION_GONE");
}

#[tokio::test(flavor = "multi_thread")]
async fn roaring_bytes_are_taken_back_as_a_parameter() {
    let served = Served::start_with(|config| config.limits.message_reply_bytes_max = 7).await;
    served.add_shoppers("").await;
    let form = MembersForm::Roaring.into();
    let messages = all(&served, MembersRequest { form, ..request("城市 = 北京") }).await;
    assert!(messages.len() > 1, "cut into pieces");
    let info = messages[0].info.clone().unwrap();
    let roaring: Vec<u8> = messages.iter().flat_map(|message| message.roaring.clone()).collect();
    let count = async |store_id: Vec<u8>, id_epoch: u64| {
        let bitmap = BitmapParameter { roaring: roaring.clone(), store_id, id_epoch: Some(id_epoch) };
        let parameter = Parameter { value: Some(parameter::Value::Bitmap(bitmap)) };
        let mut context = context();
        context.parameters.insert("b".into(), parameter);
        served.client.count(CountRequest { context: Some(context), text: "$b AND vip".into() }).await
    };
    assert_eq!(count(info.store_id.clone(), info.id_epoch).await.unwrap().count, 1);
    assert!(count(info.store_id.clone(), info.id_epoch + 1).await.is_err());
    assert!(count(vec![9; 16], info.id_epoch).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_come_in_several_messages() {
    let served = Served::start_with(|config| config.limits.message_members_max = 2).await;
    served.add_shoppers("").await;
    let form = MembersForm::Ids.into();
    let messages = all(&served, MembersRequest { form, ..request("ALL") }).await;
    let sizes: Vec<usize> = messages.iter().map(|message| message.ids.len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    assert!(messages[1].info.is_none());
    let nobody = all(&served, request("NONE")).await;
    assert_eq!((nobody.len(), nobody[0].text_keys.len()), (1, 0));
    assert!(nobody[0].info.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_ends_when_it_has_its_bytes_and_no_member_is_lost() {
    // Each member takes more than is left: a message for each, whatever the page holds.
    let served = Served::start_with(|config| config.limits.message_reply_bytes_max = 20).await;
    served.add_shoppers("").await;
    let messages = all(&served, MembersRequest { with_tags: vec!["age".into()], ..request("ALL") }).await;
    assert!(messages.iter().all(|message| message.text_keys.len() == 1));
    assert_eq!(keys(&messages), ["ann", "bob", "cid", "dee", "eve"]);
    let page = all(&served, MembersRequest { limit: 2, ..request("ALL") }).await;
    assert_eq!(keys(&page), ["ann", "bob"]);
    let page_token = page.last().unwrap().next_page_token.clone();
    assert_eq!(keys(&all(&served, MembersRequest { page_token, ..request("ALL") }).await), ["cid", "dee", "eve"]);
}
