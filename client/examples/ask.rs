//! Asks a server over gRPC: how many, who, and whether one entity is among them.
//!
//! ```sh
//! cargo run --release -- demo ./demo      # makes a store, if there is none
//! cargo run --release -- serve --data ./demo &
//! cargo run -p muster-client --example ask -- 127.0.0.1:7411 'ALL'
//! ```

use std::time::Duration;

use muster_client::v1::{CountRequest, MembersRequest, QueryContext};
use muster_client::{Address, Client, ClientError, ClientOptions};

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:7411".to_owned());
    let text = arguments.next().unwrap_or_else(|| "ALL".to_owned());
    for line in ask(&address, &text).await? {
        println!("{line}");
    }
    Ok(())
}

/// How many `text` selects, and the first three of them.
pub(crate) async fn ask(address: &str, text: &str) -> Result<Vec<String>, ClientError> {
    let options = ClientOptions { deadline: Some(Duration::from_secs(2)), ..ClientOptions::default() };
    let client = Client::connect(address.parse::<Address>()?, options).await?;
    let context = Some(QueryContext::default());
    let counted = client.count(CountRequest { context: context.clone(), text: text.to_owned() }).await?;
    let mut lines = vec![format!("{} of {}", counted.count, counted.live)];
    // Members come as a stream, which is read as far as it is wanted.
    let request = MembersRequest { context, text: text.to_owned(), limit: 3, ..Default::default() };
    let mut members = client.members(request).await?;
    while let Some(message) = members.next().await? {
        lines.extend(message.text_keys);
        lines.extend(message.number_keys.iter().map(u64::to_string));
    }
    Ok(lines)
}
