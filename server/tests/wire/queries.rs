//! Counts, membership, why, profile, stats, breakdown, explain.

use muster_client::{format_value, text_key};
use muster_proto::v1::*;

use crate::served::{NOW_MS, Served, context};

#[tokio::test(flavor = "multi_thread")]
async fn a_count_tells_what_it_is_a_count_of() {
    let served = Served::with_shoppers().await;
    let reply = served.count("城市 ＝ 北京 且 age >= 20").await.unwrap();
    let info = reply.info.unwrap();
    assert_eq!((reply.count, reply.live), (1, 5));
    assert_eq!(info.canonical, "城市 = 北京 AND age >= 20");
    assert_eq!((info.space.as_str(), info.entity_type.as_str()), ("main", "shoppers"));
    assert_eq!((info.fingerprint.len(), info.store_id.len()), (32, 16));
    let time = info.engine_time.unwrap();
    assert!(time.parse_ns > 0 && time.evaluate_ns > 0);
    assert_eq!(time.total_ns, time.parse_ns + time.plan_ns + time.bind_ns + time.evaluate_ns);

    let same = served.count("age >= 20 AND 城市 = '北京'").await.unwrap().info.unwrap();
    assert_eq!(same.fingerprint, info.fingerprint);
    let other = served.count("age >= 21 AND 城市 = '北京'").await.unwrap().info.unwrap();
    assert_ne!(other.fingerprint, info.fingerprint);
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_dates_are_resolved_at_the_requests_moment_and_zone() {
    let served = Served::with_shoppers().await;
    let reply = served.count("joined IN LAST 7d").await.unwrap();
    assert_eq!(reply.count, 1);
    let info = reply.info.unwrap();
    assert_eq!(info.resolved_dates[0].resolved, "2026-11-15..2026-11-21");
    assert_eq!(info.zone, "UTC");

    // At 20:00 UTC it is the next day in Shanghai.
    let context = QueryContext { zone: "Asia/Shanghai".into(), now_unix_ms: Some(NOW_MS + 8 * 3_600_000), ..context() };
    let request = CountRequest { context: Some(context), text: "joined = today".into() };
    let info = served.client.count(request).await.unwrap().info.unwrap();
    assert_eq!(info.zone, "Asia/Shanghai");
    assert_eq!(info.resolved_dates[0].resolved, "2026-11-22");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_counts_who_falls_out_for_want_of_a_tag() {
    let served = Served::with_shoppers().await;
    let reply = served.count("城市 != 北京").await.unwrap();
    assert_eq!(reply.count, 1);
    let warning = reply.info.unwrap().warnings.remove(0);
    assert!(warning.message.contains("2 without"), "{}", warning.message);
    let span = warning.span.unwrap();
    assert_eq!((span.byte_start, span.utf16_start, span.utf16_end, span.column), (0, 0, 8, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_expression_does_not_hide_the_rest() {
    let served = Served::with_shoppers().await;
    let named = |name: &str, text: &str| NamedQuery { name: name.into(), text: text.into() };
    let queries = vec![named("a", "vip"), named("b", "vipp"), named("c", "ALL")];
    let request = CountBatchRequest { context: Some(context()), queries };
    let reply = served.client.count_batch(request).await.unwrap();
    assert_eq!(reply.live, 5);
    let outcomes: Vec<_> = reply.items.into_iter().map(|item| (item.name, item.outcome.unwrap())).collect();
    let count = |outcome: &count_batch_item::Outcome| match outcome {
        count_batch_item::Outcome::Count(count) => Some((count.count, count.info.as_ref().unwrap().version)),
        count_batch_item::Outcome::Problem(_) => None,
    };
    assert_eq!(count(&outcomes[0].1), Some((2, reply.version)));
    assert_eq!(count(&outcomes[2].1), Some((5, reply.version)));
    let count_batch_item::Outcome::Problem(problem) = &outcomes[1].1 else { panic!("b is wrong") };
    assert_eq!((problem.code, problem.reason.as_str()), (3, "QUERY_UNKNOWN_TAG"));
    assert_eq!(problem.suggestion, "vip");
    assert_eq!(problem.span.as_ref().unwrap().byte_end, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_of_every_kind_reach_the_query() {
    let served = Served::with_shoppers().await;
    let parameter = |value| Parameter { value: Some(value) };
    let list =
        |values: &[&str]| parameter::Value::List(TextList { values: values.iter().map(|v| v.to_string()).collect() });
    let mut context = context();
    context.parameters.insert("n".into(), parameter(parameter::Value::Scalar("30".into())));
    context.parameters.insert("cities".into(), parameter(list(&["北京", "上海"])));
    context.parameters.insert("keys".into(), parameter(list(&["ann", "eve", "nobody"])));
    let request =
        CountRequest { context: Some(context), text: "(age >= $n AND 城市 IN $cities) OR ids($keys)".into() };
    let reply = served.client.count(request).await.unwrap();
    assert_eq!(reply.count, 3);
    assert_eq!(reply.info.unwrap().warnings.len(), 1, "the key that nobody has");
}

#[tokio::test(flavor = "multi_thread")]
async fn membership_and_why_agree() {
    let served = Served::with_shoppers().await;
    let texts = ["vip AND age < 40", "城市 = 上海", "interests HAS ski", "nonsense ="];
    let named = |text: &&str| NamedQuery { name: String::new(), text: text.to_string() };
    let request = IsMemberRequest {
        context: Some(context()),
        key: Some(text_key("ann")),
        queries: texts.iter().map(named).collect(),
    };
    let reply = served.client.is_member(request.clone()).await.unwrap();
    assert!(reply.known);
    let members: Vec<Option<bool>> = reply
        .items
        .into_iter()
        .map(|item| match item.outcome.unwrap() {
            is_member_item::Outcome::Member(member) => Some(member),
            is_member_item::Outcome::Problem(_) => None,
        })
        .collect();
    assert_eq!(members, [Some(true), Some(false), Some(true), None]);

    let request = WhyRequest { context: Some(context()), text: texts[0].into(), key: Some(text_key("ann")) };
    let reply = served.client.why(request).await.unwrap();
    assert!(reply.member);
    let said: Vec<_> =
        reply.conditions.iter().map(|c| (c.depth, c.text.as_str(), c.holds, c.own_values.clone())).collect();
    assert_eq!(said[1], (1, "vip", true, vec!["true".to_owned()]));
    assert_eq!(said[2], (1, "age < 40", true, vec!["30".to_owned()]));

    let unknown = IsMemberRequest { key: Some(text_key("nobody")), ..request_of(&texts[..1]) };
    let reply = served.client.is_member(unknown).await.unwrap();
    assert!(!reply.known);
    assert_eq!(reply.items[0].outcome, Some(is_member_item::Outcome::Member(false)));
}

fn request_of(texts: &[&str]) -> IsMemberRequest {
    let named = |text: &&str| NamedQuery { name: String::new(), text: text.to_string() };
    IsMemberRequest { context: Some(context()), queries: texts.iter().map(named).collect(), key: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_holds_all_tags_in_their_kinds() {
    let served = Served::with_shoppers().await;
    let profile = async |key: &str| {
        let request = ProfileRequest { key: Some(text_key(key)), ..ProfileRequest::default() };
        let reply = served.client.profile(request).await.unwrap();
        let said = |tag: TagValue| (tag.tag, format_value(&tag.value.unwrap()));
        reply.tags.into_iter().map(said).collect::<Vec<_>>()
    };
    let owned = |said: &[(&str, &str)]| said.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<Vec<_>>();
    let ann = [("age", "30"), ("interests", "ski, golf"), ("spend", "12.50"), ("vip", "true"), ("城市", "北京")];
    assert_eq!(profile("ann").await, owned(&ann));
    let dee = [("interests", "ski"), ("seen", "2026-11-21T00:00:00Z"), ("vip", "true")];
    assert_eq!(profile("dee").await, owned(&dee));
    assert_eq!(profile("eve").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_are_exact() {
    let served = Served::with_shoppers().await;
    let stats = |tag: &str, quantiles: Vec<f64>| StatsRequest {
        context: Some(context()),
        text: "ALL".into(),
        tag: tag.into(),
        quantiles,
    };
    let reply = served.client.stats(stats("spend", vec![0.0, 0.5, 1.0])).await.unwrap();
    assert_eq!((reply.count, reply.missing), (2, 3));
    assert_eq!((reply.sum.as_str(), reply.min.as_str(), reply.max.as_str()), ("12.45", "-0.05", "12.50"));
    let quantiles: Vec<&str> = reply.quantiles.iter().map(|q| q.value.as_str()).collect();
    assert_eq!(quantiles, ["-0.05", "-0.05", "12.50"]);
    assert!((reply.mean.unwrap() - 6.225).abs() < 1e-12);

    let reply = served.client.stats(stats("joined", vec![])).await.unwrap();
    assert_eq!((reply.sum.as_str(), reply.min.as_str(), reply.max.as_str()), ("", "2026-01-31", "2026-11-20"));
    let error = served.client.stats(stats("spend", vec![1.5])).await.unwrap_err();
    assert_eq!(error.details.fields[0].0, "quantiles");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakdown_divides_all_of_the_audience() {
    let served = Served::with_shoppers().await;
    let request = |tag: &str, limit, order: GroupOrder| BreakdownRequest {
        context: Some(context()),
        text: "ALL".into(),
        tag: tag.into(),
        limit,
        order: order.into(),
    };
    let reply = served.client.breakdown(request("城市", 0, GroupOrder::Count)).await.unwrap();
    let groups: Vec<_> = reply.groups.iter().map(|group| (group.label.as_str(), group.count)).collect();
    assert_eq!(groups, [("北京", 2), ("上海", 1)]);
    assert_eq!((reply.missing, reply.total, reply.groups_left_out), (2, 5, 0));
    let reply = served.client.breakdown(request("joined", 1, GroupOrder::Value)).await.unwrap();
    assert_eq!((reply.groups[0].label.as_str(), reply.groups_left_out), ("2026-01-31", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_shows_which_condition_starves() {
    let served = Served::with_shoppers().await;
    let request = |analyze| ExplainRequest {
        context: Some(context()),
        text: "vip AND age > 100".into(),
        analyze,
        ..ExplainRequest::default()
    };
    let plain = served.client.explain(request(false)).await.unwrap();
    assert_eq!(plain.count, None);
    assert!(plain.steps.iter().all(|step| step.count.is_none()));
    let reply = served.client.explain(request(true)).await.unwrap();
    assert_eq!((reply.count, reply.live), (Some(0), 5));
    let steps: Vec<_> =
        reply.steps.iter().map(|step| (step.depth, step.text.as_str(), step.count, step.without)).collect();
    assert!(steps.contains(&(1, "vip", Some(2), Some(0))), "{steps:?}");
    assert!(steps.contains(&(1, "age > 100", Some(0), Some(2))), "{steps:?}");
}
