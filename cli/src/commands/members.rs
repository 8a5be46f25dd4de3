//! `muster members`: who is in an audience, listed page by page or as a bitmap.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use muster_client::rows::{MemberRows, Named};
use muster_client::v1::{MembersForm, MembersReply, MembersRequest, ReplyInfo};
use muster_client::{documents, hex, unhex};

use super::change::bare;
use super::key_lists::{self, Pieced};
use super::member_table::MemberTable;
use super::same_file;
use crate::args::lists;
use crate::ask::text::query_text;
use crate::ask::{Asker, Settings};
use crate::exit::Failure;
use crate::output::numbers::grouped;
use crate::output::{self, Answer, DataOut, written};

/// How many members a table on a terminal shows unless told otherwise.
const TERMINAL_LIMIT: u64 = 100;

/// Which entities an expression selects.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster members 'vip' --limit 20 --with 城市,年龄
  muster members '城市 = 北京' --format csv > beijing.csv
  muster members '城市 = 北京' --limit 1000 --page-token 0a1b...   # the next page, of the same version
  muster members 'vip' --roaring vip.roaring                       # a portable roaring bitmap of ids

Members come as they are found. A table on a terminal stops at 100 unless --limit says otherwise; 0 means all.")]
pub(crate) struct MembersArgs {
    /// The expression; - reads it from standard input
    #[arg(value_name = "EXPRESSION", allow_negative_numbers = true)]
    text: Vec<String>,
    /// At most this many; 0 means all
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Continue after an earlier answer
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    page_token: Option<String>,
    /// Give entity ids instead of keys
    #[arg(long, conflicts_with_all = ["keys", "roaring"])]
    ids: bool,
    /// Give keys, which is the default
    #[arg(long, conflicts_with = "roaring")]
    keys: bool,
    /// Write a portable roaring bitmap of ids to a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["with", "limit", "page_token"])]
    roaring: Option<PathBuf>,
    /// Tags whose values are given with each member
    #[arg(long, value_name = "TAG,TAG", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    with: Vec<String>,
}

impl MembersArgs {
    /// The command without its expression.
    fn words(&self) -> Vec<String> {
        let options = [
            ("--limit", self.limit.map(|limit| limit.to_string())),
            ("--page-token", self.page_token.clone()),
            ("--roaring", self.roaring.as_ref().map(|path| path.display().to_string())),
            ("--with", (!self.with.is_empty()).then(|| self.with.join(","))),
        ];
        let of = |(option, value): (&str, Option<String>)| Some([option.to_owned(), value?]);
        let flags = [("--ids", self.ids), ("--keys", self.keys)];
        std::iter::once("members".to_owned())
            .chain(options.into_iter().filter_map(of).flatten())
            .chain(flags.into_iter().filter(|(_, is_said)| *is_said).map(|(flag, _)| flag.to_owned()))
            .collect()
    }

    /// Errors: usage, where the file to be written is read or lies in the store.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Failure> {
        let outputs: Vec<_> = self.roaring.iter().map(|path| ("--roaring", path.as_path())).collect();
        same_file::check_outputs(&outputs, &[], settings)
    }
}

/// Lists members.
pub(crate) async fn run(args: &MembersArgs, asker: &Asker) -> Result<(), Failure> {
    let words = args.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = query_text(&args.text, &words, &asker.settings).await?;
    asker.check_parameters(std::iter::once(text.as_str()))?;
    let pieced = key_lists::in_pieces(&text, asker).await?;
    match &args.roaring {
        Some(file) => roaring(&text, file, &pieced).await,
        None => rows(args, &text, &pieced).await,
    }
}

/// Where members go.
enum Sink<'a> {
    Table(MemberTable),
    Data(MemberRows<'a, DataOut>),
}

impl Sink<'_> {
    fn message(&mut self, message: &MembersReply) -> Result<(), Failure> {
        match self {
            Sink::Table(table) => table.message(message),
            Sink::Data(rows) => written(rows.message(message)),
        }
    }

    /// How many there were.
    fn finish(self, info: Option<&ReplyInfo>, page_token: &str) -> Result<u64, Failure> {
        match self {
            Sink::Table(table) => table.finish(),
            Sink::Data(rows) => written(rows.finish(info, page_token)),
        }
    }
}

async fn rows(args: &MembersArgs, text: &str, pieced: &Pieced) -> Result<(), Failure> {
    let asker = &pieced.asker;
    let on_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    let default_limit = if asker.for_people() && on_terminal { TERMINAL_LIMIT } else { 0 };
    let page_token = match &args.page_token {
        None => Vec::new(),
        Some(token) => unhex(token).ok_or_else(|| {
            Failure::usage("write the token as an earlier answer gave it: it has only hexadecimal digits")
        })?,
    };
    let with = lists::names(&args.with);
    let (form, named) = if args.ids { (MembersForm::Ids, Named::Ids) } else { (MembersForm::Keys, Named::Keys) };
    let request = MembersRequest {
        context: asker.context(),
        text: text.to_owned(),
        form: form.into(),
        limit: args.limit.unwrap_or(default_limit),
        page_token,
        with_tags: with.iter().map(|tag| bare(tag).to_owned()).collect(),
    };
    let mut members = asker.client.members(request).await?;
    let mut sink = match asker.settings.format.of_data() {
        None => Sink::Table(MemberTable::new(named, &with)),
        Some(format) => Sink::Data(MemberRows::new(DataOut::new(), format, named, &with)),
    };
    let mut info: Option<ReplyInfo> = None;
    let mut next_page_token = Vec::new();
    while let Some(message) = members.next().await? {
        sink.message(&message)?;
        info = info.or(message.info);
        next_page_token = message.next_page_token;
    }
    pieced.complete(&mut info);
    let token = hex(&next_page_token);
    let shown = sink.finish(info.as_ref(), &token)?;
    asker.warn(info.as_ref(), text);
    if !token.is_empty() && asker.for_people() {
        asker.note(&format!("{} shown; --limit 0 gives all, --page-token {token} the next page", grouped(shown)));
    }
    Ok(())
}

async fn roaring(text: &str, file: &PathBuf, pieced: &Pieced) -> Result<(), Failure> {
    let asker = &pieced.asker;
    let request = MembersRequest {
        context: asker.context(),
        text: text.to_owned(),
        form: MembersForm::Roaring.into(),
        ..MembersRequest::default()
    };
    let mut members = asker.client.members(request).await?;
    let failed = |error: std::io::Error| Failure::refused(format!("cannot write {}: {error}", file.display()));
    let mut out = std::fs::File::create(file).map_err(failed)?;
    let mut info: Option<ReplyInfo> = None;
    let mut bytes = 0;
    while let Some(MembersReply { roaring, info: about, .. }) = members.next().await? {
        out.write_all(&roaring).map_err(failed)?;
        bytes += roaring.len() as u64;
        info = info.or(about);
    }
    pieced.complete(&mut info);
    out.sync_all().map_err(failed)?;
    asker.warn(info.as_ref(), text);
    let document = documents::member_bitmap(&file.display().to_string(), bytes, info.as_ref());
    let line = format!("{} holds the ids: {}\n", file.display(), output::numbers::bytes(bytes));
    asker.print(&Answer::new(document, line))
}
