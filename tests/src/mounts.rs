//! Small file systems of their own, where the machine lets a test mount them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted file system; unmounted when it is dropped.
#[derive(Debug)]
pub struct Mounted {
    folder: PathBuf,
}

impl Mounted {
    /// A file system in memory with room for so many bytes, at `folder`, which is made. Errors: why it cannot be.
    pub fn in_memory(folder: &Path, bytes: u64) -> Result<Mounted, String> {
        mount(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"], folder)
    }

    /// The file system in the file `image`, at `folder`, which is made; its journal is replayed first if need be.
    /// Errors: why it cannot be.
    pub fn image(image: &Path, folder: &Path) -> Result<Mounted, String> {
        mount(&["-o", "loop", &image.display().to_string()], folder)
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if run(Command::new("umount").arg(&self.folder)).is_err() {
            // Somebody still uses it, after a failed test: it goes when they do.
            let _ = run(Command::new("umount").arg("--lazy").arg(&self.folder));
        }
    }
}

/// Makes an ext4 file system of so many bytes in the file `image`. Errors: why it cannot be.
pub fn make_ext4(image: &Path, bytes: u64) -> Result<(), String> {
    let made = std::fs::File::create(image).and_then(|file| file.set_len(bytes));
    made.map_err(|error| format!("cannot make {}: {error}", image.display()))?;
    run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image))
}

fn mount(arguments: &[&str], folder: &Path) -> Result<Mounted, String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    run(Command::new("mount").args(arguments).arg(folder))?;
    Ok(Mounted { folder: folder.to_path_buf() })
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
