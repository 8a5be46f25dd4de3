//! A full disk: writes are refused with a clear reason and leave nothing behind, reads go on, a killed server opens its
//! store again, and writing goes on by itself as soon as there is room.
//!
//! Needs the right to mount a small file system; where that is missing the test says loudly that it is skipped.
//! `MUSTER_ROUNDS=200 cargo test --locked --workspace --test full_disk -- --nocapture` goes on longer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use muster_client::v1::*;
use muster_client::{Client, ClientError, Code, text_key};
use muster_engine::storage::Random;
use muster_tests::account::{Account, prepare, send, send_again, states};
use muster_tests::history::{History, Way};
use muster_tests::mounts::{Mounted, make_ext4};
use muster_tests::number_from;
use muster_tests::served::Served;

/// Rounds of filling and freeing in memory.
const ROUNDS: u64 = 20;
/// One round on ext4, which takes its time when it is full, for so many in memory.
const ROUNDS_A_SLOW_ROUND: u64 = 5;
/// Bytes of the file system in memory.
const MEMORY_BYTES: u64 = 6 << 20;
/// Bytes of the file system in an image.
const IMAGE_BYTES: u64 = 16 << 20;
/// The most bytes that are left when a round begins to write.
const LEFT_BYTES_MAX: u64 = 100 << 10;
/// How often each writer is refused before a round believes that the disk is full.
const REFUSALS: u64 = 2;
/// How long writing may take to go on when there is room.
const RECOVERY_WAIT: Duration = Duration::from_secs(10);

#[test]
fn a_full_disk_in_memory_refuses_writes_and_recovers() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    match Mounted::in_memory(&folder.path().join("disk"), MEMORY_BYTES) {
        Ok(disk) => Rounds::run(&disk, folder.path(), rounds()),
        Err(why) => eprintln!("!! SKIPPED the full disk in memory: {why}"),
    }
}

#[test]
fn a_full_ext4_refuses_writes_and_recovers() {
    let folder = tempfile::tempdir().expect("a directory for a test");
    let image = folder.path().join("image");
    let disk = make_ext4(&image, IMAGE_BYTES).and_then(|()| Mounted::image(&image, &folder.path().join("disk")));
    match disk {
        Ok(disk) => Rounds::run(&disk, folder.path(), rounds().div_ceil(ROUNDS_A_SLOW_ROUND)),
        Err(why) => eprintln!("!! SKIPPED the full ext4: {why}"),
    }
}

fn rounds() -> u64 {
    number_from("MUSTER_ROUNDS", ROUNDS)
}

/// Rounds on one disk.
struct Rounds<'a> {
    disk: &'a Path,
    folder: &'a Path,
    random: Random,
    accounts: Vec<Account>,
    rounds: u64,
    refused: u64,
    erased: u64,
    kills: u64,
}

impl Rounds<'_> {
    fn run(disk: &Mounted, folder: &Path, rounds: u64) {
        let seed = number_from("MUSTER_SEED", 1);
        let ways =
            [(Way::Batches, "people"), (Way::Batches, "devices"), (Way::Streams, "people"), (Way::Loads, "shops")];
        let account = |(writer, (way, name))| Account::new(History::new(seed, writer as u64, way, name));
        let mut all = Rounds {
            disk: disk.folder(),
            folder,
            random: Random::seeded(seed),
            accounts: ways.into_iter().enumerate().map(account).collect(),
            rounds,
            refused: 0,
            erased: 0,
            kills: 0,
        };
        let started = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(all.fill_often());
        println!(
            "full disk, seed {seed}: {rounds} rounds, {} writes refused, {} entities erased while full, {} kills while \
             full, nothing lost; {:.0} s",
            all.refused,
            all.erased,
            all.kills,
            started.elapsed().as_secs_f64()
        );
    }

    fn serve(&self) -> Served {
        let options = ["flush_bytes=32768", "log_file_bytes=65536", "part_bytes_max=65536", "load_bytes_max=8192"];
        Served::start(&self.disk.join("store"), self.folder, &options.map(str::to_owned))
    }

    async fn fill_often(&mut self) {
        let mut served = self.serve();
        let mut client = served.client().await;
        prepare(&client).await.unwrap_or_else(|error| panic!("{error:?}: {}", served.said()));
        self.touch_victims(&client).await;
        for round in 0..self.rounds {
            let ballast = self.fill();
            self.write_until_refused(&client).await;
            self.check(&client, &served).await;
            self.erase(&client, round).await;
            if self.random.one_in(2) {
                served.kill();
                self.kills += 1;
                served = self.serve();
                client = served.client().await;
                self.check(&client, &served).await;
                self.write_until_refused(&client).await;
            }
            std::fs::remove_file(ballast).expect("the ballast can be removed");
            self.write_again(&client, &served).await;
            self.check(&client, &served).await;
        }
        served.kill();
        let mut served = self.serve();
        let client = served.client().await;
        self.check(&client, &served).await;
    }

    /// Entities that are erased while the disk is full, one a round; they are of a type of their own.
    async fn touch_victims(&self, client: &Client) {
        let request = CreateTypeRequest { name: "victims".into(), ..CreateTypeRequest::default() };
        client.create_type(request).await.expect("there is room");
        let entities = (0..self.rounds).map(|round| change_victim(round, change::Change::Touch(Touch {}))).collect();
        client.write(victims(entities)).await.expect("there is room");
    }

    /// Takes up all room but a little; returns the file that does.
    fn fill(&mut self) -> PathBuf {
        let path = self.disk.join("ballast");
        let mut file = std::fs::File::create(&path).expect("there is room for a name");
        let block = [1; 4096];
        let mut bytes = 0;
        while file.write_all(&block).is_ok() {
            bytes += block.len() as u64;
        }
        file.set_len(bytes.saturating_sub(self.random.below(LEFT_BYTES_MAX))).expect("a file can be cut");
        file.sync_all().expect("what was written is synced");
        path
    }

    /// Every writer writes until it was refused several times, each time for want of room.
    async fn write_until_refused(&mut self, client: &Client) {
        let mut refusals = vec![0; self.accounts.len()];
        while refusals.iter().any(|&refusals| refusals < REFUSALS) {
            for (account, refusals) in self.accounts.iter().zip(&mut refusals).filter(|(_, it)| **it < REFUSALS) {
                if let Err(error) = self.send_next(client, account).await {
                    assert_refused_for_room(&error);
                    *refusals += 1;
                    self.refused += 1;
                }
            }
        }
    }

    async fn send_next(&self, client: &Client, account: &Account) -> Result<(), ClientError> {
        let next = account.progress.acknowledged.load(Relaxed) + 1;
        let number = if account.history.way == Way::Streams { next + 2 } else { next };
        send(client, &account.history, &account.progress, number).await.map(drop)
    }

    /// Without a restart each writer's next batch is taken within a while.
    async fn write_again(&self, client: &Client, served: &Served) {
        let started = Instant::now();
        for account in &self.accounts {
            while let Err(error) = self.send_next(client, account).await {
                assert_refused_for_room(&error);
                assert!(started.elapsed() < RECOVERY_WAIT, "still refused: {error:?}: {}", served.said());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Deleting goes on while the disk is full.
    async fn erase(&mut self, client: &Client, round: u64) {
        let request = victims(vec![change_victim(round, change::Change::Erase(Erase {}))]);
        let reply = client.write(request).await.expect("an entity can be erased while the disk is full");
        assert_eq!((reply.unknown_entities, reply.new_entities), (0, 0));
        self.erased += 1;
    }

    /// The store answers, and what was refused is not there: the state is exactly that after what was acknowledged.
    async fn check(&mut self, client: &Client, served: &Served) {
        let said = served.said();
        let found = states(client, &self.accounts).await.unwrap_or_else(|error| panic!("{error}: {said}"));
        for (account, found) in self.accounts.iter_mut().zip(&found) {
            let acknowledged = account.progress.acknowledged.load(Relaxed);
            let number = account.matches(found, acknowledged, acknowledged);
            number.unwrap_or_else(|error| panic!("LOST, or a refused batch was applied: {error}: {said}"));
            if account.history.way == Way::Loads {
                // Its file would have to be sent again, for which there is no room.
                continue;
            }
            send_again(client, account, acknowledged).await.unwrap_or_else(|error| panic!("{error}: {said}"));
        }
        let status = client.status(StatusRequest::default()).await.expect("a status");
        assert_eq!(status.read_only_reason, "", "a full disk is no reason to stop writing for good");
        let victims = status.types.iter().find(|it| it.name == "victims").expect("the type is there");
        assert_eq!(victims.live, self.rounds - self.erased, "who was erased while the disk was full stays erased");
        assert!(!said.contains("panicked"), "{said}");
    }
}

fn assert_refused_for_room(error: &ClientError) {
    let is_clear = error.code == Code::ResourceExhausted && error.message.contains("disk full");
    assert!(is_clear, "refused for another reason than a full disk: {error:?}");
}

fn victims(entities: Vec<EntityChanges>) -> WriteRequest {
    WriteRequest { entity_type: "victims".into(), entities, ..WriteRequest::default() }
}

fn change_victim(round: u64, change: change::Change) -> EntityChanges {
    let changes = vec![Change { change: Some(change) }];
    EntityChanges { key: Some(text_key(format!("victim {round}"))), changes }
}
