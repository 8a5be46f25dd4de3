//! The kinds as words of a mapping.

use muster_engine::catalog::{KeyKind, TagKind};
use muster_engine::{Error, Result};
use serde::{Deserialize, Deserializer, de};

/// The largest scale of a decimal.
pub(crate) const SCALE_MAX: u8 = 18;

pub(crate) fn tag_kind_name(kind: TagKind) -> String {
    match kind {
        TagKind::Flag => "flag".to_owned(),
        TagKind::Choice => "choice".to_owned(),
        TagKind::Set => "set".to_owned(),
        TagKind::Int => "int".to_owned(),
        TagKind::Decimal { scale } => format!("decimal({scale})"),
        TagKind::Date => "date".to_owned(),
        TagKind::Time => "time".to_owned(),
    }
}

pub(crate) fn parse_tag_kind(text: &str) -> Result<TagKind> {
    Ok(match text {
        "flag" => TagKind::Flag,
        "choice" => TagKind::Choice,
        "set" => TagKind::Set,
        "int" => TagKind::Int,
        "date" => TagKind::Date,
        "time" => TagKind::Time,
        _ => {
            let scale = text
                .strip_prefix("decimal(")
                .and_then(|rest| rest.strip_suffix(')'))
                .and_then(|digits| digits.parse::<u8>().ok())
                .filter(|scale| *scale <= SCALE_MAX);
            match scale {
                Some(scale) => TagKind::Decimal { scale },
                None => {
                    return Err(Error::invalid(format!(
                        "{text:?} is no kind: give flag, choice, set, int, decimal(0) to decimal({SCALE_MAX}), date or time"
                    )));
                }
            }
        }
    })
}

pub(crate) fn key_kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::String => "string",
        KeyKind::U64 => "u64",
        KeyKind::Dense => "dense",
    }
}

pub(crate) fn deserialize_key_kind<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<KeyKind, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "string" => Ok(KeyKind::String),
        "u64" => Ok(KeyKind::U64),
        "dense" => Ok(KeyKind::Dense),
        other => Err(de::Error::custom(format!(
            "{other:?} is no kind of key: give string, u64 or dense"
        ))),
    }
}
