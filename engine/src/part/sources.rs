//! The places of one bitmap in the layers: mostly one, which takes no allocation.

use std::ops::Deref;

use super::stack::Source;

/// Sources, rising by layer; read as a slice.
#[derive(Clone, Debug)]
pub enum Sources {
    /// One alone.
    One(Source),
    /// None, or several.
    Many(Vec<Source>),
}

impl Default for Sources {
    fn default() -> Sources {
        Sources::Many(Vec::new())
    }
}

impl Deref for Sources {
    type Target = [Source];

    #[inline(always)]
    fn deref(&self) -> &[Source] {
        match self {
            Sources::One(source) => std::slice::from_ref(source),
            Sources::Many(sources) => sources,
        }
    }
}

impl Sources {
    /// Adds one behind the others.
    pub fn push(&mut self, source: Source) {
        match self {
            Sources::Many(sources) if sources.is_empty() => *self = Sources::One(source),
            Sources::Many(sources) => sources.push(source),
            Sources::One(first) => *self = Sources::Many(vec![first.clone(), source]),
        }
    }

    /// Leaves out those that are not wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&Source) -> bool) {
        match self {
            Sources::One(source) if is_wanted(source) => {}
            Sources::One(_) => *self = Sources::default(),
            Sources::Many(sources) => sources.retain(is_wanted),
        }
    }

    /// What they take beside their own size, in bytes.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Sources::One(_) => 0,
            Sources::Many(sources) => sources.capacity() * size_of::<Source>(),
        }
    }
}

impl Extend<Source> for Sources {
    fn extend<I: IntoIterator<Item = Source>>(&mut self, sources: I) {
        sources.into_iter().for_each(|source| self.push(source));
    }
}

impl FromIterator<Source> for Sources {
    fn from_iter<I: IntoIterator<Item = Source>>(sources: I) -> Sources {
        let mut all = Sources::default();
        all.extend(sources);
        all
    }
}
