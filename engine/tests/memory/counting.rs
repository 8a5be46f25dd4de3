//! What a thread holds at once.

/// What `work` gives, and the most bytes that it held at once on this thread beyond those before.
pub(crate) fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(work()));
    (result.expect("the work was done"), usize::try_from(counted.bytes_max).expect("a size"))
}

#[test]
fn what_is_held_at_once_is_counted() {
    let (kept, peak) = peak_of(|| {
        drop(std::hint::black_box(vec![0u8; 1_000_000]));
        vec![1u8; 500_000]
    });
    assert_eq!(kept.len(), 500_000);
    assert!((1_000_000..1_100_000).contains(&peak), "{peak}");
}
