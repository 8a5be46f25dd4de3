//! Small inputs that went wrong, each with the answer that is right, run through the binary as their pages say.
//!
//! They lie beside the repository, in `../shared/cases`; where they are not, each test says so loudly.

mod files;

use std::path::{Path, PathBuf};

/// The folder of a case, or nothing, said loudly, where the cases are not there.
fn case(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases").join(name);
    if folder.is_dir() {
        return folder.canonicalize().ok();
    }
    eprintln!("\n!! SKIPPED case {name}: it is not in {}\n", folder.display());
    None
}
