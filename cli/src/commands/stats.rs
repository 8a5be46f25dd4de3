//! `muster stats`: the numbers of a tag within an audience.

use clap::Args;
use muster_client::v1::{StatsReply, StatsRequest};
use serde_json::{Value, json};

use crate::args::text::query_text_or_everyone;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::json::{with_info, written};
use crate::output::numbers::{grouped, nanoseconds};
use crate::output::table::Table;

/// Sum, least, greatest, mean and quantiles of a number tag within an audience.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster stats adr_cents --in \"hotel = 'Resort Hotel'\"
  muster stats 消费金额_30d --in '会员等级 = 金卡' --quantiles 0.5,0.9,0.99
  muster stats 年龄                                          of everyone

Quantile q is the smallest value v with at least ceil(q * n) entities <= v.")]
pub(crate) struct StatsArgs {
    /// An int, decimal, date or time tag
    tag: String,
    /// The audience, without --in
    #[arg(value_name = "EXPRESSION", conflicts_with = "within", allow_negative_numbers = true)]
    text: Vec<String>,
    /// The audience; everyone if it is not given
    #[arg(long = "in", id = "within", value_name = "EXPRESSION")]
    within: Option<String>,
    /// Quantiles, each from 0 to 1
    #[arg(long, value_name = "Q,Q", value_delimiter = ',', default_value = "0.25,0.5,0.75")]
    quantiles: Vec<f64>,
}

/// Shows the numbers of a tag.
pub(crate) async fn run(args: &StatsArgs, asker: &Asker) -> Result<(), Failure> {
    let text = query_text_or_everyone(args.within.as_ref().map_or(args.text.as_slice(), std::slice::from_ref))?;
    let request = StatsRequest {
        context: asker.context(),
        text: text.clone(),
        tag: args.tag.clone(),
        quantiles: args.quantiles.clone(),
    };
    let reply = asker.client.stats(request).await?;
    asker.print(&Answer::object(document(&reply), table(&reply)))?;
    asker.warn(reply.info.as_ref(), &text);
    Ok(())
}

fn document(reply: &StatsReply) -> Value {
    let kind = reply.kind();
    let quantiles: Vec<Value> = reply
        .quantiles
        .iter()
        .map(|quantile| json!({"q": quantile.q, "value": written(&quantile.value, kind)}))
        .collect();
    let answer = json!({
        "tag": reply.tag,
        "kind": super::tag::kind_name(kind),
        "unit": reply.unit,
        "count": reply.count,
        "missing": reply.missing,
        "sum": written(&reply.sum, kind),
        "min": written(&reply.min, kind),
        "max": written(&reply.max, kind),
        "mean": reply.mean,
        "quantiles": quantiles,
    });
    with_info(answer, reply.info.as_ref())
}

fn table(reply: &StatsReply) -> String {
    let mut table = Table::new(&[&reply.tag, &format!(">{}", reply.unit)]);
    table.row(["count", &grouped(reply.count)]);
    table.row(["missing", &grouped(reply.missing)]);
    if !reply.sum.is_empty() {
        table.row(["sum", &reply.sum]);
    }
    // The mean of dates and times is a number of days or milliseconds, which says nothing to people.
    if let Some(mean) = reply.mean.filter(|_| !reply.sum.is_empty()) {
        table.row(["mean", &format!("{mean:.4}")]);
    }
    table.row(["min", &reply.min]);
    for quantile in &reply.quantiles {
        table.row([format!("{}%", trimmed(quantile.q * 100.0)), quantile.value.clone()]);
    }
    table.row(["max", &reply.max]);
    let time = reply.info.as_ref().and_then(|info| info.engine_time).unwrap_or_default();
    format!("{}{}\n", table.render(), nanoseconds(time.total_ns))
}

/// A number with at most six digits behind the point, none of them a closing zero.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
