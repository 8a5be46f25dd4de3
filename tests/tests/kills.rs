//! Real kills: a server that takes batches, streams, loads and changes of the catalog from several writers at once is
//! killed with -9 at random moments and opened again, over and over on the same store.
//!
//! `MUSTER_KILLS=10000 cargo test --locked --workspace --test kills -- --nocapture` goes on longer; `MUSTER_SEED` is
//! where the randomness begins.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use muster_client::v1::StatusRequest;
use muster_engine::storage::Random;
use muster_tests::account::{Account, prepare, send_again, states};
use muster_tests::served::Served;
use muster_tests::writers::{Writers, accounts};
use muster_tests::{copy_folder, number_from};

/// Kills of an ordinary run.
const KILLS: u64 = 200;
/// Kills that one store lives through.
const KILLS_A_STORE: u64 = 50;
/// Stores at the same time.
const STORES_AT_ONCE: u64 = 2;
/// The longest that writers write before their server is killed, in milliseconds.
const WRITE_MS_MAX: u64 = 60;
/// The longest that a server opens its store before it is killed, in milliseconds.
const OPEN_MS_MAX: u64 = 20;
/// A line is printed after so many kills.
const KILLS_A_LINE: u64 = 100;

/// What all stores came to.
#[derive(Default)]
struct Tally {
    kills: AtomicU64,
    while_opening: AtomicU64,
    acknowledged: AtomicU64,
    kept_unacknowledged: AtomicU64,
}

impl Tally {
    fn line(&self, kills: u64, started: Instant) -> String {
        format!(
            "{}/{kills} kills, {} of them while opening; {} batches and loads acknowledged, none lost, {} more were \
             kept; {:.0} s",
            self.kills.load(Relaxed),
            self.while_opening.load(Relaxed),
            self.acknowledged.load(Relaxed),
            self.kept_unacknowledged.load(Relaxed),
            started.elapsed().as_secs_f64()
        )
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let kills = number_from("MUSTER_KILLS", KILLS);
    let seed = number_from("MUSTER_SEED", 1);
    let (tally, started) = (Tally::default(), Instant::now());
    println!("kills: seed {seed}");
    let stores = kills.div_ceil(KILLS_A_STORE);
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..STORES_AT_ONCE {
            scope.spawn(|| {
                loop {
                    let store = next.fetch_add(1, Relaxed);
                    if store >= stores {
                        break;
                    }
                    let life = KILLS_A_STORE.min(kills - store * KILLS_A_STORE);
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    let mut life = Life::new(seed.wrapping_add(store), life, &tally);
                    runtime
                        .expect("a runtime")
                        .block_on(life.run(|| println!("kills: {}", tally.line(kills, started))));
                }
            });
        }
    });
    println!("kills: {}", tally.line(kills, started));
    assert_eq!(tally.kills.load(Relaxed), kills);
    assert!(tally.acknowledged.load(Relaxed) > kills, "hardly anything was written: {}", tally.line(kills, started));
}

#[test]
fn a_store_that_went_back_in_time_is_noticed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let tally = Tally::default();
        let mut life = Life::new(1, 0, &tally);
        life.run(|| {}).await;
        let (store, copy) = (life.store(), life.folder.path().join("copy"));
        copy_folder(&store, &copy);
        let mut served = life.serve();
        let client = served.client().await;
        let writers = Writers::start_with_operator(&client, &life.accounts, 1);
        while life.accounts.iter().any(|account| account.progress.acknowledged.load(Relaxed) == 0) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        writers.expect_the_end();
        served.kill();
        writers.join().await.expect("nothing failed before the kill");
        std::fs::remove_dir_all(&store).expect("a store can be removed");
        std::fs::rename(&copy, &store).expect("its older copy takes its place");
        let mut served = life.serve();
        let found = states(&served.client().await, &life.accounts).await.expect("the older store answers");
        for (account, found) in life.accounts.iter_mut().zip(&found) {
            let acknowledged = account.progress.acknowledged.load(Relaxed);
            account.matches(found, acknowledged, acknowledged + 5).expect_err("what was acknowledged is not there");
        }
    });
}

/// One store and its kills.
struct Life<'a> {
    seed: u64,
    kills: u64,
    tally: &'a Tally,
    random: Random,
    folder: tempfile::TempDir,
    options: Vec<String>,
    accounts: Vec<Account>,
}

impl Life<'_> {
    fn new(seed: u64, kills: u64, tally: &Tally) -> Life<'_> {
        let mut random = Random::seeded(seed);
        let durability = ["commit", "commit", "interval", "none"][random.below(4) as usize];
        let flush_bytes = 8_192 << random.below(4);
        let options = [
            format!("durability={durability}"),
            format!("flush_bytes={flush_bytes}"),
            "sync_interval_ms=10".to_owned(),
            "log_file_bytes=65536".to_owned(),
            "part_bytes_max=65536".to_owned(),
            format!("load_bytes_max={}", 4_096 << random.below(8)),
        ];
        let folder = tempfile::tempdir().expect("a directory for a store");
        Life { seed, kills, tally, random, folder, options: options.to_vec(), accounts: accounts(seed) }
    }

    fn serve(&self) -> Served {
        Served::start(&self.store(), self.folder.path(), &self.options)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    async fn run(&mut self, report: impl Fn()) {
        let mut served = self.serve();
        let client = served.client().await;
        prepare(&client).await.unwrap_or_else(|error| panic!("{}: {error:?}", self.told(&served)));
        served.kill();
        for kill in 0..self.kills {
            match self.random.one_in(5) {
                true => self.kill_while_opening().await,
                false => self.kill_while_writing(kill).await,
            }
            if (self.tally.kills.fetch_add(1, Relaxed) + 1).is_multiple_of(KILLS_A_LINE) {
                report();
            }
        }
        // The last of them is opened once more, too.
        let mut served = self.serve();
        self.check(&mut served).await;
    }

    async fn kill_while_opening(&mut self) {
        let mut served = self.serve();
        let client = served.client().await;
        let asked = tokio::spawn(async move { client.status(StatusRequest::default()).await });
        tokio::time::sleep(self.moment(OPEN_MS_MAX)).await;
        served.kill();
        // It may have been answered before.
        let _ = asked.await;
        self.tally.while_opening.fetch_add(1, Relaxed);
    }

    async fn kill_while_writing(&mut self, kill: u64) {
        let mut served = self.serve();
        let client = self.check(&mut served).await;
        let writers = Writers::start_with_operator(&client, &self.accounts, self.seed ^ kill);
        tokio::time::sleep(self.moment(WRITE_MS_MAX)).await;
        writers.expect_the_end();
        served.kill();
        writers.join().await.unwrap_or_else(|error| panic!("{}: {error}", self.told(&served)));
    }

    fn moment(&mut self, ms_max: u64) -> Duration {
        Duration::from_micros(self.random.below(ms_max * 1_000))
    }

    /// Compares the store with what its writers were told, sends again what was last, and returns a client.
    async fn check(&mut self, served: &mut Served) -> muster_client::Client {
        let client = served.client().await;
        let told = self.told(served);
        let found = states(&client, &self.accounts).await.unwrap_or_else(|error| panic!("{told}: {error}"));
        for (account, found) in self.accounts.iter_mut().zip(&found) {
            let (sent, acknowledged) =
                (account.progress.sent.load(Relaxed), account.progress.acknowledged.load(Relaxed));
            let number =
                account.matches(found, acknowledged, sent).unwrap_or_else(|error| panic!("{told}: LOST: {error}"));
            self.tally.acknowledged.fetch_add(acknowledged - account.settled(), Relaxed);
            self.tally.kept_unacknowledged.fetch_add(number - acknowledged, Relaxed);
            account.settle(number);
            send_again(&client, account, number).await.unwrap_or_else(|error| panic!("{told}: {error}"));
        }
        let said = served.said();
        assert!(!said.contains("panicked"), "{told}: {said}");
        client
    }

    /// What one needs to know of a failure.
    fn told(&self, served: &Served) -> String {
        format!("seed {}, {:?}, the server said {:?}", self.seed, self.options, served.said())
    }
}
