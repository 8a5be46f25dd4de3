//! `muster count -f FILE`: many expressions at one version.

use std::collections::HashSet;
use std::path::Path;

use muster_client::v1::count_batch_item::Outcome;
use muster_client::v1::{CountBatchItem, CountBatchReply, CountBatchRequest, ListTagsRequest, NamedQuery};
use muster_language::ast::{CompareOp, Expr, ExprKind};
use serde_json::{Value, json};

use super::count;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::bars::bar;
use crate::output::json::problem;
use crate::output::numbers::{grouped, percent, share};
use crate::output::table::Table;
use crate::output::{self, Answer};

/// The longest file of expressions, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// The columns of CSV.
const COLUMNS: [&str; 8] = ["line", "name", "text", "count", "live", "share", "engine_ns", "error"];

/// An expression and where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    number: usize,
    name: &'a str,
    text: &'a str,
}

pub(super) async fn run(file: &Path, asker: &Asker) -> Result<(), Failure> {
    let content = read(file)?;
    let request = ListTagsRequest { space: asker.space(), entity_type: asker.entity_type(), prefix: String::new() };
    let tags = asker.client.list_tags(request).await?.tags;
    let names: HashSet<&str> =
        tags.iter().flat_map(|tag| [tag.name.as_str(), tag.label.as_str()]).filter(|name| !name.is_empty()).collect();
    let lines = lines(&content, &names);
    let queries =
        lines.iter().map(|line| NamedQuery { name: line.name.to_owned(), text: line.text.to_owned() }).collect();
    let request = CountBatchRequest { context: asker.context(), queries };
    let reply = asker.client.count_batch(request).await?;
    asker.print(&answer(&lines, &reply))?;
    let mut failed = 0;
    for (line, item) in lines.iter().zip(&reply.items) {
        match &item.outcome {
            Some(Outcome::Count(count)) => asker.warn(count.info.as_ref(), line.text),
            Some(Outcome::Problem(problem)) => {
                failed += 1;
                output::note(&format!("line {}: {}", line.number, problem.message));
            }
            None => failed += 1,
        }
    }
    if failed > 0 { Err(Failure::Partly) } else { Ok(()) }
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", file.display()));
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map_err(failed)?;
        bytes
    } else {
        if std::fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(Failure::usage(format!("split {}: it is longer than {FILE_BYTES_MAX} bytes", file.display())));
        }
        std::fs::read(file).map_err(failed)?
    };
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("write {} in UTF-8", file.display())))
}

/// The expressions of a file; `tags` are the names that an expression may begin with.
fn lines<'a>(content: &'a str, tags: &HashSet<&str>) -> Vec<Line<'a>> {
    let content = content.strip_prefix('\u{FEFF}').unwrap_or(content);
    let mut lines = Vec::new();
    for (index, line) in content.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("--") {
            continue;
        }
        let (name, text) = split_name(line, tags).unwrap_or(("", line));
        lines.push(Line { number: index + 1, name, text });
    }
    lines
}

/// The name and the expression of `name = expression`.
///
/// `vip = age > 30` cannot be read otherwise, but `young = vip AND age < 30` can: as a comparison with a tag `young`. It
/// is one if there is such a tag, or if only one word stands behind the sign, which is no tag: `contry = DEU`.
fn split_name<'a>(line: &'a str, tags: &HashSet<&str>) -> Option<(&'a str, &'a str)> {
    let (name, text) = line.split_once('=')?;
    let (name, text) = (name.trim(), text.trim());
    let is_name = !name.is_empty() && !name.contains(['\'', '"', '`', '(', ')', '<', '>', '!', '@', '$']);
    if !is_name || tags.contains(name) || text.starts_with('=') {
        return None;
    }
    let behind = muster_language::parse(text).ok();
    if begins_with_comparison(line) {
        let expr = behind?.expr;
        let ExprKind::Flag(path) = &expr.kind else { return Some((name, text)) };
        return tags.contains(path.dotted().as_ref()).then_some((name, text));
    }
    // A name of several words is taken only where it cannot be the beginning of a condition.
    (behind.is_some() || !name.contains(char::is_whitespace)).then_some((name, text))
}

/// Whether the line can be read as an expression whose first condition is `… = …`.
fn begins_with_comparison(line: &str) -> bool {
    fn first(expr: &Expr) -> &Expr {
        match &expr.kind {
            ExprKind::And(terms) | ExprKind::Or(terms) | ExprKind::Except(terms) => terms.first().map_or(expr, first),
            _ => expr,
        }
    }
    muster_language::parse(line)
        .is_ok_and(|parsed| matches!(&first(&parsed.expr).kind, ExprKind::Compare { op: CompareOp::Equal, .. }))
}

fn answer(lines: &[Line<'_>], reply: &CountBatchReply) -> Answer {
    let mut table = Table::new(&["name", ">count", ">share", "", ">engine"]);
    let mut results = Vec::with_capacity(lines.len());
    for (line, item) in lines.iter().zip(&reply.items) {
        results.push(result(line, item));
        let name = if line.name.is_empty() { line.text } else { line.name };
        match &item.outcome {
            Some(Outcome::Count(count)) => {
                let share = share(count.count, count.live);
                table.row([name, &grouped(count.count), &percent(share), &bar(share), &count::engine_time(count)]);
            }
            _ => table.row([name, "refused"]),
        }
    }
    let document = json!({"version": reply.version, "live": reply.live, "results": results});
    Answer::list(document, "results", &COLUMNS, table.render())
}

fn result(line: &Line<'_>, item: &CountBatchItem) -> Value {
    let mut result = json!({"line": line.number, "name": line.name, "text": line.text});
    let more = match &item.outcome {
        Some(Outcome::Count(reply)) => count::document(reply),
        Some(Outcome::Problem(refused)) => json!({"error": problem(refused)}),
        None => json!({"error": {"reason": "INTERNAL", "message": "the server gave no answer"}}),
    };
    if let (Value::Object(result), Value::Object(more)) = (&mut result, more) {
        result.extend(more);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_tags() {
        let tags = HashSet::from(["性别", "age", "vip"]);
        let content = "# all\n\n性别 = 女\nwomen = 性别 = 女\nyoung = vip AND age < 30\ncontry = DEU\nv = vip\nage >= 30\n-- end\nbad = age >\nage = 3 AND vip";
        let read: Vec<(usize, &str, &str)> =
            lines(content, &tags).iter().map(|line| (line.number, line.name, line.text)).collect();
        assert_eq!(
            read,
            [
                (3, "", "性别 = 女"),
                (4, "women", "性别 = 女"),
                (5, "young", "vip AND age < 30"),
                (6, "", "contry = DEU"),
                (7, "v", "vip"),
                (8, "", "age >= 30"),
                (10, "bad", "age >"),
                (11, "", "age = 3 AND vip"),
            ]
        );
    }
}
