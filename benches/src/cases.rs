//! The query set: each query for muster as text, for the peers in the fastest idioms that they offer.

use std::cell::Cell;

use croaring::Bitmap;
use muster_engine::ids::{LocalId, TypeId};
use muster_engine::query::plan::QueryRequest;
use muster_engine::query::{Prepared, Run, contains_each};
use muster_engine::{Result, Snapshot};
use roaring::{MultiOps, RoaringBitmap};

use crate::data::Data;

/// What is asked of the members.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    /// How many.
    Count,
    /// The sum of a number.
    Sum(&'static str),
    /// The ids.
    Ids,
    /// Whether one entity is in, of many queries.
    Contains,
}

/// One way to answer with a peer; gives the answer as a number.
pub(crate) type Idiom = (&'static str, Box<dyn Fn() -> u64>);

/// One query.
pub(crate) struct Case {
    /// What the tables call it.
    pub(crate) name: String,
    /// The texts; more than one only for [`Ask::Contains`].
    pub(crate) texts: Vec<String>,
    /// What is asked.
    pub(crate) ask: Ask,
    /// The tags whose payload the floor streams: flags, `choice=value`, and numbers.
    pub(crate) tags: Vec<String>,
    /// roaring-rs.
    pub(crate) roaring: Vec<Idiom>,
    /// CRoaring.
    pub(crate) croaring: Vec<Idiom>,
    /// How often muster was asked for one entity: each time it is another one.
    pub(crate) asked: Asked,
}

impl Case {
    /// The queries of a case on one snapshot.
    pub(crate) fn prepare(&self, snapshot: &Snapshot, type_id: TypeId) -> Result<Vec<Prepared>> {
        let request = QueryRequest::at(0);
        self.texts.iter().map(|text| snapshot.prepare(type_id, text, &request)).collect()
    }

    /// What muster answers, as a number.
    pub(crate) fn answer(&self, prepared: &[Prepared], snapshot: &Snapshot, type_id: TypeId, run: &Run) -> Result<u64> {
        let first = &prepared[0];
        match self.ask {
            Ask::Count => Ok(first.count(run)?.count),
            Ask::Sum(tag) => {
                let tag = snapshot.catalog().require_tag(type_id, tag)?.id;
                Ok(first.sum(run, tag)?.1 as u64)
            }
            Ask::Ids => Ok(first.members(run, None, usize::MAX)?.ids.len() as u64),
            Ask::Contains => {
                let entity = LocalId(next_entity(&self.asked));
                contains_each(prepared, entity).into_iter().map(|answer| answer.map(u64::from)).sum()
            }
        }
    }
}

/// Both peers' bitmaps of the population, shared by all cases for the life of the process.
struct Peers {
    data: &'static Data,
}

type Both = (&'static RoaringBitmap, &'static Bitmap);

impl Peers {
    fn leak(ids: &[u32]) -> Both {
        let mut roaring = RoaringBitmap::from_sorted_iter(ids.iter().copied()).expect("ids rise");
        roaring.optimize();
        let mut croaring = Bitmap::of(ids);
        croaring.run_optimize();
        croaring.shrink_to_fit();
        (Box::leak(Box::new(roaring)), Box::leak(Box::new(croaring)))
    }

    fn flag(&self, name: &str) -> Both {
        Peers::leak(self.data.flag(name))
    }

    fn value(&self, name: &str, value: u32) -> Both {
        Peers::leak(&self.data.value(name, value))
    }

    fn slices(&self, name: &str, count: u32) -> Vec<Both> {
        (0..count).map(|slice| Peers::leak(&self.data.slice(name, slice))).collect()
    }
}

/// All queries.
pub(crate) fn cases(data: &'static Data) -> Vec<Case> {
    let peers = Peers { data };
    let mut cases = vec![one(&peers)];
    cases.extend(pairs(&peers));
    cases.extend(four_way(&peers));
    cases.extend(unions(&peers));
    cases.extend(ranges(&peers));
    cases.extend(sums(&peers));
    cases.extend(ids(&peers));
    cases.push(contains(&peers));
    cases
}

fn one(peers: &Peers) -> Case {
    let (roaring, croaring) = peers.flag("u10a");
    Case {
        name: "Q1 u10a".into(),
        texts: vec!["u10a".into()],
        ask: Ask::Count,
        tags: vec![],
        roaring: vec![("len", Box::new(move || roaring.len()))],
        asked: Asked::default(),
        croaring: vec![("cardinality", Box::new(move || croaring.cardinality()))],
    }
}

fn pairs(peers: &Peers) -> Vec<Case> {
    let pairs = [
        ("u10a", "u10b"),
        ("u1", "u50a"),
        ("u01", "u10a"),
        ("u50a", "u50b"),
        ("u1", "u1b"),
        ("u001", "u01"),
        ("c1", "c10"),
        ("c1", "u50a"),
        ("c10", "u10a"),
    ];
    let case = |(a, b): (&str, &str)| {
        let ((ra, ca), (rb, cb)) = (peers.flag(a), peers.flag(b));
        Case {
            name: format!("Q2 {a} & {b}"),
            texts: vec![format!("{a} AND {b}")],
            ask: Ask::Count,
            tags: vec![a.into(), b.into()],
            roaring: vec![("intersection_len", Box::new(move || ra.intersection_len(rb)))],
            asked: Asked::default(),
            croaring: vec![("and_cardinality", Box::new(move || ca.and_cardinality(cb)))],
        }
    };
    pairs.into_iter().map(case).collect()
}

fn four_way(peers: &Peers) -> Vec<Case> {
    let sets = [
        ("dense", ["u10a", "u50a", "u50b", "u90"]),
        ("mixed", ["u1", "u10a", "u50a", "u90"]),
        ("runs", ["c10", "u10a", "u50a", "u90"]),
    ];
    let case = |(name, flags): (&str, [&str; 4])| {
        let [(ra, ca), (rb, cb), (rc, cc), (rd, cd)] = flags.map(|flag| peers.flag(flag));
        Case {
            name: format!("Q3 {name}"),
            texts: vec![flags.join(" AND ")],
            ask: Ask::Count,
            tags: flags.iter().map(|&flag| flag.into()).collect(),
            roaring: vec![
                ("pairs, smallest first", Box::new(move || ((ra & rb) & rc).intersection_len(rd))),
                ("MultiOps", Box::new(move || [ra, rb, rc, rd].intersection().len())),
            ],
            asked: Asked::default(),
            croaring: vec![("pairs, smallest first", Box::new(move || ca.and(cb).and(cc).and_cardinality(cd)))],
        }
    };
    sets.into_iter().map(case).collect()
}

fn unions(peers: &Peers) -> Vec<Case> {
    let mut cases = Vec::new();
    for (tag, values) in [("cat", [0, 1, 2, 3, 4]), ("city", [0, 20, 50, 99, 200])] {
        let both = values.map(|value| peers.value(tag, value));
        let (b, c) = (peers.flag("u50a"), peers.flag("u10a"));
        let roaring: [&'static RoaringBitmap; 5] = both.map(|both| both.0);
        let croaring: [&'static Bitmap; 5] = both.map(|both| both.1);
        let list: Vec<String> = values.iter().map(|value| format!("{tag}{value}")).collect();
        cases.push(Case {
            name: format!("Q4 five {tag} & u50a & !u10a"),
            texts: vec![format!("{tag} IN ({}) AND u50a AND NOT u10a", list.join(", "))],
            ask: Ask::Count,
            tags: list.iter().map(|value| format!("{tag}={value}")).chain(["u50a".into(), "u10a".into()]).collect(),
            roaring: vec![
                ("union first", Box::new(move || (roaring.union() & b.0).difference_len(c.0))),
                (
                    "filter first",
                    Box::new(move || {
                        let filter = b.0 - c.0;
                        // The values exclude each other, so the counts add up.
                        roaring.iter().map(|value| filter.intersection_len(value)).sum()
                    }),
                ),
            ],
            asked: Asked::default(),
            croaring: vec![
                ("union first", Box::new(move || Bitmap::fast_or(&croaring).and(b.1).andnot_cardinality(c.1))),
                (
                    "filter first",
                    Box::new(move || {
                        let filter = b.1.andnot(c.1);
                        croaring.iter().map(|value| filter.and_cardinality(value)).sum()
                    }),
                ),
            ],
        });
    }
    let both: Vec<Both> = (0..20).map(|value| peers.value("city", value)).collect();
    let roaring: Vec<&'static RoaringBitmap> = both.iter().map(|both| both.0).collect();
    let again = roaring.clone();
    let croaring: Vec<&'static Bitmap> = both.iter().map(|both| both.1).collect();
    let more = croaring.clone();
    let gender = peers.value("gender", 0);
    let list: Vec<String> = (0..20).map(|value| format!("city{value}")).collect();
    cases.push(Case {
        name: "Q5 twenty cities & gender".into(),
        texts: vec![format!("city IN ({}) AND gender = gender0", list.join(", "))],
        ask: Ask::Count,
        tags: list.iter().map(|value| format!("city={value}")).chain(["gender=gender0".into()]).collect(),
        roaring: vec![
            ("union first", Box::new(move || roaring.iter().copied().union().intersection_len(gender.0))),
            ("sum of pairs", Box::new(move || again.iter().map(|value| gender.0.intersection_len(value)).sum())),
        ],
        asked: Asked::default(),
        croaring: vec![
            ("union first", Box::new(move || Bitmap::fast_or(&croaring).and_cardinality(gender.1))),
            ("sum of pairs", Box::new(move || more.iter().map(|value| gender.1.and_cardinality(value)).sum())),
        ],
    });
    cases
}

/// Who in `filter` has a number in `low..=high`, by O'Neil and Quass's comparison of bit slices, where both ends narrow
/// the filter as they go.
macro_rules! slice_range {
    ($name:ident, $bitmap:ty, $and:expr, $and_not:expr, $or:expr) => {
        fn $name(slices: &[&$bitmap], filter: &$bitmap, low: u64, high: u64) -> $bitmap {
            let (and, and_not, or) = ($and, $and_not, $or);
            let mut not_below = <$bitmap>::new();
            let mut equal = filter.clone();
            for (digit, slice) in slices.iter().enumerate().rev() {
                if low >> digit & 1 == 1 {
                    equal = and(&equal, slice);
                } else {
                    not_below = or(&not_below, &and(&equal, slice));
                    equal = and_not(&equal, slice);
                }
            }
            let filter = or(&not_below, &equal);
            let mut not_above = <$bitmap>::new();
            let mut equal = filter;
            for (digit, slice) in slices.iter().enumerate().rev() {
                if high >> digit & 1 == 1 {
                    not_above = or(&not_above, &and_not(&equal, slice));
                    equal = and(&equal, slice);
                } else {
                    equal = and_not(&equal, slice);
                }
            }
            or(&not_above, &equal)
        }
    };
}

slice_range!(
    roaring_range,
    RoaringBitmap,
    |a: &RoaringBitmap, b: &RoaringBitmap| a & b,
    |a: &RoaringBitmap, b: &RoaringBitmap| a - b,
    |a: &RoaringBitmap, b: &RoaringBitmap| a | b
);
slice_range!(
    croaring_range,
    Bitmap,
    |a: &Bitmap, b: &Bitmap| a.and(b),
    |a: &Bitmap, b: &Bitmap| a.andnot(b),
    |a: &Bitmap, b: &Bitmap| a.or(b)
);

fn ranges(peers: &Peers) -> Vec<Case> {
    let slices = peers.slices("age", 7);
    let roaring: Vec<&'static RoaringBitmap> = slices.iter().map(|both| both.0).collect();
    let croaring: Vec<&'static Bitmap> = slices.iter().map(|both| both.1).collect();
    let gender = peers.value("gender", 0);
    let case = |(name, city): (&str, Option<u32>)| {
        let (roaring, croaring) = (roaring.clone(), croaring.clone());
        let city_both = city.map(|city| peers.value("city", city));
        let filter: Both = match city_both {
            None => gender,
            Some(city) => (city.0, city.1),
        };
        let has_city = city.is_some();
        let mut text = "age BETWEEN 25 AND 34 AND gender = gender0".to_owned();
        let mut tags = vec!["age".to_owned(), "gender=gender0".to_owned()];
        if let Some(city) = city {
            text += &format!(" AND city = city{city}");
            tags.push(format!("city=city{city}"));
        }
        Case {
            name: format!("Q6 {name}"),
            texts: vec![text],
            ask: Ask::Count,
            tags,
            roaring: vec![(
                "slices, filter first",
                Box::new(move || match has_city {
                    true => roaring_range(&roaring, &(filter.0 & gender.0), 25, 34).len(),
                    false => roaring_range(&roaring, filter.0, 25, 34).len(),
                }),
            )],
            asked: Asked::default(),
            croaring: vec![(
                "slices, filter first",
                Box::new(move || match has_city {
                    true => croaring_range(&croaring, &filter.1.and(gender.1), 25, 34).cardinality(),
                    false => croaring_range(&croaring, filter.1, 25, 34).cardinality(),
                }),
            )],
        }
    };
    [("alone", None), ("city0", Some(0)), ("city9", Some(9)), ("city99", Some(99))].into_iter().map(case).collect()
}

fn sums(peers: &Peers) -> Vec<Case> {
    let slices = peers.slices("amount", 20);
    let roaring: Vec<&'static RoaringBitmap> = slices.iter().map(|both| both.0).collect();
    let croaring: Vec<&'static Bitmap> = slices.iter().map(|both| both.1).collect();
    let case = |flag: &str| {
        let (roaring, croaring, filter) = (roaring.clone(), croaring.clone(), peers.flag(flag));
        Case {
            name: format!("Q7 sum where {flag}"),
            texts: vec![flag.into()],
            ask: Ask::Sum("amount"),
            tags: vec!["amount".into(), flag.into()],
            roaring: vec![(
                "sum of intersection_len",
                Box::new(move || {
                    let digits = roaring.iter().enumerate();
                    digits.map(|(digit, slice)| slice.intersection_len(filter.0) << digit).sum()
                }),
            )],
            asked: Asked::default(),
            croaring: vec![(
                "sum of and_cardinality",
                Box::new(move || {
                    let digits = croaring.iter().enumerate();
                    digits.map(|(digit, slice)| slice.and_cardinality(filter.1) << digit).sum()
                }),
            )],
        }
    };
    ["u10a", "u50a", "u1", "u01"].into_iter().map(case).collect()
}

fn ids(peers: &Peers) -> Vec<Case> {
    let case = |(a, b): (&str, &str)| {
        let ((ra, ca), (rb, cb)) = (peers.flag(a), peers.flag(b));
        Case {
            name: format!("Q8 ids of {a} & {b}"),
            texts: vec![format!("{a} AND {b}")],
            ask: Ask::Ids,
            tags: vec![],
            roaring: vec![
                ("collect", Box::new(move || (ra & rb).iter().collect::<Vec<u32>>().len() as u64)),
                (
                    "next_many",
                    Box::new(move || {
                        let both = ra & rb;
                        let mut ids = vec![0; both.len() as usize];
                        both.iter().next_many(&mut ids).len() as u64
                    }),
                ),
            ],
            asked: Asked::default(),
            croaring: vec![("to_vec", Box::new(move || ca.and(cb).to_vec().len() as u64))],
        }
    };
    [("u10a", "u10b"), ("u50a", "u50b"), ("u1", "u50a")].into_iter().map(case).collect()
}

/// How often somebody was asked for one entity.
pub(crate) type Asked = Cell<u32>;

/// The entity of the next question: the same sequence for whoever is asked, far apart, so that nobody finds it in the
/// cache only because it was asked for just before.
pub(crate) fn next_entity(asked: &Asked) -> u32 {
    let number = asked.get();
    asked.set(number.wrapping_add(1));
    // The golden ratio spreads them evenly over the smallest population.
    number.wrapping_mul(0x9E37_79B9) % ENTITIES_MIN
}

/// Entities that every population has.
const ENTITIES_MIN: u32 = 1_000_000;

fn contains(peers: &Peers) -> Case {
    let both: Vec<Both> = (0..200).map(|value| peers.value("city", value)).collect();
    let roaring: Vec<&'static RoaringBitmap> = both.iter().map(|both| both.0).collect();
    let croaring: Vec<&'static Bitmap> = both.iter().map(|both| both.1).collect();
    let (asked_roaring, asked_croaring) = (Asked::default(), Asked::default());
    Case {
        name: "Q9 one entity in 200".into(),
        texts: (0..200).map(|value| format!("city = city{value}")).collect(),
        ask: Ask::Contains,
        tags: vec![],
        asked: Asked::default(),
        roaring: vec![(
            "contains",
            Box::new(move || {
                let entity = next_entity(&asked_roaring);
                roaring.iter().filter(|set| set.contains(entity)).count() as u64
            }),
        )],
        croaring: vec![(
            "contains",
            Box::new(move || {
                let entity = next_entity(&asked_croaring);
                croaring.iter().filter(|set| set.contains(entity)).count() as u64
            }),
        )],
    }
}
