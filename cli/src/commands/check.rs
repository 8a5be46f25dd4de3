//! `muster check`: every byte of a store that nobody serves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use muster_client::documents::Document;
use muster_client::hex;
use muster_language::visible::visible;
use muster_store::Report;
use muster_store::{DirReport, check_dir};
use serde_json::{Value, json};

use crate::args::Globals;
use crate::ask::Settings;
use crate::connect::Place;
use crate::exit::Failure;
use crate::output::numbers::{bytes, elapsed, grouped};
use crate::output::progress::Unit;
use crate::output::{Answer, note};

/// The exit code of a store that is damaged.
const DAMAGED: u8 = 1;

/// Check every byte of a store that nobody serves; nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster check ./store
  muster check ./backup-2026-11-21 --format json
  muster check ./store --space brand_b

Exit code 0 if every byte is as it was written, 1 if not: each fault names its file, its bytes and the tags it concerns.
Files that nothing names and ends of writes that were never promised are noted and are no faults.")]
pub(crate) struct CheckArgs {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Checks a directory.
pub(crate) async fn run(args: &CheckArgs, globals: &Globals) -> Result<(), Failure> {
    let settings = Settings::of(globals)?;
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => match Place::of(globals)? {
            Place::Data(dir) => dir,
            Place::Address(_) => {
                return Err(Failure::usage("name the directory of the store: a check reads its files"));
            }
        },
    };
    let line = settings.progress_line();
    line.begin("", Unit::Bytes);
    let started = Instant::now();
    let (space, shown, checked) = (globals.space.clone(), line.clone(), dir.clone());
    let work = tokio::task::spawn_blocking(move || {
        check_dir(&checked, space.as_deref(), &mut |space, at| {
            shown.name(visible(space).into_owned());
            shown.reach(at.bytes, Some(at.bytes_total));
        })
    });
    let reports = work.await.map_err(|panic| Failure::refused(format!("the check failed: {panic}")))?;
    line.end();
    let reports = reports.map_err(|error| Failure::refused(format!("{error:#}")))?;
    let summary = Summary::of(&reports, started.elapsed());
    if !settings.quiet && settings.format == crate::output::Format::Table {
        reports.all().flat_map(|(space, report)| notes(space, report)).for_each(|line| note(&line));
    }
    let document = document(&reports, &summary);
    let columns = &["space", "file", "start", "end", "concerns", "what"];
    let document = Document::list(document, "faults", columns);
    Answer::new(document, table(&reports, &summary)).print(settings.format)?;
    match summary.faults {
        0 => Ok(()),
        // The faults are the answer.
        _ => Err(Failure::Reported(DAMAGED)),
    }
}

/// All spaces together.
struct Summary {
    files: u64,
    bytes: u64,
    faults: usize,
    elapsed: Duration,
}

impl Summary {
    fn of(reports: &DirReport, elapsed: Duration) -> Summary {
        Summary {
            files: reports.all().map(|(_, it)| it.files).sum(),
            bytes: reports.all().map(|(_, it)| it.bytes).sum(),
            faults: reports.all().map(|(_, it)| it.faults.len()).sum(),
            elapsed,
        }
    }

    fn gb_per_s(&self) -> f64 {
        let rate = self.bytes as f64 / 1e9 / self.elapsed.as_secs_f64().max(1e-9);
        (rate * 1000.0).round() / 1000.0
    }
}

fn document(reports: &DirReport, summary: &Summary) -> Value {
    let spaces: Vec<Value> = reports
        .spaces
        .iter()
        .map(|it| {
            let (space, report) = (&it.space, &it.report);
            json!({
                "space": space,
                "version": report.version.0,
                "store_id": hex(&report.store_id),
                "id_epoch": report.id_epoch,
                "files": report.files,
                "bytes": report.bytes,
                "whole": report.is_whole(),
                "formats": formats(report),
            })
        })
        .collect();
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    for (space, report) in reports.all() {
        for fault in &report.faults {
            let (start, end) = ends(&fault.bytes);
            let (file, concerns, what) = (&fault.file, &fault.concerns, &fault.what);
            faults.push(json!({
                "space": space, "file": file, "start": start, "end": end, "concerns": concerns, "what": what,
            }));
        }
        for note in &report.notes {
            let (start, end) = ends(&note.bytes);
            notes.push(json!({"space": space, "file": note.file, "start": start, "end": end, "what": note.what}));
        }
    }
    json!({
        "whole": summary.faults == 0,
        "files": summary.files,
        "bytes": summary.bytes,
        "elapsed_ms": u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
        "gb_per_s": summary.gb_per_s(),
        "spaces": spaces,
        "faults": faults,
        "notes": notes,
    })
}

/// The formats of the files of a space, each with its oldest and its newest version.
fn formats(report: &Report) -> Vec<Value> {
    let format =
        |(name, (oldest, newest)): (&&str, &(u32, u32))| json!({"format": name, "oldest": oldest, "newest": newest});
    report.formats.iter().map(format).collect()
}

/// The same as lines for people.
fn format_lines(report: &Report) -> String {
    let line = |(name, (oldest, newest)): (&&str, &(u32, u32))| match oldest == newest {
        true => format!("  {name}: format version {oldest}\n"),
        false => format!("  {name}: format versions {oldest} to {newest}\n"),
    };
    report.formats.iter().map(line).collect()
}

fn ends(bytes: &Option<std::ops::Range<u64>>) -> (Option<u64>, Option<u64>) {
    (bytes.as_ref().map(|it| it.start), bytes.as_ref().map(|it| it.end))
}

/// The folder of a space; the ledger lies in the directory itself.
fn folder(space: Option<&str>) -> String {
    space.map_or_else(String::new, |space| format!("spaces/{space}/"))
}

fn notes(space: Option<&str>, report: &Report) -> Vec<String> {
    let line = |note: &muster_store::Note| {
        let place = note.bytes.as_ref().map_or_else(String::new, |it| format!(", bytes {}..{}", it.start, it.end));
        format!("note: {}{}{place}: {}", folder(space), note.file, note.what)
    };
    report.notes.iter().map(line).collect()
}

fn table(reports: &DirReport, summary: &Summary) -> String {
    let mut text = String::new();
    for (space, report) in reports.all() {
        for fault in &report.faults {
            text.push_str(&format!("damaged: {}{}\n", folder(space), visible(&fault.to_string())));
        }
        if let Some(space) = space.filter(|_| report.is_whole()) {
            text.push_str(&format!("space {space} is whole up to version {}\n", grouped(report.version.0)));
            text.push_str(&format_lines(report));
        }
    }
    text.push_str(&format!(
        "{} files, {} in {} ({:.2} GB/s): {}\n",
        grouped(summary.files),
        bytes(summary.bytes),
        elapsed(summary.elapsed),
        summary.gb_per_s(),
        match summary.faults {
            0 => "every byte is as it was written".to_owned(),
            1 => "1 fault".to_owned(),
            count => format!("{count} faults"),
        }
    ));
    text
}
