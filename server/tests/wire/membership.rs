//! Many keys in many audiences, in one request.

use std::collections::BTreeMap;

use muster_client::text_key;
use muster_proto::v1::*;
use tonic::Code;

use crate::served::{Served, batch, context, entity, set};

/// What a person has: an age, and whether they are a vip.
type People = BTreeMap<String, (Option<i64>, bool)>;

type Holds = fn(Option<i64>, bool) -> bool;

/// Expressions, and what each means of a person who lives.
const AUDIENCES: [(&str, Holds); 7] = [
    ("ALL", |_, _| true),
    ("vip", |_, vip| vip),
    ("age >= 37 AND NOT vip", |age, vip| age.is_some_and(|age| age >= 37) && !vip),
    ("age IS MISSING", |age, _| age.is_none()),
    ("age * 2 < 60 OR vip", |age, vip| age.is_some_and(|age| age * 2 < 60) || vip),
    ("AT LEAST 2 OF (vip, age > 20, age < 30)", |age, vip| {
        let of = [vip, age.is_some_and(|age| age > 20), age.is_some_and(|age| age < 30)];
        of.into_iter().filter(|holds| *holds).count() >= 2
    }),
    ("NOT vip AND NOT age < 50", |age, vip| !vip && age.is_none_or(|age| age >= 50)),
];

async fn with_people() -> (Served, People) {
    let served = Served::with_shoppers().await;
    let mut people = People::new();
    for round in 0..3 {
        let mut entities = Vec::new();
        for number in 0..300i64 {
            // Later rounds change some of the earlier ones, so that answers come from several layers.
            if number % (1 + 2 * round) != 0 {
                continue;
            }
            let key = format!("person {number}");
            let age = (number % 7 != 0).then_some((number * 31 + round * 11) % 80);
            let mut changes = Vec::new();
            let person = people.entry(key.clone()).or_insert((None, false));
            if let Some(age) = age {
                changes.push(set("age", &age.to_string()));
                person.0 = Some(age);
            }
            let vip = (number + round) % 3 == 0;
            changes.push(set("vip", if vip { "true" } else { "false" }));
            person.1 = vip;
            entities.push(entity(&key, changes));
        }
        served.client.write(batch("", entities)).await.unwrap();
    }
    (served, people)
}

fn request(keys: &[String], texts: &[&str]) -> IsMemberBatchRequest {
    let named = |text: &&str| NamedQuery { name: format!("of {text}"), text: text.to_string() };
    IsMemberBatchRequest {
        context: Some(context()),
        text_keys: keys.to_vec(),
        number_keys: Vec::new(),
        queries: texts.iter().map(named).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_keys_in_many_audiences_are_what_each_key_is_by_itself() {
    let (served, people) = with_people().await;
    // In no order, some twice, some of nobody.
    let keys: Vec<String> = (0..400i64).map(|n| format!("person {}", n * 53 % 350)).collect();
    let mut texts: Vec<&str> = AUDIENCES.iter().map(|(text, _)| *text).collect();
    texts.push("nonsense =");
    let reply = served.client.is_member_batch(request(&keys, &texts)).await.unwrap();
    let places = |is_wanted: &dyn Fn(&String) -> bool| {
        (0u32..).zip(&keys).filter(|(_, key)| is_wanted(key)).map(|(place, _)| place).collect::<Vec<_>>()
    };
    assert_eq!(reply.unknown.unwrap().places, places(&|key| !people.contains_key(key)));
    for ((text, holds), item) in AUDIENCES.iter().zip(&reply.items) {
        let expected = places(&|key| people.get(key).is_some_and(|(age, vip)| holds(*age, *vip)));
        assert_eq!(item.name, format!("of {text}"));
        match item.outcome.as_ref().unwrap() {
            is_member_batch_item::Outcome::Members(members) => assert_eq!(members.places, expected, "{text}"),
            is_member_batch_item::Outcome::Problem(problem) => panic!("{text}: {}", problem.message),
        }
    }
    let wrong = reply.items.last().unwrap().outcome.as_ref().unwrap();
    assert!(matches!(wrong, is_member_batch_item::Outcome::Problem(_)), "one bad text does not hide the others");
    // The same as asking for one key.
    for (place, key) in (0u32..).zip(&keys).step_by(37) {
        let one = IsMemberRequest {
            context: Some(context()),
            key: Some(text_key(key)),
            queries: request(&keys, &texts).queries,
        };
        let one = served.client.is_member(one).await.unwrap();
        for (alone, item) in one.items.iter().zip(&reply.items) {
            if let (
                Some(is_member_item::Outcome::Member(member)),
                Some(is_member_batch_item::Outcome::Members(members)),
            ) = (&alone.outcome, &item.outcome)
            {
                assert_eq!(*member, members.places.contains(&place), "{key} in {}", item.name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_keys_times_audiences_are_bounded_by_name() {
    let served = Served::start_with(|config| {
        config.limits.keys_max = 20;
        config.limits.memberships_max = 30;
    })
    .await;
    served.add_shoppers("").await;
    let keys = |count: usize| (0..count).map(|n| format!("k{n}")).collect::<Vec<_>>();
    for (count, texts, limit) in [(21, &["vip"][..], "keys_max"), (16, &["vip", "ALL"][..], "memberships_max")] {
        let error = served.client.is_member_batch(request(&keys(count), texts)).await.unwrap_err();
        assert_eq!(error.code, Code::ResourceExhausted);
        assert!(error.message.contains(limit), "{}", error.message);
    }
    let reply = served.client.is_member_batch(request(&keys(15), &["vip", "ALL"])).await.unwrap();
    assert_eq!((reply.unknown.unwrap().places.len(), reply.items.len()), (15, 2));
    let both = IsMemberBatchRequest { number_keys: vec![1], ..request(&keys(1), &["vip"]) };
    assert_eq!(served.client.is_member_batch(both).await.unwrap_err().details.fields[0].0, "number_keys");
    // Numbers are no keys of a type with string keys.
    let numbers = IsMemberBatchRequest { number_keys: vec![1], ..request(&[], &["vip"]) };
    assert_eq!(served.client.is_member_batch(numbers).await.unwrap_err().code, Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_may_take_no_longer_than_the_server_allows() {
    let served = Served::start_with(|config| config.limits.explain_budget_ms = 0).await;
    served.add_shoppers("").await;
    let analyze = |budget_ms| ExplainRequest {
        context: Some(context()),
        text: "vip AND age > 20".into(),
        analyze: true,
        budget_ms,
    };
    for budget_ms in [0, 1, u32::MAX] {
        let reply = served.client.explain(analyze(budget_ms)).await.unwrap();
        assert!(reply.steps.iter().all(|step| step.count.is_none() && step.without.is_none()), "{budget_ms}");
        let warning = reply.info.unwrap().warnings.into_iter().find(|warning| warning.code == "left_out").unwrap();
        assert!(warning.message.contains("explain_budget_ms"), "{}", warning.message);
    }
}
