//! One zone for what is written, asked and shown: the request's, else the space's, else the server's.

use muster_client::{format_value, text_key};
use muster_proto::v1::*;

use crate::served::{Served, batch, create_tag, create_type, entity, set};

/// Half past midnight in Shanghai, when it is still the day before in UTC.
const WRITTEN: &str = "2026-12-01 00:30";
const MS: i64 = 1_796_056_200_000;

/// Who says that the zone is Shanghai.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Request,
    Space,
    Server,
}

impl Says {
    fn zone(self, who: Says) -> String {
        if self == who { "Asia/Shanghai".to_owned() } else { String::new() }
    }
}

async fn served(says: Says) -> Served {
    let zone = says.zone(Says::Server);
    let served = Served::start_with(|config| config.store.zone = (!zone.is_empty()).then_some(zone)).await;
    served.client.create_type(create_type("", "users")).await.unwrap();
    served.client.create_tag(create_tag("", "seen", TagKind::Time, 0)).await.unwrap();
    let zone = says.zone(Says::Space);
    let space = served.client.change_space(ChangeSpaceRequest { name: "main".into(), zone: Some(zone) }).await.unwrap();
    assert_eq!(space.space.unwrap().zone, if says == Says::Request { "UTC" } else { "Asia/Shanghai" });
    served
}

async fn count(served: &Served, zone: &str, text: &str) -> u64 {
    let context = QueryContext { zone: zone.into(), ..QueryContext::default() };
    served.client.count(CountRequest { context: Some(context), text: text.into() }).await.unwrap().count
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_on_a_day_is_found_and_shown_on_that_day() {
    for says in [Says::Request, Says::Space, Says::Server] {
        let served = served(says).await;
        let zone = says.zone(Says::Request);
        let request = WriteRequest { zone: zone.clone(), ..batch("", vec![entity("u1", vec![set("seen", WRITTEN)])]) };
        served.client.write(request).await.unwrap();
        assert_eq!(count(&served, &zone, "seen = 2026-12-01").await, 1, "{says:?}");
        assert_eq!(count(&served, &zone, "seen = 2026-11-30").await, 0, "{says:?}");
        assert_eq!(count(&served, "UTC", "seen = 2026-11-30").await, 1, "{says:?}: the request counts before all");

        let key = Some(text_key("u1"));
        let request = ProfileRequest { key: key.clone(), zone: zone.clone(), ..ProfileRequest::default() };
        let profile = served.client.profile(request).await.unwrap();
        assert_eq!(profile.zone, "Asia/Shanghai");
        assert_eq!(profile.tags[0].value.as_ref().unwrap().value, Some(value::Value::Time(MS)));
        assert_eq!(format_value(profile.tags[0].value.as_ref().unwrap()), "2026-11-30T16:30:00Z");

        let context = Some(QueryContext { zone: zone.clone(), ..QueryContext::default() });
        let shown = "2026-12-01T00:30:00+08:00";
        let (text, tag) = ("ALL".to_owned(), "seen".to_owned());
        let request = StatsRequest { context: context.clone(), text, tag, quantiles: vec![0.5] };
        let stats = served.client.stats(request).await.unwrap();
        assert_eq!((stats.min.as_str(), stats.max.as_str(), stats.quantiles[0].value.as_str()), (shown, shown, shown));
        assert_eq!(stats.info.unwrap().zone, "Asia/Shanghai");
        let text = "seen >= 2026-12-01".to_owned();
        let why = served.client.why(WhyRequest { context, text, key }).await.unwrap();
        assert_eq!(why.conditions[0].own_values, [shown]);
        assert!(why.member);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn now_is_a_moment_of_the_zone() {
    let served = served(Says::Space).await;
    served.client.write(batch("", vec![entity("u1", vec![set("seen", WRITTEN)])])).await.unwrap();
    for (now, expected) in
        [("2026-12-01", 1), ("2026-12-01 00:10", 1), ("2026-11-30T23:50", 0), ("2026-11-30T16:30:00Z", 1)]
    {
        let context = QueryContext { now: now.into(), ..QueryContext::default() };
        let request = CountRequest { context: Some(context), text: "seen = today".into() };
        assert_eq!(served.client.count(request).await.unwrap().count, expected, "{now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_keeps_its_zone_and_gives_it_up() {
    let served = Served::start().await;
    let (name, durability, zone) = ("east".to_owned(), 0, "+08:00".to_owned());
    served.client.create_space(CreateSpaceRequest { name, durability, zone }).await.unwrap();
    let folder = served.stop().await;
    let served = Served::start_in(folder, |config| config.store.zone = Some("Europe/Paris".into())).await;
    let zones = || async {
        let spaces = served.client.list_spaces(ListSpacesRequest {}).await.unwrap().spaces;
        spaces.into_iter().map(|space| (space.name, space.zone)).collect::<Vec<_>>()
    };
    let of = |name: &str, zone: &str| (name.to_owned(), zone.to_owned());
    assert_eq!(zones().await, [of("east", "+08:00"), of("main", "Europe/Paris")]);
    let status = served.client.status(StatusRequest { space: "east".into() }).await.unwrap();
    assert_eq!(status.zone, "+08:00");
    let change = |zone: &str| ChangeSpaceRequest { name: "east".into(), zone: Some(zone.into()) };
    assert!(served.client.change_space(change("Mars/Olympus")).await.is_err());
    served.client.change_space(change("")).await.unwrap();
    assert_eq!(zones().await, [of("east", "Europe/Paris"), of("main", "Europe/Paris")]);
}
