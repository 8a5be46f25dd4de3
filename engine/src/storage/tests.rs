//! Laws that hold for every storage, and those of the simulator alone.

use super::sim::{CrashPolicy, Failure, Fault, Keep, Operation};
use super::*;
use crate::error::ErrorKind;

fn on_both(law: impl Fn(&dyn Storage)) {
    let dir = tempfile::tempdir().unwrap();
    law(&Disk::create(dir.path().join("deep/space")).unwrap());
    law(&Sim::new(1));
}

fn write(storage: &dyn Storage, path: &str, bytes: &[u8]) -> Result<()> {
    let mut file = storage.create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_name_that_exists_is_never_taken_by_create_or_link() {
    on_both(|storage| {
        write(storage, "a", b"first").unwrap();
        write(storage, "b", b"second").unwrap();
        assert_eq!(kind(storage.create("a")), Some(ErrorKind::Conflict));
        assert_eq!(kind(storage.hard_link("b", "a")), Some(ErrorKind::Conflict));
        assert_eq!(kind(storage.hard_link("c", "d")), Some(ErrorKind::NotFound));
        storage.hard_link("b", "c").unwrap();
        storage.remove("b").unwrap();
        assert_eq!(storage.read("c", 9).unwrap(), b"second");
        assert_eq!(storage.read("a", 9).unwrap(), b"first");
        storage.rename("c", "a").unwrap();
        assert_eq!(storage.read("a", 9).unwrap(), b"second");
        assert_eq!(storage.list("").unwrap(), ["a"]);
    });
}

#[test]
fn paths_stay_inside_the_space() {
    on_both(|storage| {
        for path in ["", "/etc", "../a", "a/../b", "a//b", ".", "a/", "a\0"] {
            assert_eq!(kind(storage.create(path)), Some(ErrorKind::Invalid), "{path}");
        }
        storage.create_dir("a").unwrap();
        storage.create_dir("a").unwrap();
        write(storage, "b", b"").unwrap();
        assert_eq!(kind(storage.rename("b", "a/b")), Some(ErrorKind::Invalid));
        assert_eq!(kind(storage.create("none/b")), Some(ErrorKind::NotFound));
        assert!(storage.list("a").unwrap().is_empty());
    });
}

#[test]
fn what_is_read_is_bounded() {
    on_both(|storage| {
        write(storage, "a", &[7; 100]).unwrap();
        assert_eq!(storage.read("a", 100).unwrap(), [7; 100]);
        assert_eq!(kind(storage.read("a", 99)), Some(ErrorKind::Corrupt));
        assert_eq!(storage.file_len("a").unwrap(), 100);
        let mapped = storage.map("a").unwrap();
        mapped.advise(Access::WillNeed);
        assert_eq!(&mapped[..], [7; 100]);
        assert_eq!(mapped.as_ptr() as usize % bytes::ALIGNMENT, 0);
        write(storage, "empty", b"").unwrap();
        assert!(storage.map("empty").unwrap().is_empty());
        assert_eq!(kind(storage.map("none")), Some(ErrorKind::NotFound));
        assert!(storage.available_bytes().unwrap() > 0);
    });
}

#[test]
fn room_taken_in_advance_reads_as_zeros_and_can_be_given_back() {
    on_both(|storage| {
        let mut file = storage.create("a").unwrap();
        file.preallocate(10).unwrap();
        file.write_all(b"abcd").unwrap();
        assert_eq!(file.written_bytes(), 4);
        assert_eq!(storage.read("a", 10).unwrap(), b"abcd\0\0\0\0\0\0");
        file.trim(2).unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(storage.read("a", 10).unwrap(), b"abx");
        assert_eq!(kind(file.trim(4)), Some(ErrorKind::Invalid));
    });
}

#[test]
fn the_second_holder_of_a_lock_is_told_who_is_the_first() {
    on_both(|storage| {
        let guard = storage.lock("LOCK", "127.0.0.1:7700").unwrap();
        let refused = storage.lock("LOCK", "elsewhere").err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        let process = std::process::id();
        assert!(refused.message().contains(&format!("process {process} at 127.0.0.1:7700")), "{refused}");
        guard.announce("unix:s").unwrap();
        assert!(storage.lock("LOCK", "").err().unwrap().message().contains("at unix:s"));
        let holder = LockHolder::parse(&storage.read("LOCK", lock::LOCK_BYTES_MAX).unwrap()).unwrap();
        assert_eq!(holder, LockHolder { process, address: "unix:s".into() });
        drop(guard);
        storage.lock("LOCK", "").unwrap();
    });
}

/// One random call on both; both must answer the same.
#[test]
fn the_simulator_behaves_like_the_disk() {
    for seed in 0..20 {
        println!("seed {seed}");
        let dir = tempfile::tempdir().unwrap();
        let (disk, sim) = (Disk::open(dir.path()).unwrap(), Sim::new(seed));
        let mut files = Vec::new();
        let mut random = Random::seeded(seed);
        let mut path = {
            let mut random = Random::seeded(seed + 1000);
            move || ["a", "b", "c", "d/a", "d/b", "e/x"][random.below(6) as usize]
        };
        for _ in 0..200 {
            let (from, to) = (path(), path());
            let both = |call: &dyn Fn(&dyn Storage) -> Result<String>| {
                let (a, b) = (call(&disk), call(&sim));
                match (a, b) {
                    (Ok(a), Ok(b)) => assert_eq!(a, b),
                    (a, b) => assert_eq!(kind(a), kind(b), "{from} {to}"),
                }
            };
            match random.below(11) {
                0 => match (disk.create(from), sim.create(from)) {
                    (Ok(a), Ok(b)) => files.push((a, b)),
                    (a, b) => assert_eq!(kind(a), kind(b)),
                },
                1 => both(&|storage| storage.rename(from, to).map(|()| String::new())),
                2 => both(&|storage| storage.hard_link(from, to).map(|()| String::new())),
                3 => both(&|storage| storage.remove(from).map(|()| String::new())),
                4 => both(&|storage| storage.create_dir("d").map(|()| String::new())),
                5 => both(&|storage| storage.read(from, 200).map(|bytes| format!("{bytes:?}"))),
                6 => both(&|storage| Ok(format!("{:?} {:?}", storage.list("").ok(), storage.list("d").ok()))),
                7 => both(&|storage| storage.file_len(from).map(|len| len.to_string())),
                8 => both(&|storage| storage.sync_dir("d").map(|()| String::new())),
                _ if files.is_empty() => {}
                choice => {
                    let index = random.below(files.len() as u64) as usize;
                    let (a, b) = &mut files[index];
                    let len = random.below(100);
                    let (a, b) = match choice {
                        9 => (a.write_all(&vec![3; len as usize]), b.write_all(&vec![3; len as usize])),
                        _ if random.one_in(2) => (a.preallocate(len + 1), b.preallocate(len + 1)),
                        _ => (a.trim(len), b.trim(len)),
                    };
                    assert_eq!(kind(a), kind(b));
                }
            }
        }
    }
}

#[test]
fn a_crash_forgets_what_was_not_synced() {
    let sim = Sim::new(1);
    write(&sim, "unnamed", b"data is synced, the name is not").unwrap();
    let forgotten = CrashPolicy { names: Keep::Nothing, data: Keep::Nothing };
    assert!(sim.crash_with(forgotten, 0).list("").unwrap().is_empty());
    sim.sync_dir("").unwrap();
    let mut file = sim.create("late").unwrap();
    file.write_all(b"not synced").unwrap();
    sim.sync_dir("").unwrap();
    let after = sim.crash_with(forgotten, 0);
    assert_eq!(after.read("unnamed", 99).unwrap().len(), 31);
    assert_eq!(after.read("late", 99).unwrap(), b"");
    let everything = CrashPolicy { names: Keep::Everything, data: Keep::Everything };
    assert_eq!(sim.crash_with(everything, 0).read("late", 99).unwrap(), b"not synced");
}

#[test]
fn a_crash_tears_writes_at_every_byte_and_fills_tails_with_zeros() {
    let sim = Sim::new(1);
    let mut file = sim.create("a").unwrap();
    file.write_all(&[1; 10]).unwrap();
    sim.sync_dir("").unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..2000 {
        let policy = CrashPolicy { names: Keep::Nothing, data: Keep::Prefix };
        seen.insert(sim.crash_with(policy, seed).read("a", 10).unwrap());
    }
    for torn in 0..=10 {
        assert!(seen.contains(&vec![1; torn]), "torn at {torn}");
        let mut zeros = vec![1; torn];
        zeros.resize(10, 0);
        assert!(seen.contains(&zeros), "zeros from {torn}");
    }
    assert_eq!(sim.crash(7).read("a", 10).unwrap(), sim.crash(7).read("a", 10).unwrap());
}

#[test]
fn names_survive_out_of_order() {
    let sim = Sim::new(1);
    for name in ["a", "b"] {
        write(&sim, name, b"").unwrap();
    }
    sim.rename("b", "c").unwrap();
    let images = |names| {
        let image = |seed| sim.crash_with(CrashPolicy { names, data: Keep::Nothing }, seed).list("").unwrap().join("");
        (0..200).map(image).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(images(Keep::Prefix), ["", "a", "ab", "ac"].map(String::from).into());
    assert!(images(Keep::Any).contains("c"));
    assert!(images(Keep::Any).contains("b"));
}

#[test]
fn a_failed_sync_is_not_repaired_by_the_next() {
    let mut lost = 0;
    for seed in 0..20 {
        let sim = Sim::new(seed);
        let mut file = sim.create("a").unwrap();
        sim.sync_dir("").unwrap();
        file.write_all(b"gone").unwrap();
        sim.fail(Failure::once(1, Fault::Io).only(Operation::SyncData));
        assert_eq!(kind(file.sync_data()), Some(ErrorKind::Io));
        file.sync_data().unwrap();
        assert_eq!(sim.read("a", 9).unwrap(), b"gone");
        lost += usize::from(sim.crash(seed).read("a", 9).unwrap() != b"gone");
    }
    assert!(lost > 0);
}

#[test]
fn a_sync_that_lies_keeps_nothing() {
    let sim = Sim::new(1);
    sim.lie_in_sync(true);
    write(&sim, "a", b"bytes").unwrap();
    sim.sync_dir("").unwrap();
    let policy = CrashPolicy { names: Keep::Nothing, data: Keep::Nothing };
    assert!(sim.crash_with(policy, 0).list("").unwrap().is_empty());
}

#[test]
fn a_directory_sync_that_does_nothing_leaves_files_without_names() {
    let sim = Sim::new(1);
    sim.lie_in_sync_of("");
    write(&sim, "a", b"bytes").unwrap();
    sim.sync_dir("").unwrap();
    let forgotten = sim.crash_with(CrashPolicy { names: Keep::Nothing, data: Keep::Nothing }, 0);
    assert!(forgotten.list("").unwrap().is_empty());
    let named = sim.crash_with(CrashPolicy { names: Keep::Everything, data: Keep::Nothing }, 0);
    assert_eq!(named.read("a", 9).unwrap(), b"bytes");
}

#[test]
fn lengths_may_survive_without_the_bytes() {
    let sim = Sim::new(1);
    let mut file = sim.create("a").unwrap();
    file.write_all(b"synced").unwrap();
    file.sync_data().unwrap();
    file.write_all(b"not").unwrap();
    let image = sim.crash_with(CrashPolicy { names: Keep::Lengths, data: Keep::Lengths }, 0);
    assert_eq!(image.read("a", 9).unwrap(), b"synced\0\0\0");
}

#[test]
fn a_record_holds_the_space_before_each_change() {
    let sim = Sim::new(1);
    sim.record();
    write(&sim, "a", b"bytes").unwrap();
    sim.read("a", 9).unwrap();
    sim.remove("a").unwrap();
    let contents: Vec<_> = sim.take_recorded().iter().map(|sim| sim.files().remove("a")).collect();
    let with = |bytes: &[u8]| Some(bytes.to_vec());
    // Before create, write, sync and remove, and now.
    assert_eq!(contents, [None, with(b""), with(b"bytes"), with(b"bytes"), None]);
    assert_eq!(sim.take_recorded().len(), 1);
}

#[test]
fn calls_fail_once_or_for_good() {
    let sim = Sim::new(1);
    sim.fail(Failure::once(2, Fault::NoSpace));
    sim.create("a").unwrap();
    assert_eq!(kind(sim.create("b")), Some(ErrorKind::Limit));
    assert!(sim.has_failed());
    sim.create("b").unwrap();
    sim.fail(Failure::for_good(1, Fault::Io).only(Operation::Remove));
    sim.list("").unwrap();
    assert_eq!(kind(sim.remove("a")), Some(ErrorKind::Io));
    assert_eq!(kind(sim.remove("a")), Some(ErrorKind::Io));
    sim.heal();
    sim.remove("a").unwrap();
}

#[test]
fn a_full_disk_takes_what_fits_and_recovers() {
    let sim = Sim::new(1);
    sim.set_space(Some(10));
    let mut file = sim.create("a").unwrap();
    assert_eq!(kind(file.preallocate(11)), Some(ErrorKind::Limit));
    file.preallocate(8).unwrap();
    assert_eq!(sim.available_bytes().unwrap(), 2);
    assert_eq!(kind(file.write_all(&[1; 12])), Some(ErrorKind::Limit));
    assert_eq!(sim.file_len("a").unwrap(), 10);
    sim.remove("a").unwrap();
    sim.create("b").unwrap().write_all(&[1; 10]).unwrap();
}

#[test]
fn parts_are_written_in_large_aligned_pieces() {
    const PIECE: usize = aligned_writer::WRITE_BYTES_MIN;
    on_both(|storage| {
        let before = storage.counters();
        let mut writer = AlignedWriter::new(storage.create("a").unwrap());
        let mut expected = Vec::new();
        for len in [1, 100, PIECE - 101, 5, 2 * PIECE, PIECE, 3, PIECE / 2] {
            let bytes = vec![len as u8; len];
            writer.write_all(&bytes).unwrap();
            expected.extend_from_slice(&bytes);
        }
        assert_eq!(writer.finish().unwrap(), expected.len() as u64);
        assert!(storage.map("a").unwrap()[..] == expected[..]);
        let after = storage.counters();
        assert_eq!(after.written_bytes - before.written_bytes, expected.len() as u64);
        assert!(after.write_count - before.write_count <= (expected.len() / PIECE) as u64 + 1);
        assert_eq!(after.file_sync_count - before.file_sync_count, 1);
    });
}

/// Publishes a file and crashes at every call: it is there whole or not at all, and once published it stays.
#[test]
fn a_published_file_is_whole_after_any_crash() {
    type Publish = fn(&dyn Storage, &Fence, &str, &[u8]) -> Result<u64>;
    let ways: [Publish; 2] = [
        |storage, fence, path, bytes| publish::by_rename(storage, fence, path, |writer| writer.write_all(bytes)),
        |storage, fence, path, bytes| publish::by_link(storage, fence, path, |writer| writer.write_all(bytes)),
    ];
    for way in ways {
        for fault in [Fault::Io, Fault::NoSpace] {
            for call in 1..12 {
                for seed in 0..40 {
                    let sim = Sim::new(seed);
                    sim.create_dir("parts").unwrap();
                    sim.sync_dir("").unwrap();
                    let fence = Fence::new();
                    sim.fail(Failure::for_good(call, fault));
                    let published = way(&sim, &fence, "parts/1", &[9; 2000]);
                    let after = sim.crash(seed);
                    match after.read("parts/1", 5000) {
                        Ok(bytes) => assert_eq!(bytes, [9; 2000], "call {call} seed {seed}"),
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::NotFound);
                            assert!(published.is_err(), "call {call} seed {seed}");
                        }
                    }
                    let full = kind(published) == Some(ErrorKind::Limit);
                    assert_eq!(fence.check().is_err(), sim.has_failed() && !full && call < 9, "call {call}");
                    publish::remove_temporaries(&after, "parts").unwrap();
                    assert!(after.list("parts").unwrap().iter().all(|name| name == "1"));
                }
            }
        }
    }
}

#[test]
fn publishing_by_link_refuses_a_name_that_exists() {
    on_both(|storage| {
        let fence = Fence::new();
        publish::by_link(storage, &fence, "m", |writer| writer.write_all(b"one")).unwrap();
        let again = publish::by_link(storage, &fence, "m", |writer| writer.write_all(b"two"));
        assert_eq!(kind(again), Some(ErrorKind::Conflict));
        assert_eq!(storage.read("m", 9).unwrap(), b"one");
        assert_eq!(storage.list("").unwrap(), ["m"]);
    });
}
