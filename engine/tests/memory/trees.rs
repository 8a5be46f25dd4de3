//! No question passes its budget, whatever it is made of: random trees of every construct, every allocation counted.

use muster_engine::query::plan::{Parameter, QueryRequest};
use muster_engine::query::{Prepared, Run};
use muster_engine::storage::Random;
use muster_engine::{ErrorKind, Result};

use crate::counting::peak_of;
use crate::population::{Population, VALUES};
use crate::{population, prepare};

/// What is not counted: buffers of a small plan, and the text as it is read, which has a limit of its own.
const FIXED_BYTES: usize = 7 << 20;
const BYTES_OF_A_BYTE: usize = 256;
const BUDGETS: [u64; 5] = [1 << 18, 1 << 20, 4 << 20, 16 << 20, 256 << 20];

/// A tree with up to `width` children a node.
fn tree(random: &mut Random, depth: u32, width: u64) -> String {
    if depth == 0 || random.one_in(6) {
        return leaf(random);
    }
    let count = 2 + random.below(width);
    let children: Vec<String> = (0..count).map(|_| tree(random, depth - 1, width / 4)).collect();
    match random.below(6) {
        0 | 1 => format!("({})", children.join(" AND ")),
        2 => format!("({})", children.join(" OR ")),
        3 => format!("({} EXCEPT {})", children[0], children[1]),
        4 => format!("NOT {}", children[0]),
        _ => {
            let mode = ["AT LEAST", "AT MOST", "EXACTLY"][random.below(3) as usize];
            format!("{mode} {} OF ({})", 1 + random.below(count), children.join(", "))
        }
    }
}

fn leaf(random: &mut Random) -> String {
    let number = |random: &mut Random| random.below(3 * VALUES as u64);
    let code = |random: &mut Random| format!("'c{}'", random.below(VALUES as u64));
    match random.below(13) {
        0 => "ALL".to_owned(),
        1 => format!("code = {}", code(random)),
        2 => format!("code != {}", code(random)),
        3 => format!("code IN ({})", (0..20).map(|_| code(random)).collect::<Vec<_>>().join(", ")),
        4 => format!("code LIKE '%{}'", random.below(100)),
        5 => format!("number > {}", number(random)),
        6 => format!("number BETWEEN {} AND {}", number(random), 3 * VALUES),
        7 => format!("number IN ({})", (0..30).map(|_| number(random).to_string()).collect::<Vec<_>>().join(", ")),
        8 => format!("number * 3 < other + {}", number(random)),
        9 => format!("split('s{}', [0%, {}%))", random.below(50), 1 + random.below(99)),
        10 => ["code", "number", "other", "likes"][random.below(4) as usize].to_owned() + " IS MISSING",
        11 => format!("ids('user {}', 'user {}')", random.below(9), random.below(99_999)),
        _ => match random.below(4) {
            0 => "$given".to_owned(),
            1 => format!("likes HAS AT LEAST 2 OF ({})", ["a", "b", "c"].join(", ")),
            _ => format!("likes HAS {}", ["a", "b", "c"][random.below(3) as usize]),
        },
    }
}

type Ask = (&'static str, fn(&Population, &Prepared) -> Result<()>);

const ASKS: [Ask; 7] = [
    ("count", |_, prepared| prepared.count(&Run::default()).map(drop)),
    ("members", |_, prepared| prepared.members(&Run::default(), None, usize::MAX).map(drop)),
    ("bitmap", |_, prepared| prepared.bitmap(&Run::default()).map(drop)),
    ("breakdown", |it, prepared| prepared.breakdown(&Run::default(), it.tag("code")).map(drop)),
    ("numbers", |it, prepared| prepared.breakdown(&Run::default(), it.tag("number")).map(drop)),
    ("stats", |it, prepared| prepared.stats(&Run::default(), it.tag("number"), &[0.5]).map(drop)),
    ("why", |it, prepared| prepared.why(&Run::default(), it.entity()).map(drop)),
];

fn request(budget: u64, given: &[u8]) -> QueryRequest {
    let mut request = QueryRequest { memory_bytes_max: budget, ..QueryRequest::at(0) };
    let given = Parameter::Bitmap { bytes: given.to_vec(), id_epoch: None, store_id: None };
    request.parameters.insert("given".to_owned(), given);
    request
}

#[test]
fn no_tree_of_conditions_passes_its_budget() {
    let population = population();
    let mut given = Vec::new();
    (0..VALUES as u32).step_by(3).collect::<roaring::RoaringBitmap>().serialize_into(&mut given).unwrap();
    let (mut answered, mut refused) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::seeded(4_000 + seed);
        // Now and then one of very many children.
        let width = [6, 6, 20, 400][seed as usize % 4];
        let mut text = tree(&mut random, 3, width);
        while text.len() > muster_language::limits::TEXT_BYTES_MAX / 2 {
            text = tree(&mut random, 3, width / 2);
        }
        let (name, ask) = ASKS[seed as usize % ASKS.len()];
        for budget in BUDGETS {
            let request = request(budget, &given);
            let (outcome, peak) =
                peak_of(|| prepare(population, &text, &request).and_then(|prepared| ask(population, &prepared)));
            let allowed = budget as usize + FIXED_BYTES + BYTES_OF_A_BYTE * text.len();
            assert!(peak <= allowed, "seed {seed}: {name} took {peak} bytes with a budget of {budget}: {text:.200}");
            match outcome {
                Ok(()) => answered += 1,
                Err(error) if error.kind() == ErrorKind::Limit => {
                    assert!(error.message().contains("query_memory_bytes"), "seed {seed}: {error}");
                    refused += 1;
                }
                Err(error) => panic!("seed {seed}: {error}: {text:.400}"),
            }
        }
    }
    assert!(answered > 60 && refused > 20, "{answered} answered, {refused} refused");
}

/// Counters stand for each id of a chunk, but only one batch of operands is at hand at once.
#[test]
fn at_least_so_many_of_ten_thousand_conditions_takes_a_few_megabytes() {
    let population = population();
    let terms: Vec<String> = (0..4_999).map(|n| format!("(number > {n} AND other < {n})")).collect();
    let text = format!("AT LEAST 2000 OF ({})", terms.join(", "));
    let prepared = prepare(population, &text, &QueryRequest::at(0)).unwrap();
    // The first makes the scratch.
    let (first, peak) = peak_of(|| prepared.count(&Run::default()).unwrap().count);
    assert!(peak <= 8 << 20, "{peak} bytes");
    let (again, _) = peak_of(|| prepared.count(&Run::default()).unwrap().count);
    assert_eq!(first, again);
    // By the way each entity was made: `number` is three times its place, `other` seven less than that.
    let holds = |place: i64| (0..4_999).filter(|n| 3 * place > *n && 3 * place - 7 < *n).count() >= 2_000;
    assert_eq!(first, (0..VALUES).filter(|place| holds(*place)).count() as u64);
}
