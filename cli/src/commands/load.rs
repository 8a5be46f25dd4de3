//! `muster load`: a bulk load of a file into a store, wholly or not at all.

use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use muster_client::rows::RejectRows;
use muster_client::v1::{FileSource, LoadHeader, LoadMode, RejectedRow};
use muster_client::{LoadEvent, Upload, Words, documents};
use muster_language::shell_word;

use super::infer;
use super::loaded::summary;
use super::progress::Progress;
use super::same_file;
use crate::args::input;
use crate::args::pasted::Face;
use crate::args::words::load_mode;
use crate::ask::{Asker, Settings};
use crate::exit::Failure;
use crate::output::{Answer, note};

/// How many rejected rows are shown where no file takes them.
const REJECTS_SHOWN: usize = 10;

/// Load a Parquet, CSV (plain, gzip or zstd) or Arrow IPC file, wholly or not at all.
#[derive(Debug, Args)]
#[command(after_help = "\
Your own CSV in three commands:
  muster load bookings.csv --infer > map.toml
  muster load bookings.csv --map map.toml --data ./store
  muster count ALL --data ./store

Further examples:
  muster load bookings.parquet --map map.toml --dry-run --rejects rejected.csv
  zcat bookings.csv.gz | muster load - --map map.toml --type bookings
  muster load bookings.csv --yes                # propose a mapping and load with it at once
  muster load bookings.csv --infer --key booking  # name the key where it is not sure
  muster load today.csv --map map.toml --load-id 2026-11-11  # asked again, it answers its first result
  muster load night.parquet --map map.toml --mode replace --max-shrink 20%  # who is not in the file loses the tags

The type and the tags of the mapping are made if they are missing. A null keeps the old value, false clears a flag, a
list replaces a set; of two rows with one key the last one counts. --mode upsert changes who is named, replace also
takes the tags of the mapping from everybody else, append gives them to new entities alone. Exit code 4: more rows were
rejected than --max-rejects allows, or a gate of the mapping does not hold, and nothing was loaded.")]
pub(crate) struct LoadArgs {
    /// The file; - reads standard input
    file: PathBuf,
    /// Propose a mapping and print it
    #[arg(long, conflicts_with = "map")]
    infer: bool,
    /// Load with the proposed mapping at once; means --infer
    #[arg(long, conflicts_with = "map")]
    yes: bool,
    /// Write the proposed mapping to a file
    #[arg(long, value_name = "FILE", conflicts_with = "map")]
    map_out: Option<PathBuf>,
    /// How columns become tags: the TOML that --infer proposes
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// The column that holds the key, for --infer and --yes
    #[arg(long, value_name = "COLUMN", conflicts_with = "map", value_parser = NonEmptyStringValueParser::new())]
    key: Option<String>,
    /// The encoding of a CSV, such as gbk, for --infer and --yes
    #[arg(long, value_name = "NAME", conflicts_with = "map", value_parser = NonEmptyStringValueParser::new())]
    encoding: Option<String>,
    /// Only check and count
    #[arg(long)]
    dry_run: bool,
    /// Write rejected rows to a CSV file
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How many rows may be rejected [default: 0]
    #[arg(long, value_name = "N")]
    max_rejects: Option<u64>,
    /// Makes the load repeatable
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    load_id: Option<String>,
    /// What is done with tags of who has them already, where a column of the mapping does not say it
    #[arg(long, value_name = "MODE", value_parser = load_mode())]
    mode: Option<LoadMode>,
    /// Refuse the load where a tag would lose more than this share of those who had it, such as 50%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_shrink: Option<f64>,
    /// What a gate of the mapping that does not hold does
    #[arg(long, value_name = "WHAT")]
    gates: Option<OnFailedGate>,
}

/// What is done where a gate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnFailedGate {
    /// Nothing is loaded
    Refuse,
    /// All is loaded, and a note says it
    Warn,
}

/// A share such as `50%` or `0.5`, of 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("give a share of 0% to 100% such as 50% or 0.5, not {text:?}");
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent, 100.0),
        None => (text, 1.0),
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(wrong());
    }
    let share = number.parse::<f64>().map_err(|_| wrong())? / whole;
    // Four digits behind the point are what the server takes.
    let rounded = (share * 10_000.0).round() / 10_000.0;
    ((0.0..=1.0).contains(&share) && (share - rounded).abs() < 1e-9).then_some(rounded).ok_or_else(wrong)
}

impl LoadArgs {
    /// Whether only a mapping is wanted.
    pub(crate) fn only_proposes(&self) -> bool {
        self.infer && !self.yes
    }

    /// Looks at the options and the files before a store is opened, so that a command that cannot load makes none.
    ///
    /// Errors: usage.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Failure> {
        let for_loads = [
            (self.dry_run, "--dry-run"),
            (self.rejects.is_some(), "--rejects"),
            (self.max_rejects.is_some(), "--max-rejects"),
            (self.load_id.is_some(), "--load-id"),
            (self.mode.is_some(), "--mode"),
            (self.max_shrink.is_some(), "--max-shrink"),
            (self.gates.is_some(), "--gates"),
        ];
        if let Some((_, option)) = for_loads.into_iter().find(|(is_said, _)| self.only_proposes() && *is_said) {
            return Err(Failure::usage(format!(
                "leave out {option}, or load at once with --yes: --infer alone only proposes a mapping"
            )));
        }
        // A remedy must not lead to a file that cannot be read.
        check_file(&self.file)?;
        if self.map.is_none() && !self.infer && !self.yes {
            let propose = match (&self.map_out, settings.face) {
                (None, Face::Program) => format!("{} > map.toml", self.command(&["--infer"], settings)),
                (None, Face::Shell) => self.command(&["--infer", "--map-out", "map.toml"], settings),
                (Some(_), _) => self.command(&["--infer"], settings),
            };
            let map = self.map_out.as_deref().unwrap_or(Path::new("map.toml")).display().to_string();
            let load = [vec!["--map".to_owned(), map], self.words_of_loads()].concat();
            let load: Vec<String> = load.iter().map(|word| shell_word(word)).collect();
            let load = load.join(" ");
            return Err(Failure::usage(format!(
                "propose a mapping first: {propose}, then load with {load} (or at once: {})",
                self.command(&["--yes"], settings)
            )));
        }
        let is_input = |path: &Path| path == Path::new(input::STANDARD_INPUT);
        if let Some(map) = &self.map {
            if is_input(map) && is_input(&self.file) {
                return Err(Failure::usage("name a file with --map: standard input is the file to load"));
            }
            check_file(map)?;
        }
        self.check_outputs(settings)
    }

    /// The same command with `more` in place of what is missing: `--infer` takes what a proposal reads, `--yes` all.
    fn command(&self, more: &[&str], settings: &Settings) -> String {
        let mut words = vec!["load".to_owned(), self.file.display().to_string()];
        words.extend(more.iter().map(|word| (*word).to_owned()));
        let map_out = self.map_out.as_ref().map(|path| path.display().to_string());
        words.extend(options([("--key", &self.key), ("--encoding", &self.encoding), ("--map-out", &map_out)]));
        if more.contains(&"--yes") {
            words.extend(self.words_of_loads());
        }
        settings.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The options that only a load reads, as they were written.
    fn words_of_loads(&self) -> Vec<String> {
        let rejects = self.rejects.as_ref().map(|path| path.display().to_string());
        let max_rejects = self.max_rejects.map(|count| count.to_string());
        let mut words =
            options([("--rejects", &rejects), ("--max-rejects", &max_rejects), ("--load-id", &self.load_id)]);
        let mode = self.mode.map(|mode| mode.word().to_owned());
        let max_shrink = self.max_shrink.map(|share| share.to_string());
        let gates = self.gates.and_then(|gates| Some(gates.to_possible_value()?.get_name().to_owned()));
        words.extend(options([("--mode", &mode), ("--max-shrink", &max_shrink), ("--gates", &gates)]));
        words.extend(self.dry_run.then(|| "--dry-run".to_owned()));
        words
    }

    fn wish(&self) -> infer::Wish {
        infer::Wish {
            key_column: self.key.clone().unwrap_or_default(),
            encoding: self.encoding.clone().unwrap_or_default(),
        }
    }

    /// Errors: usage, see [`same_file::check_outputs`].
    fn check_outputs(&self, settings: &Settings) -> Result<(), Failure> {
        let mut inputs = vec![("the file", self.file.as_path())];
        inputs.extend(self.map.iter().map(|path| ("--map", path.as_path())));
        let rejects = self.rejects.iter().map(|path| ("--rejects", path.as_path()));
        let map_out = self.map_out.iter().map(|path| ("--map-out", path.as_path()));
        let outputs: Vec<_> = rejects.chain(map_out).collect();
        same_file::check_outputs(&outputs, &inputs, settings)
    }
}

/// The words of the options that have a value.
fn options(values: [(&str, &Option<String>); 3]) -> Vec<String> {
    let of = |(option, value): (&str, &Option<String>)| Some([option.to_owned(), value.clone()?]);
    values.into_iter().filter_map(of).flatten().collect()
}

/// Loads, or proposes how to.
pub(crate) async fn run(args: &LoadArgs, asker: &Asker) -> Result<(), Failure> {
    if args.only_proposes() {
        let (file, upload) = source(&args.file, asker)?;
        let reply = infer::infer(file, upload, args.wish(), asker).await?;
        return infer::print(&reply, args.map_out.as_deref(), asker);
    }
    let mapping_toml = match &args.map {
        Some(map) => mapping_of(map, args, asker).await?,
        None => String::new(),
    };
    let (file, upload) = source(&args.file, asker)?;
    let wish = args.wish();
    let header = LoadHeader {
        file: Some(file),
        space: asker.space(),
        entity_type: asker.entity_type(),
        mapping_toml,
        load_id: args.load_id.clone().unwrap_or_default(),
        dry_run: args.dry_run,
        max_rejects: args.max_rejects.unwrap_or_default(),
        create_missing_tags: true,
        key_column: wish.key_column,
        zone: asker.zone(),
        encoding: wish.encoding,
        mode: args.mode.unwrap_or_default().into(),
        shrink_max: args.max_shrink,
        gates_warn: args.gates == Some(OnFailedGate::Warn),
    };
    let mut watch = Watch::new(args, asker)?;
    let outcome = asker.client.load(header, upload, |event| watch.event(event, args, asker)).await;
    watch.finish(args)?;
    let result = outcome?;
    infer::tell_notes(&result.notes, asker);
    asker.print(&Answer::new(documents::load(&result), summary(&result)))
}

/// The text of a mapping. Without one the server would load by its own guess, which nobody has looked at.
///
/// Errors: usage, where there is none.
async fn mapping_of(map: &Path, args: &LoadArgs, asker: &Asker) -> Result<String, Failure> {
    let text = input::text_of(map).await?;
    let is_nothing = |line: &str| line.is_empty() || line.starts_with('#');
    if text.trim_start_matches('\u{feff}').lines().all(|line| is_nothing(line.trim())) {
        let propose = asker.settings.command(&["load", &args.file.display().to_string(), "--infer"]);
        return Err(Failure::usage(format!("propose a mapping with {propose}: {} holds none", map.display())));
    }
    Ok(text)
}

/// The file as the request names it, and where its bytes come from. A server inside this process reads it itself.
pub(crate) fn source(path: &Path, asker: &Asker) -> Result<(FileSource, Upload), Failure> {
    if path == Path::new(input::STANDARD_INPUT) {
        let file = FileSource { name: "standard input".to_owned(), ..FileSource::default() };
        return Ok((file, Upload::Reader(Box::new(tokio::io::stdin()))));
    }
    let name = path.display().to_string();
    let about = about_file(path)?;
    // A pipe given by its name can be read once only, so it is not left to the server.
    if asker.reads_local_files && about.is_file() {
        let absolute = path.canonicalize().map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
        if let Some(path) = absolute.to_str() {
            let file = FileSource { path: path.to_owned(), name, ..FileSource::default() };
            return Ok((file, Upload::ServerPath));
        }
    }
    let file = FileSource { name, ..FileSource::default() };
    Ok((file, Upload::File(path.to_path_buf())))
}

/// Errors: usage, where there is no such file; standard input is always there.
fn check_file(path: &Path) -> Result<(), Failure> {
    if path == Path::new(input::STANDARD_INPUT) {
        return Ok(());
    }
    about_file(path).map(drop)
}

/// What is known of a file before it is read. Errors: usage.
fn about_file(path: &Path) -> Result<std::fs::Metadata, Failure> {
    let name = path.display();
    let about = std::fs::metadata(path).map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    if about.is_dir() {
        return Err(Failure::usage(format!("name a file: {name} is a directory")));
    }
    Ok(about)
}

/// What happens during a load: progress on a terminal, rejected rows into their file.
struct Watch {
    progress: Progress,
    rejects: Option<RejectRows<std::io::BufWriter<std::fs::File>>>,
    rejects_fault: Option<std::io::Error>,
    /// Why the proposed mapping could not be written.
    map_fault: Option<Failure>,
    shown: usize,
}

impl Watch {
    fn new(args: &LoadArgs, asker: &Asker) -> Result<Watch, Failure> {
        let rejects = match &args.rejects {
            None => None,
            Some(path) => {
                let file = std::fs::File::create(path)
                    .map_err(|error| Failure::refused(format!("cannot write {}: {error}", path.display())))?;
                let begun = RejectRows::new(std::io::BufWriter::new(file));
                Some(begun.map_err(|error| rejects_failure(path, &error))?)
            }
        };
        let progress = Progress::new(asker);
        Ok(Watch { progress, rejects, rejects_fault: None, map_fault: None, shown: 0 })
    }

    fn event(&mut self, event: LoadEvent, args: &LoadArgs, asker: &Asker) {
        match event {
            LoadEvent::Sent(_) => {}
            LoadEvent::Progress(progress) => self.progress.show(&progress),
            LoadEvent::Rejects(rows) => rows.iter().for_each(|row| self.reject(row)),
            LoadEvent::Guess(guess) => {
                self.progress.aside(|| infer::tell_notes(&guess.notes, asker));
                if let Some(path) = &args.map_out {
                    self.map_fault = infer::write(path, &guess.mapping_toml).err();
                }
            }
        }
    }

    fn reject(&mut self, row: &RejectedRow) {
        if let Some(file) = &mut self.rejects {
            if self.rejects_fault.is_none() {
                self.rejects_fault = file.row(row).err();
            }
        } else if self.shown < REJECTS_SHOWN {
            let column = if row.column.is_empty() { String::new() } else { format!(", column {}", row.column) };
            let said = format!("rejected line {}{column}: {}: {}", row.line, row.reason, row.raw);
            self.progress.aside(|| note(&said));
            self.shown += 1;
            if self.shown == REJECTS_SHOWN {
                self.progress.aside(|| note("further rejected rows are only counted; --rejects FILE keeps them"));
            }
        }
    }

    fn finish(mut self, args: &LoadArgs) -> Result<(), Failure> {
        self.progress.end();
        if let Some(file) = self.rejects.take() {
            self.rejects_fault = self.rejects_fault.or(file.finish().err());
        }
        if let Some(fault) = self.map_fault {
            return Err(fault);
        }
        match (self.rejects_fault, &args.rejects) {
            (Some(error), Some(path)) => Err(rejects_failure(path, &error)),
            _ => Ok(()),
        }
    }
}

fn rejects_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("cannot write rejected rows to {}: {error}", path.display()))
}
