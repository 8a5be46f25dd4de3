//! SIMD kernels, loops over machine words: the only place that knows instruction sets.
//!
//! Each loop is written once in `loops` and its neighbours against [`isa::Isa`], the operations
//! on one line of 512 ids. An instruction set (`scalar`, `avx2`, `avx512`) implements those
//! operations, and overrides the few loops for which it has a better idea. `table` compiles every
//! loop for every instruction set into a [`Kernel`]; one is chosen when the first is asked for.
#![allow(unsafe_code)] // Vector instructions and tables of functions that need them.

mod arrays;
mod decode;
mod isa;
mod loops;
mod numbers;
mod prefetch;
mod scalar;
mod table;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use std::sync::OnceLock;

pub use numbers::Range;
pub(crate) use prefetch::prefetch;
pub use table::Kernel;

use super::Words;

/// Entries behind the last id that a kernel may write before the next ones.
pub const IDS_SLACK: usize = decode::ROOM;

/// The environment variable that forces a kernel by its name.
pub const KERNEL_VARIABLE: &str = "MUSTER_KERNEL";

/// Several bitsets combined without an intermediate: the ids in each of `all`, in none of `none`
/// and, unless `any` is empty, in at least one of `any`. Nothing at all selects everybody.
#[derive(Clone, Copy, Default)]
pub struct Fused<'a> {
    /// Every one of these has the id.
    pub all: &'a [&'a Words],
    /// Not one of these has the id.
    pub none: &'a [&'a Words],
    /// At least one of these has the id, unless the list is empty.
    pub any: &'a [&'a Words],
}

impl<'a> Fused<'a> {
    /// The ids that are in each of `all`.
    pub fn all(all: &'a [&'a Words]) -> Self {
        Fused { all, ..Fused::default() }
    }
}

/// The kernels that this machine can run, the fastest last.
pub fn available() -> Vec<&'static Kernel> {
    let mut kernels = vec![&scalar::KERNEL];
    #[cfg(target_arch = "x86_64")]
    {
        if avx2::is_supported() {
            kernels.push(&avx2::KERNEL);
        }
        if avx512::is_supported() {
            kernels.push(&avx512::KERNEL);
        }
    }
    kernels
}

/// The kernel of this process. An error says that the environment asks for one that does not
/// exist or that this machine cannot run.
pub fn select() -> Result<&'static Kernel, String> {
    static SELECTED: OnceLock<Result<&'static Kernel, String>> = OnceLock::new();
    SELECTED.get_or_init(|| choose(std::env::var(KERNEL_VARIABLE).ok().as_deref())).clone()
}

fn choose(forced: Option<&str>) -> Result<&'static Kernel, String> {
    let kernels = available();
    let Some(forced) = forced.filter(|name| !name.is_empty()) else {
        return Ok(kernels[kernels.len() - 1]);
    };
    kernels.iter().copied().find(|kernel| kernel.name() == forced).ok_or_else(|| {
        let names: Vec<_> = kernels.iter().map(|kernel| kernel.name()).collect();
        format!(
            "set {KERNEL_VARIABLE} to one of {} or leave it unset: this machine has no kernel {forced:?}",
            names.join(", ")
        )
    })
}

/// The name of the kernel that runs.
#[cfg(feature = "internals")]
pub fn name() -> &'static str {
    current().name()
}

/// The kernel that runs: the selected one, or the scalar one if the selection is refused (whoever
/// opens a store asks [`select`] first and reports that).
#[inline]
pub fn current() -> &'static Kernel {
    #[cfg(test)]
    if let Some(kernel) = FORCED.get() {
        return kernel;
    }
    static CURRENT: OnceLock<&'static Kernel> = OnceLock::new();
    CURRENT.get_or_init(|| select().unwrap_or(&scalar::KERNEL))
}

#[cfg(test)]
thread_local! {
    static FORCED: std::cell::Cell<Option<&'static Kernel>> = const { std::cell::Cell::new(None) };
}

/// Runs `work` with `kernel` as the current one of this thread.
#[cfg(test)]
pub(crate) fn with_kernel<T>(kernel: &'static Kernel, work: impl FnOnce() -> T) -> T {
    let before = FORCED.replace(Some(kernel));
    let result = work();
    FORCED.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_kernel_is_chosen_unless_one_is_forced() {
        let kernels = available();
        assert_eq!(choose(None).unwrap().name(), kernels.last().unwrap().name());
        assert_eq!(choose(Some("")).unwrap().name(), kernels.last().unwrap().name());
        for kernel in kernels {
            assert_eq!(choose(Some(kernel.name())).unwrap().name(), kernel.name());
        }
    }

    #[test]
    fn an_unknown_kernel_is_refused_with_the_names_that_exist() {
        let message = choose(Some("mmx")).err().unwrap();
        assert!(message.contains("mmx") && message.contains("scalar"), "{message}");
        assert!(message.contains(KERNEL_VARIABLE), "{message}");
    }
}
