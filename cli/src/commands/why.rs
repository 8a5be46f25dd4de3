//! `muster why`: whether one entity is in an audience, and why.

use clap::Args;
use muster_client::v1::{WhyReply, WhyRequest};
use muster_client::{documents, text_key};
use muster_language::ast::ExprKind;
use muster_language::parse;

use super::explain::TEXT_CELLS_MAX;
use crate::ask::Asker;
use crate::ask::text::query_text;
use crate::exit::Failure;
use crate::output::table::Align::Left;
use crate::output::table::{Table, shortened};
use crate::output::{Answer, tree};

/// Why an entity is in an audience, or why not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  muster why u0042137 \"性别 = 女 AND 年龄 BETWEEN 25 AND 34\"
  muster why 4711 @silent_high_value

Each condition stands with its truth and the entity's own value. Exit code 0 whether the entity is in or not.")]
pub(crate) struct WhyArgs {
    /// The entity's key
    key: String,
    /// The expression; - reads it from standard input
    #[arg(value_name = "EXPRESSION", allow_negative_numbers = true)]
    text: Vec<String>,
}

impl WhyArgs {
    /// Errors: usage, where the key is missing: the words can be asked only with the one that stands in its place.
    fn check_key(&self, asker: &Asker) -> Result<(), Failure> {
        let rest = self.text.join(" ");
        let whole = [self.key.as_str(), &rest].join(" ");
        if parse(&rest).is_ok() || !parse(whole.trim()).is_ok_and(|it| !matches!(it.expr.kind, ExprKind::Flag(_))) {
            return Ok(());
        }
        let command = asker.settings.command(&["why", "KEY", whole.trim()]);
        Err(Failure::usage(format!("give the key before the expression, as in `{command}`")))
    }
}

/// Explains a membership.
pub(crate) async fn run(args: &WhyArgs, asker: &Asker) -> Result<(), Failure> {
    args.check_key(asker)?;
    let text = query_text(&args.text, &["why", &args.key], &asker.settings).await?;
    asker.check_parameters(std::iter::once(text.as_str()))?;
    let request = WhyRequest { context: asker.context(), text: text.clone(), key: Some(text_key(args.key.clone())) };
    let reply = asker.client.why(request).await?;
    asker.print(&Answer::new(documents::why(&args.key, &reply), table(&args.key, &reply)))?;
    asker.warn(reply.info.as_ref(), &text);
    Ok(())
}

/// The conditions as a tree for people.
pub(crate) fn table(key: &str, reply: &WhyReply) -> String {
    let depths: Vec<u32> = reply.conditions.iter().map(|condition| condition.depth).collect();
    let verdict = if reply.member { "is in" } else { "is not in" };
    let mut table = Table::named([(format!("{key} {verdict}").as_str(), Left), ("own value", Left)]);
    for (condition, branch) in reply.conditions.iter().zip(tree::branches(&depths)) {
        let truth = if condition.holds { '✓' } else { '✗' };
        let own = match (condition.tag.is_empty(), condition.own_values.as_slice()) {
            (true, _) => String::new(),
            (false, []) => "(missing)".to_owned(),
            (false, values) => values.join(", "),
        };
        table.row([format!("{branch}{truth} {}", shortened(&condition.text, TEXT_CELLS_MAX)), own]);
    }
    table.render()
}
