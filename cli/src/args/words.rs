//! Options whose values are words of the model (enumerations), each with its line of help.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use muster_client::Words;
use muster_client::v1::{Durability, KeyKind, Layer, LoadMode, Sensitivity};

/// What a reply to a batch promises.
pub(crate) fn durability() -> impl TypedValueParser<Value = Durability> {
    parser(|durability| match durability {
        Durability::Unspecified => "",
        Durability::Commit => "The batch survives a power cut",
        Durability::Interval => "A power cut loses at most the last 100 ms",
        Durability::None => "A power cut loses what was not synced or flushed",
    })
}

/// What keys are.
pub(crate) fn key_kind() -> impl TypedValueParser<Value = KeyKind> {
    parser(|kind| match kind {
        KeyKind::Unspecified => "",
        KeyKind::String => "Text",
        KeyKind::U64 => "Numbers of 64 bits",
        KeyKind::Dense => "Numbers below 2^32 - 1 that are the ids themselves",
    })
}

/// Where a tag comes from.
pub(crate) fn layer() -> impl TypedValueParser<Value = Layer> {
    parser(|layer| match layer {
        Layer::Unspecified => "",
        Layer::Base => "Given: registration, contracts",
        Layer::Behaviour => "Counted from what entities did",
        Layer::Prediction => "Computed by a model",
    })
}

/// Who may see a tag.
pub(crate) fn sensitivity() -> impl TypedValueParser<Value = Sensitivity> {
    parser(|sensitivity| match sensitivity {
        Sensitivity::Unspecified => "",
        Sensitivity::Public => "Everyone",
        Sensitivity::Internal => "The company",
        Sensitivity::Private => "Whom the owner names",
    })
}

/// What a load does with tags of who has them already.
pub(crate) fn load_mode() -> impl TypedValueParser<Value = LoadMode> {
    parser(|mode| match mode {
        LoadMode::Unspecified => "",
        LoadMode::Upsert => "Who is named gets what the rows say, all others keep what they had",
        LoadMode::Replace => "The tag is afterwards what the rows say: who is not named loses it",
        LoadMode::Append => "Only entities that were unknown get the tag",
    })
}

fn parser<W: Words + Send + Sync>(help: fn(W) -> &'static str) -> impl TypedValueParser<Value = W> {
    let values = W::WORDS.iter().map(move |(value, word)| PossibleValue::new(*word).help(help(*value)));
    PossibleValuesParser::new(values).map(|word| W::of_word(&word).expect("only words of the table are possible"))
}
