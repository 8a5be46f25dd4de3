//! Small inputs of kinds that people reported about systems that do this job, each with what is right.
//!
//! They lie where `MUSTER_CASES` says, else beside the repository, in `../shared/cases`; where they are not, each test
//! says so loudly. Those about disks make what they need.

mod ansi_log_lines;
mod asking;
mod files;
mod full_disk_open;
mod given_up;
mod last_batch;
mod many_values;

use std::path::{Path, PathBuf};

/// The folder of a case, if the cases are there; otherwise says loudly that it is skipped.
fn case(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("MUSTER_CASES").unwrap_or_else(|| "../shared/cases".into());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(given).join(name);
    if folder.is_dir() {
        return folder.canonicalize().ok();
    }
    eprintln!("\n!! SKIPPED case {name}: it is not in {} (set MUSTER_CASES)\n", folder.display());
    None
}
