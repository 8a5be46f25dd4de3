//! Many expressions at once: each by itself, each prepared once.

use std::path::{Path, PathBuf};

use muster_client::text_key;
use muster_proto::v1::*;

use crate::served::{NOW_MS, Served, batch, context, create_tag, create_type, entity, set};

/// The files of parts of the space `main`, oldest first.
fn part_files(folder: &Path) -> Vec<PathBuf> {
    let mut waiting = vec![folder.join("store/spaces/main")];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "part") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Turns a byte of the first unit of a part around.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[64] ^= 0x40;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_that_meets_a_damaged_part_fails_alone() {
    let served = Served::start().await;
    served.client.create_type(create_type("", "shoppers")).await.unwrap();
    for (name, kind) in [("old", TagKind::Flag), ("young", TagKind::Flag)] {
        served.client.create_tag(create_tag("", name, kind, 0)).await.unwrap();
    }
    // Enough that the small layer above is not merged with it.
    let old = (0..4_000).map(|n| entity(&format!("user {n}"), vec![set("old", "true")])).collect();
    served.client.write(batch("", old)).await.unwrap();
    let folder = served.stop().await;
    let before = part_files(folder.path());
    let served = Served::start_in(folder, |_| {}).await;
    let young = (0..9).map(|n| entity(&format!("user {n}"), vec![set("young", "true")])).collect();
    served.client.write(batch("", young)).await.unwrap();
    let folder = served.stop().await;
    let added: Vec<PathBuf> = part_files(folder.path()).into_iter().filter(|path| !before.contains(path)).collect();
    assert_eq!(added.len(), 1, "{added:?} beside {before:?}");
    damage(&added[0]);

    let served = Served::start_in(folder, |_| {}).await;
    let named = |text: &str| NamedQuery { name: text.to_owned(), text: text.to_owned() };
    let texts = ["old", "young AND old", "young IS MISSING", "old"];
    let queries: Vec<NamedQuery> = texts.iter().map(|text| named(text)).collect();
    let request = CountBatchRequest { context: Some(context()), queries: queries.clone() };
    let reply = served.client.count_batch(request).await.unwrap();
    assert_eq!(reply.live, 4_000);
    let outcomes: Vec<Option<u64>> = reply
        .items
        .iter()
        .map(|item| match item.outcome.as_ref().unwrap() {
            count_batch_item::Outcome::Count(count) => Some(count.count),
            count_batch_item::Outcome::Problem(problem) => {
                assert_eq!((problem.code, problem.reason.as_str()), (15, "CORRUPT"), "{}", problem.message);
                assert!(problem.message.contains(".part"), "the file is named: {}", problem.message);
                None
            }
        })
        .collect();
    assert_eq!((outcomes[0], outcomes[1], outcomes[3]), (Some(4_000), None, Some(4_000)), "{outcomes:?}");
    // The same for one entity in many audiences.
    let request = IsMemberRequest { context: Some(context()), key: Some(text_key("user 1")), queries };
    let reply = served.client.is_member(request).await.unwrap();
    let member = |place: usize| match reply.items[place].outcome.as_ref().unwrap() {
        is_member_item::Outcome::Member(member) => Some(*member),
        is_member_item::Outcome::Problem(_) => None,
    };
    assert_eq!((member(0), member(1), member(3)), (Some(true), None, Some(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_audiences_mean_the_same_when_they_are_asked_again_and_again() {
    let served = Served::with_shoppers().await;
    let save = |name: &str, text: &str| SaveAudienceRequest {
        name: name.to_owned(),
        text: text.to_owned(),
        ..SaveAudienceRequest::default()
    };
    served.client.save_audience(save("recent", "joined = today")).await.unwrap();
    served.client.save_audience(save("vips", "vip")).await.unwrap();
    let ask = async |now_unix_ms: i64| {
        let named = |text: &str| NamedQuery { name: text.to_owned(), text: text.to_owned() };
        let request = IsMemberRequest {
            context: Some(QueryContext { now_unix_ms: Some(now_unix_ms), ..context() }),
            key: Some(text_key("bob")),
            queries: vec![named("@recent"), named("@vips"), named("nonsense =")],
        };
        let reply = served.client.is_member(request).await.unwrap();
        let answer = |item: IsMemberItem| match item.outcome.unwrap() {
            is_member_item::Outcome::Member(member) => Some(member),
            is_member_item::Outcome::Problem(_) => None,
        };
        reply.items.into_iter().map(answer).collect::<Vec<_>>()
    };
    // Bob joined on the day before `NOW_MS`.
    let day = 86_400_000;
    for (now_unix_ms, is_recent) in [(NOW_MS - day, true), (NOW_MS, false), (NOW_MS - day, true), (NOW_MS, false)] {
        for asked in 0..3 {
            assert_eq!(ask(now_unix_ms).await, [Some(is_recent), Some(false), None], "asked {asked} times");
        }
    }
    // A new text of the audience counts at once.
    served.client.save_audience(save("vips", "NOT vip")).await.unwrap();
    assert_eq!(ask(NOW_MS).await[1], Some(true));
}
