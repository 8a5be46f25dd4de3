//! Usage errors: what is wrong with a command line, the remedy first.

use std::error::Error;
use std::num::{IntErrorKind, ParseIntError};

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use muster_language::suggest::nearest;
use muster_language::visible::visible;

use super::Cli;

/// Words that other programs have for a command, each with what does it here.
const COMMANDS: [(&[&str], &str); 13] = [
    (&["help"], "muster --help, or muster COMMAND --help"),
    (&["tags", "ls", "list", "describe", "schema"], "muster tag list"),
    (&["types", "tables"], "muster type list"),
    (&["audiences"], "muster audience list"),
    (&["spaces", "databases"], "muster space list"),
    (&["values"], "muster tag show TAG"),
    (&["query", "select", "search", "find", "where"], "muster count EXPRESSION, or muster members EXPRESSION"),
    (&["export"], "muster members EXPRESSION"),
    (&["import", "insert", "ingest", "upload"], "muster load FILE"),
    (&["update", "put", "write"], "muster set KEY TAG=VALUE"),
    (&["delete", "del", "rm"], "muster erase KEY, or muster clear KEY TAG"),
    (&["start", "server", "daemon"], "muster serve --data DIR"),
    (&["version"], "muster --version"),
];
/// The same for options.
const OPTIONS: [(&[&str], &str); 7] = [
    (&["--sep", "--separator", "--delimiter"], "csv = { delimiter = \";\" } into the mapping of --map"),
    (&["--host", "--port", "--server", "--url"], "--addr HOST:PORT"),
    (&["--dir", "--store", "--db", "--path"], "--data DIR"),
    (&["--entity-type", "--table"], "--type NAME"),
    (&["--tz", "--timezone", "--time-zone"], "--zone ZONE"),
    (&["--json", "--csv", "--tsv", "--output"], "--format json, jsonl, csv or tsv"),
    (&["--where", "--filter", "--query", "--expr"], "the expression itself, without an option"),
];

/// What a word that is none here does by its nature.
fn guessed<'g>(guesses: &[(&[&str], &'g str)], word: &str) -> Option<&'g str> {
    guesses.iter().find(|(words, _)| words.contains(&word)).map(|(_, hint)| *hint)
}

/// What an option of another program means for one command only.
fn guessed_of(error: &clap::Error, word: &str) -> Option<&'static str> {
    let is_serve = usage(error).is_some_and(|usage| usage.split_whitespace().nth(2) == Some("serve"));
    match word {
        "--port" if is_serve => Some("--listen 127.0.0.1:PORT"),
        "--host" | "--bind" | "--address" if is_serve => Some("--listen HOST:PORT"),
        _ => None,
    }
}

/// Whether the word stands where the commands of the program do, and not behind one of them.
fn is_of_the_program(error: &clap::Error) -> bool {
    usage(error).is_some_and(|usage| usage.split_whitespace().skip(2).eq(["[OPTIONS]", "<COMMAND>"]))
}

/// The commands of the command behind which one was named that it does not have.
fn commands_of(error: &clap::Error) -> Option<String> {
    let usage = usage(error)?;
    let program = Cli::command();
    let command = program.find_subcommand(usage.split_whitespace().nth(2)?)?;
    let names: Vec<&str> =
        command.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What is wrong, in one line.
pub(crate) fn fault(error: &clap::Error) -> String {
    let argument = strings(error, ContextKind::InvalidArg).join(", ");
    let value = strings(error, ContextKind::InvalidValue).join(", ");
    let near = |kind| strings(error, kind).into_iter().next();
    let text = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("give {argument} a value: none stands behind it"),
        ErrorKind::InvalidValue => {
            let near = near(ContextKind::SuggestedValue).map(|near| format!("did you mean {near}? "));
            let valid = strings(error, ContextKind::ValidValue).join(", ");
            format!("{}write one of {valid} for {argument}: `{value}` is none of them", near.unwrap_or_default())
        }
        ErrorKind::ValueValidation => format!("{}: for {argument} came `{value}`", wanted(error)),
        ErrorKind::UnknownArgument => {
            let near = near(ContextKind::SuggestedArg).filter(|near| nearest(&argument, [near.as_str()]).is_some());
            let hint = guessed_of(error, &argument).or_else(|| guessed(&OPTIONS, &argument));
            match (hint, near) {
                (Some(hint), _) => format!("write {hint}: there is no {argument} here"),
                (None, Some(near)) => format!("did you mean {near}? There is no {argument} here"),
                (None, None) => {
                    format!("leave out {argument}: the command does not take it; --help shows what it takes")
                }
            }
        }
        ErrorKind::InvalidSubcommand => {
            let word = strings(error, ContextKind::InvalidSubcommand).join(" ");
            if let Some(hint) = guessed(&COMMANDS, &word).filter(|_| is_of_the_program(error)) {
                return format!("write {hint}: there is no command {word}");
            }
            let near = strings(error, ContextKind::SuggestedSubcommand);
            match nearest(&word, near.iter().map(String::as_str)).or(near.last().map(String::as_str)) {
                Some(near) => format!("did you mean {near}? There is no command {word}"),
                None => match commands_of(error) {
                    Some(commands) => format!("write one of {commands}: there is no command {word}"),
                    None => format!("--help lists the commands: there is no command {word}"),
                },
            }
        }
        ErrorKind::ArgumentConflict => {
            let other = strings(error, ContextKind::PriorArg).join(", ");
            match other == argument || other.is_empty() {
                true => format!("give {argument} once"),
                false => format!("give {argument} or {other}: they exclude each other"),
            }
        }
        ErrorKind::MissingRequiredArgument => format!("give {argument} too: the command needs it"),
        ErrorKind::MissingSubcommand => {
            let valid = strings(error, ContextKind::ValidSubcommand).join(", ");
            format!("say which: {valid}")
        }
        ErrorKind::InvalidUtf8 => "write the arguments in UTF-8".to_owned(),
        _ => rest(error),
    };
    visible(&text).into_owned()
}

/// How the command is written, where the error knows it.
pub(crate) fn usage(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::Usage)? {
        ContextValue::StyledStr(usage) => Some(usage.to_string().trim_end().to_owned()),
        _ => None,
    }
}

/// What a value is to be.
fn wanted(error: &clap::Error) -> String {
    let Some(source) = error.source() else { return "write another value".to_owned() };
    match source.downcast_ref::<ParseIntError>().map(ParseIntError::kind) {
        Some(IntErrorKind::PosOverflow) => "write a smaller number".to_owned(),
        Some(IntErrorKind::NegOverflow) => "write a greater number".to_owned(),
        Some(_) => "write a whole number".to_owned(),
        None => match source.to_string().split_once(" is not in ") {
            Some((_, range)) => format!("write a whole number in {range}"),
            None => source.to_string(),
        },
    }
}

/// What clap says, without its lines about help and usage.
fn rest(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.split("\n\n").next().unwrap_or_default();
    text.strip_prefix("error: ").unwrap_or(text).trim_end().to_owned()
}

fn strings(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_remedy_comes_first() {
        for (words, begins) in [
            ("members vip --limit x", "write a whole number: for --limit <N> came `x`"),
            ("members vip --limit -1", "write a whole number: for --limit <N> came `-1`"),
            ("breakdown a --top 99999999999999999999", "write a smaller number: for --top <N>"),
            ("breakdown a --top 4294967296", "write a whole number in "),
            ("count vip --timeout 3y", "write a number and ms, s, m or h, as in 500ms: for --timeout <DURATION>"),
            ("count vip --now soon", "write a date such as"),
            ("count vip --param k", "write k=VALUE or k=@FILE"),
            ("count vip --param $k", "write k=VALUE or k=@FILE"),
            ("count vip --format jsno", "did you mean json? write one of table, json"),
            ("count vip --format xx", "write one of table, json"),
            ("count vip --fromat json", "did you mean --format? There is no --fromat here"),
            ("count vip --nonsense", "leave out --nonsense: "),
            ("cuont vip", "did you mean count? There is no command cuont"),
            ("stat", "did you mean stats? "),
            ("serve --port 80", "write --listen 127.0.0.1:PORT: there is no --port here"),
            ("count a --port 80", "write --addr HOST:PORT: "),
            ("tag create x int --ttl -1d", "write"),
            ("help", "write muster --help, or muster COMMAND --help: there is no command help"),
            ("help count", "write muster --help, or muster COMMAND --help: "),
            ("tags", "write muster tag list: there is no command tags"),
            ("delete u1", "write muster erase KEY, or muster clear KEY TAG: "),
            ("tag delete a", "write one of create, list, show, change, fill, rename, drop: there is no command delete"),
            ("space brand_b", "write one of create, "),
            ("nonsense", "--help lists the commands: there is no command nonsense"),
            ("load a.csv --map m --sep ;", "write csv = { delimiter = \";\" } into the mapping of --map: "),
            ("count vip --tz UTC", "write --zone ZONE: there is no --tz here"),
            ("compact --force", "leave out --force: "),
            ("get", "give <KEY> too"),
            ("count vip --format", "give --format <FORMAT> a value"),
            ("count vip --type ", "give --type <NAME> a value"),
            ("count vip --space ", "give --space <NAME> a value"),
            ("load f --map m --load-id ", "give --load-id <ID> a value"),
            ("load f --infer --map m", "give --infer or --map <FILE>: they exclude each other"),
            ("count a --space x --space y", "give --space <NAME> once"),
        ] {
            let words = std::iter::once("muster").chain(words.split(' '));
            let error = Cli::try_parse_from(words).unwrap_err();
            let said = fault(&error);
            assert!(said.starts_with(begins), "{said}, expected {begins}");
            assert!(!said.contains('\n'), "{said}");
        }
    }
}
