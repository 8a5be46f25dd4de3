//! Entity keys, their one byte form and their one hash.
//!
//! The hash decides the shard of an entity and its place in every split, so neither it nor the bytes under it can
//! ever change.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use crate::catalog::kind::KeyKind;
use crate::catalog::limits::KEY_BYTES_MAX;
use crate::catalog::name::shown;
use crate::error::{Error, Result};
use crate::ids::LocalId;

/// The outside name of an entity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EntityKey {
    /// The key of a type with string keys, byte for byte.
    Text(String),
    /// The key of a type with u64 keys; for a dense type the local id itself.
    Number(u64),
}

impl From<&str> for EntityKey {
    fn from(key: &str) -> EntityKey {
        EntityKey::Text(key.to_owned())
    }
}

impl From<u64> for EntityKey {
    fn from(key: u64) -> EntityKey {
        EntityKey::Number(key)
    }
}

/// The first canonical byte of a number.
const NUMBER_BYTE: u8 = 0;
/// The first canonical byte of a text.
const TEXT_BYTE: u8 = 1;
/// Texts up to here are hashed without an allocation.
const STACK_BYTES: usize = 128;

impl EntityKey {
    /// The longest string key, in bytes.
    pub const BYTES_MAX: usize = KEY_BYTES_MAX;

    /// The one byte form: 0 and the number little-endian, or 1 and the UTF-8 bytes.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.append_canonical(&mut bytes);
        bytes
    }

    /// Appends the one byte form to `bytes`.
    pub fn append_canonical(&self, bytes: &mut Vec<u8>) {
        match self {
            EntityKey::Text(text) => append_canonical_text(text, bytes),
            EntityKey::Number(number) => bytes.extend_from_slice(&canonical_number(*number)),
        }
    }

    /// xxh3_64 with seed 0 of the canonical bytes.
    pub fn hash(&self) -> u64 {
        match self {
            EntityKey::Text(text) => hash_text(text),
            EntityKey::Number(number) => hash_number(*number),
        }
    }

    /// The key whose canonical bytes these are. Errors: corrupt.
    pub fn from_canonical(bytes: &[u8]) -> Result<EntityKey> {
        match bytes.split_first() {
            Some((&NUMBER_BYTE, rest)) => match <[u8; 8]>::try_from(rest) {
                Ok(number) => Ok(EntityKey::Number(u64::from_le_bytes(number))),
                Err(_) => Err(Error::corrupt(format!("a number key has {} bytes, expected 9", bytes.len()))),
            },
            Some((&TEXT_BYTE, rest)) => match std::str::from_utf8(rest) {
                Ok(text) => Ok(EntityKey::Text(text.to_owned())),
                Err(_) => Err(Error::corrupt("a text key is not UTF-8")),
            },
            Some((other, _)) => {
                Err(Error::corrupt(format!("a key begins with {other}, expected {NUMBER_BYTE} or {TEXT_BYTE}")))
            }
            None => Err(Error::corrupt("a key has no bytes")),
        }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EntityKey::Text(text) => f.write_str(text),
            EntityKey::Number(number) => write!(f, "{number}"),
        }
    }
}

/// The canonical bytes of a number key.
pub(crate) fn canonical_number(number: u64) -> [u8; 9] {
    let mut bytes = [NUMBER_BYTE; 9];
    bytes[1..].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Appends the canonical bytes of a text key.
pub(crate) fn append_canonical_text(text: &str, bytes: &mut Vec<u8>) {
    bytes.push(TEXT_BYTE);
    bytes.extend_from_slice(text.as_bytes());
}

/// The hash of a number key.
pub(crate) fn hash_number(number: u64) -> u64 {
    xxh3_64(&canonical_number(number))
}

/// The hash of a text key.
pub(crate) fn hash_text(text: &str) -> u64 {
    if text.len() < STACK_BYTES {
        let mut bytes = [TEXT_BYTE; STACK_BYTES];
        bytes[1..=text.len()].copy_from_slice(text.as_bytes());
        xxh3_64(&bytes[..=text.len()])
    } else {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        append_canonical_text(text, &mut bytes);
        xxh3_64(&bytes)
    }
}

impl KeyKind {
    /// The key that a person wrote as `text`. Errors: invalid.
    pub fn parse_key(self, text: &str) -> Result<EntityKey> {
        let key = match self {
            KeyKind::String => EntityKey::Text(text.to_owned()),
            KeyKind::U64 | KeyKind::Dense => EntityKey::Number(parse_number_key(self, text)?),
        };
        self.check_key(&key)?;
        Ok(key)
    }

    /// Whether `key` can name an entity of a type with this kind of key. Errors: invalid.
    pub fn check_key(self, key: &EntityKey) -> Result<()> {
        match (self, key) {
            (KeyKind::String, EntityKey::Text(text)) => check_text_key(text),
            (KeyKind::U64, EntityKey::Number(_)) => Ok(()),
            (KeyKind::Dense, EntityKey::Number(number)) => {
                if *number > u64::from(LocalId::MAX.0) {
                    return Err(Error::invalid(format!("{number} is no dense key; the largest is {}", LocalId::MAX)));
                }
                Ok(())
            }
            (KeyKind::String, EntityKey::Number(number)) => {
                Err(Error::invalid(format!("the type has string keys, found the number {number}")))
            }
            (kind, EntityKey::Text(text)) => {
                Err(Error::invalid(format!("the type has {kind} keys, found the text `{}`", shown(text))))
            }
        }
    }
}

fn check_text_key(text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid("an entity key is empty"));
    }
    if text.len() > KEY_BYTES_MAX {
        return Err(Error::invalid(format!(
            "the entity key `{}` has {} bytes, at most {KEY_BYTES_MAX} are allowed",
            shown(text),
            text.len()
        )));
    }
    Ok(())
}

/// Digits alone and no leading zero, so that one entity has one written key.
fn parse_number_key(kind: KeyKind, text: &str) -> Result<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    match text.parse::<u64>() {
        Ok(number) if plain => Ok(number),
        _ => Err(Error::invalid(format!(
            "`{}` is no {kind} key; expected digits without a leading zero, below 2^64",
            shown(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_bytes_and_hashes_are_fixed_for_ever() {
        let number = EntityKey::Number(258);
        assert_eq!(number.canonical_bytes(), [0, 2, 1, 0, 0, 0, 0, 0, 0]);
        let text = EntityKey::Text("é".into());
        assert_eq!(text.canonical_bytes(), [1, 0xC3, 0xA9]);
        for key in [number, text, EntityKey::Text("k".repeat(500)), EntityKey::Text("k".repeat(127))] {
            let bytes = key.canonical_bytes();
            assert_eq!(key.hash(), xxh3_64(&bytes));
            assert_eq!(EntityKey::from_canonical(&bytes).unwrap(), key);
        }
        // Both values are of the reference implementation, so the hash under every shard and split is pinned.
        assert_eq!(xxh3_64(b""), 0x2D06_8005_38D3_94C2);
    }

    #[test]
    fn broken_canonical_bytes_are_corrupt() {
        for bad in [&[][..], &[0], &[0, 1, 2, 3, 4, 5, 6, 7], &[2, 1], &[1, 0xFF]] {
            assert!(EntityKey::from_canonical(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn keys_parse_in_one_spelling() {
        assert_eq!(KeyKind::U64.parse_key("0").unwrap(), EntityKey::Number(0));
        assert_eq!(KeyKind::U64.parse_key("18446744073709551615").unwrap(), EntityKey::Number(u64::MAX));
        for bad in ["", "00", "007", "+1", "-1", "1.0", "18446744073709551616", "x"] {
            assert!(KeyKind::U64.parse_key(bad).is_err(), "{bad}");
        }
        assert!(KeyKind::Dense.parse_key("4294967294").is_ok());
        assert!(KeyKind::Dense.parse_key("4294967295").is_err());
        assert!(KeyKind::String.parse_key(" 007 ").is_ok());
        assert!(KeyKind::String.parse_key("").is_err());
        assert!(KeyKind::String.parse_key(&"k".repeat(KEY_BYTES_MAX + 1)).is_err());
    }
}
