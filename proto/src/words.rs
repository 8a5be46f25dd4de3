//! The words of the model's enumerations (kinds, layers, sensitivities, durabilities), as commands and JSON documents
//! say what the wire numbers: one table each, in the order in which help lists them.

use crate::v1;

/// An enumeration whose values have words.
pub trait Words: Copy + PartialEq + 'static {
    /// Every value that can be said, with its word.
    const WORDS: &'static [(Self, &'static str)];

    /// The word for it; empty for what is not said.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(value, _)| *value == self).map_or("", |(_, word)| word)
    }

    /// The same; none for what is not said.
    fn said(self) -> Option<&'static str> {
        Some(self.word()).filter(|word| !word.is_empty())
    }

    /// What a word stands for.
    fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
    }
}

macro_rules! words {
    ($($kind:ident { $($value:ident $word:literal,)* })*) => {$(
        impl Words for v1::$kind {
            const WORDS: &'static [(Self, &'static str)] = &[$((v1::$kind::$value, $word),)*];
        }
    )*};
}

words! {
    TagKind {
        Flag "flag",
        Choice "choice",
        Set "set",
        Int "int",
        Decimal "decimal",
        Date "date",
        Time "time",
    }
    KeyKind {
        String "string",
        U64 "u64",
        Dense "dense",
    }
    Layer {
        Base "base",
        Behaviour "behaviour",
        Prediction "prediction",
    }
    Sensitivity {
        Public "public",
        Internal "internal",
        Private "private",
    }
    Durability {
        Commit "commit",
        Interval "interval",
        None "none",
    }
    LoadMode {
        Upsert "upsert",
        Replace "replace",
        Append "append",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number of the wire but the first has its word, which is the name that the wire gives it.
    fn check<W: Words + TryFrom<i32>>(prefix: &str, name: fn(&W) -> &'static str) {
        assert_eq!(W::try_from(0).ok().map(Words::word), Some(""));
        let values: Vec<W> = (1..100).map_while(|number| W::try_from(number).ok()).collect();
        assert_eq!(values.len(), W::WORDS.len(), "{prefix}");
        for value in values {
            assert_eq!(name(&value), format!("{prefix}_{}", value.word().to_uppercase()));
            assert!(W::of_word(value.word()) == Some(value));
        }
    }

    #[test]
    fn words_are_the_names_of_the_wire() {
        check("TAG_KIND", v1::TagKind::as_str_name);
        check("KEY_KIND", v1::KeyKind::as_str_name);
        check("LAYER", v1::Layer::as_str_name);
        check("SENSITIVITY", v1::Sensitivity::as_str_name);
        check("DURABILITY", v1::Durability::as_str_name);
        check("LOAD_MODE", v1::LoadMode::as_str_name);
        assert_eq!(v1::TagKind::of_word(""), None);
    }
}
