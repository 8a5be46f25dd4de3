//! Checks every byte of a dictionary part, and says of each fault where it is and whose names it concerns.

use std::collections::BTreeSet;
use std::ops::Range;

use super::format::{FOOTER_BYTES, Footer, HEADER_BYTES, PAGE_BYTES, check_header};
use super::part::NamesPart;
use crate::ids::TagId;

/// Bytes of a dictionary part that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamesFault {
    /// Where, in the file.
    pub(crate) bytes: Range<u64>,
    /// The scopes with names there: tags with their values, population tags with the keys of their type.
    pub(crate) scopes: BTreeSet<TagId>,
    /// What is wrong.
    pub(crate) what: String,
}

impl NamesPart {
    /// Everything that is wrong behind what opening checks.
    pub(crate) fn faults(&self) -> Vec<NamesFault> {
        let mut faults = Vec::new();
        for (table, bytes) in self.table_ranges().enumerate() {
            if self.verify_table(table).is_err() {
                let what = "page checksums fail their checksum".to_owned();
                faults.push(NamesFault { bytes, scopes: BTreeSet::new(), what });
            }
        }
        for (page, bytes) in self.page_ranges().enumerate() {
            // A page whose checksum cannot be read is told by the table it stands in.
            if self.verify_table(page * 4 / PAGE_BYTES).is_ok() && self.verify_page(page).is_err() {
                let what = format!("page {page} fails its checksum");
                faults.push(NamesFault { scopes: self.scopes_at(&bytes), bytes, what });
            }
        }
        if faults.is_empty() {
            let odd = (0..self.scope_count()).find_map(|index| self.scope_at(index).err());
            faults.extend(odd.map(|error| NamesFault {
                bytes: self.directory_range(),
                scopes: BTreeSet::new(),
                what: error.message().to_owned(),
            }));
        }
        faults
    }

    /// The scopes with a section in `bytes`, as far as the directory can be read.
    fn scopes_at(&self, bytes: &Range<u64>) -> BTreeSet<TagId> {
        let scopes = (0..self.scope_count()).filter_map(|index| self.scope_at(index).ok());
        scopes
            .filter(|scope| {
                let own = scope.bytes();
                own.start < bytes.end && bytes.start < own.end
            })
            .map(|scope| scope.tag())
            .collect()
    }
}

/// The bytes for which a part cannot be opened, as far as that can be told: header, footer or roots.
pub(crate) fn unopened_bytes(bytes: &[u8]) -> Range<u64> {
    let len = bytes.len() as u64;
    if bytes.len() < HEADER_BYTES + FOOTER_BYTES {
        return 0..len;
    }
    if check_header(&bytes[..HEADER_BYTES]).is_err() {
        return 0..HEADER_BYTES as u64;
    }
    let footer_start = len - FOOTER_BYTES as u64;
    match Footer::decode(&bytes[footer_start as usize..], len) {
        Ok((_, tail, _)) => footer_start - tail.roots_bytes..footer_start,
        Err(_) => footer_start..len,
    }
}
