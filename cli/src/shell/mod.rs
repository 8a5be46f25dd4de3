//! The interactive shell (REPL): lines that are expressions or `\words`, on a terminal or from a pipe.
//!
//! On a terminal it has history, highlighting, completion and several lines for one expression. From a pipe it reads
//! the same lines without prompts; a line that fails does not stop the others, but the exit code tells.

mod complete;
mod highlight;
mod names;
mod prompt;
pub(crate) mod validate;
mod words;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use clap::error::ErrorKind;
use muster_client::v1::ListTagsRequest;
use muster_client::{ExitClass, ShownZone};
use muster_language::limits::TEXT_BYTES_MAX;
use reedline::{
    ColumnarMenu, DefaultHinter, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder, Reedline, ReedlineEvent,
    ReedlineMenu, Signal, default_emacs_keybindings,
};

use crate::args::input::Lines;
use crate::ask::Settings;
use crate::cli::Cli;
use crate::cli::usage;
use crate::commands;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::output::{emit, note, note_lines, numbers};
use complete::Complete;
use highlight::Highlight;
use names::Names;
use prompt::TypePrompt;
use validate::Validate;
use words::Line;

/// How many lines the history keeps.
const HISTORY_LINES_MAX: usize = 10_000;
/// The name of the completion menu.
const MENU: &str = "completions";
/// The variable that names the history file.
const HISTORY_VARIABLE: &str = "MUSTER_HISTORY";

/// Runs the shell until its end. `suggestions` are lines to try, shown first on a terminal.
pub(crate) async fn run(connection: &Connection, settings: Settings, suggestions: &[&str]) -> Result<(), Failure> {
    let mut shell = Shell { connection, settings: settings.of_shell(), is_over: false };
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        shell.interactive(suggestions).await
    } else {
        shell.script().await
    }
}

struct Shell<'a> {
    connection: &'a Connection,
    settings: Settings,
    is_over: bool,
}

impl Shell<'_> {
    async fn interactive(&mut self, suggestions: &[&str]) -> Result<(), Failure> {
        emit("An expression counts; \\help lists the commands, \\quit ends.\n")?;
        if !suggestions.is_empty() {
            emit("Try:\n")?;
            for suggestion in suggestions {
                emit(&format!("  {suggestion}\n"))?;
            }
        }
        let names = Names::new(tokio::runtime::Handle::current());
        let mut editor = editor(&names);
        while !self.is_over {
            names.ask_with(self.connection.asker(self.settings.clone()).await);
            let prompt = TypePrompt::new(&self.settings.entity_type, Highlight::wanted());
            let read = tokio::task::block_in_place(|| editor.read_line(&prompt));
            let text = match read {
                Ok(Signal::Success(text)) => text,
                Ok(Signal::CtrlC) => continue,
                Ok(_) => break,
                Err(error) => return Err(Failure::refused(format!("cannot read the terminal: {error}"))),
            };
            let started = Instant::now();
            for statement in words::statements(&text) {
                match self.line(statement).await {
                    Ok(true) => note(&format!("{} in all", numbers::elapsed(started.elapsed()))),
                    Ok(false) => {}
                    Err(failure) => tell(&failure),
                }
            }
        }
        names.forget();
        Ok(())
    }

    async fn script(&mut self) -> Result<(), Failure> {
        let mut first_failure = Ok(());
        let mut pending = String::new();
        for line in Lines::new(std::io::stdin()) {
            let line = match line {
                Ok(line) => line,
                Err(failure) => {
                    tell(&failure);
                    first_failure = first_failure.and(Err(failure.without_message()));
                    continue;
                }
            };
            if pending.is_empty() {
                pending = line;
            } else {
                pending.extend(["\n", &line]);
            }
            // What is too long for a query is refused as one, not collected.
            if validate::is_complete(&pending) || pending.len() > TEXT_BYTES_MAX {
                let text = std::mem::take(&mut pending);
                self.script_line(&text, &mut first_failure).await?;
            }
            if self.is_over {
                break;
            }
        }
        if !pending.trim().is_empty() {
            self.script_line(&pending, &mut first_failure).await?;
        }
        first_failure
    }

    async fn script_line(&mut self, text: &str, first_failure: &mut Result<(), Failure>) -> Result<(), Failure> {
        for statement in words::statements(text) {
            match self.line(statement).await {
                Ok(_) => {}
                Err(failure @ (Failure::OutputClosed | Failure::Interrupted)) => return Err(failure),
                Err(failure) => {
                    tell(&failure);
                    if first_failure.is_ok() {
                        // What there was to say is said; only the exit code is still to come.
                        *first_failure = Err(failure.without_message());
                    }
                }
            }
            if self.is_over {
                break;
            }
        }
        Ok(())
    }

    /// Runs one statement of a line. Says whether something was asked.
    async fn line(&mut self, text: &str) -> Result<bool, Failure> {
        match words::read(text)? {
            Line::Nothing => Ok(false),
            Line::Quit => {
                self.is_over = true;
                Ok(false)
            }
            Line::Help => emit(words::HELP).map(|()| false),
            Line::Use(entity_type) => self.use_type(entity_type).await.map(|()| false),
            Line::Option(option) => self.option(option).map(|()| false),
            Line::Count(text) => {
                let asker = self.connection.asker(self.settings.clone()).await;
                let counted = crate::interrupt::unless_interrupted(commands::count::count(&text, &asker)).await;
                counted.map(|()| true).map_err(|failure| with_command(failure, &text))
            }
            Line::Command(argv) => self.command(&argv).await,
        }
    }

    /// Asks another entity type from now on, which must exist.
    async fn use_type(&mut self, entity_type: String) -> Result<(), Failure> {
        let mut settings = self.settings.clone();
        settings.entity_type = entity_type;
        let asker = self.connection.asker(settings.clone()).await;
        let request = ListTagsRequest {
            space: asker.space(),
            entity_type: asker.entity_type(),
            // Only the type is asked for: no name can begin like this.
            prefix: "*".to_owned(),
        };
        crate::interrupt::unless_interrupted(async { Ok(asker.client.list_tags(request).await?) }).await?;
        self.settings = settings;
        Ok(())
    }

    /// Takes an option over for all further lines.
    fn option(&mut self, argv: Vec<String>) -> Result<(), Failure> {
        let argv = argv.into_iter().chain(["status".to_owned()]);
        let cli = Cli::try_parse_from(argv).map_err(|error| Failure::usage(usage::fault(&error)))?;
        if let Some(zone) = cli.globals.zone.as_deref().filter(|zone| !zone.is_empty() && !ShownZone::is_known(zone)) {
            return Err(Failure::usage(format!(
                "name a zone such as Asia/Shanghai, or an offset such as +08:00: `{zone}` is none"
            )));
        }
        self.settings = self.settings.with(&cli.globals)?.of_shell();
        Ok(())
    }

    async fn command(&mut self, argv: &[String]) -> Result<bool, Failure> {
        let cli = match Cli::try_parse_from(argv) {
            Ok(cli) => cli,
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                return emit(&error.to_string()).map(|()| false);
            }
            Err(error) => return Err(Failure::usage(usage::fault(&error))),
        };
        if cli.globals.data.is_some() || cli.globals.addr.is_some() {
            return Err(Failure::usage("end this shell and start another one for another store"));
        }
        cli.check_options()?;
        let settings = self.settings.with(&cli.globals)?;
        cli.command.check(&settings)?;
        let asker = self.connection.asker(settings).await;
        crate::interrupt::unless_interrupted(cli.command.run(&asker)).await.map(|()| true)
    }
}

/// The failure of an expression that begins like a command, which begins with a backslash.
fn with_command(failure: Failure, text: &str) -> Failure {
    let Some(command) = words::meant(text) else { return failure };
    match failure {
        Failure::Client(mut error) if error.exit_class() == ExitClass::Refused => {
            error.message.push_str(&format!("\na command begins with a backslash: {command}"));
            Failure::Client(error)
        }
        failure => failure,
    }
}

fn tell(failure: &Failure) {
    if let Some(message) = failure.message() {
        note_lines(&message);
    }
}

fn editor(names: &Names) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let complete = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
    let menu = Box::new(ColumnarMenu::default().with_name(MENU));
    let highlight = Highlight::wanted();
    let hint = highlight.colour(reedline::Color::DarkGray).normal();
    let editor = Reedline::create()
        .with_completer(Box::new(Complete::new(names.clone())))
        .with_menu(ReedlineMenu::EngineCompleter(menu))
        .with_highlighter(Box::new(highlight))
        .with_validator(Box::new(Validate))
        .with_hinter(Box::new(DefaultHinter::default().with_style(hint)))
        .with_edit_mode(Box::new(Emacs::new(keys)));
    // Without a place for its file the history lasts as long as the shell.
    let Some(file) = history_file() else { return editor };
    match FileBackedHistory::with_file(HISTORY_LINES_MAX, file.clone()) {
        Ok(history) => editor.with_history(Box::new(history)),
        Err(error) => {
            note(&format!(
                "set {HISTORY_VARIABLE} to a file that can be written: {} cannot keep the history ({error})",
                file.display()
            ));
            editor
        }
    }
}

fn history_file() -> Option<PathBuf> {
    let of = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = of(HISTORY_VARIABLE) {
        return Some(file);
    }
    let folder = of("XDG_STATE_HOME").or_else(|| Some(of("HOME")?.join(".local/state")))?.join("muster");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}
