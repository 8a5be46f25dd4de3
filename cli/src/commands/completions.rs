//! `muster completions`: scripts for shells.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Failure;
use crate::output::emit_data;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster completions bash > ~/.local/share/bash-completion/completions/muster
  muster completions fish > ~/.config/fish/completions/muster.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for `command`, the whole command line.
pub(crate) fn run(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "muster", &mut script);
    emit_data(&String::from_utf8_lossy(&script))
}
