//! The `\words` (meta-commands) of the shell, which are the commands of the program.

use clap::CommandFactory;
use muster_language::highlight::{PieceKind, tokens};
use muster_language::suggest::nearest;

use crate::args::input::STANDARD_INPUT;
use crate::args::lists::joined;
use crate::args::quotes::{split, unquoted};
use crate::cli::Cli;
use crate::exit::Failure;

/// What `\help` prints.
pub(super) const HELP: &str = "\
an expression              how many: 性别 = 女 AND 年龄 < 30
\\count EXPR                the same
\\members EXPR              who; --limit N, --with TAG,TAG, --ids
\\get KEY                   all tags of one entity
\\why KEY EXPR              whether one entity is in, and why
\\stats TAG [EXPR]          sum, mean, quantiles; --quantiles 0.5,0.9
\\breakdown TAG [EXPR]      an audience divided by a tag; --top N, 0 for all
\\explain EXPR              how it is answered; --analyze shows what each condition costs
\\tags [PREFIX]             the tags; \\tag show TAG shows one with its values
\\types                     the entity types
\\audiences                 the saved audiences
\\save NAME EXPR            save an audience; then @NAME
\\set KEY TAG=VALUE ...     and \\add, \\remove, \\clear, \\erase
\\load FILE --map MAP       load a file
\\status, \\flush, \\compact  how the store is; \\sync, \\backup, \\erasures
\\use TYPE                  ask another entity type
\\format FORMAT             table, json, jsonl, csv, tsv
\\zone ZONE                 time zone of today and dates; '' for the space's own
\\param NAME=VALUE          what stands for $NAME
\\help [COMMAND], \\quit

Tab completes commands, words, tags and values. An open parenthesis, quote or operator continues on the next line; an
empty line or ; ends it. Several expressions on a line, with ; between them, are answered in turn; a \\word takes the
rest of its line. Every word takes the options that the program takes: \\count --help.
";

/// The words that take an expression, whose quotes are part of it.
const EXPRESSIONS: [&str; 7] = ["count", "members", "why", "stats", "breakdown", "explain", "audience"];
/// The words that are commands of the program.
const COMMANDS: [&str; 24] = [
    "count",
    "members",
    "get",
    "why",
    "stats",
    "breakdown",
    "explain",
    "type",
    "tag",
    "audience",
    "space",
    "set",
    "add",
    "remove",
    "clear",
    "erase",
    "load",
    "status",
    "flush",
    "compact",
    "sync",
    "backup",
    "erasures",
    "help",
];
/// The words of the shell itself, each with what it stands for.
const SHORT: [(&str, &[&str]); 4] = [
    ("tags", &["tag", "list"]),
    ("types", &["type", "list"]),
    ("audiences", &["audience", "list"]),
    ("save", &["audience", "save"]),
];
/// The words that set an option for all further lines.
const OPTIONS: [&str; 6] = ["format", "zone", "param", "now", "timeout", "unknown-values"];
/// Further words.
const OTHER: [&str; 4] = ["use", "quit", "q", "exit"];

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Nothing,
    Quit,
    Help,
    /// Ask another entity type.
    Use(String),
    /// Arguments that set an option for all further lines.
    Option(Vec<String>),
    Count(String),
    /// Arguments of a command.
    Command(Vec<String>),
}

/// All words, without the backslash.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    COMMANDS.into_iter().chain(SHORT.map(|(word, _)| word)).chain(OPTIONS).chain(OTHER)
}

/// The queries and commands of a text: `;` ends a query, and a `\word` takes what is left of it. The last one is what
/// may go on in the next line; it is empty behind a `;`.
///
/// A later line that begins with `\` is a command too: nothing goes on with it, so what is open before it is over.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('\n') {
        if text[at + 1..].trim_start_matches([' ', '\t']).starts_with('\\') {
            push_statements(text[start..at].trim_end(), &mut statements);
            start = at + 1;
        }
    }
    push_statements(&text[start..], &mut statements);
    statements
}

/// The statements of a text in which at most the first line is a command.
fn push_statements<'a>(text: &'a str, statements: &mut Vec<&'a str>) {
    if text.trim_start().starts_with('\\') {
        return statements.push(text);
    }
    let mut start = 0;
    for piece in tokens(text) {
        let (from, to) = (piece.span.start as usize, piece.span.end as usize);
        // Inside quotes and comments it is a character like any other, and those are pieces of their own.
        if !matches!(&text[from..to], ";" | "；") {
            continue;
        }
        statements.push(&text[start..from]);
        start = to;
        if text[start..].trim_start().starts_with('\\') {
            break;
        }
    }
    statements.push(&text[start..]);
}

/// Whether a text asks for nothing.
pub(super) fn is_blank(text: &str) -> bool {
    tokens(text).iter().all(|piece| piece.kind == PieceKind::Comment)
}

/// Reads one of the [`statements`] of a text.
pub(super) fn read(text: &str) -> Result<Line, Failure> {
    let text = text.trim();
    let Some(words) = text.strip_prefix('\\') else {
        return Ok(if is_blank(text) { Line::Nothing } else { Line::Count(text.to_owned()) });
    };
    let words = words.trim_end_matches([';', '；']);
    let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let rest = rest.trim();
    match word {
        "quit" | "q" | "exit" if !rest.is_empty() => {
            Err(Failure::usage(format!("write \\{word} alone to end the shell: nothing can stand behind it")))
        }
        "quit" | "q" | "exit" => Ok(Line::Quit),
        "help" | "?" | "h" if rest.is_empty() => Ok(Line::Help),
        "help" | "?" | "h" => match rest.strip_prefix('\\').unwrap_or(rest) {
            // What only the shell has is told by its own help.
            own if OPTIONS.contains(&own) || OTHER.contains(&own) => Ok(Line::Help),
            word => command(word, "--help"),
        },
        "use" if rest.is_empty() => {
            Err(Failure::usage("name an entity type, as in \\use shoppers; \\types lists them"))
        }
        "use" => Ok(Line::Use(unquoted(rest)?)),
        option if OPTIONS.contains(&option) && rest.is_empty() => {
            Err(Failure::usage(format!("write what \\{option} is to be, as in {}", example(option))))
        }
        option if OPTIONS.contains(&option) => {
            Ok(Line::Option(vec!["muster".to_owned(), format!("--{option}"), unquoted(rest)?]))
        }
        _ => command(word, rest),
    }
}

/// The word of a command that an expression begins with, as it is written here: `quit`, `muster count "vip"`.
pub(super) fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let line = text.strip_prefix("muster ").map_or(text, str::trim_start);
    let word = line.split(char::is_whitespace).next()?;
    all().any(|known| known == word).then(|| format!("\\{word}"))
}

fn command(word: &str, rest: &str) -> Result<Line, Failure> {
    let short = SHORT.iter().find(|(short, _)| *short == word).map(|(_, words)| *words);
    let single = [word];
    let words = match short {
        Some(words) => words,
        None if COMMANDS.contains(&word) => &single,
        None => {
            return Err(Failure::usage(no_such_command(word)));
        }
    };
    let arguments = joined(split(rest));
    if reads_standard_input(words[0], &arguments) {
        return Err(Failure::usage(format!(
            "write it here, or name a file: inside the shell, standard input is the shell's own, and \\{word} cannot \
             read it with -"
        )));
    }
    let arguments = match EXPRESSIONS.contains(&words[0]) {
        true => with_expression(words, arguments)?,
        false => arguments.iter().map(|argument| unquoted(argument)).collect::<Result<_, Failure>>()?,
    };
    let argv = std::iter::once("muster").chain(words.iter().copied()).map(str::to_owned).chain(arguments);
    Ok(Line::Command(argv.collect()))
}

/// What to do instead of a command that the shell does not have.
fn no_such_command(word: &str) -> String {
    if Cli::command().get_subcommands().any(|command| command.get_name() == word) {
        return format!("run muster {word} outside of the shell: the shell has no command \\{word}");
    }
    match nearest(word, all()) {
        Some(near) => format!("did you mean \\{near}? There is no command \\{word}"),
        None => format!("\\help lists the commands: there is no command \\{word}"),
    }
}

/// An option with a value that it takes.
fn example(option: &str) -> &'static str {
    match option {
        "zone" => "\\zone Asia/Shanghai",
        "param" => "\\param city=Berlin",
        "now" => "\\now 2026-11-11",
        "timeout" => "\\timeout 10s",
        "unknown-values" => "\\unknown-values empty",
        _ => "\\format json",
    }
}

/// Whether a command would take `-` for standard input. In an expression the sign stands between two terms.
fn reads_standard_input(command: &str, arguments: &[String]) -> bool {
    let is_dash = |argument: Option<&String>| argument.is_some_and(|argument| argument == STANDARD_INPUT);
    match command {
        "load" => arguments.iter().any(|argument| argument == STANDARD_INPUT),
        command if EXPRESSIONS.contains(&command) => {
            let end = arguments.iter().position(|argument| argument.starts_with("--")).unwrap_or(arguments.len());
            let follows_option = arguments.windows(2).any(|pair| pair[0].starts_with('-') && is_dash(pair.get(1)));
            is_dash(arguments[..end].first()) || is_dash(arguments[..end].last()) || follows_option
        }
        _ => false,
    }
}

/// The arguments of a command that takes an expression: its quotes are part of it, those of names and options are not.
fn with_expression(words: &[&str], arguments: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut read = Vec::with_capacity(arguments.len());
    let mut names_left = names_before_expression(words, &arguments);
    // A comment ends an expression; to the command line, `--` would mean something else.
    let mut arguments = arguments.into_iter().take_while(|argument| argument != "--").peekable();
    while let Some(argument) = arguments.next() {
        if argument == "--in" {
            read.push(argument);
            let mut within = Vec::new();
            while let Some(word) = arguments.next_if(|word| !word.starts_with("--")) {
                within.push(word);
            }
            read.push(within.join(" "));
        } else if takes_value(words, &argument) {
            read.push(argument);
            if let Some(value) = arguments.next() {
                read.push(unquoted(&value)?);
            }
        } else if argument.starts_with("--") && !argument.starts_with("--in=") {
            read.push(unquoted(&argument)?);
        } else if names_left > 0 {
            names_left -= 1;
            read.push(unquoted(&argument)?);
        } else {
            read.push(argument);
        }
    }
    Ok(read)
}

/// How many words that are no options stand before the expression.
fn names_before_expression(words: &[&str], arguments: &[String]) -> usize {
    match (words, arguments.first().map(String::as_str)) {
        (["stats" | "breakdown" | "why"] | ["audience", "save"], _) => 1,
        (["audience"], Some("save")) => 2,
        (["audience", ..], _) => usize::MAX,
        _ => 0,
    }
}

/// Whether an argument is an option whose value is the next argument.
fn takes_value(words: &[&str], argument: &str) -> bool {
    let Some(name) = argument.strip_prefix('-') else { return false };
    let mut command = Cli::command();
    command.build();
    let word = words.first().copied().unwrap_or_default();
    let Some(command) = command.find_subcommand(word) else { return false };
    // `\audience save` has its options one level below.
    let below = command.get_subcommands().flat_map(clap::Command::get_arguments);
    command.get_arguments().chain(below).any(|option| {
        let is_named = match name.strip_prefix('-') {
            Some(long) => option.get_long() == Some(long),
            None => option.get_short().is_some_and(|short| name == short.to_string()),
        };
        is_named && option.get_action().takes_values()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(text: &str) -> Vec<String> {
        match read(text).unwrap() {
            Line::Command(argv) => argv,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn expressions_keep_their_quotes_and_other_words_lose_them() {
        assert_eq!(
            argv("\\members city = 'New  York' --limit 5"),
            ["muster", "members", "city", "=", "'New  York'", "--limit", "5"]
        );
        assert_eq!(argv("\\set u1 city='New York' vip"), ["muster", "set", "u1", "city=New York", "vip"]);
        assert_eq!(argv("\\save x a AND b -- c"), ["muster", "audience", "save", "x", "a", "AND", "b"]);
        assert_eq!(argv("\\tags 兴趣"), ["muster", "tag", "list", "兴趣"]);
        assert_eq!(
            argv("\\stats age --in a AND b --quantiles 0.5"),
            ["muster", "stats", "age", "--in", "a AND b", "--quantiles", "0.5"]
        );
    }

    #[test]
    fn a_name_in_quotes_is_one_name_wherever_it_stands() {
        for quoted in ["'VIP 等级'", "\"VIP 等级\"", "`VIP 等级`"] {
            let with = argv(&format!("\\members 'a b' = x --with {quoted} --limit 3"));
            assert_eq!(with, ["muster", "members", "'a b'", "=", "x", "--with", "VIP 等级", "--limit", "3"]);
            let ids = argv(&format!("\\members --ids {quoted} = x"));
            assert_eq!(ids, ["muster", "members", "--ids", quoted, "=", "x"], "--ids takes no value");
            for word in ["stats", "breakdown", "why"] {
                assert_eq!(argv(&format!("\\{word} {quoted} a = 'b'")), ["muster", word, "VIP 等级", "a", "=", "'b'"]);
            }
            let top = argv(&format!("\\breakdown --top 3 {quoted} --in a = 'b'"));
            assert_eq!(top, ["muster", "breakdown", "--top", "3", "VIP 等级", "--in", "a = 'b'"]);
            for line in ["\\save", "\\audience save"] {
                let saved = argv(&format!("{line} {quoted} a = 'b' --owner 'x y'"));
                assert_eq!(saved, ["muster", "audience", "save", "VIP 等级", "a", "=", "'b'", "--owner", "x y"]);
            }
            assert_eq!(argv(&format!("\\audience show {quoted}")), ["muster", "audience", "show", "VIP 等级"]);
            assert_eq!(argv(&format!("\\tag show {quoted}")), ["muster", "tag", "show", "VIP 等级"]);
        }
    }

    #[test]
    fn a_quote_that_stays_open_is_refused() {
        for line in [
            "\\set q1 level=O'Neil age=3",
            "\\set q2 \"level=AT age=4",
            "\\add q1 a='b",
            "\\stats 'age",
            "\\members vip --with 'age",
            "\\zone 'UTC",
            "\\use 'people",
            "\\save 'x vip",
        ] {
            let error = read(line).unwrap_err();
            assert_eq!(error.code(), 2, "{line}");
            assert!(error.message().unwrap().starts_with("close the "), "{line}");
        }
    }

    #[test]
    fn a_list_goes_on_behind_a_comma() {
        let with = argv("\\members vip --with age, 'VIP 等级' , city --limit 3");
        assert_eq!(with, ["muster", "members", "vip", "--with", "age,VIP 等级,city", "--limit", "3"]);
    }

    #[test]
    fn a_command_without_its_backslash_is_known() {
        for (text, offered) in [
            ("members vip --limit 3", Some("\\members")),
            ("muster count \"age > 3\"", Some("\\count")),
            ("quit", Some("\\quit")),
            ("help", Some("\\help")),
            ("tags", Some("\\tags")),
            ("muster", None),
            ("vip", None),
            ("counts = 3", None),
        ] {
            assert_eq!(meant(text).as_deref(), offered, "{text}");
        }
    }

    #[test]
    fn a_semicolon_ends_a_query_and_no_text_in_quotes() {
        assert_eq!(statements("vip; age < 30"), ["vip", " age < 30"]);
        assert_eq!(statements("vip；城市 = 'a;b' ; -- c;d"), ["vip", "城市 = 'a;b' ", " -- c;d"]);
        assert_eq!(statements("vip;"), ["vip", ""]);
        assert_eq!(statements("vip; \\set u1 city='a;b'; x"), ["vip", " \\set u1 city='a;b'; x"]);
        assert_eq!(statements("\\set u1 city=a;b"), ["\\set u1 city=a;b"]);
        assert_eq!(argv("\\tags;"), ["muster", "tag", "list"]);
        assert_eq!(statements("(a OR\n  \\tags"), ["(a OR", "  \\tags"]);
        assert_eq!(statements("a = 'x\n\\set u1 a=1;2"), ["a = 'x", "\\set u1 a=1;2"]);
    }

    #[test]
    fn what_a_word_cannot_use_is_refused() {
        for line in ["\\quit now", "\\format", "\\zone ", "\\use", "\\count -", "\\stats age -", "\\load - --map m"] {
            assert!(read(line).is_err(), "{line}");
        }
        assert!(read("\\count -f - --format json").is_err());
        assert_eq!(argv("\\count a - b > 0"), ["muster", "count", "a", "-", "b", ">", "0"]);
        assert_eq!(argv("\\help count"), ["muster", "count", "--help"]);
        assert_eq!(read("\\use 'my people'").unwrap(), Line::Use("my people".to_owned()));
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(read("  a AND b ").unwrap(), Line::Count("a AND b".to_owned()));
        assert_eq!(read(" -- nothing").unwrap(), Line::Nothing);
        assert_eq!(read("").unwrap(), Line::Nothing);
        assert_eq!(read("\\q").unwrap(), Line::Quit);
        assert_eq!(read("\\use users").unwrap(), Line::Use("users".to_owned()));
        assert_eq!(
            read("\\format json").unwrap(),
            Line::Option(vec!["muster".into(), "--format".into(), "json".into()])
        );
        let error = read("\\memebrs a").unwrap_err().message().unwrap();
        assert!(error.starts_with("did you mean \\members?"), "{error}");
    }
}
