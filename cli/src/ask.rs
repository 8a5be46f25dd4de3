//! What a command needs to ask: a client, and how things are asked and answered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_client::Client;
use muster_client::v1::{self, Parameter, QueryContext};

use crate::args::globals::{Globals, UnknownValues};
use crate::args::parameter::{self, NamedParameter};
use crate::args::pasted::Face;
use crate::exit::Failure;
use crate::output::{self, Answer, Format};

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
    parameters: BTreeMap<String, Parameter>,
    /// The names of those that came with the command itself, each of which its expression must use.
    said_parameters: Vec<String>,
    /// None where nobody said one.
    zone: Option<String>,
    now: String,
    unknown_values: UnknownValues,
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

    /// The files that the command reads for `--param`.
    pub(crate) fn parameter_files(&self) -> impl Iterator<Item = &Path> {
        self.parameter_files.iter().map(PathBuf::as_path)
    }

    /// The zone that was said, which may be empty.
    pub(crate) fn zone_said(&self) -> Option<&str> {
        self.zone.as_deref()
    }
}

/// A client and the settings of a command.
#[derive(Clone)]
pub(crate) struct Asker {
    /// The connection.
    pub(crate) client: Client,
    /// How to ask.
    pub(crate) settings: Settings,
    /// Whether the server may read the files that its user names.
    pub(crate) reads_local_files: bool,
    /// Whether a path means the same to the server as here.
    pub(crate) is_on_this_machine: bool,
}

impl Asker {
    /// Where and how a question is asked.
    pub(crate) fn context(&self) -> Option<QueryContext> {
        let settings = &self.settings;
        let unknown_values = match settings.unknown_values {
            UnknownValues::Refuse => v1::UnknownValues::Refuse,
            UnknownValues::Empty => v1::UnknownValues::Empty,
        };
        Some(QueryContext {
            space: settings.space.clone(),
            entity_type: settings.entity_type.clone(),
            parameters: settings.parameters.clone(),
            zone: self.zone(),
            unknown_values: unknown_values.into(),
            now: settings.now.clone(),
            ..QueryContext::default()
        })
    }

    /// What stands for each `$name`.
    pub(crate) fn parameters(&self) -> &BTreeMap<String, Parameter> {
        &self.settings.parameters
    }

    /// The same asker, for whom other things stand for `$name`.
    pub(crate) fn with_parameters(&self, parameters: BTreeMap<String, Parameter>) -> Asker {
        let mut asker = self.clone();
        asker.settings.parameters = parameters;
        asker
    }

    /// Errors: usage, where a parameter came with the command that no expression of it uses: it would change nothing.
    pub(crate) fn check_parameters<'a>(&self, texts: impl Iterator<Item = &'a str> + Clone) -> Result<(), Failure> {
        for name in &self.settings.said_parameters {
            if !texts.clone().any(|text| parameter::is_used(name, text)) {
                if let Some(other) = texts.clone().find_map(|text| parameter::in_other_case(name, text)) {
                    return Err(Failure::usage(format!(
                        "write --param {other}=VALUE: the expression has ${other}, and the case of names counts"
                    )));
                }
                return Err(Failure::usage(format!(
                    "leave out --param {name}, or write ${name} in the expression: nothing in it is called so"
                )));
            }
        }
        Ok(())
    }

    /// The space, as requests name it.
    pub(crate) fn space(&self) -> String {
        self.settings.space.clone()
    }

    /// The zone, as requests name it; empty for the space's.
    pub(crate) fn zone(&self) -> String {
        self.settings.zone.clone().unwrap_or_default()
    }

    /// The entity type, as requests name it.
    pub(crate) fn entity_type(&self) -> String {
        self.settings.entity_type.clone()
    }

    /// Prints an answer as the settings want it.
    pub(crate) fn print(&self, answer: &Answer) -> Result<(), Failure> {
        answer.print(self.settings.format)
    }

    /// Whether answers are for people.
    pub(crate) fn for_people(&self) -> bool {
        self.settings.format == Format::Table
    }

    /// Says what is only to be known, unless quiet is wanted.
    pub(crate) fn note(&self, text: &str) {
        if !self.settings.quiet {
            output::note(text);
        }
    }

    /// Passes on what the server wants known about a query, for people only: programs find it in the answer.
    pub(crate) fn warn(&self, info: Option<&v1::ReplyInfo>, text: &str) {
        if let Some(info) = info
            && self.for_people()
            && !self.settings.quiet
        {
            output::warn(&info.warnings, text);
        }
    }
}
