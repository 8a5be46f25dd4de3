//! `muster explain`: how an expression is answered, and which condition decides it.

use std::time::Duration;

use clap::Args;
use muster_client::documents;
use muster_client::v1::{ExplainReply, ExplainRequest};

use crate::args::globals::duration;
use crate::ask::Asker;
use crate::ask::text::query_text;
use crate::exit::Failure;
use crate::output::numbers::{bytes, grouped, nanoseconds};
use crate::output::table::{Table, shortened};
use crate::output::{Answer, tree};

/// The widest text of a step in a table; JSON has it whole.
pub(super) const TEXT_CELLS_MAX: usize = 60;

/// How an expression is answered, and with --analyze which condition decides it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster explain \"性别 = 女 AND 年龄 < 30\"
  muster explain --analyze \"性别 = 女 AND 年龄 < 30 AND 购买品类 HAS 瑜伽服\"
  muster explain --analyze --budget 200ms @silent_high_value

`alone` is what a condition selects by itself, `without it` what the whole expression would select without it: the
condition whose removal adds most is the one that starves the audience. `read` are the bytes of members that it looked
at alone, `path` is how: by directories, or so many chunks in each way.")]
pub(crate) struct ExplainArgs {
    /// The expression; - reads it from standard input
    #[arg(value_name = "EXPRESSION", allow_negative_numbers = true)]
    text: Vec<String>,
    /// Also evaluate each condition
    #[arg(long)]
    analyze: bool,
    /// With --analyze: how long conditions may be counted beside the expression, such as 200ms; at most as long as the
    /// server allows (explain_budget_ms) [default: that]
    #[arg(long, value_name = "DURATION", requires = "analyze", value_parser = duration)]
    budget: Option<Duration>,
}

/// Explains.
pub(crate) async fn run(args: &ExplainArgs, asker: &Asker) -> Result<(), Failure> {
    let text = query_text(&args.text, &["explain"], &asker.settings).await?;
    asker.check_parameters(std::iter::once(text.as_str()))?;
    let request = ExplainRequest {
        context: asker.context(),
        text: text.clone(),
        analyze: args.analyze,
        budget_ms: args.budget.map_or(0, whole_ms),
    };
    let reply = asker.client.explain(request).await?;
    asker.print(&Answer::new(documents::explain(&reply), table(&reply, args.analyze)))?;
    asker.warn(reply.info.as_ref(), &text);
    Ok(())
}

/// Whole milliseconds, at least one: none leaves it to the server.
fn whole_ms(budget: Duration) -> u32 {
    u32::try_from(budget.as_millis()).unwrap_or(u32::MAX).max(1)
}

/// The steps as a tree for people.
pub(crate) fn table(reply: &ExplainReply, analyze: bool) -> String {
    let depths: Vec<u32> = reply.steps.iter().map(|step| step.depth).collect();
    let columns: &[&str] =
        if analyze { &["step", ">alone", ">without it", ">time", ">read", "path"] } else { &["step", ">estimate"] };
    let mut table = Table::new(columns);
    let number = |number: Option<u64>| number.map(grouped).unwrap_or_default();
    for (step, branch) in reply.steps.iter().zip(tree::branches(&depths)) {
        let text = format!("{branch}{}", shortened(&step.text, TEXT_CELLS_MAX));
        if analyze {
            let time = step.evaluate_ns.map(nanoseconds).unwrap_or_default();
            let read = step.bytes.map(bytes).unwrap_or_default();
            table.row([text, number(step.count), number(step.without), time, read, step.path.clone()]);
        } else {
            table.row([text, grouped(step.estimate)]);
        }
    }
    let mut out = table.render();
    if let Some(info) = &reply.info {
        let time = info.engine_time.unwrap_or_default();
        out.push_str(&format!(
            "parse {}, plan {}, bind {}, evaluate {}\nfingerprint {}\n",
            nanoseconds(time.parse_ns),
            nanoseconds(time.plan_ns),
            nanoseconds(time.bind_ns),
            nanoseconds(time.evaluate_ns),
            info.fingerprint
        ));
    }
    out
}
