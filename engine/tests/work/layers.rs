//! A merged bitmap is what its layers say, however it is read.

use muster_engine::bitmap::{ChunkBuffer, Container, for_each_id};
use muster_engine::ids::{BitmapId, ChunkId};
use muster_engine::part::{BitmapStack, BitmapView, MergedBitmap, folded_chunks};
use muster_engine::snapshot::{Snapshot, stack, taken};

use crate::store::Store;

fn ids(container: Container<'_>) -> Vec<u16> {
    let mut ids = Vec::new();
    for_each_id(container, |low| ids.push(low));
    ids
}

/// Every bitmap that any layer has, through all layers.
fn stacks(snapshot: &Snapshot) -> Vec<(BitmapId, BitmapStack)> {
    let mut all = Vec::new();
    let population = snapshot.catalog().types().next().unwrap().population;
    let parts = || snapshot.layers().iter().flat_map(|layer| &layer.parts);
    let mut tags: Vec<_> = parts().flat_map(|part| part.tags().unwrap()).collect();
    tags.sort_unstable();
    tags.dedup();
    for tag in tags {
        let taken = taken(snapshot.layers(), tag, population).unwrap();
        let mut bitmaps: Vec<BitmapId> =
            parts().flat_map(|part| part.bitmaps_of(tag).unwrap()).map(|one| one.bitmap).collect();
        bitmaps.sort_unstable();
        bitmaps.dedup();
        bitmaps.retain(|bitmap| ![BitmapId::CLEARED_SLOT, BitmapId::erased(tag).slot()].contains(&bitmap.slot()));
        all.extend(bitmaps.iter().map(|&bitmap| (bitmap, stack(snapshot.layers(), bitmap, &taken).unwrap())));
    }
    all
}

/// Compares; returns whether a chunk was left where it stood.
fn check(bitmap: BitmapId, stack: &BitmapStack) -> bool {
    let before = folded_chunks();
    let merged = MergedBitmap::new(stack, u64::MAX, &mut || Ok(())).unwrap().unwrap();
    let folded = folded_chunks() - before;
    let mut buffer = ChunkBuffer::new();
    let (mut count, mut chunks) = (0, Vec::new());
    for chunk in 0..20 {
        stack.fold(ChunkId(chunk), &mut buffer).unwrap();
        let found = merged.container(ChunkId(chunk)).unwrap();
        assert_eq!(ids(found), ids(buffer.as_container()), "{bitmap}, chunk {chunk}");
        assert_eq!(merged.cardinality(ChunkId(chunk)), buffer.cardinality(), "{bitmap}, chunk {chunk}");
        count += u64::from(buffer.cardinality());
        if !buffer.is_empty() {
            chunks.push(u32::from(chunk));
        }
    }
    assert_eq!(merged.cardinality_of_all(), count, "{bitmap}");
    for from in 0..20 {
        let next = chunks.iter().copied().find(|&chunk| chunk >= from).unwrap_or(u32::MAX);
        assert_eq!(merged.next_chunk(from), next, "{bitmap} from {from}");
        let mut cursor = merged.cursor();
        assert_eq!(cursor.seek(from), Some(next).filter(|&next| next < u32::MAX), "{bitmap} from {from}");
        let direct = merged.container(ChunkId(next as u16)).unwrap();
        assert_eq!(ids(cursor.container().unwrap()), ids(direct), "{bitmap} from {from}");
    }
    assert_eq!(merged.has_gaps(8), chunks.len() < 8, "{bitmap}");
    folded < chunks.len() as u64
}

#[test]
fn a_merged_bitmap_is_what_its_layers_say() {
    let store = Store::loaded();
    let (mut layered, mut left, mut pairs, mut emptied) = (0, 0, 0, 0);
    for seed in 0..4 {
        store.change_at_random(seed);
        for (bitmap, stack) in stacks(&store.engine.snapshot()) {
            layered += usize::from(!stack.is_single());
            left += usize::from(check(bitmap, &stack));
            pairs += stack.added.iter().filter(|source| matches!(source.view, BitmapView::Pairs { .. })).count();
            let merged = MergedBitmap::new(&stack, u64::MAX, &mut || Ok(())).unwrap().unwrap();
            emptied += usize::from(merged.cardinality_of_all() == 0 && !stack.added.is_empty());
        }
    }
    assert!(layered > 1_000 && left > 100 && pairs > 1_000 && emptied > 0, "{layered} {left} {pairs} {emptied}");
}

#[test]
fn more_bytes_than_allowed_are_not_merged() {
    let store = Store::loaded();
    store.change_some();
    let snapshot = store.engine.snapshot();
    let tenth = BitmapId::flag(snapshot.catalog().tag_named(store.type_id, "tenth").unwrap().id);
    let (_, stack) = stacks(&snapshot).into_iter().find(|(bitmap, _)| *bitmap == tenth).unwrap();
    let whole = MergedBitmap::new(&stack, u64::MAX, &mut || Ok(())).unwrap().unwrap();
    assert!(whole.byte_len() > 7 * 8_192, "{}", whole.byte_len());
    assert!(MergedBitmap::new(&stack, 2 * 8_192, &mut || Ok(())).unwrap().is_none());
}
