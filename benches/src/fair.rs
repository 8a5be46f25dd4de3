//! What makes it fair: peers get memory as good as mapped files have, and everybody starts warm, or everybody cold.

use std::hint::black_box;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use muster_engine::{Error, Result};

use crate::floor::sum;

/// glibc's own knobs: huge pages for the heap, and what is freed is kept. Its defaults take fresh pages from the system
/// for every large result, which makes the peers up to several times slower.
const TUNABLES: &str = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:\
    glibc.malloc.top_pad=67108864";
const VARIABLE: &str = "GLIBC_TUNABLES";

/// Starts this program once more with a generous allocator, unless somebody has chosen one. Errors: it cannot start.
pub(crate) fn with_generous_memory() -> Result<()> {
    if std::env::var_os(VARIABLE).is_some() {
        return Ok(());
    }
    let failed = |error: std::io::Error| Error::io("cannot start with another allocator").with_source(error);
    let program = std::env::current_exe().map_err(failed)?;
    Err(failed(Command::new(program).args(std::env::args_os().skip(1)).env(VARIABLE, TUNABLES).exec()))
}

/// More than the caches of one core hold.
const OTHER_BYTES: usize = 16 << 20;

/// Streams other memory on two cores at once, so that whoever comes next starts with nothing of its own in their
/// caches.
pub(crate) fn forget() {
    static OTHER: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1; OTHER_BYTES]);
    let stream = || black_box(sum(black_box(&OTHER)));
    std::thread::scope(|scope| {
        scope.spawn(stream);
        stream();
    });
}

/// One contender.
pub(crate) type Contender<'a> = &'a mut dyn FnMut() -> u64;

/// Median nanoseconds of each contender, warm: they take turns in `rounds` rounds, and in each first run `repeats`
/// times for nothing and then as often for the clock.
pub(crate) fn medians(rounds: usize, repeats: u32, contenders: &mut [Contender<'_>]) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for (times, contender) in times.iter_mut().zip(contenders.iter_mut()) {
            time(repeats, contender);
            times.push(time(repeats, contender));
        }
    }
    times.iter_mut().map(|times| median(times)).collect()
}

/// How often to repeat so that one measurement takes about a millisecond.
pub(crate) fn repeats_of(work: Contender<'_>) -> u32 {
    time(10, work);
    let once = time(10, work);
    (1_000_000.0 / once).clamp(1.0, 10_000.0) as u32
}

/// Nanoseconds of one call, over `repeats` of them.
pub(crate) fn time(repeats: u32, work: Contender<'_>) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        black_box(work());
    }
    start.elapsed().as_nanos() as f64 / f64::from(repeats)
}

/// The middle one.
pub(crate) fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
