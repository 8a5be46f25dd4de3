//! The files that a manifest names: parts, names and audiences.

use super::{Checker, Fault, Named};
use crate::codec::crc32;
use crate::error::{Error, Result};
use crate::ids::Seq;
use crate::keys::{self, NamesPart};
use crate::manifest::{Manifest, PartRecord};
use crate::part::{self, Part};
use crate::storage::{Access, Mapped};
use crate::write::{AUDIENCES_BYTES_MAX, FileKind, PARTS_DIR, file_kind};

impl Checker<'_> {
    /// Every file that `manifest` names, and those that it does not.
    pub(super) fn parts(&mut self, manifest: &Manifest) -> Result<()> {
        let mut named = Named::new();
        for record in &manifest.parts {
            match file_kind(record.kind) {
                Ok(kind) => {
                    named.insert(kind.path(record.id), *record);
                }
                Err(error) => self.fault(crate::manifest::path(manifest.number), None, format!("{error:#}")),
            }
        }
        for name in self.list(PARTS_DIR)? {
            let path = format!("{PARTS_DIR}/{name}");
            if !named.contains_key(&path) {
                self.stray(path);
            }
        }
        let layers =
            manifest.parts.iter().filter(|record| file_kind(record.kind).is_ok_and(|kind| kind == FileKind::Part));
        let seqs: Vec<(Seq, Seq)> = layers.map(|record| (record.first_seq, record.last_seq)).collect();
        if seqs.windows(2).any(|two| two[0] != two[1] && two[0].1 >= two[1].0) {
            let what = "its parts do not lie in the order of their batches".to_owned();
            self.fault(crate::manifest::path(manifest.number), None, what);
        }
        for (path, record) in &named {
            if !self.read_through(path) {
                continue;
            }
            match file_kind(record.kind)? {
                FileKind::Part => self.part(path, record),
                FileKind::Names => self.names(path, record),
                FileKind::Audiences => self.audiences(path, record),
            }
        }
        Ok(())
    }

    /// The bytes of a file that can be read through and has the length that the manifest names.
    fn map(&mut self, path: &str, record: &PartRecord) -> Option<Mapped> {
        let mapped = match self.storage.map(path) {
            Ok(mapped) => mapped,
            Err(error) => {
                self.fault(path.to_owned(), None, format!("{error:#}"));
                return None;
            }
        };
        let (expected, found) = (record.bytes, mapped.len() as u64);
        if expected != found {
            let bytes = expected.min(found)..expected.max(found);
            self.fault(
                path.to_owned(),
                Some(bytes),
                format!("expected {expected} bytes as the manifest says, found {found}"),
            );
            return None;
        }
        mapped.advise(Access::Sequential);
        Some(mapped)
    }

    fn part(&mut self, path: &str, record: &PartRecord) {
        let Some(mapped) = self.map(path, record) else { return };
        let part = match Part::open(mapped.clone(), path, Some(record.footer_crc)) {
            Ok(part) => part,
            Err(error) => {
                self.fault(path.to_owned(), Some(part::unopened_bytes(&mapped)), told(path, &error));
                return;
            }
        };
        for fault in part.faults() {
            let concerns = self.meanings(fault.tags, false);
            self.report.faults.push(Fault {
                file: path.to_owned(),
                bytes: Some(fault.bytes),
                concerns,
                what: fault.what,
            });
        }
        if (part.lowest(), part.highest()) != (record.lowest, record.highest) {
            self.fault(path.to_owned(), None, "its range of bitmaps is not the one that the manifest names".to_owned());
        }
    }

    fn names(&mut self, path: &str, record: &PartRecord) {
        let Some(mapped) = self.map(path, record) else { return };
        let names = match NamesPart::open(mapped.clone(), Some(record.footer_crc)) {
            Ok(names) => names,
            Err(error) => {
                self.fault(path.to_owned(), Some(keys::unopened_bytes(&mapped)), told(path, &error));
                return;
            }
        };
        for fault in names.faults() {
            let concerns = self.meanings(fault.scopes, true);
            self.report.faults.push(Fault {
                file: path.to_owned(),
                bytes: Some(fault.bytes),
                concerns,
                what: fault.what,
            });
        }
    }

    fn audiences(&mut self, path: &str, record: &PartRecord) {
        let whole = Some(0..record.bytes);
        let bytes = match self.storage.read(path, AUDIENCES_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) => return self.fault(path.to_owned(), whole, format!("{error:#}")),
        };
        let wrong = if bytes.len() as u64 != record.bytes {
            Some(format!("expected {} bytes as the manifest says, found {}", record.bytes, bytes.len()))
        } else if crc32(&bytes) != record.footer_crc {
            Some("its checksum is not the one that the manifest names".to_owned())
        } else {
            self.catalog.decode_audiences(&bytes).err().map(|error| format!("{error:#}"))
        };
        if let Some(what) = wrong {
            let concerns = vec!["saved audiences".to_owned()];
            self.report.faults.push(Fault { file: path.to_owned(), bytes: whole, concerns, what });
        }
    }
}

/// The message of an error without the name of the file, which stands beside it.
fn told(path: &str, error: &Error) -> String {
    let message = format!("{error:#}");
    message.strip_prefix(path).and_then(|rest| rest.strip_prefix(": ")).map(str::to_owned).unwrap_or(message)
}
