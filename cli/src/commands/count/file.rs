//! `muster count -f FILE`: many expressions at one version.

use std::path::Path;

use muster_client::documents;
use muster_client::v1::count_batch_item::Outcome;
use muster_client::v1::{CountBatchReply, CountBatchRequest, ListTagsRequest, NamedQuery};

use super::line::{Line, Tags, lines};
use crate::args::input;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::bars::bar;
use crate::output::numbers::{grouped, percent, share};
use crate::output::table::Table;
use crate::output::{self, Answer};

pub(super) async fn run(file: &Path, asker: &Asker) -> Result<(), Failure> {
    let content = input::text_of(file).await?;
    let request = ListTagsRequest { space: asker.space(), entity_type: asker.entity_type(), prefix: String::new() };
    let tags = asker.client.list_tags(request).await?.tags;
    let tags = Tags::of(&tags);
    let lines = lines(&content, &tags);
    asker.check_parameters(lines.iter().map(|line| line.text))?;
    let mut reply = count_all(lines.iter().map(|line| (line.name.as_str(), line.text)), asker).await?;
    tell_headlines(&lines, &tags, &mut reply, asker).await?;
    for (line, item) in lines.iter().zip(&mut reply.items) {
        item.outcome = match item.outcome.take() {
            Some(Outcome::Problem(problem)) => Some(Outcome::Problem(line.pasted(problem, &tags))),
            outcome => outcome,
        };
    }
    asker.print(&answer(&lines, &reply))?;
    let mut failed = 0;
    for (line, item) in lines.iter().zip(&reply.items) {
        match &item.outcome {
            Some(Outcome::Count(count)) => asker.warn(count.info.as_ref(), line.text),
            Some(Outcome::Problem(problem)) => {
                failed += 1;
                output::note_lines(&format!("line {}: {}", line.number, problem.message));
            }
            None => failed += 1,
        }
    }
    if failed > 0 { Err(Failure::Partly) } else { Ok(()) }
}

/// Counts expressions, each with its name, at one version.
async fn count_all(named: impl Iterator<Item = (&str, &str)>, asker: &Asker) -> Result<CountBatchReply, Failure> {
    let queries = named.map(|(name, text)| NamedQuery { name: name.to_owned(), text: text.to_owned() }).collect();
    let request = CountBatchRequest { context: asker.context(), queries };
    Ok(asker.client.count_batch(request).await?)
}

/// Says of a refused line that its headline stands in quotes, where what follows the headline can be counted.
async fn tell_headlines(
    lines: &[Line<'_>],
    tags: &Tags<'_>,
    reply: &mut CountBatchReply,
    asker: &Asker,
) -> Result<(), Failure> {
    let mut places = Vec::new();
    for (place, (line, item)) in lines.iter().zip(&reply.items).enumerate() {
        if let (Some(Outcome::Problem(_)), Some(headed)) = (&item.outcome, line.headed(tags)) {
            places.push((place, headed));
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let answered = count_all(places.iter().map(|(_, headed)| ("", headed.text)), asker).await?;
    for ((place, headed), item) in places.into_iter().zip(answered.items) {
        if let Some(Outcome::Count(_)) = item.outcome {
            reply.items[place].outcome = Some(Outcome::Problem(headed.problem(lines[place].text)));
        }
    }
    Ok(())
}

fn answer(lines: &[Line<'_>], reply: &CountBatchReply) -> Answer {
    let mut table = Table::new(&["name", ">count", ">share", "", ">engine"]);
    for (line, item) in lines.iter().zip(&reply.items) {
        let name = if line.name.is_empty() { line.text } else { line.name.as_str() };
        match &item.outcome {
            Some(Outcome::Count(count)) => {
                let share = share(count.count, count.live);
                table.row([name, &grouped(count.count), &percent(share), &bar(share), &super::engine_time(count)]);
            }
            _ => table.row([name, "refused"]),
        }
    }
    let asked =
        lines.iter().map(|line| (line.number, NamedQuery { name: line.name.clone(), text: line.text.to_owned() }));
    Answer::new(documents::count_batch(asked, reply), table.render())
}
