//! A list that lives on the stack while it is short.

/// Up to `N` entries in place, more on the heap.
pub(in crate::query) struct Few<T: Copy, const N: usize> {
    inline: [T; N],
    length: usize,
    more: Vec<T>,
}

impl<T: Copy, const N: usize> Few<T, N> {
    /// An empty list; `filler` is what unused places hold.
    #[inline]
    pub(in crate::query) fn new(filler: T) -> Few<T, N> {
        Few { inline: [filler; N], length: 0, more: Vec::new() }
    }

    /// Appends `entry`.
    #[inline]
    pub(in crate::query) fn push(&mut self, entry: T) {
        if self.more.is_empty() && self.length < N {
            self.inline[self.length] = entry;
            self.length += 1;
        } else {
            if self.more.is_empty() {
                self.more.extend_from_slice(&self.inline);
            }
            self.more.push(entry);
        }
    }

    /// Takes the last entry away.
    pub(in crate::query) fn pop(&mut self) {
        match self.more.pop() {
            Some(_) if self.more.len() == N => self.more.clear(),
            Some(_) => {}
            None => self.length = self.length.saturating_sub(1),
        }
    }

    /// The entries.
    #[inline]
    pub(in crate::query) fn as_slice(&self) -> &[T] {
        if self.more.is_empty() { &self.inline[..self.length] } else { &self.more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_beyond_the_stack() {
        for count in 0u32..10 {
            let mut few: Few<u32, 4> = Few::new(0);
            (0..count).for_each(|entry| few.push(entry));
            assert_eq!(few.as_slice(), (0..count).collect::<Vec<_>>());
            few.pop();
            assert_eq!(few.as_slice(), (0..count.saturating_sub(1)).collect::<Vec<_>>());
        }
    }
}
