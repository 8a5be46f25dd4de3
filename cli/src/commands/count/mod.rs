//! `muster count`: how many.

mod file;
mod line;

use std::path::PathBuf;

use clap::Args;
use muster_client::documents;
use muster_client::v1::{CountReply, CountRequest};

use crate::ask::Asker;
use crate::ask::text::query_text;
use crate::commands::key_lists;
use crate::exit::Failure;
use crate::output::Answer;
use crate::output::bars::{BAR_CHARS, bar};
use crate::output::numbers::{grouped, nanoseconds, percent, share};

/// How many entities an expression selects.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster count \"country = 'DEU' AND lead_time > 100\" --data ./store
  muster count '城市 IN $cities' --param cities=北京 --param cities=上海
  echo \"性别 = 女 且 年龄 < 30\" | muster count -
  muster count -f audiences.txt --format csv

In a file, each line is an expression, or `name = expression`; lines that begin with # or -- are comments. All are
answered at one version, and one bad line does not hide the others (exit code 1 at the end).")]
pub(crate) struct CountArgs {
    /// The expression; - reads it from standard input
    #[arg(value_name = "EXPRESSION", conflicts_with = "file", allow_negative_numbers = true)]
    text: Vec<String>,
    /// Ask the expressions of a file, one a line
    #[arg(short = 'f', long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Counts.
pub(crate) async fn run(args: &CountArgs, asker: &Asker) -> Result<(), Failure> {
    match &args.file {
        Some(file) => file::run(file, asker).await,
        None => count(&query_text(&args.text, &["count"], &asker.settings).await?, asker).await,
    }
}

/// Counts one expression.
pub(crate) async fn count(text: &str, asker: &Asker) -> Result<(), Failure> {
    asker.check_parameters(std::iter::once(text))?;
    let pieced = key_lists::in_pieces(text, asker).await?;
    let request = CountRequest { context: pieced.asker.context(), text: text.to_owned() };
    let mut reply = asker.client.count(request).await?;
    pieced.complete(&mut reply.info);
    asker.print(&Answer::new(documents::count(&reply), line(&reply)))?;
    asker.warn(reply.info.as_ref(), text);
    Ok(())
}

/// A count as a line for people.
pub(crate) fn line(reply: &CountReply) -> String {
    let share = share(reply.count, reply.live);
    let mut line = format!("{} of {}  {}", grouped(reply.count), grouped(reply.live), percent(share));
    let bar = bar(share);
    let padding = " ".repeat(BAR_CHARS - bar.chars().count());
    line.push_str(&format!("  {bar}{padding}  {}\n", engine_time(reply)));
    for date in reply.info.iter().flat_map(|info| &info.resolved_dates) {
        line.push_str(&format!("{} = {}\n", date.written, date.resolved));
    }
    line
}

/// The engine's own time of a count, for people.
pub(crate) fn engine_time(reply: &CountReply) -> String {
    let time = reply.info.as_ref().and_then(|info| info.engine_time).unwrap_or_default();
    nanoseconds(time.total_ns)
}
