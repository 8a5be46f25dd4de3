//! `muster restore`: a store from a backup.

use std::path::PathBuf;

use clap::Args;
use muster_client::documents::Document;
use muster_client::hex;
use muster_store::{RestoredSpace, restore_dir};
use serde_json::{Value, json};

use crate::args::Globals;
use crate::ask::Settings;
use crate::connect::Place;
use crate::exit::Failure;
use crate::output::numbers::{bytes, grouped};
use crate::output::{Answer, note};

/// Make a store from a backup.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster restore --from /backups/2026-11-21 --data ./store
  muster restore --from /backups/2026-11-21 --data ./store --erasures /ledger/erasures.ndjson

Every byte of the backup is verified first, and the copy again. The store gets new id epochs: page tokens of before
are refused, and files of ids (members --roaring) are to be made anew. --erasures applies again what was erased since
the backup; without it those people are back. The ledger is the server's erasures.ndjson or what `muster erasures
--format jsonl` printed.")]
pub(crate) struct RestoreArgs {
    /// The directory that a backup made
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The ledger of erasures
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
}

/// Restores.
pub(crate) async fn run(args: &RestoreArgs, globals: &Globals) -> Result<(), Failure> {
    let settings = Settings::of(globals)?;
    let Place::Data(to) = Place::of(globals)? else {
        return Err(Failure::usage("name the directory to make with --data: a restore writes files"));
    };
    let (from, ledger) = (args.from.clone(), args.erasures.clone());
    let work = tokio::task::spawn_blocking(move || restore_dir(&from, &to, ledger.as_deref()));
    let restored = work.await.map_err(|panic| Failure::refused(format!("the restore failed: {panic}")))?;
    let restored = restored.map_err(|error| Failure::refused(format!("{error:#}")))?;
    if args.erasures.is_none() && !settings.quiet {
        note("no ledger of erasures was given: who was erased since the backup is back");
    }
    if !settings.quiet {
        restored.notes.iter().for_each(|text| note(text));
    }
    let spaces = &restored.spaces;
    let document = json!({"spaces": spaces.iter().map(document).collect::<Vec<Value>>(), "notes": restored.notes});
    Answer::new(Document::list(document, "spaces", COLUMNS), spaces.iter().map(line).collect()).print(settings.format)
}

const COLUMNS: &[&str] = &["space", "backup_version", "version", "store_id", "id_epoch", "files", "bytes", "erased"];

fn document(it: &RestoredSpace) -> Value {
    json!({
        "space": it.space,
        "backup_version": it.copied.version.0,
        "version": it.version,
        "store_id": hex(&it.copied.store_id),
        "id_epoch": it.copied.id_epoch,
        "files": it.copied.files,
        "bytes": it.copied.bytes,
        "erased": it.erased,
    })
}

fn line(it: &RestoredSpace) -> String {
    format!(
        "space {} restored up to version {}: {} files with {}, {} erased again, id epoch {}\n",
        it.space,
        it.copied.version,
        grouped(it.copied.files),
        bytes(it.copied.bytes),
        grouped(it.erased),
        it.copied.id_epoch
    )
}
