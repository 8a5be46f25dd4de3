//! Which command reads which of the options that stand with every command. One that is not read is refused: taken and
//! ignored it would be a wrong answer.

use super::{Cli, Command};
use crate::args::Globals;
use crate::exit::Failure;

/// An option that stands with every command. `--quiet` is not one of them: every command says only what it must then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GlobalOption {
    Data,
    Addr,
    Space,
    Type,
    Param,
    Format,
    Zone,
    Now,
    UnknownValues,
    Timeout,
}

use GlobalOption::{Addr, Data, Format, Now, Param, Space, Timeout, Type, UnknownValues, Zone};

/// What everything reads that asks a server.
const SERVER: &[GlobalOption] = &[Data, Addr, Timeout, Format];
/// What an expression needs.
const QUESTION: &[GlobalOption] = &[Space, Type, Param, Zone, Now, UnknownValues];

impl GlobalOption {
    #[cfg(test)]
    pub(crate) const ALL: [GlobalOption; 10] =
        [Data, Addr, Space, Type, Param, Format, Zone, Now, UnknownValues, Timeout];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Data => "--data",
            Addr => "--addr",
            Space => "--space",
            Type => "--type",
            Param => "--param",
            Format => "--format",
            Zone => "--zone",
            Now => "--now",
            UnknownValues => "--unknown-values",
            Timeout => "--timeout",
        }
    }
}

/// What a command reads.
fn read_by(command: &Command) -> Vec<GlobalOption> {
    let own: &[GlobalOption] = match command {
        Command::Shell(_)
        | Command::Count(_)
        | Command::Members(_)
        | Command::Why(_)
        | Command::Stats(_)
        | Command::Breakdown(_)
        | Command::Explain(_) => QUESTION,
        // A proposal reads no times.
        Command::Load(args) if args.only_proposes() => &[Space, Type],
        Command::Get(_) | Command::Set(_) | Command::Load(_) => &[Space, Type, Zone],
        Command::Add(_) | Command::Remove(_) | Command::Clear(_) | Command::Erase(_) => &[Space, Type],
        Command::Tag(_) | Command::Audience(_) => &[Space, Type],
        Command::Type(_)
        | Command::Status(_)
        | Command::Flush(_)
        | Command::Compact(_)
        | Command::Sync(_)
        | Command::Backup(_)
        | Command::Erasures(_) => &[Space],
        Command::Space(args) if args.reads_zone() => &[Zone],
        Command::Space(_) => &[],
        Command::Serve(_) => return vec![Data, Zone],
        Command::Check(_) => return vec![Data, Space, Format],
        Command::Restore(_) => return vec![Data, Format],
        Command::Demo(_) => return vec![Timeout],
        Command::Completions(_) => return Vec::new(),
    };
    [SERVER, own].concat()
}

/// The options that were said.
fn said(globals: &Globals) -> Vec<GlobalOption> {
    let all = [
        (globals.data.is_some(), Data),
        (globals.addr.is_some(), Addr),
        (globals.space.is_some(), Space),
        (globals.entity_type.is_some(), Type),
        (!globals.params.is_empty(), Param),
        (globals.format.is_some(), Format),
        (globals.zone.is_some(), Zone),
        (globals.now.is_some(), Now),
        (globals.unknown_values.is_some(), UnknownValues),
        (globals.timeout.is_some(), Timeout),
    ];
    all.into_iter().filter_map(|(is_said, option)| is_said.then_some(option)).collect()
}

impl Cli {
    /// Errors: usage, naming an option that was said and that the command does not read.
    pub(crate) fn check_options(&self) -> Result<(), Failure> {
        let read = read_by(&self.command);
        let takes_zone_away = matches!(self.command, Command::Space(_));
        if self.globals.zone.as_deref() == Some("") && !takes_zone_away {
            return Err(Failure::usage("name a zone, as in --zone Asia/Shanghai, or leave --zone out"));
        }
        match said(&self.globals).into_iter().find(|option| !read.contains(option)) {
            None => Ok(()),
            Some(option) => Err(Failure::usage(format!("leave out {}: this command does not read it", option.name()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    /// Each command as it is written at its shortest, and what it reads: from docs and help, not from the code above.
    const COMMANDS: &[(&str, &str)] = &[
        ("serve", "data zone"),
        ("shell", "data addr timeout format space type param zone now unknown-values"),
        ("load f.csv", "data addr timeout format space type zone"),
        ("load f.csv --infer", "data addr timeout format space type"),
        ("count ALL", "data addr timeout format space type param zone now unknown-values"),
        ("members ALL", "data addr timeout format space type param zone now unknown-values"),
        ("get u1", "data addr timeout format space type zone"),
        ("why u1 ALL", "data addr timeout format space type param zone now unknown-values"),
        ("stats age", "data addr timeout format space type param zone now unknown-values"),
        ("breakdown city", "data addr timeout format space type param zone now unknown-values"),
        ("explain ALL", "data addr timeout format space type param zone now unknown-values"),
        ("type list", "data addr timeout format space"),
        ("tag list", "data addr timeout format space type"),
        ("audience list", "data addr timeout format space type"),
        ("space list", "data addr timeout format"),
        ("space create s", "data addr timeout format zone"),
        ("space change s", "data addr timeout format zone"),
        ("set u1", "data addr timeout format space type zone"),
        ("add u1 a=b", "data addr timeout format space type"),
        ("remove u1 a=b", "data addr timeout format space type"),
        ("clear u1 a", "data addr timeout format space type"),
        ("erase u1", "data addr timeout format space type"),
        ("status", "data addr timeout format space"),
        ("flush", "data addr timeout format space"),
        ("compact", "data addr timeout format space"),
        ("sync", "data addr timeout format space"),
        ("backup --to d", "data addr timeout format space"),
        ("restore --from d", "data format"),
        ("erasures", "data addr timeout format space"),
        ("check d", "data space format"),
        ("demo", "timeout"),
        ("completions bash", ""),
    ];

    fn value(option: GlobalOption) -> &'static str {
        match option {
            Addr => "127.0.0.1:1",
            Param => "a=b",
            Format => "json",
            Now => "2026-11-11",
            UnknownValues => "empty",
            Timeout => "1s",
            Data | Space | Type | Zone => "x",
        }
    }

    #[test]
    fn every_option_is_read_or_refused_by_every_command() {
        for (words, read) in COMMANDS {
            let read: Vec<String> = read.split_whitespace().map(|name| format!("--{name}")).collect();
            for option in GlobalOption::ALL {
                let words = words.split(' ').chain([option.name(), value(option)]);
                let cli = Cli::try_parse_from(std::iter::once("muster").chain(words)).unwrap();
                let is_read = read.iter().any(|name| name == option.name());
                let outcome = cli.check_options();
                assert_eq!(outcome.is_ok(), is_read, "{:?} {}", cli.command, option.name());
                if let Err(failure) = outcome {
                    assert_eq!(failure.code(), 2);
                }
            }
        }
        let mut named: Vec<&str> = COMMANDS.iter().filter_map(|(words, _)| words.split(' ').next()).collect();
        named.dedup();
        let command = Cli::command();
        let all: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        named.sort_unstable();
        let mut sorted = all.clone();
        sorted.sort_unstable();
        named.dedup();
        assert_eq!(named, sorted, "every command stands in the table");
    }
}
