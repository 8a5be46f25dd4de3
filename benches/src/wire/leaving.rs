//! How soon a caller that has gone gives its place back: long questions are begun, given up in the midst of their work,
//! and the server is asked until none runs.

use std::fmt::Write as _;
use std::future::Future;
use std::io::Cursor;
use std::time::{Duration, Instant};

use muster_client::v1::{
    BreakdownRequest, CountRequest, ExplainRequest, IsMemberBatchRequest, LoadHeader, MembersRequest, NamedQuery,
    StatusRequest,
};
use muster_client::{Client, ClientError, Upload};

use crate::Failure;

/// Entities: numbers 0 and up, with three scattered numbers each.
const ENTITIES: u64 = 1_000_000;
/// Pairs of conditions of a question, each of which looks at every binary digit of two numbers.
const PAIRS: u64 = 3_000;
/// Keys and audiences of a batch of memberships.
const KEYS: u64 = 2_000;
const AUDIENCES: u64 = 500;
/// How long a question runs before its caller goes.
const WORK: Duration = Duration::from_millis(60);
const POLL: Duration = Duration::from_micros(200);
/// What a place may take to be free.
pub(crate) const EXPECTED: Duration = Duration::from_millis(50);

/// Loads the entities.
pub(crate) async fn fill(client: &Client) -> Result<(), Failure> {
    let mut file = "id,a,b,c\n".to_owned();
    for id in 0..ENTITIES {
        let scattered = |salt: u64| (id ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        writeln!(file, "{id},{},{},{}", scattered(1 << 40), scattered(2 << 40), scattered(3 << 40) % 5_000)?;
    }
    let header = LoadHeader {
        entity_type: "numbers".into(),
        key_column: "id".into(),
        create_missing_tags: true,
        ..LoadHeader::default()
    };
    client.load(header, Upload::Reader(Box::new(Cursor::new(file.into_bytes()))), |_| {}).await?;
    Ok(())
}

/// Prints for each kind of question what the places took to be free, and returns the slowest.
pub(crate) async fn measure(client: &Client, times: usize) -> Result<Duration, Failure> {
    let (text, context) = (
        question(PAIRS),
        Some(muster_client::v1::QueryContext { entity_type: "numbers".into(), ..Default::default() }),
    );
    let batch = IsMemberBatchRequest {
        context: context.clone(),
        number_keys: (0..KEYS).map(|key| key * 499).collect(),
        queries: (0..AUDIENCES).map(|_| NamedQuery { name: String::new(), text: question(30) }).collect(),
        ..Default::default()
    };
    let mut slowest = Duration::ZERO;
    for kind in ["count", "members", "breakdown", "analysis", "memberships"] {
        let mut taken = Vec::new();
        for _ in 0..times {
            let (context, text) = (context.clone(), text.clone());
            let freed = match kind {
                "count" => freed(client, client.count(CountRequest { context, text })).await?,
                "members" => {
                    let request = MembersRequest { context, text, ..Default::default() };
                    let read = async {
                        let mut members = client.members(request).await?;
                        while members.next().await?.is_some() {}
                        Ok(())
                    };
                    freed(client, read).await?
                }
                "breakdown" => {
                    let request = BreakdownRequest { context, text, tag: "c".into(), ..Default::default() };
                    freed(client, client.breakdown(request)).await?
                }
                "analysis" => {
                    let request = ExplainRequest { context, text, analyze: true, ..Default::default() };
                    freed(client, client.explain(request)).await?
                }
                _ => freed(client, client.is_member_batch(batch.clone())).await?,
            };
            taken.extend(freed);
        }
        if taken.is_empty() {
            return Err(format!("each {kind} had ended after {WORK:?}: nothing is measured").into());
        }
        slowest = slowest.max(crate::report(&format!("places free after a {kind} was given up"), taken));
    }
    Ok(slowest)
}

/// Begins a question, gives it up, and returns how long it ran on; none where it had ended by itself.
async fn freed<T>(
    client: &Client,
    question: impl Future<Output = Result<T, ClientError>>,
) -> Result<Option<Duration>, Failure> {
    match tokio::time::timeout(WORK, question).await {
        Ok(answer) => return answer.map(|_| None).map_err(Failure::from),
        Err(_given_up) => {}
    }
    let start = Instant::now();
    loop {
        let status = client.status(StatusRequest::default()).await?;
        if status.server.is_some_and(|server| server.queries_running == 0) {
            return Ok(Some(start.elapsed()));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// So many pairs of conditions, each of which holds for few.
fn question(pairs: u64) -> String {
    let range = 1_u64 << 31;
    let mut text = String::new();
    for pair in 0..pairs {
        let at = pair.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (range - 1_000_000);
        let separator = if pair == 0 { "" } else { " OR " };
        let _ = write!(text, "{separator}a > {at} AND b < {}", at / 3);
    }
    text
}
