//! The inputs that are kept in the repository: `corpus/`, what is worth starting from, and `crashes/`, what once made a
//! reader panic. A file is named by the hash of its bytes.

use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

/// The most bytes that are kept for one reader; beyond it only what is there stays.
const FOLDER_BYTES_MAX: usize = 40 << 10;
/// A longer input is not kept.
const INPUT_BYTES_MAX: usize = 8 << 10;

/// The folder of this crate, where the corpora lie.
pub fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The inputs that a folder holds, in the order of their names; none where there is no folder.
pub fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Adds `news` to a folder as long as there is room; returns how many.
pub fn grow(folder: &Path, news: &[Vec<u8>]) -> io::Result<usize> {
    let mut bytes: usize = inputs(folder).iter().map(Vec::len).sum();
    let mut added = 0;
    for input in news.iter().filter(|input| input.len() <= INPUT_BYTES_MAX) {
        if bytes + input.len() > FOLDER_BYTES_MAX {
            continue;
        }
        keep(folder, input)?;
        bytes += input.len();
        added += 1;
    }
    Ok(added)
}

/// Writes one input; returns its path.
pub fn keep(folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("{:016x}", xxh3_64(input)));
    std::fs::write(&path, input)?;
    Ok(path)
}
