//! What a power cut leaves: all that is durable, and some of the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Content, FileChange, Inode, InodeId, Node, State};
use crate::storage::Random;

/// The unit in which an unsynced write may or may not have reached the disk, in bytes.
const SECTOR_BYTES: usize = 512;

/// Which of the unsynced changes survive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// None.
    Nothing,
    /// All.
    Everything,
    /// All names and lengths, but none of the bytes: they are zero, or what was there before.
    Lengths,
    /// The first ones; a write at the border is torn at any byte.
    Prefix,
    /// Any, in any combination; a write survives sector by sector, what does not is zero or what was there before.
    Any,
}

/// What a crash does to unsynced names and to unsynced bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrashPolicy {
    /// Creations, links, renames and removals.
    pub names: Keep,
    /// Writes and lengths, file by file.
    pub data: Keep,
}

impl Keep {
    fn choose(random: &mut Random) -> Keep {
        match random.below(7) {
            0 => Keep::Nothing,
            1 => Keep::Everything,
            2 => Keep::Lengths,
            3 | 4 => Keep::Prefix,
            _ => Keep::Any,
        }
    }
}

impl CrashPolicy {
    pub(super) fn choose(random: &mut Random) -> CrashPolicy {
        CrashPolicy { names: Keep::choose(random), data: Keep::choose(random) }
    }
}

/// The state that is found when the power comes back.
pub(super) fn image(before: &State, policy: CrashPolicy, mut random: Random) -> State {
    let names = surviving_names(before, policy.names, &mut random);
    let mut after = State::new(Random::seeded(0));
    let mut inode_after = BTreeMap::new();
    for (path, node) in names {
        let node = match node {
            Node::Dir => Node::Dir,
            Node::File(inode) => Node::File(*inode_after.entry(inode).or_insert_with(|| {
                let content = surviving_content(&before.inodes[inode], policy.data, &mut random);
                let id: InodeId = after.add_inode();
                after.inodes[id] = Inode { seen: content.clone(), durable: content, pending: Vec::new() };
                id
            })),
        };
        after.names.insert(path, node);
    }
    after.durable_names = after.names.clone();
    after.space_bytes = before.space_bytes;
    // What the disk is like does not change by a crash.
    after.lies_in_sync = before.lies_in_sync;
    after.lies_in_dirs = before.lies_in_dirs.clone();
    after.read_through = before.read_through;
    after.random = random;
    after
}

fn surviving_names(before: &State, keep: Keep, random: &mut Random) -> BTreeMap<String, Node> {
    let mut names = before.durable_names.clone();
    let prefix = random.below(before.pending.len() as u64 + 1) as usize;
    for (index, change) in before.pending.iter().enumerate() {
        let survives = match keep {
            Keep::Nothing => false,
            Keep::Everything | Keep::Lengths => true,
            Keep::Prefix => index < prefix,
            Keep::Any => random.one_in(2),
        };
        if survives {
            change.apply(&mut names);
        }
    }
    // Nobody finds the files of a directory that has no name itself.
    let dirs: BTreeSet<String> = names.iter().filter(|(_, node)| **node == Node::Dir).map(|(p, _)| p.clone()).collect();
    names.retain(|path, _| ancestors(path).all(|dir| dirs.contains(dir)));
    names
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn surviving_content(inode: &Inode, keep: Keep, random: &mut Random) -> Content {
    let mut content = inode.durable.clone();
    match keep {
        Keep::Nothing => {}
        Keep::Everything => inode.pending.iter().for_each(|change| content.apply(change)),
        Keep::Lengths => inode.pending.iter().for_each(|change| keep_length(change, &mut content)),
        Keep::Prefix => keep_prefix(inode, &mut content, random),
        Keep::Any => keep_any(inode, &mut content, random),
    }
    content
}

fn keep_length(change: &FileChange, content: &mut Content) {
    content.set_len(match change {
        FileChange::Length(len) => *len,
        FileChange::Write { at, bytes } => content.len.max(at + bytes.len() as u64),
    });
}

fn keep_prefix(inode: &Inode, content: &mut Content, random: &mut Random) {
    let border = random.below(inode.pending.len() as u64 + 1) as usize;
    inode.pending[..border].iter().for_each(|change| content.apply(change));
    if let Some(FileChange::Write { at, bytes }) = inode.pending.get(border) {
        let torn = random.below(bytes.len() as u64 + 1) as usize;
        content.write(*at, &bytes[..torn]);
        // The length may have been written without the bytes: they are zero.
        if random.one_in(2) {
            content.set_len(content.len.max(at + bytes.len() as u64));
        }
    }
}

fn keep_any(inode: &Inode, content: &mut Content, random: &mut Random) {
    for change in &inode.pending {
        match change {
            FileChange::Length(len) => {
                if random.one_in(2) {
                    content.set_len(*len);
                }
            }
            FileChange::Write { at, bytes } => {
                let mut start = 0;
                while start < bytes.len() {
                    let to_border = SECTOR_BYTES - (*at as usize + start) % SECTOR_BYTES;
                    let end = (start + to_border).min(bytes.len());
                    match random.below(8) {
                        0..4 => content.write(at + start as u64, &bytes[start..end]),
                        4 => {
                            let torn = start + random.below((end - start) as u64) as usize;
                            content.write(at + start as u64, &bytes[start..torn]);
                        }
                        5 => content.set_len(content.len.max(at + end as u64)),
                        _ => {}
                    }
                    start = end;
                }
            }
        }
    }
}
