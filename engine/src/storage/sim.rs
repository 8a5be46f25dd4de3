//! A simulated disk with fault injection: a storage in memory that can lose power.
//!
//! [`Sim`] keeps, beside what a running program sees, what a disk would still know: bytes count as durable after
//! `sync_data` of their file, names after `sync_dir` of their directory. [`Sim::crash`] gives the storage that a
//! program finds after the power came back: everything durable, and of the rest whatever the policy and a seed choose.
//! Any call can be made to fail, once or from then on; a sync can be made to lie, to test the tests.
//!
//! It promises nothing about time and nothing about other programs.

mod crash;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

pub use self::crash::{CrashPolicy, Keep};
pub use self::state::{Call, Failure, Fault, Operation, ReadThrough};

use self::state::{Change, FileChange, InodeId, Node, State};
use super::counters::LiveCounters;
use super::{
    AlignedBytes, Counters, LockGuard, LockHolder, Mapped, Random, SCAN_PIECE_BYTES, SECRET_BYTES, Storage, WriteFile,
};
use super::{check_dir, check_path, check_rename, parent};
use crate::error::{Error, Result};

/// The simulated files of a space. A clone is another handle of the same files.
#[derive(Clone)]
pub struct Sim {
    state: Arc<Mutex<State>>,
    counters: Arc<LiveCounters>,
}

impl Sim {
    /// An empty space; `seed` decides what half-done calls leave behind.
    pub fn new(seed: u64) -> Sim {
        Sim::from_state(State::new(Random::seeded(seed)))
    }

    fn from_state(state: State) -> Sim {
        Sim { state: Arc::new(Mutex::new(state)), counters: Arc::default() }
    }

    /// What is left after the power was cut, by a policy that `seed` chooses. This space is unchanged.
    pub fn crash(&self, seed: u64) -> Sim {
        let mut random = Random::seeded(seed);
        let policy = CrashPolicy::choose(&mut random);
        Sim::from_state(crash::image(&self.state.lock(), policy, random))
    }

    /// What is left after the power was cut, by `policy`. This space is unchanged.
    pub fn crash_with(&self, policy: CrashPolicy, seed: u64) -> Sim {
        Sim::from_state(crash::image(&self.state.lock(), policy, Random::seeded(seed)))
    }

    /// How many calls were made so far, of the storage and of its files.
    pub fn calls(&self) -> u64 {
        self.state.lock().calls
    }

    /// Makes a later call fail; replaces an earlier plan.
    pub fn fail(&self, failure: Failure) {
        self.state.lock().plan_failure(Some(failure));
    }

    /// Forgets the plan to fail.
    pub fn heal(&self) {
        self.state.lock().plan_failure(None);
    }

    /// Whether the planned failure has happened.
    pub fn has_failed(&self) -> bool {
        self.state.lock().has_failed
    }

    /// From now on syncs, of files and directories, answer and do nothing.
    pub fn lie_in_sync(&self, lies: bool) {
        self.state.lock().lies_in_sync = lies;
    }

    /// From now on syncs of `dir` answer and do nothing, as if the program had forgotten to make them.
    pub fn lie_in_sync_of(&self, dir: &str) {
        self.state.lock().lies_in_dirs.push(dir.to_owned());
    }

    /// From now on what is read, through a mapping or not, passes through `change` first.
    pub fn read_through(&self, change: ReadThrough) {
        self.state.lock().read_through = change;
    }

    /// From now on keeps a copy from before each call that changes something; copies share what they have in common.
    pub fn record(&self) {
        self.state.lock().recorded = Some(Vec::new());
    }

    /// The copies since the last time, and one of now: each can be crashed as this space could have been then.
    pub fn take_recorded(&self) -> Vec<Sim> {
        let mut state = self.state.lock();
        let mut recorded = state.recorded.replace(Vec::new()).unwrap_or_default();
        let now = state.copy();
        recorded.push(now);
        recorded.into_iter().map(Sim::from_state).collect()
    }

    /// From now on remembers each call.
    pub fn trace(&self) {
        self.state.lock().traced = Some(Vec::new());
    }

    /// The calls since the last time.
    pub fn take_trace(&self) -> Vec<Call> {
        self.state.lock().traced.replace(Vec::new()).unwrap_or_default()
    }

    /// All files with their content, as a running program sees them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.state.lock();
        let files = state.names.iter().filter_map(|(path, node)| Some((path, node.inode()?)));
        files.map(|(path, inode)| (path.clone(), state.inodes[inode].seen.to_vec())).collect()
    }

    /// The size of the disk; `None` is endless.
    pub fn set_space(&self, bytes: Option<u64>) {
        self.state.lock().space_bytes = bytes;
    }

    /// Changes a durable file behind the program's back, as rot does.
    pub fn corrupt(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        self.state.lock().corrupt(path, change)
    }
}

impl Storage for Sim {
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::Create, path)?;
        state.refuse_existing(path)?;
        state.need_dir(parent(path))?;
        let inode = state.add_inode();
        state.change(Change::Name { path: path.to_owned(), node: Node::File(inode) });
        Ok(Box::new(SimFile { sim: self.clone(), inode, path: path.to_owned(), written: 0, reached: 0 }))
    }

    fn reopen(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::Reopen, path)?;
        let Node::File(inode) = state.node(path)? else {
            return Err(Error::io(format!("{path} is a directory")));
        };
        Ok(Box::new(SimFile { sim: self.clone(), inode, path: path.to_owned(), written: 0, reached: 0 }))
    }

    fn read(&self, path: &str, len_max: u64) -> Result<Vec<u8>> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::Read, path)?;
        let content = state.content(path)?;
        if content.len > len_max {
            return Err(Error::corrupt(format!("{path} is longer than {len_max} bytes")));
        }
        self.counters.read(content.len as usize);
        let mut bytes = content.to_vec();
        (state.read_through)(path, &mut bytes);
        Ok(bytes)
    }

    fn scan(&self, path: &str, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        // The pieces are visited without the lock, so that a visitor may write what it reads.
        self.read(path, u64::MAX)?.chunks(SCAN_PIECE_BYTES).try_for_each(visit)
    }

    fn map(&self, path: &str) -> Result<Mapped> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::Map, path)?;
        let content = state.content(path)?;
        let mut bytes = AlignedBytes::zeroed(content.len as usize);
        bytes[..content.bytes.len()].copy_from_slice(&content.bytes);
        (state.read_through)(path, &mut bytes);
        Ok(Mapped::from_bytes(bytes))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_rename(from, to)?;
        let mut state = self.state.lock();
        state.enter(Operation::Rename, from)?;
        let node = state.node(from)?;
        if node == Node::Dir || state.node(to).is_ok_and(|node| node == Node::Dir) {
            return Err(Error::io(format!("cannot rename the directory {from}")));
        }
        // Two names of one file stay two names: that is what POSIX says.
        if state.node(to).is_ok_and(|there| there == node) {
            return Ok(());
        }
        state.change(Change::Rename { from: from.to_owned(), to: to.to_owned(), node });
        Ok(())
    }

    fn hard_link(&self, from: &str, to: &str) -> Result<()> {
        check_path(from)?;
        check_path(to)?;
        let mut state = self.state.lock();
        state.enter(Operation::HardLink, to)?;
        let node = state.node(from)?;
        state.refuse_existing(to)?;
        state.need_dir(parent(to))?;
        if node == Node::Dir {
            return Err(Error::io(format!("cannot link the directory {from}")));
        }
        state.change(Change::Name { path: to.to_owned(), node });
        Ok(())
    }

    /// Each simulator is a disk of its own.
    fn link_from(&self, _: &dyn Storage, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn directory(&self) -> Option<&std::path::Path> {
        None
    }

    fn remove(&self, path: &str) -> Result<()> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::Remove, path)?;
        if state.node(path)? == Node::Dir {
            return Err(Error::io(format!("cannot remove the directory {path}")));
        }
        state.change(Change::Remove { path: path.to_owned() });
        Ok(())
    }

    fn keep_open(&self, dir: &str) -> Result<()> {
        check_dir(dir)
    }

    fn sync_dir(&self, dir: &str) -> Result<()> {
        check_dir(dir)?;
        self.counters.dir_synced();
        let mut state = self.state.lock();
        state.enter(Operation::SyncDir, dir)?;
        state.need_dir(dir)?;
        state.sync_dir(dir);
        Ok(())
    }

    fn list(&self, dir: &str) -> Result<Vec<String>> {
        check_dir(dir)?;
        let mut state = self.state.lock();
        state.enter(Operation::List, dir)?;
        state.need_dir(dir)?;
        Ok(state.list(dir))
    }

    fn create_dir(&self, dir: &str) -> Result<()> {
        check_path(dir)?;
        let mut state = self.state.lock();
        state.enter(Operation::CreateDir, dir)?;
        state.need_dir(parent(dir))?;
        match state.node(dir) {
            Ok(Node::Dir) => Ok(()),
            Ok(Node::File(_)) => Err(Error::conflict(format!("{dir} is a file"))),
            Err(_) => {
                state.change(Change::Name { path: dir.to_owned(), node: Node::Dir });
                Ok(())
            }
        }
    }

    fn file_len(&self, path: &str) -> Result<u64> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::FileLen, path)?;
        Ok(state.content(path)?.len)
    }

    fn available_bytes(&self) -> Result<u64> {
        let mut state = self.state.lock();
        state.enter(Operation::AvailableBytes, "")?;
        Ok(state.available_bytes())
    }

    fn lock(&self, path: &str, address: &str) -> Result<Box<dyn LockGuard>> {
        check_path(path)?;
        let mut state = self.state.lock();
        state.enter(Operation::Lock, path)?;
        if let Some(text) = state.locks.get(path) {
            return Err(LockHolder::conflict(path, text));
        }
        if state.node(path).is_err() {
            let inode = state.add_inode();
            state.change(Change::Name { path: path.to_owned(), node: Node::File(inode) });
        }
        drop(state);
        let guard = SimLock { sim: self.clone(), path: path.to_owned() };
        guard.announce(address)?;
        Ok(Box::new(guard))
    }

    fn lock_shared(&self, path: &str) -> Result<Option<Box<dyn LockGuard>>> {
        check_path(path)?;
        let state = self.state.lock();
        match state.locks.get(path) {
            Some(text) => Err(LockHolder::conflict(path, text)),
            None => Ok(None),
        }
    }

    fn secret(&self) -> Result<[u8; SECRET_BYTES]> {
        let mut state = self.state.lock();
        Ok(std::array::from_fn(|_| state.random.next_u64() as u8))
    }

    fn counters(&self) -> Counters {
        self.counters.totals()
    }
}

/// A simulated file while it is written.
struct SimFile {
    sim: Sim,
    inode: InodeId,
    path: String,
    written: u64,
    /// How far the last write came, also one that failed.
    reached: u64,
}

impl WriteFile for SimFile {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        let mut state = self.sim.state.lock();
        let entered = state.enter(Operation::Write, &self.path);
        let room = state.room(self.inode, self.written);
        let written = match &entered {
            // A failed write leaves any prefix behind.
            Err(_) => state.random.below(bytes.len() as u64 + 1).min(room),
            Ok(()) => (bytes.len() as u64).min(room),
        };
        let piece = &bytes[..written as usize];
        self.reached = self.written + written;
        if !piece.is_empty() {
            state.change_file(self.inode, FileChange::Write { at: self.written, bytes: piece.into() });
        }
        entered?;
        if piece.len() < bytes.len() {
            return Err(Error::limit(format!("disk full: cannot write {}", self.path)));
        }
        self.written += written;
        self.sim.counters.written(bytes.len());
        Ok(())
    }

    fn sync_data(&mut self) -> Result<()> {
        self.sim.counters.file_synced();
        let mut state = self.sim.state.lock();
        match state.enter(Operation::SyncData, &self.path) {
            Ok(()) => {
                state.sync_file(self.inode);
                Ok(())
            }
            Err(error) => {
                state.fail_sync(self.inode);
                Err(error)
            }
        }
    }

    fn preallocate(&mut self, len: u64) -> Result<()> {
        let mut state = self.sim.state.lock();
        state.enter(Operation::Preallocate, &self.path)?;
        if state.room(self.inode, 0) < len {
            return Err(Error::limit(format!("disk full: cannot preallocate {}", self.path)));
        }
        if state.file_len(self.inode) < len {
            state.change_file(self.inode, FileChange::Length(len));
        }
        Ok(())
    }

    fn trim(&mut self, len: u64) -> Result<()> {
        let mut state = self.sim.state.lock();
        state.enter(Operation::Trim, &self.path)?;
        let found = state.file_len(self.inode);
        if len > found {
            return Err(Error::invalid(format!("{} has {found} bytes, not {len}", self.path)));
        }
        if len < found {
            state.change_file(self.inode, FileChange::Length(len));
        }
        (self.written, self.reached) = (len, len);
        Ok(())
    }

    fn retract(&mut self, end: u64) -> Result<()> {
        let mut state = self.sim.state.lock();
        state.enter(Operation::Retract, &self.path)?;
        if end < self.reached {
            let zeros = vec![0; (self.reached - end) as usize];
            state.change_file(self.inode, FileChange::Write { at: end, bytes: zeros.into() });
        }
        (self.written, self.reached) = (end, end);
        Ok(())
    }

    fn written_bytes(&self) -> u64 {
        self.written
    }
}

/// A held simulated lock.
struct SimLock {
    sim: Sim,
    path: String,
}

impl LockGuard for SimLock {
    fn announce(&self, address: &str) -> Result<()> {
        let text = LockHolder::here(address).to_bytes();
        let mut state = self.sim.state.lock();
        if let Ok(Node::File(inode)) = state.node(&self.path) {
            state.change_file(inode, FileChange::Length(0));
            state.change_file(inode, FileChange::Write { at: 0, bytes: text.as_slice().into() });
        }
        state.locks.insert(self.path.clone(), text);
        Ok(())
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.sim.state.lock().locks.remove(&self.path);
    }
}
