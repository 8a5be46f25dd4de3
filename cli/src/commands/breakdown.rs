//! `muster breakdown`: an audience divided by a tag.

use clap::Args;
use muster_client::documents;
use muster_client::v1::{BreakdownReply, BreakdownRequest, GroupOrder};

use super::change::bare;
use crate::ask::Asker;
use crate::ask::text::query_text_or_everyone;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::bars::bar;
use crate::output::numbers::{grouped, nanoseconds, percent, share};
use crate::output::table::Align::{Left, Right};
use crate::output::table::Table;

/// How many groups a table on a terminal shows unless told otherwise.
const TERMINAL_LIMIT: u32 = 20;

/// An audience divided by the values of a tag of any kind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster breakdown 城市 --in '性别 = 女' --top 10
  muster breakdown reservation_status
  muster breakdown arrival_date --by-value --format csv
  muster breakdown 年龄 --by-value --top 0

A number, date or time has a group for each of its values. Of a set tag, an entity may be in several groups; shares are
of the whole audience. A table on a terminal stops at 20 groups unless --top says otherwise; 0 means all.")]
pub(crate) struct BreakdownArgs {
    /// A tag of any kind: flag, choice, set, int, decimal, date or time
    tag: String,
    /// The audience, without --in
    #[arg(value_name = "EXPRESSION", conflicts_with = "within", allow_negative_numbers = true)]
    text: Vec<String>,
    /// The audience; everyone if it is not given
    #[arg(long = "in", id = "within", value_name = "EXPRESSION")]
    within: Option<String>,
    /// Only this many groups; 0 means all [default: 20 in a table on a terminal, otherwise all]
    #[arg(long, value_name = "N")]
    top: Option<u32>,
    /// In the order of the values instead of the largest first
    #[arg(long)]
    by_value: bool,
}

/// Divides an audience.
pub(crate) async fn run(args: &BreakdownArgs, asker: &Asker) -> Result<(), Failure> {
    let words = args.within.as_ref().map_or(args.text.as_slice(), std::slice::from_ref);
    let text = query_text_or_everyone(words, &asker.settings).await?;
    asker.check_parameters(std::iter::once(text.as_str()))?;
    let order = if args.by_value { GroupOrder::Value } else { GroupOrder::Count };
    let on_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    let default_limit = if asker.for_people() && on_terminal { TERMINAL_LIMIT } else { 0 };
    let request_limit = args.top.unwrap_or(default_limit);
    let request = BreakdownRequest {
        context: asker.context(),
        text: text.clone(),
        tag: bare(&args.tag).to_owned(),
        limit: request_limit,
        order: order.into(),
    };
    let reply = asker.client.breakdown(request).await?;
    let is_cut =
        reply.groups_left_out > 0 && (request_limit == 0 || (reply.groups.len() as u64) < u64::from(request_limit));
    asker.print(&Answer::new(documents::breakdown(&reply), table(&reply, is_cut)))?;
    if is_cut {
        asker.note(&format!(
            "{} more groups are not given: the server gives at most {} of one breakdown (groups_max)",
            grouped(reply.groups_left_out),
            grouped(reply.groups.len() as u64)
        ));
    }
    asker.warn(reply.info.as_ref(), &text);
    Ok(())
}

/// The groups with bars, for people; `is_cut` where the server gives no more of them.
pub(crate) fn table(reply: &BreakdownReply, is_cut: bool) -> String {
    let mut table = Table::named([(reply.tag.as_str(), Left), ("count", Right), ("share", Right), ("", Left)]);
    for group in &reply.groups {
        let share = share(group.count, reply.total);
        table.row([group.label.as_str(), &grouped(group.count), &percent(share), &bar(share)]);
    }
    if reply.missing > 0 {
        table.row(["(missing)", &grouped(reply.missing), &percent(share(reply.missing, reply.total))]);
    }
    let mut out = table.render();
    if reply.groups_left_out > 0 && !is_cut {
        out.push_str(&format!("{} more, --top 0 for all\n", grouped(reply.groups_left_out)));
    }
    let time = reply.info.as_ref().and_then(|info| info.engine_time).unwrap_or_default();
    out.push_str(&format!("{} in all, {}\n", grouped(reply.total), nanoseconds(time.total_ns)));
    out
}
