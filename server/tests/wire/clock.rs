//! A clock that jumps: what is moving in a question moves, and nothing else.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use muster_proto::v1::*;

use crate::served::{Served, batch, entity, set};

/// What the server takes for the time. One test has it.
static NOW_MS: AtomicI64 = AtomicI64::new(0);
/// 2026-11-21T12:00:00Z, a day on which one of the shoppers of this test joined.
const NOON_MS: i64 = 1_795_262_400_000;
const DAY_MS: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn only_today_changes_when_the_clock_jumps() {
    NOW_MS.store(NOON_MS, Relaxed);
    let clock = |config: &mut muster_server::Config| config.now_unix_ms = || NOW_MS.load(Relaxed);
    let mut served = Served::start_with(clock).await;
    served.add_shoppers("").await;
    let joined = batch("", vec![entity("zoe", vec![set("joined", "2026-11-21")])]);
    served.client.write(joined).await.unwrap();
    let count = async |served: &Served, text: &str| {
        served.client.count(CountRequest { text: text.into(), ..CountRequest::default() }).await.unwrap().count
    };
    let members = async |served: &Served, page_token: Vec<u8>, limit: u64| {
        let request = MembersRequest { text: "ALL".into(), limit, page_token, ..MembersRequest::default() };
        let mut stream = served.client.members(request).await.unwrap();
        let (mut keys, mut token) = (Vec::new(), Vec::new());
        while let Some(message) = stream.next().await.unwrap() {
            keys.extend(message.text_keys);
            token = message.next_page_token;
        }
        (keys, token)
    };
    let everybody = members(&served, Vec::new(), 0).await.0;
    let (first, token) = members(&served, Vec::new(), 2).await;
    let mut version = served.client.status(StatusRequest::default()).await.unwrap().version;
    let (day, years) = (DAY_MS, 366 * DAY_MS);
    for (jump, today) in
        // Bob joined the day before.
        [(0, 1), (day, 0), (-day, 1), (9 * years, 0), (-56 * years, 0), (-57 * years, 0), (11 * 60 * 60_000, 1)]
    {
        NOW_MS.store(NOON_MS + jump, Relaxed);
        assert_eq!(count(&served, "joined = today").await, today, "after a jump of {jump} ms");
        assert_eq!(count(&served, "joined = 2026-11-21").await, 1);
        assert_eq!(members(&served, Vec::new(), 0).await.0, everybody);
        // Neither leases nor sources nor versions live by that clock.
        let rest = members(&served, token.clone(), 0).await.0;
        assert_eq!([first.clone(), rest].concat(), everybody);
        let again = batch("", vec![entity("zoe", vec![])]);
        let written = served.client.write(again).await.unwrap();
        assert!(written.version > version && written.durable_version >= written.version, "{written:?}");
        version = written.version;
    }
    // A server that starts in another year opens what it left.
    NOW_MS.store(NOON_MS - 20 * years, Relaxed);
    served = Served::start_in(served.stop().await, clock).await;
    assert_eq!(members(&served, Vec::new(), 0).await.0, everybody);
    assert_eq!(count(&served, "joined = today").await, 0);
}
