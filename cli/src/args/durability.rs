//! What a reply to a batch promises, as the command line says it.

use clap::ValueEnum;
use muster_client::v1;
use muster_store::Durability;

/// What a reply to a batch promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DurabilityWord {
    /// The batch survives a power cut
    #[default]
    Commit,
    /// A power cut loses at most the last 100 ms
    Interval,
    /// A power cut loses what was not synced or flushed
    None,
}

impl From<DurabilityWord> for Durability {
    fn from(word: DurabilityWord) -> Durability {
        match word {
            DurabilityWord::Commit => Durability::Commit,
            DurabilityWord::Interval => Durability::Interval,
            DurabilityWord::None => Durability::None,
        }
    }
}

impl From<DurabilityWord> for v1::Durability {
    fn from(word: DurabilityWord) -> v1::Durability {
        match word {
            DurabilityWord::Commit => v1::Durability::Commit,
            DurabilityWord::Interval => v1::Durability::Interval,
            DurabilityWord::None => v1::Durability::None,
        }
    }
}

/// The word for what a server says.
pub(crate) fn word(durability: v1::Durability) -> &'static str {
    match durability {
        v1::Durability::Unspecified => "",
        v1::Durability::Commit => "commit",
        v1::Durability::Interval => "interval",
        v1::Durability::None => "none",
    }
}
