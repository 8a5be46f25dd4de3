//! An owned set of ids of one chunk that is reused from chunk to chunk.

use super::{ARRAY_MAX, CHUNK_IDS, CHUNK_WORDS, Container, RUNS_MAX, Run, Words, kernel, runs, words};

/// One chunk of bits on its own cache lines.
#[repr(C, align(64))]
#[derive(Clone)]
pub struct AlignedWords(pub Words);

impl AlignedWords {
    /// No bit set.
    pub const ZERO: AlignedWords = AlignedWords([0; CHUNK_WORDS]);
}

/// Kernels store whole vectors: an array has this many entries behind its last one.
pub(crate) const ARRAY_SLACK: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Empty,
    Full,
    Array,
    Bitset,
    Runs,
}

/// An owned set of ids of one chunk. Nothing allocates after [`ChunkBuffer::new`].
///
/// Invariant: `form` says which storage is current, `cardinality` is right for every form; forms
/// other than `Empty` are not empty.
pub struct ChunkBuffer {
    pub(super) form: Form,
    pub(super) cardinality: u32,
    pub(super) words: Box<AlignedWords>,
    pub(super) array: Box<[u16]>,
    pub(super) array_spare: Box<[u16]>,
    pub(super) runs: Vec<Run>,
    pub(super) runs_spare: Vec<Run>,
}

impl Default for ChunkBuffer {
    fn default() -> Self {
        ChunkBuffer::new()
    }
}

impl ChunkBuffer {
    /// What one takes, in bytes.
    pub const BYTES: usize = size_of::<ChunkBuffer>()
        + size_of::<AlignedWords>()
        + 2 * (ARRAY_MAX + ARRAY_SLACK) * size_of::<u16>()
        + 2 * RUNS_MAX * size_of::<Run>();

    /// An empty set, with all the memory it will ever use.
    pub fn new() -> Self {
        let array = || vec![0; ARRAY_MAX + ARRAY_SLACK].into_boxed_slice();
        ChunkBuffer {
            form: Form::Empty,
            cardinality: 0,
            words: Box::new(AlignedWords::ZERO),
            array: array(),
            array_spare: array(),
            runs: Vec::with_capacity(RUNS_MAX),
            runs_spare: Vec::with_capacity(RUNS_MAX),
        }
    }

    /// The set, borrowed.
    #[inline]
    pub fn as_container(&self) -> Container<'_> {
        match self.form {
            Form::Empty => Container::Empty,
            Form::Full => Container::Full,
            Form::Array => Container::Array(&self.array[..self.cardinality as usize]),
            Form::Bitset => Container::Bitset { words: &self.words.0, cardinality: self.cardinality },
            Form::Runs => Container::Runs { runs: &self.runs, cardinality: self.cardinality },
        }
    }

    /// How many ids are in the set.
    #[inline]
    pub fn cardinality(&self) -> u32 {
        self.cardinality
    }

    /// Whether the set has no member.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.cardinality == 0
    }

    /// Removes every id.
    pub fn clear(&mut self) {
        self.form = Form::Empty;
        self.cardinality = 0;
    }

    /// Makes every id of the chunk a member.
    pub fn fill(&mut self) {
        self.form = Form::Full;
        self.cardinality = CHUNK_IDS;
    }

    /// Becomes a copy of `source`, in its form if the buffer has room for that form.
    pub fn copy_from(&mut self, source: Container<'_>) {
        match source {
            Container::Empty => self.clear(),
            Container::Full => self.fill(),
            Container::Array(ids) if ids.len() <= ARRAY_MAX => {
                self.array[..ids.len()].copy_from_slice(ids);
                self.set_array(ids.len());
            }
            Container::Runs { runs, cardinality } if runs.len() <= RUNS_MAX => {
                self.runs.clear();
                self.runs.extend_from_slice(runs);
                self.set_form(Form::Runs, cardinality);
            }
            Container::Array(_) | Container::Bitset { .. } | Container::Runs { .. } => {
                write_words(source, &mut self.words.0);
                self.set_words(source.cardinality());
            }
        }
    }

    /// Adds one id; returns whether it was new.
    pub fn insert(&mut self, id: u16) -> bool {
        if self.as_container().contains(id) {
            return false;
        }
        if self.form == Form::Array && (self.cardinality as usize) < ARRAY_MAX {
            let length = self.cardinality as usize;
            let at = self.array[..length].partition_point(|&member| member < id);
            self.array.copy_within(at..length, at + 1);
            self.array[at] = id;
            self.set_array(length + 1);
        } else if self.form == Form::Empty {
            self.array[0] = id;
            self.set_array(1);
        } else {
            self.make_bitset();
            self.words.0[usize::from(id >> 6)] |= 1 << (id & 63);
            self.set_words(self.cardinality + 1);
        }
        true
    }

    /// Removes one id; returns whether it was there.
    pub fn remove(&mut self, id: u16) -> bool {
        if !self.as_container().contains(id) {
            return false;
        }
        if self.form == Form::Array {
            let length = self.cardinality as usize;
            let at = self.array[..length].partition_point(|&member| member < id);
            self.array.copy_within(at + 1..length, at);
            self.set_array(length - 1);
        } else {
            self.make_bitset();
            self.words.0[usize::from(id >> 6)] &= !(1 << (id & 63));
            self.set_words(self.cardinality - 1);
        }
        true
    }

    /// Becomes what is in `limit` and not in the set.
    pub fn complement_in(&mut self, limit: Container<'_>) {
        // `limit - self` is `limit` XOR `self AND limit`.
        self.and_with(limit);
        self.xor_with(limit);
    }

    /// Chooses the form by size: an array up to [`ARRAY_MAX`] entries, a bitset above, unless
    /// runs are smaller than either.
    pub fn normalise(&mut self) {
        let cardinality = self.cardinality as usize;
        if cardinality == 0 {
            self.clear();
        } else if cardinality == CHUNK_IDS as usize {
            self.fill();
        } else if self.form == Form::Runs && self.runs.len() * 2 > cardinality.min(ARRAY_MAX) {
            self.make_bitset();
        }
        if self.form == Form::Bitset && cardinality <= ARRAY_MAX {
            let length = kernel::current().words_to_array(&self.words.0, &mut self.array);
            self.set_array(length);
        }
    }

    /// The set as words, whatever its form was. After a change through the reference call
    /// [`ChunkBuffer::set_cardinality`] or [`ChunkBuffer::recount`].
    pub fn words_mut(&mut self) -> &mut Words {
        self.make_bitset();
        &mut self.words.0
    }

    /// Storage for words that the caller overwrites completely, whatever the set was; finish with
    /// [`ChunkBuffer::set_cardinality`] or [`ChunkBuffer::recount`].
    pub fn words_for_overwrite(&mut self) -> &mut Words {
        self.form = Form::Bitset;
        &mut self.words.0
    }

    /// Declares how many bits are set in the words. REQUIRES: the set is in the form of words.
    pub fn set_cardinality(&mut self, cardinality: u32) {
        debug_assert_eq!(self.form, Form::Bitset);
        debug_assert_eq!(kernel::current().count(&self.words.0), cardinality);
        self.set_words(cardinality);
    }

    /// Counts the bits of the words anew. REQUIRES: the set is in the form of words.
    pub fn recount(&mut self) -> u32 {
        debug_assert_eq!(self.form, Form::Bitset);
        let cardinality = kernel::current().count(&self.words.0);
        self.set_words(cardinality);
        cardinality
    }

    /// Brings the set into the form of words.
    pub(super) fn make_bitset(&mut self) {
        match self.form {
            Form::Bitset => return,
            Form::Empty => self.words.0.fill(0),
            Form::Full => self.words.0.fill(u64::MAX),
            Form::Array => {
                self.words.0.fill(0);
                let ids = &self.array[..self.cardinality as usize];
                kernel::current().scatter(ids, &mut self.words.0);
            }
            Form::Runs => {
                self.words.0.fill(0);
                self.runs.iter().for_each(|&run| words::set_run(&mut self.words.0, run));
            }
        }
        self.form = Form::Bitset;
    }

    pub(super) fn set_form(&mut self, form: Form, cardinality: u32) {
        self.form = form;
        self.cardinality = cardinality;
    }

    /// The words are the set and hold `cardinality` ids.
    pub(super) fn set_words(&mut self, cardinality: u32) {
        let form = match cardinality {
            0 => Form::Empty,
            CHUNK_IDS => Form::Full,
            _ => Form::Bitset,
        };
        self.set_form(form, cardinality);
    }

    /// The first `length` entries of the array are the set.
    pub(super) fn set_array(&mut self, length: usize) {
        debug_assert!(length <= ARRAY_MAX);
        self.set_form(if length == 0 { Form::Empty } else { Form::Array }, length as u32);
    }

    /// The spare array becomes the set.
    pub(super) fn take_array_spare(&mut self, length: usize) {
        std::mem::swap(&mut self.array, &mut self.array_spare);
        self.set_array(length);
    }

    /// The spare runs become the set.
    pub(super) fn take_runs_spare(&mut self) {
        std::mem::swap(&mut self.runs, &mut self.runs_spare);
        self.set_runs();
    }

    /// The runs are the set.
    pub(super) fn set_runs(&mut self) {
        let cardinality = runs::cardinality(&self.runs);
        let form = match cardinality {
            0 => Form::Empty,
            CHUNK_IDS => Form::Full,
            _ => Form::Runs,
        };
        self.set_form(form, cardinality);
    }
}

/// Writes `source` as bits over whatever `out` holds.
pub(crate) fn write_words(source: Container<'_>, out: &mut Words) {
    match source {
        Container::Full => out.fill(u64::MAX),
        Container::Bitset { words, .. } => out.copy_from_slice(words),
        Container::Empty => out.fill(0),
        Container::Array(ids) => {
            out.fill(0);
            kernel::current().scatter(ids, out);
        }
        Container::Runs { runs, .. } => {
            out.fill(0);
            runs.iter().for_each(|&run| words::set_run(out, run));
        }
    }
}

/// Calls `work` with `operand`, as words if it is an array that no buffer can hold.
pub(super) fn with_bounded<T>(operand: Container<'_>, work: impl FnOnce(Container<'_>) -> T) -> T {
    match operand {
        Container::Array(ids) if ids.len() > ARRAY_MAX => {
            let mut words = AlignedWords::ZERO;
            kernel::current().scatter(ids, &mut words.0);
            work(Container::Bitset { words: &words.0, cardinality: ids.len() as u32 })
        }
        _ => work(operand),
    }
}
