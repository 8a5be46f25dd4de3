//! Prefetch: memory that is read soon is asked for now, and nobody waits for it.

/// Asks for the line of memory where `place` begins. It changes nothing that a program can see.
#[inline(always)]
pub(crate) fn prefetch<T: Copy>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64, and a prefetch faults on no address.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(place).cast());
    }
    // Elsewhere it is read: who asks for many places before any of them is needed still waits for all at once.
    #[cfg(not(target_arch = "x86_64"))]
    core::hint::black_box(*place);
}
