//! The client's example asks a server.

use crate::served::Served;

#[path = "../../../client/examples/ask.rs"]
#[allow(dead_code, reason = "its main is for people")]
mod ask;

#[tokio::test]
async fn the_example_asks_how_many_and_who() {
    let served = Served::with_shoppers().await;
    let address = format!("unix:{}", served.socket().display());
    let lines = ask::ask(&address, "ALL").await.unwrap();
    assert_eq!(lines[0], "5 of 5");
    assert_eq!(lines.len(), 4, "{lines:?}");
    let refused = ask::ask(&address, "nobody knows").await.unwrap_err();
    assert!(!refused.message.is_empty());
}
