//! The context of a command: a client, and the settings by which it asks and answers.

mod settings;
pub(crate) mod text;

use std::collections::BTreeMap;

use muster_client::Client;
use muster_client::v1::{self, Parameter, QueryContext};

use crate::args::globals::UnknownValues;
use crate::args::parameter;
use crate::exit::Failure;
use crate::output::{self, Answer, Format};

pub(crate) use settings::Settings;

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
