//! `muster stats`: the numbers of a tag within an audience.

use std::str::FromStr;

use clap::Args;
use muster_client::v1::{self, StatsReply, StatsRequest, TagKind, value};
use muster_client::{ShownZone, documents};

use super::change::bare;
use crate::ask::Asker;
use crate::ask::text::query_text_or_everyone;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::numbers::{grouped, nanoseconds};
use crate::output::table::Align::{Left, Right};
use crate::output::table::Table;

/// The fewest digits behind the point of a mean.
const MEAN_DIGITS_MIN: usize = 4;

/// Sum, least, greatest, mean and quantiles of a number tag within an audience.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster stats adr_cents --in \"hotel = 'Resort Hotel'\"
  muster stats 消费金额_30d --in '会员等级 = 金卡' --quantiles 0.5,0.9,0.99
  muster stats 年龄                                        # of everyone

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
    quantiles: Vec<Quantile>,
}

/// A quantile as somebody wrote it, which the wire carries without loss.
#[derive(Clone, Copy, Debug)]
struct Quantile(f64);

impl FromStr for Quantile {
    type Err = String;

    fn from_str(text: &str) -> Result<Quantile, String> {
        const EXAMPLE: &str = "write quantiles from 0 to 1, as in 0.25,0.5,0.95";
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let q: f64 = text.parse().map_err(|_| EXAMPLE.to_owned())?;
        if !is_decimal || !(0.0..=1.0).contains(&q) {
            return Err(EXAMPLE.to_owned());
        }
        // A double reads back as its shortest decimal; another decimal would be asked as that one.
        match digits(text) == digits(&q.to_string()) {
            true => Ok(Quantile(q)),
            false => Err(format!("write it with fewer digits: it would be taken as {q}")),
        }
    }
}

/// A decimal without the zeros that say nothing.
fn digits(text: &str) -> (&str, &str) {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    (whole.trim_start_matches('0'), part.trim_end_matches('0'))
}

/// Shows the numbers of a tag.
pub(crate) async fn run(args: &StatsArgs, asker: &Asker) -> Result<(), Failure> {
    let words = args.within.as_ref().map_or(args.text.as_slice(), std::slice::from_ref);
    let text = query_text_or_everyone(words, &asker.settings).await?;
    asker.check_parameters(std::iter::once(text.as_str()))?;
    let request = StatsRequest {
        context: asker.context(),
        text: text.clone(),
        tag: bare(&args.tag).to_owned(),
        quantiles: args.quantiles.iter().map(|quantile| quantile.0).collect(),
    };
    let reply = asker.client.stats(request).await?;
    asker.print(&Answer::new(documents::stats(&reply), table(&reply)))?;
    asker.warn(reply.info.as_ref(), &text);
    Ok(())
}

fn table(reply: &StatsReply) -> String {
    let mut table = Table::named([(reply.tag.as_str(), Left), (reply.unit.as_str(), Right)]);
    table.row(["count", &grouped(reply.count)]);
    table.row(["missing", &grouped(reply.missing)]);
    if !reply.sum.is_empty() {
        table.row(["sum", &reply.sum]);
    }
    if let Some(mean) = reply.mean {
        table.row(["mean", &shown_mean(mean, reply)]);
    }
    table.row(["min", &reply.min]);
    for quantile in &reply.quantiles {
        table.row([format!("{}%", percent(quantile.q)), quantile.value.clone()]);
    }
    table.row(["max", &reply.max]);
    let time = reply.info.as_ref().and_then(|info| info.engine_time).unwrap_or_default();
    format!("{}{}\n", table.render(), nanoseconds(time.total_ns))
}

/// The mean as people read it: of dates and times, which are numbers of days and milliseconds, the nearest one; of
/// numbers with two digits more than they have themselves.
fn shown_mean(mean: f64, reply: &StatsReply) -> String {
    let value = match reply.kind() {
        TagKind::Date => value::Value::Date(mean.round() as i64),
        TagKind::Time => value::Value::Time(mean.round() as i64),
        _ => {
            let digits = reply.sum.split_once('.').map_or(0, |(_, part)| part.len());
            return format!("{mean:.*}", (digits + 2).max(MEAN_DIGITS_MIN));
        }
    };
    let zone = reply.info.as_ref().map_or("", |info| info.zone.as_str());
    ShownZone::named(zone).text(&v1::Value { value: Some(value) })
}

/// A quantile in percent with all its digits: 0.07 is 7, where a product in floating point is 7.000000000000001.
fn percent(q: f64) -> String {
    let text = q.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = format!("{part:0<2}");
    let whole = format!("{whole}{}", &part[..2]);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    match &part[2..] {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_decimal_that_was_written() {
        for text in ["0", "1", "0.07", ".5", "1.000", "00.250", "0.30000000000000004", "0.000001"] {
            assert!(text.parse::<Quantile>().is_ok(), "{text}");
        }
        for text in ["", "-0.5", "1.01", "50%", "nan", "inf", "1e-3", "."] {
            let error = text.parse::<Quantile>().unwrap_err();
            assert!(error.starts_with("write quantiles from 0 to 1"), "{text}: {error}");
        }
        let error = "0.50000000000000000001".parse::<Quantile>().unwrap_err();
        assert_eq!(error, "write it with fewer digits: it would be taken as 0.5");
    }

    #[test]
    fn a_mean_is_shown_as_what_it_is_the_mean_of() {
        let of = |kind: TagKind, sum: &str, mean| {
            let mut reply = StatsReply { sum: sum.to_owned(), ..StatsReply::default() };
            reply.set_kind(kind);
            shown_mean(mean, &reply)
        };
        assert_eq!(of(TagKind::Date, "", 20_450.6), "2025-12-29");
        assert_eq!(of(TagKind::Time, "", 1_780_000_000_250.4), "2026-05-28T20:26:40.250Z");
        assert_eq!(of(TagKind::Int, "7", 3.5), "3.5000");
        assert_eq!(of(TagKind::Decimal, "0.000007", 0.000_003_5), "0.00000350");
    }

    #[test]
    fn percents_keep_their_digits() {
        let of = [0.0, 0.07, 0.5, 0.999, 0.0001, 0.1 + 0.2, 1.0].map(percent);
        assert_eq!(of, ["0", "7", "50", "99.9", "0.01", "30.000000000000004", "100"]);
    }
}
