//! A reference-counted file: it stays as long as somebody reads it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::Storage;

/// A published file. Every version that lists it holds it; once it is retired, the last holder that lets go removes it.
pub struct HeldFile {
    storage: Arc<dyn Storage>,
    path: String,
    retired: AtomicBool,
}

impl HeldFile {
    /// Holds the file at `path`, which exists.
    pub fn new(storage: Arc<dyn Storage>, path: impl Into<String>) -> HeldFile {
        HeldFile { storage, path: path.into(), retired: AtomicBool::new(false) }
    }

    /// Where it lies.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Lets the file go with its last holder. REQUIRES: the newest manifest is durable and does not name it.
    pub fn retire(&self) {
        self.retired.store(true, Relaxed);
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        if *self.retired.get_mut() {
            // What cannot be removed now is removed by the next open, which keeps only what the manifest names.
            let _ = self.storage.remove(&self.path);
        }
    }
}

impl fmt::Debug for HeldFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldFile({})", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Sim;

    #[test]
    fn a_retired_file_goes_with_its_last_holder() {
        let sim = Sim::new(1);
        drop(sim.create("a").unwrap());
        let held = Arc::new(HeldFile::new(Arc::new(sim.clone()), "a"));
        let reader = Arc::clone(&held);
        held.retire();
        drop(held);
        assert_eq!(sim.list("").unwrap(), ["a"]);
        drop(reader);
        assert!(sim.list("").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_not_retired_stays() {
        let sim = Sim::new(1);
        drop(sim.create("a").unwrap());
        drop(HeldFile::new(Arc::new(sim.clone()), "a"));
        assert_eq!(sim.list("").unwrap(), ["a"]);
    }
}
