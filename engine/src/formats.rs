//! The ladder of format versions: every layout that was ever given a number, in order.
//!
//! A rung is never taken away and its number never given again: readers accept every rung of a format, and refuse one
//! above the newest by name, before anything of the store is changed. Writers write the newest rung, or an older one
//! where that says everything, so that older programs go on reading. There is no step of its own that upgrades a store:
//! a file climbs when it is written anew, by the next open (log), flush or compaction. What the layouts are, the pages
//! of docs/formats tell; the code that knows each is named there.

use crate::error::{Error, Result};

/// One kind of layout, with all its versions.
#[derive(Debug)]
pub(crate) struct Format {
    /// What messages call it.
    pub(crate) name: &'static str,
    /// How its bytes begin, where they have a magic; the version is the four bytes behind it.
    magic: Option<[u8; 8]>,
    /// Rising by one from 1.
    pub(crate) rungs: &'static [Rung],
}

/// One version of a layout. Its number is its place, counted from 1.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "a test holds the page of the formats to these words"))]
pub(crate) struct Rung {
    /// The first release that reads and writes it; none for one that is not released yet.
    pub(crate) since: Option<&'static str>,
    /// What it is, or how it differs from the one below.
    pub(crate) told: &'static str,
    /// What writes it now.
    pub(crate) writer: &'static str,
    /// What reads it.
    pub(crate) reader: &'static str,
}

/// Bitmaps of tags.
pub(crate) const PART: Format = Format {
    name: "part",
    magic: Some(*b"MUSTRPRT"),
    rungs: &[Rung {
        since: Some("0.1.0"),
        told: "A directory of bitmaps behind packed units, page checksums and a footer that stands for the whole file.",
        writer: "flush, compaction and loads",
        reader: "every open; each page and unit is checked when it is first used",
    }],
};

/// Keys and values.
pub(crate) const NAMES: Format = Format {
    name: "names",
    magic: Some(*b"MUSTRNAM"),
    rungs: &[Rung {
        since: Some("0.1.0"),
        told: "Sections of each scope and their directory in checksummed pages, the checksums, and a footer.",
        writer: "flush, compaction and loads",
        reader: "every open; each page is checked when it is first used",
    }],
};

/// Saved audiences.
pub(crate) const AUDIENCES: Format = Format {
    name: "audiences",
    magic: Some(*b"MUSTRAUD"),
    rungs: &[Rung {
        since: Some("0.1.0"),
        told: "A checksummed frame around all audiences with their versions.",
        writer: "a flush after an audience has changed",
        reader: "every open, whole",
    }],
};

/// What a store consists of.
pub(crate) const MANIFEST: Format = Format {
    name: "manifest",
    magic: Some(*b"MUSTRMAN"),
    rungs: &[
        Rung {
            since: Some("0.1.0"),
            told: "A header with a checksum of its own, and a body that lists files, counters, sources and the \
                   catalog.",
            writer: "the making of a store, flush, compaction and the commit of a load",
            reader: "every open reads the newest; a check reads all",
        },
        Rung {
            since: None,
            told: "The reply to a load may end with the digest of what it read; without any it stays on version 1.",
            writer: "every manifest of a space that remembers a load with an id of its caller",
            reader: "every open reads the newest; a check reads all",
        },
    ],
};

/// Types and tags, inside the manifest.
pub(crate) const CATALOG: Format = Format {
    name: "catalog",
    magic: Some(*b"MUSTRCAT"),
    rungs: &[
        Rung {
            since: Some("0.1.0"),
            told: "A checksummed frame around the types, the tags and the next ids.",
            writer: "every manifest of a store in which no tag names the dates of its writes",
            reader: "every open",
        },
        Rung {
            since: None,
            told: "A tag may name the hidden date tag that dates its writes; a catalog without any stays on version 1.",
            writer: "the first flush after a tag got a time to live",
            reader: "every open",
        },
    ],
};

/// The promised batches.
pub(crate) const LOG: Format = Format {
    name: "log",
    magic: Some(*b"MUSTRLOG"),
    rungs: &[
        Rung {
            since: Some("0.1.0"),
            told: "A header with a salt that seals each record; the file says nothing of its length.",
            writer: "nothing any more; what an open reads of it is written anew in the newest version",
            reader: "every open",
        },
        Rung {
            since: None,
            told: "The header says how long the file is, so that one that was cut is told from one that ended.",
            writer: "every log file that is begun",
            reader: "every open",
        },
    ],
};

/// A batch, inside a record of the log.
pub(crate) const BATCH_RECORD: Format = Format {
    name: "batch record",
    magic: None,
    rungs: &[Rung {
        since: Some("0.1.0"),
        told: "Numbers of 7 bits a byte: the source, new keys and values, and the changes by id.",
        writer: "every batch",
        reader: "the replay of the log",
    }],
};

/// All of them, as a store is read.
pub(crate) const ALL: [&Format; 7] = [&MANIFEST, &CATALOG, &AUDIENCES, &PART, &NAMES, &LOG, &BATCH_RECORD];

impl Format {
    /// The number of the newest version.
    pub(crate) const fn newest(&self) -> u32 {
        self.rungs.len() as u32
    }

    /// Whether `version` is read. Errors: invalid, naming both, for one that only a newer program knows, which is no
    /// damage, so nothing is given up for it; corrupt, for one that no program has written.
    pub(crate) fn check(&self, version: u32) -> Result<()> {
        let (name, newest) = (self.name, self.newest());
        match version {
            0 => Err(Error::corrupt(format!("it has {name} format version 0, which no muster has written"))),
            _ if version > newest => Err(Error::invalid(format!(
                "use a newer muster: it has {name} format version {version}, this one reads up to {newest}"
            ))),
            _ => Ok(()),
        }
    }

    /// The format and the version that the first bytes of a file say; none where they are those of no format.
    pub(crate) fn of_head(head: &[u8]) -> Option<(&'static Format, u32)> {
        let (magic, rest) = head.split_first_chunk::<8>()?;
        let version = u32::from_le_bytes(*rest.first_chunk::<4>()?);
        ALL.into_iter().find(|format| format.magic.as_ref() == Some(magic)).map(|format| (format, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn every_rung_is_read_and_what_lies_beside_the_ladder_is_refused() {
        for format in ALL {
            for version in 1..=format.newest() {
                format.check(version).unwrap();
            }
            let newer = format.check(format.newest() + 1).unwrap_err();
            assert_eq!(newer.kind(), crate::error::ErrorKind::Invalid);
            assert!(newer.message().contains(format.name), "{newer}");
            assert_eq!(format.check(0).unwrap_err().kind(), crate::error::ErrorKind::Corrupt);
        }
    }

    /// Each rung of a file has a dump, and stands on the page of the formats with its words.
    #[test]
    fn the_page_tells_the_ladder() {
        let page = text("docs/formats/README.md");
        for format in ALL {
            for (index, rung) in format.rungs.iter().enumerate() {
                let (name, version) = (format.name, index + 1);
                let since = rung.since.unwrap_or("the next release");
                let row = format!("| {name} {version} | {since} | {} | {} | {} |", rung.told, rung.writer, rung.reader);
                assert!(page.contains(&row), "docs/formats/README.md lacks this row:\n{row}");
                if format.magic.is_some() {
                    text(&format!("tests/data/formats/{name}.v{version}.txt"));
                }
            }
        }
    }
}
