//! Repetition levels: how many rows a page of lists has, and how many values some neighbouring rows of it have.
//!
//! A run of a few bytes can claim billions of levels, so that runs are counted and never written out.

/// What the levels of a page of lists say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lists {
    /// The rows that begin in it.
    pub(super) rows: u64,
    /// The most values that as many neighbouring rows as are read at once can have.
    pub(super) values_max: u64,
}

/// Counts `values` levels of one bit each, in runs and packed groups. `None`: they are not so many, or have more bits.
pub(super) fn count(levels: &[u8], values: u64, rows_at_once: u64) -> Option<Lists> {
    let mut window = Window { at_once: rows_at_once.max(1), rows: 0, before: 0, values: 0, in_window: 0, max: 0 };
    let (mut at, mut left) = (0, values);
    while left > 0 {
        let head = varint(levels, &mut at)?;
        if head & 1 == 0 {
            let run = (head >> 1).min(left);
            match levels.get(at)? {
                0 => window.begin_rows(run),
                1 => window.add_values(run),
                _ => return None,
            }
            at += 1;
            left -= run;
            continue;
        }
        let groups = usize::try_from(head >> 1).ok()?;
        // The last group is padded, and some writers cut it.
        let packed = &levels[at..];
        let packed = &packed[..groups.min(packed.len())];
        if packed.is_empty() {
            return None;
        }
        for byte in packed {
            let bits = left.min(8);
            for bit in 0..bits {
                match byte >> bit & 1 {
                    0 => window.begin_rows(1),
                    _ => window.add_values(1),
                }
            }
            left -= bits;
        }
        at += packed.len();
    }
    Some(Lists { rows: window.rows, values_max: window.finish() })
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// The values of `at_once` rows, and of the `at_once` rows before them: any that are read at once lie in two such.
struct Window {
    at_once: u64,
    rows: u64,
    before: u64,
    values: u64,
    in_window: u64,
    max: u64,
}

impl Window {
    /// Rows with a value, or an empty list, each.
    fn begin_rows(&mut self, mut rows: u64) {
        self.rows += rows;
        while rows > 0 {
            if self.in_window == self.at_once {
                self.end_window();
            }
            let taken = rows.min(self.at_once - self.in_window);
            self.in_window += taken;
            self.values += taken;
            rows -= taken;
            // Of many equal windows two are as good as all.
            if rows > 3 * self.at_once {
                rows = 3 * self.at_once + rows % self.at_once;
            }
        }
    }

    /// Further values of the row at hand.
    fn add_values(&mut self, values: u64) {
        self.values += values;
    }

    fn end_window(&mut self) {
        self.max = self.max.max(self.before + self.values);
        self.before = self.values;
        self.values = 0;
        self.in_window = 0;
    }

    fn finish(mut self) -> u64 {
        self.end_window();
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(length: u64, level: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut head = length << 1;
        while head >= 0x80 {
            bytes.push(head as u8 | 0x80);
            head >>= 7;
        }
        bytes.extend([head as u8, level]);
        bytes
    }

    #[test]
    fn rows_and_values_are_counted_without_writing_them_out() {
        // One row of 30 million values, in eight bytes.
        let long = [run(1, 0), run(29_999_999, 1)].concat();
        assert_eq!(count(&long, 30_000_000, 16_384), Some(Lists { rows: 1, values_max: 30_000_000 }));
        // A billion rows of a value each.
        let many = run(1_000_000_000, 0);
        assert_eq!(count(&many, 1_000_000_000, 100), Some(Lists { rows: 1_000_000_000, values_max: 200 }));
        // Eight levels in one byte: rows of 3, 1 and 4 values.
        assert_eq!(count(&[0x03, 0b1110_0110], 8, 1), Some(Lists { rows: 3, values_max: 5 }));
        assert_eq!(count(&[0x03, 0b1110_0110], 8, 3), Some(Lists { rows: 3, values_max: 8 }));
    }

    #[test]
    fn levels_that_are_not_there_are_found() {
        assert_eq!(count(&run(5, 0), 6, 1), None);
        assert_eq!(count(&run(6, 2), 6, 1), None);
        assert_eq!(count(&[0x05], 16, 1), None);
        assert_eq!(count(&[], 1, 1), None);
    }

    /// Against the lists written out, for many lengths of rows and of what is read at once.
    #[test]
    fn no_neighbouring_rows_have_more_values_than_is_said() {
        for seed in 1..200_u64 {
            let mut state = seed;
            let mut next = |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below
            };
            let lists: Vec<u64> = (0..1 + next(60)).map(|_| 1 + next(5) * next(9)).collect();
            let levels: Vec<u8> = lists.iter().flat_map(|length| [run(1, 0), run(length - 1, 1)].concat()).collect();
            let at_once = 1 + next(7) as usize;
            let values = lists.iter().sum();
            let found = count(&levels, values, at_once as u64).expect("sound");
            let most = (0..lists.len()).map(|at| lists[at..].iter().take(at_once).sum::<u64>()).max();
            assert_eq!(found.rows, lists.len() as u64);
            assert!(Some(found.values_max) >= most && found.values_max <= values, "seed {seed}: {found:?} {most:?}");
        }
    }
}
