//! The engine: one open store.
//!
//! Everything a store can do stands here, in the order of its life: open, change the catalog, write, load, read through
//! snapshots, flush, compact, close. The work is done below; the engine owns its background tasks and the lock.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::Arc;

use crate::background::Background;
use crate::backup::{self, Copied};
use crate::bitmap::kernel;
use crate::catalog::CatalogChange;
use crate::error::{Error, Result};
use crate::ids::Seq;
use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::storage::{Clock, Disk, Storage, SystemClock};
use crate::threads::ThreadPool;
use crate::write::{Batch, Changed, Load, LoadSpec, Loaded, Place, Status, Writer, Written};

/// One open store. All methods may be called from many threads at once.
pub struct Engine {
    writer: Arc<Writer>,
    background: Option<Background>,
    pool: ThreadPool,
    options: Options,
}

impl Engine {
    /// Opens the store in the directory `path`, or creates it there.
    ///
    /// Errors: conflict when another process holds it, corrupt when its newest manifest, a part's header or the
    /// acknowledged log does not verify.
    pub fn open_dir(path: impl AsRef<Path>, options: Options) -> Result<Engine> {
        let disk = Disk::create(path.as_ref())?;
        let storage = Arc::new(if options.shared_files { disk.shared() } else { disk });
        Engine::open(storage, options, Arc::new(SystemClock::new()))
    }

    /// Opens the store that `storage` holds, or creates it there. Errors: as [`Engine::open_dir`].
    pub fn open(storage: Arc<dyn Storage>, options: Options, clock: Arc<dyn Clock>) -> Result<Engine> {
        Engine::open_by(Writer::open, storage, options, clock)
    }

    /// Opens the store in the directory `path` for questions only: it needs no room and no permission to write, and
    /// nothing in it changes. Others may do the same meanwhile, nobody may write.
    ///
    /// Errors: as [`Engine::open_dir`]; not found, when there is no store.
    pub fn open_dir_for_reading(path: impl AsRef<Path>, options: Options) -> Result<Engine> {
        Engine::open_for_reading(Arc::new(Disk::open(path.as_ref())?), options, Arc::new(SystemClock::new()))
    }

    /// Opens the store that `storage` holds for questions only. Errors: as [`Engine::open_dir_for_reading`].
    pub fn open_for_reading(storage: Arc<dyn Storage>, options: Options, clock: Arc<dyn Clock>) -> Result<Engine> {
        // Nothing is flushed, compacted or synced; queries are helped all the same.
        let thread_pool = Some(options.pool()?);
        let options = Options { background: false, threads: 0, thread_pool, ..options };
        Engine::open_by(Writer::open_for_reading, storage, options, clock)
    }

    fn open_by(
        open: fn(Place) -> Result<Writer>,
        storage: Arc<dyn Storage>,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Engine> {
        options.check()?;
        kernel::select().map_err(Error::invalid)?;
        let writer = Arc::new(open(Place {
            new_store_id: options.new_store_id.unwrap_or_else(|| fresh_id(&*clock)),
            settings: options.write_settings(),
            lock_text: options.lock_text.clone(),
            storage,
            clock,
        })?);
        let pool = options.pool()?;
        let background = Some(Background::start(&writer, &pool, &options));
        Ok(Engine { writer, background, pool, options })
    }

    /// Tells whoever finds the store held where this process answers, once that is known. Errors: io; limit, on a
    /// full disk.
    pub fn announce(&self, address: &str) -> Result<()> {
        self.writer.announce(address)
    }

    /// Applies `batch`, all or nothing, and returns when it is as durable as the store promises and visible.
    ///
    /// Errors: invalid and not found name the change at fault; busy when flushing cannot keep up; conflict when the
    /// batch's source has already sent a later sequence; read-only after a failed write or sync of the log.
    pub fn write(&self, batch: Batch) -> Result<Written> {
        self.writer.write(batch)
    }

    /// Applies one change of types, tags or audiences in the same order as batches.
    ///
    /// Errors: invalid, not found and conflict, when the catalog does not allow it; limit, when there would be too many
    /// or the disk is full; read-only after a failed write or sync of the log.
    pub fn change_catalog(&self, change: CatalogChange) -> Result<Changed> {
        self.writer.change_catalog(change)
    }

    /// The newest version, pinned; takes no lock.
    pub fn snapshot(&self) -> Snapshot {
        self.writer.snapshot().helped_by(Arc::clone(self.pool.workers()))
    }

    /// Waits until everything up to `seq` survives a power cut; returns how far that now reaches.
    ///
    /// Errors: invalid, when there is no such batch; io, when the sync fails; read-only after an earlier failure.
    pub fn sync(&self, seq: Seq) -> Result<Seq> {
        self.writer.sync(seq)
    }

    /// Writes down in the log what is durable, so that damage to it keeps the store closed instead of being taken for a
    /// torn write. The background does so after a short rest.
    ///
    /// Errors: limit, on a full disk; io; read-only after an earlier failure.
    pub fn mark(&self) -> Result<()> {
        self.writer.commit.mark()
    }

    /// Takes away what tags with a time to live have kept long enough, in ordinary batches, and says of how many
    /// entities and tags. The background does so every day by itself.
    ///
    /// What a running load writes is newer than what expires, but older in the order; its type waits for the next
    /// sweep.
    ///
    /// Errors: as [`Engine::write`]; corrupt.
    pub fn sweep(&self) -> Result<u64> {
        self.writer.sweep(&|| false)
    }

    /// Moves what is in memory into part files, and retires the log below it.
    ///
    /// Errors: limit, on a full disk: the log goes on holding it; io; read-only after an earlier failure.
    pub fn flush(&self) -> Result<()> {
        self.writer.flush()
    }

    /// Sweeps, and merges all part files down to the bottom layer, as far as running loads allow.
    ///
    /// Errors: as [`Engine::flush`]; corrupt.
    pub fn compact(&self) -> Result<()> {
        self.writer.compact_fully()
    }

    /// Writes everything up to now to `target`, an empty storage, and verifies it there; writers go on meanwhile.
    ///
    /// Errors: conflict, when `target` is not empty; corrupt, when what arrived does not verify; limit, on a full disk.
    pub fn back_up(&self, target: &Arc<dyn Storage>) -> Result<Copied> {
        backup::back_up(&self.writer.freeze()?, target)
    }

    /// Begins a bulk load; small writes go on meanwhile and win over its rows. Dropping the load aborts it.
    ///
    /// Errors: not found for an unknown type; busy while another load of the same type runs.
    pub fn begin_load(&self, spec: LoadSpec) -> Result<Load> {
        Load::begin(&self.writer, spec)
    }

    /// What the load of this id came to, where it was committed. Errors: conflict, where it had other content.
    pub fn loaded(&self, load_id: &str, content: Option<[u8; 16]>) -> Result<Option<Loaded>> {
        self.writer.loaded(load_id, content)
    }

    /// Sizes, counts and ages for operators.
    pub fn status(&self) -> Status {
        self.writer.status()
    }

    /// The options it was opened with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Stops the background, flushes and gives the store free. A store that is merely dropped stays correct:
    /// its log is replayed by the next open.
    ///
    /// Errors: as [`Engine::flush`]; a full disk is none, because the log holds what was not flushed.
    pub fn close(mut self) -> Result<()> {
        self.background.take();
        self.writer.close()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.background.take();
    }
}

/// A name for a new store that no other has: 128 bits from the operating system's randomness, mixed with the time.
fn fresh_id(clock: &dyn Clock) -> [u8; 16] {
    let half = |salt: u64| {
        // Each hasher state is seeded by the operating system.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_i64(clock.now_unix_ms());
        hasher.write_u64(salt);
        hasher.finish().to_le_bytes()
    };
    let mut id = [0; 16];
    id[..8].copy_from_slice(&half(1));
    id[8..].copy_from_slice(&half(2));
    id
}
