//! From text to a query that can be asked: what ad-hoc queries pay before anything is read.

use muster_engine::Result;
use muster_engine::Snapshot;
use muster_engine::ids::TypeId;
use muster_engine::query::plan::QueryRequest;

use crate::fair::median;

/// Ten conditions, of every kind of tag.
const TEN: &str = "u10a AND u50a AND NOT u90 AND NOT c1 AND gender = gender0 AND cat IN (cat0, cat3) \
    AND (city = city5 OR u1) AND age BETWEEN 25 AND 34 AND amount >= 1000";

/// Prints how long parse, plan and bind take, warm.
pub(crate) fn measure(snapshot: &Snapshot, type_id: TypeId, rounds: usize) -> Result<()> {
    let repeats = 200 * rounds;
    println!("| text | parse µs | plan µs | bind µs | all µs |\n| --- | ---: | ---: | ---: | ---: |");
    for (name, text) in [("one condition", "u10a"), ("ten conditions", TEN)] {
        let mut times = [const { Vec::new() }; 4];
        for _ in 0..repeats {
            let timing = snapshot.prepare(type_id, text, &QueryRequest::at(0))?.timing();
            let steps = [timing.parse_ns, timing.plan_ns, timing.bind_ns];
            for (times, ns) in times.iter_mut().zip(steps.into_iter().chain([steps.iter().sum()])) {
                times.push(ns as f64 / 1000.0);
            }
        }
        let [parse, plan, bind, all] = times.map(|mut times| median(&mut times));
        println!("| {name} | {parse:.2} | {plan:.2} | {bind:.2} | {all:.2} |");
    }
    println!();
    Ok(())
}
