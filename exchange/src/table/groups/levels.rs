//! Definition and repetition levels: which rows of a page have a value, how many rows a page of lists has, and how many
//! values some neighbouring rows of it have.
//!
//! A run of a few bytes can claim billions of levels, so that runs are counted and never written out. The decoders take
//! a level that no value can have for a value, and drop what stands in a list that says that it is empty.

/// What the levels of a page of lists say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lists {
    /// The rows that begin in it.
    pub(super) rows: u64,
    /// The most values that as many neighbouring rows as are read at once can have.
    pub(super) values_max: u64,
}

/// What the levels of definition of a column can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depth {
    pub(super) max: i16,
    /// From this on an element of a list is there, if only as a null.
    pub(super) element: i16,
}

/// The repetition of all lists that are read: those in a list are refused before.
const REPETITION_MAX: i16 = 1;

/// Checks `values` levels of definition where each value is a row.
///
/// Errors: what is wrong with them.
pub(super) fn check(definition: &[u8], max: i16, values: u64) -> Result<(), String> {
    let mut definition = Levels::new("definition", definition, max, values);
    while let Some((_, count)) = definition.peek()? {
        definition.take(count.max(definition.sound()));
    }
    Ok(())
}

/// Checks and counts the levels of `values` elements of lists.
///
/// Errors: what is wrong with them.
pub(super) fn count(
    (repetition, definition): (&[u8], &[u8]),
    depth: Depth,
    values: u64,
    rows_at_once: u64,
) -> Result<Lists, String> {
    let mut window = Window { at_once: rows_at_once.max(1), rows: 0, before: 0, values: 0, in_window: 0, max: 0 };
    let mut repetition = Levels::new("repetition", repetition, REPETITION_MAX, values);
    let mut definition = Levels::new("definition", definition, depth.max, values);
    // A page may go on with the row of the one before.
    let mut has_elements = true;
    while let (Some((repeated, many)), Some((defined, more))) = (repetition.peek()?, definition.peek()?) {
        let count = many.min(more);
        let is_element = defined >= depth.element;
        if repeated == 0 {
            window.begin_rows(count);
            has_elements = is_element;
        } else if is_element && has_elements {
            window.add_values(count);
        } else {
            return Err("a list that is null or empty in a page has values".to_owned());
        }
        repetition.take(count);
        definition.take(count);
    }
    Ok(Lists { rows: window.rows, values_max: window.finish() })
}

/// The levels of a page, in runs and packed groups.
struct Levels<'a> {
    what: &'static str,
    bytes: &'a [u8],
    max: i16,
    bits: usize,
    /// Those that are still to come, with the run at hand.
    left: u64,
    run: Run<'a>,
}

/// What is left of a run.
enum Run<'a> {
    Same { level: i16, count: u64 },
    Packed { bytes: &'a [u8], bit: usize },
}

impl<'a> Levels<'a> {
    fn new(what: &'static str, bytes: &'a [u8], max: i16, values: u64) -> Levels<'a> {
        let bits = (u16::BITS - max.unsigned_abs().leading_zeros()) as usize;
        Levels { what, bytes, max, bits, left: values, run: Run::Same { level: 0, count: 0 } }
    }

    /// The next level, and how often it follows at least; `None` at the end.
    ///
    /// Errors: that there are fewer of them, or one beyond what the column can have.
    fn peek(&mut self) -> Result<Option<(i16, u64)>, String> {
        while self.left > 0 {
            let (level, count) = match self.run {
                Run::Same { level, count } => (level, count),
                // Bits behind the last whole level are none.
                Run::Packed { bytes, bit } if bit + self.bits > bytes.len() * 8 => (0, 0),
                Run::Packed { bytes, bit } => {
                    let set = |at: &usize| bytes[(bit + at) / 8] >> ((bit + at) % 8) & 1 == 1;
                    ((0..self.bits).filter(set).map(|at| 1 << at).sum(), 1)
                }
            };
            if level > self.max {
                let (what, max) = (self.what, self.max);
                return Err(format!("a page has a level of {what} of {level}, at most {max} is one of its column"));
            }
            if count > 0 {
                return Ok(Some((level, count.min(self.left))));
            }
            self.begin_run()
                .ok_or_else(|| format!("a page has fewer levels of {} than it claims values", self.what))?;
        }
        Ok(None)
    }

    /// How many packed levels follow whose bits hold no level that is too large.
    fn sound(&self) -> u64 {
        match self.run {
            Run::Packed { bytes, bit } if self.max + 1 == 1 << self.bits => {
                self.left.min(((bytes.len() * 8 - bit) / self.bits) as u64)
            }
            _ => 0,
        }
    }

    /// Goes on behind so many levels of the run at hand.
    fn take(&mut self, taken: u64) {
        self.left -= taken;
        match &mut self.run {
            Run::Same { count, .. } => *count -= taken,
            Run::Packed { bit, .. } => *bit += self.bits * taken as usize,
        }
    }

    /// `None`: there is none.
    fn begin_run(&mut self) -> Option<()> {
        let mut at = 0;
        let head = varint(self.bytes, &mut at)?;
        if head & 1 == 0 {
            let level = i16::from(*self.bytes.get(at)?);
            self.run = Run::Same { level, count: head >> 1 };
            self.bytes = &self.bytes[at + 1..];
            return Some(());
        }
        // The last group is padded, and some writers cut it.
        let groups = usize::try_from(head >> 1).ok()?;
        let packed = &self.bytes[at..];
        let (bytes, rest) = packed.split_at(groups.saturating_mul(self.bits).min(packed.len()));
        self.run = Run::Packed { bytes, bit: 0 };
        self.bytes = rest;
        Some(())
    }
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

    const DEPTH: Depth = Depth { max: 1, element: 1 };

    /// Counts lists without nulls.
    fn lists(repetition: &[u8], values: u64, rows_at_once: u64) -> Result<Lists, String> {
        count((repetition, &run(values, 1)), DEPTH, values, rows_at_once)
    }

    #[test]
    fn rows_and_values_are_counted_without_writing_them_out() {
        // One row of 30 million values, in eight bytes.
        let long = [run(1, 0), run(29_999_999, 1)].concat();
        assert_eq!(lists(&long, 30_000_000, 16_384), Ok(Lists { rows: 1, values_max: 30_000_000 }));
        // A billion rows of a value each.
        let many = run(1_000_000_000, 0);
        assert_eq!(lists(&many, 1_000_000_000, 100), Ok(Lists { rows: 1_000_000_000, values_max: 200 }));
        // Eight levels in one byte: rows of 3, 1 and 4 values.
        assert_eq!(lists(&[0x03, 0b1110_0110], 8, 1), Ok(Lists { rows: 3, values_max: 5 }));
        assert_eq!(lists(&[0x03, 0b1110_0110], 8, 3), Ok(Lists { rows: 3, values_max: 8 }));
    }

    #[test]
    fn levels_that_are_not_there_are_found() {
        for levels in [run(5, 0), vec![0x03], vec![], vec![0x80; 6], vec![0x00, 0x00]] {
            let why = lists(&levels, 9, 1).expect_err("too few");
            assert_eq!(why, "a page has fewer levels of repetition than it claims values", "{levels:?}");
            let why = check(&levels, 1, 9).expect_err("too few");
            assert_eq!(why, "a page has fewer levels of definition than it claims values", "{levels:?}");
        }
        assert_eq!(check(&[0x05, 0xFF, 0xFF], 1, 16), Ok(()));
        // The last group is padded, and some writers cut it.
        assert_eq!(check(&[0x05, 0xFF], 1, 8), Ok(()));
        assert_eq!(check(&[], 1, 0), Ok(()));
    }

    #[test]
    fn levels_that_no_value_can_have_are_found() {
        for (levels, max, level) in [
            (run(9, 2), 1, 2),
            (run(9, 5), 1, 5),
            (run(9, 255), 3, 255),
            ([run(8, 1), run(1, 7)].concat(), 1, 7),
            // Packed in two bits: 0, 1, 2, 2, 2, 2, 2, 3.
            (vec![0x03, 0b1010_0100, 0b1110_1010], 2, 3),
        ] {
            let values = if level == 3 { 8 } else { 9 };
            let why = check(&levels, max, values).expect_err("too large");
            assert_eq!(why, format!("a page has a level of definition of {level}, at most {max} is one of its column"));
        }
        assert_eq!(check(&[0x03, 0b1010_0100, 0b1010_1010], 2, 8), Ok(()));
        // Padding is no level.
        assert_eq!(check(&[0x03, 0b1010_0100, 0b1110_1010], 2, 7), Ok(()));
        assert!(lists(&run(6, 2), 6, 1).is_err_and(|why| why.contains("a level of repetition of 2, at most 1")));
        assert!(count((&run(6, 0), &run(6, 4)), DEPTH, 6, 1).is_err_and(|why| why.contains("of definition of 4")));
    }

    /// A list that may be null, of values that may be null: null, empty, a null in it, a value in it.
    #[test]
    fn a_list_without_values_has_none() {
        let depth = Depth { max: 3, element: 2 };
        for (levels, is_sound) in [
            (&[(0, 0), (0, 1), (0, 2), (1, 3), (1, 2), (0, 3)][..], true),
            (&[(1, 3), (0, 0), (0, 0)], true),
            (&[(0, 0), (1, 3)], false),
            (&[(0, 1), (1, 2)], false),
            (&[(0, 3), (1, 0)], false),
            (&[(0, 3), (1, 3), (1, 1)], false),
        ] {
            let runs =
                |of: &dyn Fn(&(u8, u8)) -> u8| levels.iter().flat_map(|pair| run(1, of(pair))).collect::<Vec<u8>>();
            let found = count((&runs(&|pair| pair.0), &runs(&|pair| pair.1)), depth, levels.len() as u64, 100);
            assert_eq!(found.is_ok(), is_sound, "{levels:?}: {found:?}");
        }
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
            let lengths: Vec<u64> = (0..1 + next(60)).map(|_| 1 + next(5) * next(9)).collect();
            let levels: Vec<u8> = lengths.iter().flat_map(|length| [run(1, 0), run(length - 1, 1)].concat()).collect();
            let at_once = 1 + next(7) as usize;
            let values = lengths.iter().sum();
            let found = lists(&levels, values, at_once as u64).expect("sound");
            let most = (0..lengths.len()).map(|at| lengths[at..].iter().take(at_once).sum::<u64>()).max();
            assert_eq!(found.rows, lengths.len() as u64);
            assert!(Some(found.values_max) >= most && found.values_max <= values, "seed {seed}: {found:?} {most:?}");
        }
    }
}
