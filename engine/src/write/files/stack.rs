//! The stack (of an LSM tree): the piles of layers of a store in their order, one of each kind of content, and which
//! neighbours may be merged.
//!
//! Everything lies in the order of seqs, oldest first, and the ranges of seqs are disjoint. A running load has a place
//! in that order (its seq) at which its layer will appear, so nothing is merged across it: a *barrier*. The choices
//! here are pure functions over sizes; the merging itself is elsewhere.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result, ResultExt};
use crate::ids::{BitmapId, PartId, Seq};
use crate::keys::NamesPart;
use crate::manifest::PartKind;
use crate::part::Part;
use crate::storage::{HeldFile, Mapped};

/// A published part or names file.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) id: PartId,
    pub(crate) footer_crc: u32,
    pub(crate) bytes: u64,
    pub(crate) held: Arc<HeldFile>,
}

/// What a file holds that layers are made of; each kind has a pile of its own.
pub(crate) trait Content: Sized {
    /// How a manifest names it.
    const KIND: PartKind;

    /// How large it is.
    fn byte_len(&self) -> u64;

    /// The lowest and the highest bitmap in it; nothing where it holds none.
    fn range(&self) -> (BitmapId, BitmapId);

    /// Opens what stands in `file`. Errors: corrupt.
    fn open(bytes: Mapped, file: &StoredFile) -> Result<Self>;
}

impl Content for Part {
    const KIND: PartKind = PartKind::Bitmaps;

    fn byte_len(&self) -> u64 {
        Part::byte_len(self)
    }

    fn range(&self) -> (BitmapId, BitmapId) {
        (self.lowest(), self.highest())
    }

    fn open(bytes: Mapped, file: &StoredFile) -> Result<Part> {
        Part::open(bytes, file.held.path(), Some(file.footer_crc))
    }
}

impl Content for NamesPart {
    const KIND: PartKind = PartKind::Keys;

    fn byte_len(&self) -> u64 {
        NamesPart::byte_len(self)
    }

    fn range(&self) -> (BitmapId, BitmapId) {
        (BitmapId(0), BitmapId(0))
    }

    fn open(bytes: Mapped, file: &StoredFile) -> Result<NamesPart> {
        Ok(NamesPart::open(bytes, Some(file.footer_crc))
            .context(|| file.held.path().to_owned())?
            .with_name(file.held.path()))
    }
}

/// One part of a layer, with its file if it has one.
pub(crate) struct StackPart<T> {
    pub(crate) part: Arc<T>,
    pub(crate) file: Option<StoredFile>,
}

/// What a run of seqs changed or made known: of bitmaps, parts with disjoint rising ranges; of names, one part.
pub(crate) struct StackLayer<T> {
    pub(crate) first_seq: Seq,
    pub(crate) last_seq: Seq,
    pub(crate) parts: Vec<StackPart<T>>,
}

/// Layers of one kind, oldest first.
pub(crate) type Pile<T> = Vec<StackLayer<T>>;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Stack {
    pub(crate) layers: Pile<Part>,
    pub(crate) names: Pile<NamesPart>,
}

/// What the choices below look at.
pub(crate) trait Piece {
    /// The first and last seq in it.
    fn seqs(&self) -> (Seq, Seq);
    /// How large it is.
    fn bytes(&self) -> u64;
    /// Whether it lies in memory only.
    fn in_memory(&self) -> bool;
}

impl<T: Content> Piece for StackLayer<T> {
    fn seqs(&self) -> (Seq, Seq) {
        (self.first_seq, self.last_seq)
    }

    fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.part.byte_len()).sum()
    }

    fn in_memory(&self) -> bool {
        self.parts.iter().any(|part| part.file.is_none())
    }
}

impl<T> Clone for StackPart<T> {
    fn clone(&self) -> StackPart<T> {
        StackPart { part: Arc::clone(&self.part), file: self.file.clone() }
    }
}

impl<T> Clone for StackLayer<T> {
    fn clone(&self) -> StackLayer<T> {
        StackLayer { first_seq: self.first_seq, last_seq: self.last_seq, parts: self.parts.clone() }
    }
}

impl<T> StackPart<T> {
    /// A part without a file.
    pub(crate) fn in_memory(part: T) -> StackPart<T> {
        StackPart { part: Arc::new(part), file: None }
    }

    /// A part that stands in a file.
    pub(crate) fn stored((part, file): (Arc<T>, StoredFile)) -> StackPart<T> {
        StackPart { part, file: Some(file) }
    }
}

impl<T: Content> StackLayer<T> {
    /// The files of the layer.
    pub(crate) fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.parts.iter().filter_map(|part| part.file.as_ref())
    }

    /// The layer's parts, as readers and merges take them.
    pub(crate) fn readers(&self) -> Vec<Arc<T>> {
        self.parts.iter().map(|part| Arc::clone(&part.part)).collect()
    }

    /// Whether the parts' ranges of bitmaps rise without overlap.
    pub(crate) fn is_ordered(&self) -> bool {
        self.parts.windows(2).all(|two| two[0].part.range().1 < two[1].part.range().0)
    }
}

/// All files of a pile.
pub(crate) fn files_of<T: Content>(pile: &[StackLayer<T>]) -> impl Iterator<Item = &StoredFile> {
    pile.iter().flat_map(StackLayer::files)
}

/// The bytes of the layers in memory.
pub(crate) fn memory_bytes_of<T: Content>(pile: &[StackLayer<T>]) -> u64 {
    pile.iter().filter(|layer| layer.in_memory()).map(Piece::bytes).sum()
}

/// Whether the layers, and the parts of each, lie in their order.
pub(crate) fn is_lawful<T: Content>(pile: &[StackLayer<T>]) -> bool {
    pile.windows(2).all(|two| two[0].last_seq < two[1].first_seq) && pile.iter().all(StackLayer::is_ordered)
}

/// A run of neighbours of a pile that becomes one layer.
pub(crate) struct Neighbours<T> {
    seqs: Vec<(Seq, Seq)>,
    /// The parts of each, oldest first.
    pub(crate) layers: Vec<Vec<Arc<T>>>,
    /// Their files, which go when the one layer is named.
    pub(crate) files: Vec<StoredFile>,
}

impl<T: Content> Neighbours<T> {
    pub(crate) fn of(layers: &[StackLayer<T>]) -> Neighbours<T> {
        Neighbours {
            seqs: layers.iter().map(Piece::seqs).collect(),
            layers: layers.iter().map(StackLayer::readers).collect(),
            files: files_of(layers).cloned().collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Their parts without their layers, oldest first.
    pub(crate) fn parts(&self) -> Vec<Arc<T>> {
        self.layers.iter().flatten().map(Arc::clone).collect()
    }

    /// The layer that parts merged from them make; none without parts.
    pub(crate) fn merged(&self, parts: Vec<StackPart<T>>) -> Option<StackLayer<T>> {
        let (&(first_seq, _), &(_, last_seq)) = (self.seqs.first()?, self.seqs.last()?);
        (!parts.is_empty()).then_some(StackLayer { first_seq, last_seq, parts })
    }

    /// Puts what they were merged into in their place.
    pub(crate) fn replace(&self, pile: &mut Pile<T>, merged: Option<StackLayer<T>>) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let range = position_of(pile, &self.seqs)
            .ok_or_else(|| Error::internal("what was merged is no longer where it was"))?;
        pile.splice(range, merged);
        Ok(())
    }
}

/// Puts `piece` at its place in the order of seqs.
pub(crate) fn insert_by_seq<P: Piece>(pieces: &mut Vec<P>, piece: P) {
    let at = pieces.partition_point(|other| other.seqs().0 <= piece.seqs().0);
    pieces.insert(at, piece);
}

/// The place of the consecutive pieces with exactly these ranges of seqs; what was merged is found again by them,
/// because nothing else merges meanwhile and what is inserted meanwhile lies outside.
pub(crate) fn position_of<P: Piece>(pieces: &[P], seqs: &[(Seq, Seq)]) -> Option<Range<usize>> {
    let start = pieces.iter().position(|piece| Some(&piece.seqs()) == seqs.first())?;
    let range = start..start + seqs.len();
    let found = pieces.get(range.clone())?;
    found.iter().map(Piece::seqs).eq(seqs.iter().copied()).then_some(range)
}

/// Whether a barrier keeps two neighbours apart.
fn is_apart<P: Piece>(older: &P, newer: &P, barriers: &[Seq]) -> bool {
    barriers.iter().any(|&barrier| older.seqs().1 < barrier && newer.seqs().0 > barrier)
}

/// All runs of neighbours in memory up to `last_seq` that no barrier and no file keeps apart, oldest first.
pub(crate) fn memory_runs<P: Piece>(pieces: &[P], last_seq: Seq, barriers: &[Seq]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if !piece.in_memory() || piece.seqs().1 > last_seq {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == index && !is_apart(&pieces[index - 1], piece, barriers) => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// A newer neighbour is merged with an older one that is at most this many times as large, so that a change is
/// rewritten a logarithmic number of times before it is flushed.
const MEMORY_RATIO: u64 = 2;

/// Which of the newest pieces in memory above `frozen` to merge into one so that at most `count_max` remain there, and
/// sizes rise geometrically towards the old; none when nothing is to be done.
pub(crate) fn memory_merge<P: Piece>(
    pieces: &[P],
    frozen: Seq,
    barriers: &[Seq],
    count_max: usize,
) -> Option<Range<usize>> {
    let mut start = pieces.len();
    let mut sum = 0u64;
    let is_open = |index: usize| pieces[index].in_memory() && pieces[index].seqs().0 > frozen;
    let mut floor = pieces.len();
    while floor > 0
        && is_open(floor - 1)
        && (floor == pieces.len() || !is_apart(&pieces[floor - 1], &pieces[floor], barriers))
    {
        floor -= 1;
    }
    while start > floor {
        let older = pieces[start - 1].bytes();
        let is_crowded = start - floor >= count_max && pieces.len() - start >= 1;
        if sum > 0 && older > sum.saturating_mul(MEMORY_RATIO) && !is_crowded {
            break;
        }
        sum = sum.saturating_add(older);
        start -= 1;
    }
    (pieces.len() - start >= 2).then_some(start..pieces.len())
}

/// A file layer is rewritten together with the newer ones above it once they reach this fraction of its size.
const FILE_RATIO: u64 = 4;
/// At least so many layers or names files are merged at once, unless only that many are there.
const FILE_RUN_MIN: usize = 2;

/// Which run of file layers pays to be merged now: size-tiered, newest first; none when nothing is to be done.
pub(crate) fn file_merge<P: Piece>(pieces: &[P], barriers: &[Seq]) -> Option<Range<usize>> {
    for stretch in file_stretches(pieces, barriers).into_iter().rev() {
        let mut start = stretch.end;
        let mut sum = 0u64;
        while start > stretch.start {
            let older = pieces[start - 1].bytes();
            if sum > 0 && older > sum.saturating_mul(FILE_RATIO) {
                break;
            }
            sum = sum.saturating_add(older);
            start -= 1;
        }
        if stretch.end - start >= FILE_RUN_MIN {
            return Some(start..stretch.end);
        }
    }
    None
}

/// All runs of neighbouring files that no barrier and no piece in memory keeps apart, oldest first.
pub(crate) fn file_stretches<P: Piece>(pieces: &[P], barriers: &[Seq]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if piece.in_memory() {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == index && !is_apart(&pieces[index - 1], piece, barriers) => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Fake(u64, u64, u64, bool);

    impl Piece for Fake {
        fn seqs(&self) -> (Seq, Seq) {
            (Seq(self.0), Seq(self.1))
        }
        fn bytes(&self) -> u64 {
            self.2
        }
        fn in_memory(&self) -> bool {
            self.3
        }
    }

    fn merge(pieces: &mut Vec<Fake>, range: Range<usize>) {
        let merged = Fake(
            pieces[range.start].0,
            pieces[range.end - 1].1,
            pieces[range.clone()].iter().map(|piece| piece.2).sum(),
            pieces[range.start].3,
        );
        pieces.splice(range, [merged]);
    }

    #[test]
    fn memory_pieces_stay_few_and_each_is_rewritten_a_few_times() {
        for count_max in [1, 2, 4, 8] {
            let (mut pieces, mut rewritten) = (Vec::new(), 0);
            for seq in 1..=4096 {
                pieces.push(Fake(seq, seq, 1, true));
                if let Some(range) = memory_merge(&pieces, Seq(0), &[], count_max) {
                    rewritten += pieces[range.clone()].iter().map(|piece| piece.2).sum::<u64>();
                    merge(&mut pieces, range);
                }
                assert!(pieces.len() <= count_max, "{} pieces, at most {count_max}", pieces.len());
            }
            if count_max == 8 {
                assert!(rewritten <= 4096 * 13, "{rewritten} rewritten");
            }
        }
    }

    #[test]
    fn nothing_is_merged_across_a_barrier_a_frozen_piece_or_a_file() {
        let pieces = [Fake(1, 1, 1, true), Fake(3, 3, 1, true), Fake(4, 4, 1, true)];
        assert_eq!(memory_merge(&pieces, Seq(0), &[Seq(2)], 1), Some(1..3));
        assert_eq!(memory_merge(&pieces, Seq(3), &[], 1), None);
        assert_eq!(memory_runs(&pieces, Seq(4), &[Seq(2)]), [0..1, 1..3]);
        assert!(memory_runs(&pieces, Seq(3), &[]).into_iter().eq(Some(0..2)));
        let mixed = [Fake(1, 1, 1, false), Fake(2, 2, 1, true), Fake(3, 3, 1, false), Fake(5, 5, 1, false)];
        assert!(memory_runs(&mixed, Seq(9), &[]).into_iter().eq(Some(1..2)));
        assert_eq!(file_stretches(&mixed, &[]), [0..1, 2..4]);
        assert_eq!(file_stretches(&mixed, &[Seq(4)]), [0..1, 2..3, 3..4]);
    }

    #[test]
    fn file_layers_stay_logarithmic() {
        let (mut pieces, mut rewritten, mut total) = (Vec::new(), 0u64, 0u64);
        for seq in 1..=1000 {
            pieces.push(Fake(seq, seq, 64, false));
            total += 64;
            while let Some(range) = file_merge(&pieces, &[]) {
                rewritten += pieces[range.clone()].iter().map(|piece| piece.2).sum::<u64>();
                merge(&mut pieces, range);
            }
            assert!(pieces.len() <= 7, "{} layers", pieces.len());
        }
        assert!(rewritten < total * 40, "{} rewritten of {total}", rewritten);
    }

    #[test]
    fn merged_pieces_are_found_again_by_their_seqs() {
        let mut pieces = vec![Fake(1, 2, 1, true), Fake(3, 3, 1, true)];
        insert_by_seq(&mut pieces, Fake(7, 7, 1, false));
        insert_by_seq(&mut pieces, Fake(5, 5, 1, false));
        assert_eq!(pieces.iter().map(|piece| piece.0).collect::<Vec<_>>(), [1, 3, 5, 7]);
        let seqs = [(Seq(3), Seq(3)), (Seq(5), Seq(5))];
        assert_eq!(position_of(&pieces, &seqs), Some(1..3));
        assert_eq!(position_of(&pieces, &[(Seq(1), Seq(2)), (Seq(5), Seq(5))]), None);
        assert_eq!(position_of(&pieces, &[]), None);
    }
}
