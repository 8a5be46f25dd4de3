//! What a simulated disk knows: the files as a running program sees them, and as the disk would after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::storage::{Random, parent};

/// What a call does; a failure can be limited to one of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "each is the call of its name")]
pub enum Operation {
    Create,
    Reopen,
    Write,
    SyncData,
    Preallocate,
    Trim,
    Retract,
    Read,
    Map,
    Rename,
    HardLink,
    Remove,
    SyncDir,
    List,
    CreateDir,
    FileLen,
    AvailableBytes,
    Lock,
}

impl Operation {
    /// Whether the call takes room, so that a disk can be too full for it.
    pub fn takes_room(self) -> bool {
        use Operation::*;
        matches!(self, Create | Write | Preallocate | Rename | HardLink | CreateDir)
    }

    /// Whether the call changes what a crash would leave.
    pub fn changes(self) -> bool {
        use Operation::*;
        !matches!(self, Reopen | Read | Map | List | FileLen | AvailableBytes)
    }
}

/// A call that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What it does.
    pub operation: Operation,
    /// The file or directory; of a rename and a link the one name, as in the message of a failure.
    pub path: String,
    /// Whether it was made to fail.
    pub failed: bool,
}

/// How a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The device fails.
    Io,
    /// The disk is full; calls that need no room fail as with [`Fault::Io`].
    NoSpace,
    /// The disk is full; calls that need no room succeed.
    Full,
}

/// A plan to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Which call from now on fails, the next one being 1; only calls of `only` are counted.
    pub call: u64,
    /// How it fails.
    pub fault: Fault,
    /// Whether every later call fails too.
    pub for_good: bool,
    /// Which operation fails; `None` is any.
    pub only: Option<Operation>,
}

impl Failure {
    /// The `call`-th call from now on fails, once.
    pub fn once(call: u64, fault: Fault) -> Failure {
        Failure { call, fault, for_good: false, only: None }
    }

    /// The `call`-th call from now on fails, and all after it.
    pub fn for_good(call: u64, fault: Fault) -> Failure {
        Failure { call, fault, for_good: true, only: None }
    }

    /// The same plan for calls of `operation` alone.
    pub fn only(mut self, operation: Operation) -> Failure {
        self.only = Some(operation);
        self
    }
}

/// Changes what is read of a path.
pub type ReadThrough = fn(&str, &mut [u8]);

pub(super) type InodeId = usize;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    File(InodeId),
    Dir,
}

/// A change of the names.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Name { path: String, node: Node },
    Rename { from: String, to: String, node: Node },
    Remove { path: String },
}

impl Change {
    /// The directory whose sync makes this durable.
    fn dir(&self) -> &str {
        match self {
            Change::Name { path, .. } | Change::Remove { path } => parent(path),
            Change::Rename { to, .. } => parent(to),
        }
    }

    pub(super) fn apply(&self, names: &mut BTreeMap<String, Node>) {
        match self {
            Change::Name { path, node } => {
                names.insert(path.clone(), *node);
            }
            Change::Rename { from, to, node } => {
                // Out of order the old name may already stand for something newer, which stays.
                if names.get(from) == Some(node) {
                    names.remove(from);
                }
                names.insert(to.clone(), *node);
            }
            Change::Remove { path } => {
                names.remove(path);
            }
        }
    }
}

/// The bytes of a file; those from `bytes.len()` to `len` are zero and take no memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) len: u64,
}

impl Content {
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = self.bytes.as_ref().clone();
        bytes.resize(self.len as usize, 0);
        bytes
    }

    pub(super) fn write(&mut self, at: u64, piece: &[u8]) {
        let (start, end) = (at as usize, at as usize + piece.len());
        let bytes = Arc::make_mut(&mut self.bytes);
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(piece);
        self.len = self.len.max(end as u64);
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if (len as usize) < self.bytes.len() {
            Arc::make_mut(&mut self.bytes).truncate(len as usize);
        }
        self.len = len;
    }

    pub(super) fn apply(&mut self, change: &FileChange) {
        match change {
            FileChange::Write { at, bytes } => self.write(*at, bytes),
            FileChange::Length(len) => self.set_len(*len),
        }
    }
}

/// A change of a file's content.
#[derive(Clone, Debug)]
pub(super) enum FileChange {
    Write { at: u64, bytes: Arc<[u8]> },
    Length(u64),
}

/// A file: what is seen, what is durable, and the changes between the two.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    pub(super) seen: Content,
    pub(super) durable: Content,
    pub(super) pending: Vec<FileChange>,
}

/// Everything behind a simulated storage. A copy shares all contents with it.
#[derive(Clone)]
pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<String, Node>,
    pub(super) durable_names: BTreeMap<String, Node>,
    pub(super) pending: Vec<Change>,
    pub(super) locks: BTreeMap<String, Vec<u8>>,
    pub(super) random: Random,
    pub(super) calls: u64,
    pub(super) has_failed: bool,
    pub(super) lies_in_sync: bool,
    /// Directories whose syncs answer and do nothing.
    pub(super) lies_in_dirs: Vec<String>,
    pub(super) read_through: ReadThrough,
    pub(super) space_bytes: Option<u64>,
    /// A copy from before each call that changes something, since somebody asked for it.
    pub(super) recorded: Option<Vec<State>>,
    /// Each call, since somebody asked for it.
    pub(super) traced: Option<Vec<Call>>,
    failure: Option<Failure>,
}

impl State {
    pub(super) fn new(random: Random) -> State {
        State {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending: Vec::new(),
            locks: BTreeMap::new(),
            random,
            calls: 0,
            has_failed: false,
            lies_in_sync: false,
            lies_in_dirs: Vec::new(),
            read_through: |_, _| {},
            space_bytes: None,
            recorded: None,
            traced: None,
            failure: None,
        }
    }

    /// The same without a plan, a record or a trace.
    pub(super) fn copy(&mut self) -> State {
        let (recorded, traced) = (self.recorded.take(), self.traced.take());
        let copy = State { failure: None, has_failed: false, ..self.clone() };
        (self.recorded, self.traced) = (recorded, traced);
        copy
    }

    pub(super) fn plan_failure(&mut self, failure: Option<Failure>) {
        self.failure = failure;
        self.has_failed = false;
    }

    /// Counts a call and fails it if that is the plan.
    pub(super) fn enter(&mut self, operation: Operation, path: &str) -> Result<()> {
        self.calls += 1;
        if self.recorded.is_some() && operation.changes() {
            let copy = self.copy();
            self.recorded.get_or_insert_default().push(copy);
        }
        let result = self.fail_as_planned(operation, path);
        if let Some(traced) = &mut self.traced {
            traced.push(Call { operation, path: path.to_owned(), failed: result.is_err() });
        }
        result
    }

    fn fail_as_planned(&mut self, operation: Operation, path: &str) -> Result<()> {
        let Some(failure) = &mut self.failure else {
            return Ok(());
        };
        if failure.only.is_some_and(|only| only != operation) {
            return Ok(());
        }
        if failure.call > 1 {
            failure.call -= 1;
            return Ok(());
        }
        let fault = failure.fault;
        if !failure.for_good {
            self.failure = None;
        }
        if fault == Fault::Full && !operation.takes_room() {
            return Ok(());
        }
        self.has_failed = true;
        let what = format!("cannot do {operation:?} of {path} (simulated, call {})", self.calls);
        Err(match fault {
            Fault::NoSpace | Fault::Full if operation.takes_room() => Error::limit(format!("disk full: {what}")),
            _ => Error::io(what),
        })
    }

    pub(super) fn node(&self, path: &str) -> Result<Node> {
        self.names.get(path).copied().ok_or_else(|| Error::not_found(format!("{path} does not exist")))
    }

    pub(super) fn content(&self, path: &str) -> Result<&Content> {
        match self.node(path)? {
            Node::File(inode) => Ok(&self.inodes[inode].seen),
            Node::Dir => Err(Error::io(format!("{path} is a directory"))),
        }
    }

    pub(super) fn refuse_existing(&self, path: &str) -> Result<()> {
        match self.node(path) {
            Ok(_) => Err(Error::conflict(format!("{path} exists"))),
            Err(_) => Ok(()),
        }
    }

    pub(super) fn need_dir(&self, dir: &str) -> Result<()> {
        if dir.is_empty() {
            return Ok(());
        }
        match self.node(dir)? {
            Node::Dir => Ok(()),
            Node::File(_) => Err(Error::io(format!("{dir} is not a directory"))),
        }
    }

    pub(super) fn add_inode(&mut self) -> InodeId {
        self.inodes.push(Inode::default());
        self.inodes.len() - 1
    }

    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    pub(super) fn list(&self, dir: &str) -> Vec<String> {
        let in_dir = |(path, node): (&String, &Node)| {
            let is_child = matches!(node, Node::File(_)) && parent(path) == dir;
            is_child.then(|| path.rsplit('/').next().unwrap_or(path).to_owned())
        };
        self.names.iter().filter_map(in_dir).collect()
    }

    pub(super) fn sync_dir(&mut self, dir: &str) {
        if self.lies_in_sync || self.lies_in_dirs.iter().any(|lying| lying == dir) {
            return;
        }
        let (durable, pending) = std::mem::take(&mut self.pending).into_iter().partition(|change| change.dir() == dir);
        self.pending = pending;
        let durable: Vec<Change> = durable;
        for change in durable {
            change.apply(&mut self.durable_names);
        }
    }

    pub(super) fn change_file(&mut self, inode: InodeId, change: FileChange) {
        let inode = &mut self.inodes[inode];
        inode.seen.apply(&change);
        inode.pending.push(change);
    }

    pub(super) fn file_len(&self, inode: InodeId) -> u64 {
        self.inodes[inode].seen.len
    }

    pub(super) fn sync_file(&mut self, inode: InodeId) {
        if self.lies_in_sync {
            return;
        }
        let inode = &mut self.inodes[inode];
        for change in inode.pending.drain(..) {
            inode.durable.apply(&change);
        }
    }

    /// A failed sync writes some pages, forgets the others and calls all of them clean: they are still seen, and no
    /// later sync brings them to the disk.
    pub(super) fn fail_sync(&mut self, inode: InodeId) {
        let inode = &mut self.inodes[inode];
        for change in inode.pending.drain(..) {
            if self.random.one_in(2) {
                inode.durable.apply(&change);
            }
        }
    }

    /// How many bytes a file can get from `at` on before the disk is full.
    pub(super) fn room(&self, inode: InodeId, at: u64) -> u64 {
        match self.space_bytes {
            None => u64::MAX,
            Some(_) => (self.file_len(inode).saturating_sub(at)).saturating_add(self.available_bytes()),
        }
    }

    pub(super) fn available_bytes(&self) -> u64 {
        let Some(space_bytes) = self.space_bytes else {
            return u64::MAX;
        };
        let mut inodes: Vec<InodeId> = self.names.values().filter_map(Node::inode).collect();
        inodes.sort_unstable();
        inodes.dedup();
        let used: u64 = inodes.into_iter().map(|inode| self.file_len(inode)).sum();
        space_bytes.saturating_sub(used)
    }

    pub(super) fn corrupt(&mut self, path: &str, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let mut bytes = self.content(path)?.to_vec();
        change(&mut bytes);
        let Node::File(inode) = self.node(path)? else {
            return Err(Error::io(format!("{path} is a directory")));
        };
        let content = Content { len: bytes.len() as u64, bytes: Arc::new(bytes) };
        self.inodes[inode] = Inode { seen: content.clone(), durable: content, pending: Vec::new() };
        Ok(())
    }
}

impl Node {
    pub(super) fn inode(&self) -> Option<InodeId> {
        match self {
            Node::File(inode) => Some(*inode),
            Node::Dir => None,
        }
    }
}
