//! Writers that run beside each other until their server goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use muster_client::v1::{CompactRequest, FlushRequest};
use muster_client::{Client, ClientError};
use muster_engine::storage::Random;
use tokio::task::JoinHandle;

use crate::account::{Account, send};
use crate::history::{History, TYPES, Way};

/// The longest pause of an operator between two flushes or compactions, in milliseconds.
const PAUSE_MS_MAX: u64 = 25;
/// How long to wait when a server says that it is busy.
const BUSY_WAIT: Duration = Duration::from_millis(5);

/// One of each kind of writer, and two that share a type.
pub fn accounts(seed: u64) -> Vec<Account> {
    let [(people, _), (devices, _), (shops, _)] = TYPES;
    [
        (Way::Batches, people),
        (Way::Batches, people),
        (Way::Batches, devices),
        (Way::Streams, people),
        (Way::Loads, shops),
        (Way::Catalog, people),
    ]
    .into_iter()
    .enumerate()
    .map(|(writer, (way, entity_type))| Account::new(History::new(seed, writer as u64, way, entity_type)))
    .collect()
}

/// Running writers.
pub struct Writers {
    tasks: Vec<JoinHandle<Option<ClientError>>>,
    is_over: Arc<AtomicBool>,
}

impl Writers {
    /// Starts a writer for each account.
    pub fn start(client: &Client, accounts: &[Account], seed: u64) -> Writers {
        let is_over = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = accounts
            .iter()
            .map(|account| tokio::spawn(write(client.clone(), account.clone(), Random::seeded(seed), is_over.clone())))
            .collect();
        Writers { tasks, is_over }
    }

    /// The same with an operator beside them who flushes and compacts at random.
    pub fn start_with_operator(client: &Client, accounts: &[Account], seed: u64) -> Writers {
        let mut writers = Writers::start(client, accounts, seed);
        let operator = operate(client.clone(), Random::seeded(seed), writers.is_over.clone());
        writers.tasks.push(tokio::spawn(operator));
        writers
    }

    /// From now on errors are no surprise.
    pub fn expect_the_end(&self) {
        self.is_over.store(true, SeqCst);
    }

    /// Waits until each has met its end. Errors: what one met before it was to be expected.
    pub async fn join(self) -> Result<(), String> {
        self.expect_the_end();
        for task in self.tasks {
            if let Some(error) = task.await.map_err(|panic| panic.to_string())? {
                return Err(format!("a request failed before its server was killed: {error:?}"));
            }
        }
        Ok(())
    }
}

/// Writes until it is over. Returns an error that came before.
async fn write(client: Client, account: Account, mut random: Random, is_over: Arc<AtomicBool>) -> Option<ClientError> {
    let Account { history, progress, .. } = &account;
    while !is_over.load(SeqCst) {
        let next = progress.acknowledged.load(SeqCst) + 1;
        let number = if history.way == Way::Streams { next + random.below(5) } else { next };
        match send(&client, history, progress, number).await {
            Ok(_) => {}
            Err(error) if error.reason == "BUSY" => tokio::time::sleep(BUSY_WAIT).await,
            Err(error) => return (!is_over.load(SeqCst)).then_some(error),
        }
        if matches!(history.way, Way::Loads | Way::Catalog) {
            tokio::time::sleep(Duration::from_millis(random.below(PAUSE_MS_MAX))).await;
        }
    }
    None
}

/// Flushes and compacts until it is over.
async fn operate(client: Client, mut random: Random, is_over: Arc<AtomicBool>) -> Option<ClientError> {
    while !is_over.load(SeqCst) {
        tokio::time::sleep(Duration::from_millis(1 + random.below(PAUSE_MS_MAX))).await;
        let done = match random.below(3) {
            0 => client.compact(CompactRequest::default()).await.map(drop),
            _ => client.flush(FlushRequest::default()).await.map(drop),
        };
        if let Err(error) = done {
            return (!is_over.load(SeqCst)).then_some(error);
        }
    }
    None
}
