//! A random number generator that depends on the seed and the row alone, so that any number of threads writes the same
//! file.

/// The odd constant of SplitMix64 (Steele, Lea, Flood 2014): the golden ratio in 64 bits.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The numbers of one row.
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn of(seed: u64, row: u64) -> Random {
        let mut random = Random { state: seed.wrapping_mul(GOLDEN) ^ row.wrapping_mul(0xD1B5_4A32_D192_ED03) };
        random.next();
        random
    }

    /// 64 bits of SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        (((self.next() >> 32) * u64::from(end)) >> 32) as u32
    }

    /// A number of `first..=last`.
    pub(super) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// From 0 to 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True so many times in a thousand.
    pub(super) fn permille(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// Exponentially distributed around `mean`.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// One of some, each as often as its weight says.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[(T, u32)]) -> T {
        let total = choices.iter().map(|(_, weight)| weight).sum();
        let mut at = self.below(total);
        let mut chosen = choices[0].0;
        for &(choice, weight) in choices {
            chosen = choice;
            if at < weight {
                break;
            }
            at -= weight;
        }
        chosen
    }

    /// How many of some happen to be meant, in order: each so many times in a thousand, times `factor`.
    pub(super) fn some<'a>(&mut self, choices: &'a [(&'a str, u32)], factor: f64) -> impl Iterator<Item = &'a str> {
        choices
            .iter()
            .filter(move |(_, permille)| self.permille((f64::from(*permille) * factor) as u32))
            .map(|(name, _)| *name)
    }
}
