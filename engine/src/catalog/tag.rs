//! A tag: a named property of an entity type, and what people know about it.

use std::ops::{Deref, DerefMut};

use muster_language::suggest::did_you_mean;

use crate::catalog::kind::TagKind;
use crate::catalog::limits::VALUE_BYTES_MAX;
use crate::catalog::name::shown;
use crate::error::{Error, Result};
use crate::ids::{TagId, TypeId};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// Its word.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// The number that stands for it in stored bytes; 0 stands for none.
            pub(crate) const fn number(self) -> u8 {
                match self { $($name::$variant => $number,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::error::Error;

            /// Reads what `Display` prints. Errors: invalid.
            fn from_str(text: &str) -> crate::error::Result<$name> {
                $name::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| {
                    let words: Vec<&str> = $name::ALL.iter().map(|one| one.name()).collect();
                    crate::error::Error::invalid(format!("`{text}` is none of {}", words.join(", ")))
                })
            }
        }
    };
}

words! {
    /// How far a tag is from what was observed.
    Layer {
        /// A fact about the entity.
        Base = 1 "base",
        /// Summed up from what the entity did.
        Behaviour = 2 "behaviour",
        /// Said by a model.
        Prediction = 3 "prediction",
    }
}

words! {
    /// Who may see a tag.
    Sensitivity {
        /// Everybody.
        Public = 1 "public",
        /// People of the house.
        Internal = 2 "internal",
        /// Those who need it.
        Private = 3 "private",
    }
}

/// A value that a choice or set tag declares.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DeclaredValue {
    /// The value, byte for byte.
    pub value: String,
    /// Another way to write it.
    pub label: Option<String>,
    /// The declared value that contains this one, as a province contains a city.
    pub parent: Option<String>,
}

/// Where a tag with a time to live keeps on which day it was last written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteDates {
    /// The number of a hidden date tag: for each entity the day of the last write, in UTC. It has no name, so nothing
    /// lists it, asks it or counts it.
    pub tag: TagId,
    /// The day on which the time to live was set. Nobody's time began earlier; whoever has the tag and no day of a
    /// write had it before.
    pub since: i64,
}

/// What is said of a tag: everything but the type that it belongs to and its numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagDefinition {
    /// The dotted path: in stored spelling once the tag exists.
    pub name: String,
    /// A second name.
    pub label: Option<String>,
    /// What it can say. Never changes.
    pub kind: TagKind,
    /// What it means, for people.
    pub description: String,
    /// Where it comes from.
    pub source: String,
    /// What its number counts.
    pub unit: String,
    /// Who answers for it.
    pub owner: String,
    /// How far it is from what was observed.
    pub layer: Option<Layer>,
    /// Who may see it.
    pub sensitivity: Option<Sensitivity>,
    /// After how many days without a write it expires.
    pub time_to_live_days: Option<u32>,
    /// Whether only declared values may be written.
    pub closed_values: bool,
    /// Whether the declared values stand in rising order.
    pub ordered_values: bool,
    /// The declared values of a choice or set tag; mostly none.
    pub values: Vec<DeclaredValue>,
}

impl TagDefinition {
    /// A name and a kind, and nothing else said.
    pub fn new(name: impl Into<String>, kind: TagKind) -> TagDefinition {
        TagDefinition {
            name: name.into(),
            label: None,
            kind,
            description: String::new(),
            source: String::new(),
            unit: String::new(),
            owner: String::new(),
            layer: None,
            sensitivity: None,
            time_to_live_days: None,
            closed_values: false,
            ordered_values: false,
            values: Vec::new(),
        }
    }
}

/// A named property of an entity type: its definition, which it derefs to, with its numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Its number.
    pub id: TagId,
    /// The type whose entities carry it.
    pub type_id: TypeId,
    /// What is said of it.
    pub definition: TagDefinition,
    /// The days of its last writes. Only a tag with a time to live has them; one of a store from before they were kept
    /// gets them with the next sweep.
    pub write_dates: Option<WriteDates>,
}

impl Deref for Tag {
    type Target = TagDefinition;

    fn deref(&self) -> &TagDefinition {
        &self.definition
    }
}

impl Tag {
    /// The last day whose writes have expired on `today`; none where nothing has. A value is kept for whole days: from
    /// the end of the day of its last write on.
    pub fn expired_until(&self, today: i64) -> Option<i64> {
        let until = today.checked_sub(i64::from(self.time_to_live_days?))?.checked_sub(1)?;
        self.write_dates.filter(|dates| dates.since <= until).map(|_| until)
    }

    /// The value that `written` stands for: itself, or the declared value that has it as its label.
    pub fn value_written<'a>(&'a self, written: &'a str) -> &'a str {
        let mut found = written;
        for declared in &self.values {
            if declared.value == written {
                return written;
            }
            if declared.label.as_deref() == Some(written) {
                found = &declared.value;
            }
        }
        found
    }

    /// The value that `written` stands for, which may be written. Errors: invalid, when it is too long or a closed list
    /// lacks it, naming the nearest.
    pub fn check_written<'a>(&'a self, written: &'a str) -> Result<&'a str> {
        if written.len() > VALUE_BYTES_MAX {
            return Err(Error::invalid(format!(
                "a value of `{}` has {} bytes, at most {VALUE_BYTES_MAX} are allowed",
                self.name,
                written.len()
            )));
        }
        let text = self.value_written(written);
        if !self.allows_value(text) {
            let spellings =
                self.values.iter().flat_map(|it| std::iter::once(it.value.as_str()).chain(it.label.as_deref()));
            let hint = did_you_mean(text, spellings);
            return Err(Error::invalid(format!(
                "tag `{}` has a closed list of values and '{}' is not in it{hint}",
                self.name,
                shown(text)
            )));
        }
        Ok(text)
    }

    /// Whether `value` may be written: the list is open, or declares it.
    pub fn allows_value(&self, value: &str) -> bool {
        !self.closed_values || self.values.iter().any(|declared| declared.value == value)
    }
}

/// A tag as it is asked for: its definition, which it derefs to, and the type that is to have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagSpec {
    /// The type, by name or label.
    pub type_name: String,
    /// What is said of it.
    pub definition: TagDefinition,
}

impl TagSpec {
    /// A tag with a name and a kind, and nothing else said about it.
    pub fn new(type_name: impl Into<String>, name: impl Into<String>, kind: TagKind) -> TagSpec {
        TagSpec { type_name: type_name.into(), definition: TagDefinition::new(name, kind) }
    }
}

impl Deref for TagSpec {
    type Target = TagDefinition;

    fn deref(&self) -> &TagDefinition {
        &self.definition
    }
}

impl DerefMut for TagSpec {
    fn deref_mut(&mut self) -> &mut TagDefinition {
        &mut self.definition
    }
}

/// What to change of a tag; what is `None` stays. An empty label is none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TagChange {
    /// A second name; empty for none.
    pub label: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What its number counts.
    pub unit: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How far it is from what was observed.
    pub layer: Option<Option<Layer>>,
    /// Who may see it.
    pub sensitivity: Option<Option<Sensitivity>>,
    /// After how many days without a write it expires.
    pub time_to_live_days: Option<Option<u32>>,
    /// Whether only declared values may be written.
    pub closed_values: Option<bool>,
    /// Whether the declared values stand in rising order.
    pub ordered_values: Option<bool>,
    /// The declared values, all of them.
    pub values: Option<Vec<DeclaredValue>>,
}
