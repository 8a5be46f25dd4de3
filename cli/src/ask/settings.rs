//! The settings of a command: what the command line says of how things are asked and answered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_client::v1::Parameter;

use crate::args::globals::{Globals, UnknownValues};
use crate::args::parameter::{self, NamedParameter};
use crate::args::pasted::Face;
use crate::exit::Failure;
use crate::output::Format;
use crate::output::progress::ProgressLine;

/// How things are asked and answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The space; empty for the server's own.
    pub(crate) space: String,
    /// The entity type; empty where there is one.
    pub(crate) entity_type: String,
    /// How answers are written.
    pub(crate) format: Format,
    /// Whether only answers and errors are wanted.
    pub(crate) quiet: bool,
    /// How long an answer may take.
    pub(crate) timeout: Option<Duration>,
    /// What reads the commands that a message names.
    pub(crate) face: Face,
    /// The directory of the store, where it was said: nothing else is written into it, and remedies name it.
    pub(crate) store: Option<PathBuf>,
    /// The files that stand for `$name`.
    parameter_files: Vec<PathBuf>,
    /// Where the store is, as the command line says it: words of every command that can be pasted.
    place_words: Vec<String>,
    pub(super) parameters: BTreeMap<String, Parameter>,
    /// The names of those that came with the command itself, each of which its expression must use.
    pub(super) said_parameters: Vec<String>,
    /// None where nobody said one.
    pub(super) zone: Option<String>,
    pub(super) now: String,
    pub(super) unknown_values: UnknownValues,
}

impl Settings {
    /// The settings that the command line gives.
    pub(crate) fn of(globals: &Globals) -> Result<Settings, Failure> {
        Settings::default().with(globals)
    }

    /// These settings, but for what `globals` says.
    pub(crate) fn with(&self, globals: &Globals) -> Result<Settings, Failure> {
        let mut settings = self.clone();
        if let Some(space) = &globals.space {
            settings.space.clone_from(space);
        }
        if let Some(entity_type) = &globals.entity_type {
            settings.entity_type.clone_from(entity_type);
        }
        if let Some(zone) = &globals.zone {
            settings.zone = Some(zone.clone());
        }
        if let Some(data) = &globals.data {
            settings.place_words = vec!["--data".to_owned(), data.display().to_string()];
        } else if let Some(addr) = &globals.addr {
            settings.place_words = vec!["--addr".to_owned(), addr.clone()];
        }
        settings.format = globals.format.unwrap_or(self.format);
        settings.timeout = globals.timeout.or(self.timeout);
        settings.unknown_values = globals.unknown_values.unwrap_or(self.unknown_values);
        settings.quiet |= globals.quiet;
        settings.said_parameters = globals.params.iter().map(|said| said.name().to_owned()).collect();
        settings.parameter_files.extend(globals.params.iter().filter_map(NamedParameter::file).map(Path::to_path_buf));
        settings.parameters.extend(parameter::parameters(&globals.params)?);
        if let Some(now) = &globals.now {
            settings.now = now.to_string();
        }
        Ok(settings)
    }
}

impl Settings {
    /// The settings of a shell that goes on with these: what stands for `$name` need not be used by every line.
    pub(crate) fn of_shell(mut self) -> Settings {
        self.said_parameters.clear();
        self.face = Face::Shell;
        self
    }

    /// A command for the same store, space and type, as it can be pasted.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let mut words = words.to_vec();
        for (option, name) in [("--type", &self.entity_type), ("--space", &self.space)] {
            if !name.is_empty() {
                words.extend([option, name.as_str()]);
            }
        }
        self.store_command(&words)
    }

    /// The same for a command that says its space itself.
    pub(crate) fn store_command(&self, words: &[&str]) -> String {
        let mut words = words.to_vec();
        // A shell is at its store.
        if self.face == Face::Program {
            words.extend(self.place_words.iter().map(String::as_str));
        }
        self.face.command(&words)
    }

    /// A progress bar, unless quiet is wanted.
    pub(crate) fn progress_line(&self) -> ProgressLine {
        if self.quiet { ProgressLine::hidden() } else { ProgressLine::on_terminal() }
    }

    /// The files that the command reads for `--param`.
    pub(crate) fn parameter_files(&self) -> impl Iterator<Item = &Path> {
        self.parameter_files.iter().map(PathBuf::as_path)
    }

    /// The zone that was said, which may be empty.
    pub(crate) fn zone_said(&self) -> Option<&str> {
        self.zone.as_deref()
    }
}
