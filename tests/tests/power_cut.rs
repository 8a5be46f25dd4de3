//! Power cuts on a real file system: an ext4 in an image is copied as its device holds it at random moments while a
//! server writes to it; the copy is mounted, which replays the journal of the file system, and opened.
//!
//! The device has only what was synced to it, or written back by the kernel: what a power cut leaves. The server is
//! held while the image is copied, in the middle of whatever it does, and the copy counts only if a second look finds
//! the same bytes, so it is the device at one moment.
//!
//! Needs the right to mount; where that is missing the test says loudly that it is skipped.
//! `MUSTER_CUTS=500 cargo test --locked --workspace --test power_cut -- --nocapture` goes on longer.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use muster_engine::storage::Random;
use muster_tests::account::{Account, Progress, prepare, send, states};
use muster_tests::history::{History, Way};
use muster_tests::mounts::{Mounted, make_ext4};
use muster_tests::number_from;
use muster_tests::served::Served;
use muster_tests::writers::{Writers, accounts};

/// Cuts of an ordinary run under `commit`; a quarter of it under each of the others.
const CUTS: u64 = 12;
/// Bytes of the file system.
const IMAGE_BYTES: u64 = 48 << 20;
/// The longest time between two cuts, in milliseconds.
const WRITE_MS_MAX: u64 = 150;
/// What is older than this survives a cut under `interval`: the interval of syncs, with time for a slow machine.
const INTERVAL_WAIT: Duration = Duration::from_millis(1_500);
/// How often an image is copied until it does not change meanwhile.
const COPIES_MAX: u32 = 20;
/// How many cuts more a store may meet that loses nothing although it promises nothing.
const LUCKY_CUTS_MAX: u64 = 30;
/// The writer that writes to what a cut left.
const LATER_WRITER: u64 = 90;

#[test]
fn what_is_durable_survives_a_power_cut() {
    let cuts = number_from("MUSTER_CUTS", CUTS);
    let folder = tempfile::tempdir().expect("a directory for a test");
    let (image, disk) = (folder.path().join("image"), folder.path().join("disk"));
    if let Err(why) = make_ext4(&image, IMAGE_BYTES).and_then(|()| Mounted::image(&image, &disk)) {
        eprintln!("!! SKIPPED the power cuts on ext4: {why}");
        return;
    }
    let seed = number_from("MUSTER_SEED", 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (durability, cuts) in [("commit", cuts), ("interval", cuts.div_ceil(4)), ("none", cuts.div_ceil(4))] {
        make_ext4(&image, IMAGE_BYTES).expect("it was made before");
        let _disk = Mounted::image(&image, &disk).expect("it was mounted before");
        let mut power = Power::new(seed, durability, folder.path());
        let started = Instant::now();
        runtime.block_on(power.cut_often(cuts));
        println!(
            "power cuts, durability {durability}, seed {seed}: {cuts} cuts, {} batches and loads acknowledged, {} of \
             them lost by a cut; {:.0} s",
            power.acknowledged,
            power.lost,
            started.elapsed().as_secs_f64()
        );
        match durability {
            "commit" => assert_eq!(power.lost, 0),
            // Otherwise a cut would be none, and the test would prove nothing.
            "none" => assert!(power.lost > 0, "nothing was lost, though nothing was promised"),
            _ => {}
        }
    }
}

/// One store whose power is cut.
struct Power<'a> {
    durability: &'static str,
    folder: &'a Path,
    random: Random,
    accounts: Vec<Account>,
    options: Vec<String>,
    acknowledged: u64,
    lost: u64,
}

impl Power<'_> {
    fn new<'a>(seed: u64, durability: &'static str, folder: &'a Path) -> Power<'a> {
        let options = ["flush_bytes=32768", "log_file_bytes=65536", "part_bytes_max=65536", "load_bytes_max=16384"];
        let mut options: Vec<String> = options.map(str::to_owned).to_vec();
        options.push(format!("durability={durability}"));
        Power {
            durability,
            folder,
            random: Random::seeded(seed),
            accounts: accounts(seed),
            options,
            acknowledged: 0,
            lost: 0,
        }
    }

    async fn cut_often(&mut self, cuts: u64) {
        let own = self.folder.join("own");
        std::fs::create_dir_all(&own).expect("a folder for the socket");
        let mut served = Served::start(&self.folder.join("disk/store"), &own, &self.options);
        let client = served.client().await;
        prepare(&client).await.unwrap_or_else(|error| panic!("{error:?}: {}", served.said()));
        let sync = muster_client::v1::SyncRequest::default();
        client.sync(sync).await.unwrap_or_else(|error| panic!("{error:?}: {}", served.said()));
        let seed = self.random.next_u64();
        let writers = match self.durability {
            // An operator's flushes make everything durable, and here something is to be lost.
            "none" => Writers::start(&client, &self.accounts, seed),
            _ => Writers::start_with_operator(&client, &self.accounts, seed),
        };
        let mut made = 0;
        while made < cuts || (self.durability == "none" && self.lost == 0 && made < cuts + LUCKY_CUTS_MAX) {
            made += 1;
            let aged = self.numbers(|progress| progress.acknowledged.load(Relaxed));
            let pause = Duration::from_millis(self.random.below(WRITE_MS_MAX));
            tokio::time::sleep(if self.durability == "interval" { INTERVAL_WAIT } else { pause }).await;
            self.cut(&served, aged).await;
        }
        writers.expect_the_end();
        served.kill();
        writers.join().await.unwrap_or_else(|error| panic!("{error}: {}", served.said()));
        self.acknowledged = self.numbers(|progress| progress.acknowledged.load(Relaxed)).iter().sum();
    }

    fn numbers(&self, of: impl Fn(&Progress) -> u64) -> Vec<u64> {
        self.accounts.iter().map(|account| of(&account.progress)).collect()
    }

    /// Cuts the power and looks what is left; `aged` is what was acknowledged an interval ago.
    async fn cut(&mut self, served: &Served, aged: Vec<u64>) {
        let acknowledged = self.numbers(|progress| progress.acknowledged.load(Relaxed));
        let durable = self.numbers(|progress| progress.durable.load(Relaxed));
        served.hold(true);
        let copy = self.folder.join("copy");
        copy_device(&self.folder.join("image"), &copy);
        let sent = self.numbers(|progress| progress.sent.load(Relaxed));
        served.hold(false);

        let left = Mounted::image(&copy, &self.folder.join("left")).expect("what a cut leaves can be mounted");
        let own = self.folder.join("left own");
        std::fs::create_dir_all(&own).expect("a folder for the socket");
        let mut after = Served::start(&left.folder().join("store"), &own, &self.options);
        let client = after.client().await;
        let found = states(&client, &self.accounts).await.unwrap_or_else(|error| panic!("{error}: {}", after.said()));
        let mut numbers = Vec::new();
        for (place, (account, found)) in self.accounts.iter_mut().zip(&found).enumerate() {
            let least = match self.durability {
                "commit" => acknowledged[place],
                "interval" => durable[place].max(aged[place]),
                _ => durable[place],
            };
            let number = account.matches(found, least, sent[place]);
            let number = number.unwrap_or_else(|error| panic!("LOST: {error}: {}", after.said()));
            self.lost += acknowledged[place].saturating_sub(number);
            numbers.push(number);
        }
        self.is_prefix(&numbers);
        let later = History::new(1, LATER_WRITER, Way::Batches, "people");
        let sent = send(&client, &later, &Progress::default(), 1).await;
        sent.unwrap_or_else(|error| panic!("what a cut left takes batches: {error:?}: {}", after.said()));
        after.kill();
        assert!(!after.said().contains("panicked"), "{}", after.said());
    }

    /// What is left is a prefix of the one order: no batch is there while one before it is not. Loads have their place
    /// from when they began.
    fn is_prefix(&self, numbers: &[u64]) {
        let (mut present, mut absent) = (0, u64::MAX);
        for (account, &number) in self.accounts.iter().zip(numbers).filter(|(it, _)| it.history.way != Way::Loads) {
            let versions = account.progress.versions();
            present = present.max(versions.range(..=number).map(|(_, &version)| version).max().unwrap_or(0));
            absent = absent.min(versions.range(number + 1..).map(|(_, &version)| version).min().unwrap_or(u64::MAX));
        }
        assert!(present < absent, "version {present} is there, version {absent} is not");
    }
}

/// Copies what a device holds at one moment.
fn copy_device(image: &Path, copy: &PathBuf) {
    for _ in 0..COPIES_MAX {
        std::fs::copy(image, copy).expect("an image can be copied");
        if is_same(image, copy) {
            return;
        }
    }
    panic!("the image changes all the time, though nobody writes");
}

fn is_same(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (File::open(one).expect("an image"), File::open(other).expect("its copy"));
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let len = one.read(&mut a).expect("it can be read");
        if len == 0 {
            return true;
        }
        other.read_exact(&mut b[..len]).expect("it is as long");
        if a[..len] != b[..len] {
            return false;
        }
    }
}
