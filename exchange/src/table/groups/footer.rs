//! A Parquet footer, counted before a decoder makes structures of it: small ones can claim much.

use std::fs::File;
use std::os::unix::fs::FileExt;

use muster_engine::{Error, Result};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::compact::{Compact, Fault, Kind, Read};

/// The magic at the end of a file, and of one whose footer is encrypted.
const MAGIC: &[u8] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8] = b"PARE";
/// What follows the footer: its length and the magic.
const TAIL_BYTES: u64 = 8;
/// How deep columns may stand inside each other. Decoders call themselves for each level.
const SCHEMA_DEPTH_MAX: usize = 64;
/// Row groups are numbered in 16 bits.
const ROW_GROUPS_MAX: usize = 1 << 15;
/// What a column of the schema takes, without its path.
const ELEMENT_BYTES: u64 = 1_024;
/// What an element of any list takes.
const LISTED_BYTES: u64 = 32;
/// How often a path is kept: with its parts, as names of columns, and in the schema of Arrow.
const PATH_TIMES: u64 = 3;
/// How often the footer's own bytes are.
const FOOTER_TIMES: u64 = 2;

/// Counts what the footer of a file becomes. It may take half of `bytes_max`.
///
/// Errors: invalid, when it is damaged; limit, when it becomes too much.
pub(crate) fn check(name: &str, file: &File, bytes_max: u64) -> Result<u64> {
    let fault = |error| Error::of_system(format_args!("cannot read {name}"), error);
    let damaged = |why: &str| Error::invalid(format!("{name} is damaged: {why}"));
    let too_large = |bytes: u64| {
        Error::limit(format!(
            "write the file in fewer row groups, or raise load_bytes_max: {name} describes itself in {bytes} bytes of \
             memory, at most {} are read",
            bytes_max / 2
        ))
    };
    let file_bytes = file.metadata().map_err(fault)?.len();
    let end = file_bytes.checked_sub(TAIL_BYTES).ok_or_else(|| damaged("it ends early"))?;
    let mut tail = [0; TAIL_BYTES as usize];
    file.read_exact_at(&mut tail, end).map_err(fault)?;
    if &tail[4..] == MAGIC_ENCRYPTED {
        return Err(Error::invalid(format!("{name} is encrypted, which is not read: write it in plain")));
    }
    let footer_bytes = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if &tail[4..] != MAGIC || footer_bytes > end {
        return Err(damaged("its end is cut off"));
    }
    if FOOTER_TIMES * footer_bytes > bytes_max / 2 {
        return Err(too_large(FOOTER_TIMES * footer_bytes));
    }
    let mut footer = vec![0; footer_bytes as usize];
    file.read_exact_at(&mut footer, end - footer_bytes).map_err(fault)?;
    let counted = Counted::of(&footer).map_err(|fault| match fault {
        Fault::Ends => damaged("its footer is cut off"),
        Fault::Wrong(why) => damaged(why),
    })?;
    match counted.bytes() {
        bytes if bytes <= bytes_max / 2 => Ok(bytes),
        bytes => Err(too_large(bytes)),
    }
}

/// What stands in a footer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    bytes: u64,
    elements: u64,
    path_bytes: u64,
    groups: u64,
    chunks: u64,
    listed: u64,
}

impl Counted {
    fn of(footer: &[u8]) -> Read<Counted> {
        let mut counted = Counted { bytes: footer.len() as u64, ..Counted::default() };
        let mut compact = Compact::new(footer);
        compact.fields(&mut |compact, id, kind| {
            match (id, kind) {
                (2, Kind::List) => counted.schema(compact)?,
                (4, Kind::List) => counted.row_groups(compact)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        counted.listed = compact.listed();
        Ok(counted)
    }

    fn bytes(&self) -> u64 {
        let group = size_of::<RowGroupMetaData>() as u64;
        let chunk = size_of::<ColumnChunkMetaData>() as u64;
        [
            FOOTER_TIMES.saturating_mul(self.bytes),
            ELEMENT_BYTES.saturating_mul(self.elements),
            PATH_TIMES.saturating_mul(self.path_bytes),
            group.saturating_mul(self.groups),
            chunk.saturating_mul(self.chunks),
            LISTED_BYTES.saturating_mul(self.listed),
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// The columns and groups of columns in one list, each group in front of what is in it.
    fn schema(&mut self, compact: &mut Compact<'_>) -> Read<()> {
        let (_, count) = list_of_structures(compact)?;
        self.elements += count as u64;
        // Of each group that is open: what is still to come, and the bytes of the path to it.
        let mut open: Vec<(u64, u64)> = Vec::new();
        for _ in 0..count {
            let (mut name_bytes, mut children) = (0, 0);
            compact.fields(&mut |compact, id, kind| {
                match (id, kind) {
                    (4, Kind::Binary) => name_bytes = compact.binary()?.len() as u64,
                    (5, Kind::Int) => children = u64::try_from(compact.int()?).unwrap_or(0),
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            let above = open.last().map_or(0, |(_, path)| *path);
            let path = above + name_bytes + size_of::<String>() as u64;
            self.path_bytes = self.path_bytes.saturating_add(path);
            if children > 0 {
                if open.len() == SCHEMA_DEPTH_MAX {
                    return Err(Fault::Wrong("its columns stand inside each other too deep"));
                }
                open.push((children, path));
                continue;
            }
            while let Some((left, _)) = open.last_mut() {
                *left -= 1;
                if *left > 0 {
                    break;
                }
                open.pop();
            }
        }
        Ok(())
    }

    fn row_groups(&mut self, compact: &mut Compact<'_>) -> Read<()> {
        let (_, count) = list_of_structures(compact)?;
        if count > ROW_GROUPS_MAX {
            return Err(Fault::Wrong("it has more row groups than can be numbered"));
        }
        self.groups += count as u64;
        for _ in 0..count {
            compact.fields(&mut |compact, id, kind| {
                if (id, kind) != (1, Kind::List) {
                    return Ok(false);
                }
                let (_, chunks) = list_of_structures(compact)?;
                self.chunks += chunks as u64;
                for _ in 0..chunks {
                    compact.fields(&mut |_, _, _| Ok(false))?;
                }
                Ok(true)
            })?;
        }
        Ok(())
    }
}

fn list_of_structures(compact: &mut Compact<'_>) -> Read<(Kind, usize)> {
    match compact.list()? {
        (kind, count) if count == 0 || kind == Kind::Struct => Ok((kind, count)),
        _ => Err(Fault::Wrong("its footer has a list of the wrong kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose schema is `elements`: names and how many children they have.
    fn footer(elements: &[(&str, u8)]) -> Vec<u8> {
        let mut bytes = vec![0x29, 0xFC, elements.len() as u8];
        for (name, children) in elements {
            bytes.extend([0x48, name.len() as u8]);
            bytes.extend(name.as_bytes());
            bytes.extend([0x15, children * 2, 0]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn paths_are_counted_with_the_groups_above() {
        let counted = Counted::of(&footer(&[("root", 2), ("a", 2), ("bb", 0), ("ccc", 0), ("d", 0)])).expect("sound");
        let names = 4 + (4 + 1) + (4 + 1 + 2) + (4 + 1 + 3) + (4 + 1);
        let strings = 1 + 2 + 3 + 3 + 2;
        assert_eq!(counted.elements, 5);
        assert_eq!(counted.path_bytes, names + strings * size_of::<String>() as u64);
    }

    #[test]
    fn columns_too_deep_are_refused() {
        let deep = vec![("a", 1); SCHEMA_DEPTH_MAX + 1];
        assert!(Counted::of(&footer(&deep[1..])).is_ok());
        let refused = Fault::Wrong("its columns stand inside each other too deep");
        assert_eq!(Counted::of(&footer(&deep)), Err(refused));
    }
}
