//! Page tokens: where a listing of members goes on, and of what.

use muster_engine::{LocalId, Seq, TypeId};
use tonic::Status;

use crate::status;

/// The first byte of a token; another one is of another release.
const FORMAT: u8 = 1;
/// Bytes of a token.
const TOKEN_BYTES: usize = 1 + 8 + 8 + 4 + 4 + 16;

/// Where a listing goes on. All of it is the caller's word: it is compared, never trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageToken {
    /// The version that all pages are of.
    pub(crate) version: Seq,
    /// What the first page took for `now`, so that `today` is the same on every page.
    pub(crate) now_unix_ms: i64,
    /// The entity type.
    pub(crate) type_id: TypeId,
    /// The last entity of the page before.
    pub(crate) after: LocalId,
    /// The query.
    pub(crate) fingerprint: u128,
}

impl PageToken {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.version.0.to_le_bytes());
        bytes.extend_from_slice(&self.now_unix_ms.to_le_bytes());
        bytes.extend_from_slice(&self.type_id.0.to_le_bytes());
        bytes.extend_from_slice(&self.after.0.to_le_bytes());
        bytes.extend_from_slice(&self.fingerprint.to_le_bytes());
        bytes
    }

    /// Errors: invalid, when they are not the bytes of a token.
    pub(crate) fn decode(bytes: &[u8]) -> Result<PageToken, Status> {
        let unknown = || status::bad_field("page_token", "send next_page_token of an earlier reply as it came");
        let bytes: &[u8; TOKEN_BYTES] = bytes.try_into().map_err(|_| unknown())?;
        let [FORMAT, rest @ ..] = bytes else {
            return Err(unknown());
        };
        let (version, rest) = rest.split_first_chunk().expect("40 bytes follow the format");
        let (now, rest) = rest.split_first_chunk().expect("32 bytes follow the version");
        let (type_id, rest) = rest.split_first_chunk().expect("24 bytes follow the time");
        let (after, rest) = rest.split_first_chunk().expect("20 bytes follow the type");
        let fingerprint = rest.first_chunk().expect("16 bytes follow the entity");
        Ok(PageToken {
            version: Seq(u64::from_le_bytes(*version)),
            now_unix_ms: i64::from_le_bytes(*now),
            type_id: TypeId(u32::from_le_bytes(*type_id)),
            after: LocalId(u32::from_le_bytes(*after)),
            fingerprint: u128::from_le_bytes(*fingerprint),
        })
    }

    /// Errors: invalid, when the token is of another query or type.
    pub(crate) fn check(&self, type_id: TypeId, fingerprint: u128) -> Result<(), Status> {
        if self.type_id != type_id || self.fingerprint != fingerprint {
            return Err(status::bad_field("page_token", "ask the same query as before, or without a page token"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_decodes_to_what_was_encoded() {
        let token = PageToken {
            version: Seq(7),
            now_unix_ms: -1,
            type_id: TypeId(3),
            after: LocalId(9),
            fingerprint: 1 << 127,
        };
        let bytes = token.encode();
        assert_eq!(PageToken::decode(&bytes).unwrap(), token);
        assert!(PageToken::decode(&bytes[1..]).is_err());
        assert!(PageToken::decode(&[&[0], &bytes[1..]].concat()).is_err());
        assert!(PageToken::decode(&[]).is_err());
        assert!(token.check(TypeId(3), 0).is_err());
        assert!(token.check(TypeId(3), 1 << 127).is_ok());
    }
}
