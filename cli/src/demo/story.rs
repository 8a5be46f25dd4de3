//! The load, the questions and their answers.

use std::path::Path;
use std::time::Instant;

use muster_client::LoadEvent;
use muster_client::text_key;
use muster_client::v1::count_batch_item::Outcome;
use muster_client::v1::{
    BreakdownRequest, ChangeTagRequest, CountBatchRequest, CountReply, CountRequest, ExplainRequest, LoadHeader,
    MembersRequest, NamedQuery, SaveAudienceRequest, StatsRequest, StatusRequest, WhyRequest,
};

use super::columns::{self, COLUMNS};
use super::questions::{DIVIDED, MEASURED, NARROW, QUESTIONS, SUPPRESSED, SUPPRESSED_TEXT};
use crate::ask::Asker;
use crate::commands::progress::Progress;
use crate::commands::{breakdown, count, explain, load, loaded, why};
use crate::exit::Failure;
use crate::output::numbers::{bytes, elapsed, grouped, nanoseconds, percent, share};
use crate::output::{bars, emit};

/// How many cities the divided audience is shown by.
const CITIES_SHOWN: u32 = 8;

/// What each question was answered with.
pub(super) struct Counts(Vec<u64>);

impl Counts {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The questions that are answered differently now, each with both answers.
    pub(super) fn differing(&self, after: &Counts) -> Vec<String> {
        QUESTIONS
            .iter()
            .zip(self.0.iter().zip(&after.0))
            .filter(|(_, (before, after))| before != after)
            .map(|(question, (before, after))| format!("{}: {before} before, {after} after", question.text))
            .collect()
    }
}

/// Loads the file, and says what its tags are called otherwise.
pub(super) async fn load(file: &Path, asker: &Asker) -> Result<(), Failure> {
    let (source, upload) = load::source(file, asker)?;
    let header = LoadHeader {
        file: Some(source),
        mapping_toml: columns::mapping(|column| column),
        create_missing_tags: true,
        ..LoadHeader::default()
    };
    let mut progress = Progress::new(asker);
    let outcome = asker
        .client
        .load(header, upload, |event| {
            if let LoadEvent::Progress(report) = event {
                progress.show(&report);
            }
        })
        .await;
    progress.end();
    let result = outcome?;
    emit(&loaded::summary(&result))?;
    let per_second = result.rows as f64 / (result.elapsed_ms.max(1) as f64 / 1e3);
    emit(&format!("{} rows a second, through the load that your own files take\n", grouped(per_second as u64)))?;
    for column in COLUMNS.iter().filter(|column| !column.label.is_empty()) {
        let request = ChangeTagRequest {
            entity_type: asker.entity_type(),
            name: column.name.to_owned(),
            label: Some(column.label.to_owned()),
            unit: Some(column.unit.to_owned()),
            ..ChangeTagRequest::default()
        };
        asker.client.change_tag(request).await?;
    }
    let request = SaveAudienceRequest {
        entity_type: asker.entity_type(),
        name: SUPPRESSED.to_owned(),
        text: SUPPRESSED_TEXT.to_owned(),
        description: "never to be reached by a campaign".to_owned(),
        ..SaveAudienceRequest::default()
    };
    asker.client.save_audience(request).await?;
    Ok(())
}

/// Asks everything and prints the answers; returns the counts.
pub(super) async fn ask(asker: &Asker) -> Result<Counts, Failure> {
    let mut counts = Vec::with_capacity(QUESTIONS.len());
    for (index, question) in QUESTIONS.iter().enumerate() {
        let request = CountRequest { context: asker.context(), text: question.text.to_owned() };
        let reply = asker.client.count(request).await?;
        emit(&format!("\n{:>2}. {}\n    {}\n    {}", index + 1, question.title, question.text, line(&reply)))?;
        counts.push(reply.count);
    }
    weigh(asker).await?;
    measure(asker).await?;
    explain_one(asker).await?;
    Ok(Counts(counts))
}

fn line(reply: &CountReply) -> String {
    let share = share(reply.count, reply.live);
    format!(
        "{:>9}  {:>7}  {:<width$}  {}\n",
        grouped(reply.count),
        percent(share),
        bars::bar(share),
        count::engine_time(reply),
        width = bars::BAR_CHARS
    )
}

/// Which condition starves the narrow audience.
async fn weigh(asker: &Asker) -> Result<(), Failure> {
    let request = ExplainRequest { context: asker.context(), text: NARROW.to_owned(), analyze: true, budget_ms: 0 };
    let reply = asker.client.explain(request).await?;
    emit("\n13. Which condition starves number 12? · 哪个条件卡住了人群\n")?;
    emit(&indented(&explain::table(&reply, true)))
}

/// Where the silent ones live, and what the best ones spend.
async fn measure(asker: &Asker) -> Result<(), Failure> {
    let (text, tag) = DIVIDED;
    let request = BreakdownRequest {
        context: asker.context(),
        text: text.to_owned(),
        tag: tag.to_owned(),
        limit: CITIES_SHOWN,
        ..BreakdownRequest::default()
    };
    let reply = asker.client.breakdown(request).await?;
    emit("\n14. Where do the silent high-value shoppers live? · 沉默客户在哪里\n")?;
    emit(&indented(&breakdown::table(&reply, false)))?;
    let (text, tag) = MEASURED;
    let request = StatsRequest {
        context: asker.context(),
        text: text.to_owned(),
        tag: tag.to_owned(),
        quantiles: vec![0.5, 0.9, 0.99],
    };
    let reply = asker.client.stats(request).await?;
    let quantiles: Vec<String> = reply
        .quantiles
        .iter()
        .map(|quantile| format!("{} at {}%", quantile.value, (quantile.q * 100.0).round()))
        .collect();
    emit(&format!(
        "\n15. What have VIPs spent? · VIP 的消费金额\n    {} {} together, {}, {} at most\n",
        reply.sum,
        reply.unit,
        quantiles.join(", "),
        reply.max
    ))
}

/// Why one shopper is not in.
async fn explain_one(asker: &Asker) -> Result<(), Failure> {
    let text = QUESTIONS[3].text;
    // Somebody who spends but is not silent makes the better example.
    let nearly = MembersRequest {
        context: asker.context(),
        text: format!("消费金额 >= 1万 AND NOT ({text})"),
        limit: 1,
        ..MembersRequest::default()
    };
    let mut members = asker.client.members(nearly).await?;
    let mut key = None;
    while let Some(message) = members.next().await? {
        key = key.or(message.text_keys.into_iter().next());
    }
    let Some(key) = key else { return Ok(()) };
    let request = WhyRequest { context: asker.context(), text: text.to_owned(), key: Some(text_key(key.clone())) };
    let reply = asker.client.why(request).await?;
    emit(&format!("\n16. Why is {key} not among the silent? · 为什么不在人群里\n"))?;
    emit(&indented(&why::table(&key, &reply)))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// All counts at one version.
pub(super) async fn count_all(asker: &Asker) -> Result<Counts, Failure> {
    let queries =
        QUESTIONS.iter().map(|question| NamedQuery { name: String::new(), text: question.text.to_owned() }).collect();
    let reply = asker.client.count_batch(CountBatchRequest { context: asker.context(), queries }).await?;
    let mut counts = Vec::with_capacity(reply.items.len());
    for item in reply.items {
        match item.outcome {
            Some(Outcome::Count(count)) => counts.push(count.count),
            Some(Outcome::Problem(problem)) => return Err(Failure::refused(problem.message)),
            None => return Err(Failure::refused("the server gave no answer")),
        }
    }
    Ok(Counts(counts))
}

/// Says how long opening took and what the store keeps.
pub(super) async fn opened(asker: &Asker, store: &Path, started: Instant) -> Result<(), Failure> {
    let status = asker.client.status(StatusRequest { space: asker.space() }).await?;
    let live: u64 = status.types.iter().map(|found| found.live).sum();
    let kept = status.part_bytes + status.names_bytes;
    emit(&format!(
        "\nOpened again: {} in the engine ({} log records), {} with its server; {} shoppers\n\
         {} kept: {} of tags, {} of keys and values; {} in the directory\n",
        nanoseconds(status.open_ns),
        grouped(status.recovered_records),
        elapsed(started.elapsed()),
        grouped(live),
        bytes(kept),
        bytes(status.part_bytes),
        bytes(status.names_bytes),
        bytes(directory_bytes(store)),
    ))
}

/// The bytes of all files of a directory.
fn directory_bytes(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => directory_bytes(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}
