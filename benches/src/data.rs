//! The population of the query set: columns by seed, the same on every machine.

/// Entities and what is known of them.
pub(crate) struct Data {
    /// How many.
    pub(crate) entities: u32,
    /// Flags by name: who has them, rising.
    pub(crate) flags: Vec<(&'static str, Vec<u32>)>,
    /// The values of each choice by name: one number an entity.
    pub(crate) choices: Vec<(&'static str, u32, Vec<u32>)>,
    /// Numbers by name: one an entity.
    pub(crate) numbers: Vec<(&'static str, Vec<i64>)>,
}

/// A generator of random numbers: xorshift64*, by Marsaglia and Vigna.
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub(crate) fn seeded(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`, evenly.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

impl Data {
    /// The population of `entities` for `seed`.
    pub(crate) fn new(entities: u32, seed: u64) -> Data {
        let mut random = Random::seeded(seed);
        // In units of one in ten thousand.
        let uniform = [
            ("u001", 1),
            ("u01", 10),
            ("u1", 100),
            ("u1b", 100),
            ("u10a", 1_000),
            ("u10b", 1_000),
            ("u50a", 5_000),
            ("u50b", 5_000),
            ("u90", 9_000),
        ];
        let mut flags: Vec<_> = uniform
            .into_iter()
            .map(|(name, share)| (name, (0..entities).filter(|_| random.below(10_000) < share).collect()))
            .collect();
        flags.push(("c1", clustered(entities, 1, &mut random)));
        flags.push(("c10", clustered(entities, 10, &mut random)));
        let mut column = |values: u64| -> Vec<u32> { (0..entities).map(|_| random.below(values) as u32).collect() };
        let choices = vec![("cat", 8, column(8)), ("gender", 2, column(2))];
        let mut data = Data { entities, flags, choices, numbers: Vec::new() };
        data.choices.push(("city", 300, zipf(entities, 300, &mut random)));
        let mut column = |values: u64| -> Vec<i64> { (0..entities).map(|_| random.below(values) as i64).collect() };
        data.numbers = vec![("age", column(101)), ("amount", column(1 << 20))];
        data
    }

    /// Who has a flag.
    pub(crate) fn flag(&self, name: &str) -> &[u32] {
        let found = self.flags.iter().find(|(flag, _)| *flag == name);
        &found.expect("a flag of the query set").1
    }

    /// Who has a value of a choice.
    pub(crate) fn value(&self, name: &str, value: u32) -> Vec<u32> {
        let found = self.choices.iter().find(|(choice, ..)| *choice == name);
        let column = &found.expect("a choice of the query set").2;
        (0..self.entities).filter(|&id| column[id as usize] == value).collect()
    }

    /// Who has binary digit `slice` of a number.
    pub(crate) fn slice(&self, name: &str, slice: u32) -> Vec<u32> {
        let found = self.numbers.iter().find(|(number, _)| *number == name);
        let column = &found.expect("a number of the query set").1;
        (0..self.entities).filter(|&id| column[id as usize] >> slice & 1 == 1).collect()
    }
}

/// Runs of 50 to 5,000 ids that cover about `percent` of all.
fn clustered(entities: u32, percent: u64, random: &mut Random) -> Vec<u32> {
    let mut ids = Vec::new();
    let mut next = 0;
    while next < u64::from(entities) {
        let length = 50 + random.below(4_951);
        let gap = random.below(2 * length * (100 - percent) / percent + 1);
        let start = next + gap;
        let end = (start + length).min(u64::from(entities));
        ids.extend((start..end).map(|id| id as u32));
        next = start + length + 1;
    }
    ids
}

/// Values whose shares fall like 1, 1/2, 1/3 and so on.
fn zipf(entities: u32, values: u32, random: &mut Random) -> Vec<u32> {
    let mut ends = Vec::new();
    let mut sum = 0.0;
    for value in 1..=values {
        sum += 1.0 / f64::from(value);
        ends.push(sum);
    }
    let pick = |random: &mut Random| {
        let point = random.below(1 << 53) as f64 / (1u64 << 53) as f64 * sum;
        ends.partition_point(|&end| end <= point) as u32
    };
    (0..entities).map(|_| pick(random).min(values - 1)).collect()
}
