//! `muster count -f FILE`: many expressions at one version.

use std::collections::HashSet;
use std::path::Path;

use muster_client::v1::count_batch_item::Outcome;
use muster_client::v1::{CountBatchItem, CountBatchReply, CountBatchRequest, ListTagsRequest, NamedQuery};
use muster_language::ast::{self, Expr, ExprKind};
use muster_language::{Named, parse};
use serde_json::{Value, json};

use super::count;
use crate::args::input;
use crate::ask::Asker;
use crate::exit::Failure;
use crate::output::bars::bar;
use crate::output::json::problem;
use crate::output::numbers::{grouped, percent, share};
use crate::output::table::Table;
use crate::output::{self, Answer};

/// The columns of CSV.
const COLUMNS: [&str; 8] = ["line", "name", "text", "count", "live", "share", "engine_ns", "error"];

/// An expression and where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    number: usize,
    name: String,
    text: &'a str,
}

pub(super) async fn run(file: &Path, asker: &Asker) -> Result<(), Failure> {
    let content = input::text_of(file)?;
    let request = ListTagsRequest { space: asker.space(), entity_type: asker.entity_type(), prefix: String::new() };
    let tags = asker.client.list_tags(request).await?.tags;
    let names: HashSet<&str> =
        tags.iter().flat_map(|tag| [tag.name.as_str(), tag.label.as_str()]).filter(|name| !name.is_empty()).collect();
    let lines = lines(&content, &names);
    asker.check_parameters(lines.iter().map(|line| line.text))?;
    let queries = lines.iter().map(|line| NamedQuery { name: line.name.clone(), text: line.text.to_owned() }).collect();
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

/// The expressions of a file; `tags` are the names that an expression may begin with.
fn lines<'a>(content: &'a str, tags: &HashSet<&str>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (index, line) in content.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("--") {
            continue;
        }
        let (name, text) = match split_name(line, tags) {
            Some(named) => (named.name, named.text),
            None => (String::new(), line),
        };
        lines.push(Line { number: index + 1, name, text });
    }
    lines
}

/// The name and the expression of `name = expression`; none where the whole line is the expression.
///
/// A line that is an expression with the tags that there are is that expression. Else the word before its `=` names what
/// follows. Where that is no expression either, the line is more likely a comparison if the word is a tag, or if a single
/// word follows: `contry = DEU`.
fn split_name<'a>(line: &'a str, tags: &HashSet<&str>) -> Option<Named<'a>> {
    let named = muster_language::named(line)?;
    if is_expression(line, tags) {
        return None;
    }
    let is_comparison = || {
        let is_word = |expr: &Expr| matches!(expr.kind, ExprKind::Flag(_));
        tags.contains(named.name.as_str())
            || is_value(named.text)
            || parse(named.text).is_ok_and(|parsed| is_word(&parsed.expr))
    };
    (is_expression(named.text, tags) || !is_comparison()).then_some(named)
}

/// Whether a text is a value that something can be compared with, and nothing else: `'DEU'`, `30`.
fn is_value(text: &str) -> bool {
    let compared = parse(&format!("x = {text}"));
    compared.is_ok_and(|parsed| match &parsed.expr.kind {
        ExprKind::Compare { right, .. } => right.as_path().is_none() && right.as_single().is_some(),
        _ => false,
    })
}

/// Whether a text can be read, and every tag that it names is one of `tags`.
fn is_expression(text: &str, tags: &HashSet<&str>) -> bool {
    let is_tag = |path: &ast::Path| match (path.wildcard, path.dotted()) {
        (false, name) => tags.contains(name.as_ref()),
        (true, name) => {
            let is_below = |tag: &str| tag.strip_prefix(name.as_ref()).is_some_and(|rest| rest.starts_with('.'));
            tags.contains(name.as_ref()) || tags.iter().any(|tag| is_below(tag))
        }
    };
    parse(text).is_ok_and(|parsed| parsed.expr.tag_paths().into_iter().all(is_tag))
}

fn answer(lines: &[Line<'_>], reply: &CountBatchReply) -> Answer {
    let mut table = Table::new(&["name", ">count", ">share", "", ">engine"]);
    let mut results = Vec::with_capacity(lines.len());
    for (line, item) in lines.iter().zip(&reply.items) {
        results.push(result(line, item));
        let name = if line.name.is_empty() { line.text } else { line.name.as_str() };
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

    /// The line as it is read: `name: expression`, or the expression alone.
    fn read(line: &str) -> String {
        let tags = HashSet::from(["性别", "age", "vip", "level", "city", "city code", "兴趣.体育"]);
        let lines = lines(line, &tags);
        let [Line { name, text, .. }] = lines.as_slice() else { panic!("{line} is one line") };
        if name.is_empty() { (*text).to_owned() } else { format!("{name}: {text}") }
    }

    #[test]
    fn a_line_that_is_an_expression_is_that_expression() {
        for line in [
            "vip OR level = vip",
            "NOT level = gold",
            "非 level = gold",
            "age BETWEEN 30 AND 31 AND level = gold",
            "ALL EXCEPT city = Berlin",
            "ALL 排除 city = Berlin",
            "(level = gold OR vip) AND age = 3",
            "vip AND vip OR age = age",
            "性别 = 女",
            "性别＝女 且 vip",
            "age = 3 AND vip",
            "age >= 30",
            "`city code` = 7",
            "18 <= age AND level = gold",
            "兴趣.体育 OR level = gold",
            "兴趣.* AND level = gold",
            "AT LEAST 1 OF (vip, level = gold)",
            "@young OR level = gold",
            "level IN (a, b) OR city = 'x = y'",
            "split(level, [0%, 5%)) AND city = x",
        ] {
            assert_eq!(read(line), line);
        }
    }

    #[test]
    fn another_line_begins_with_its_name() {
        for (line, expected) in [
            ("women = 性别 = 女", "women: 性别 = 女"),
            ("女性 = 性别 = 女", "女性: 性别 = 女"),
            ("女性＝性别＝女", "女性: 性别＝女"),
            ("young = vip AND age < 30", "young: vip AND age < 30"),
            ("young = vip", "young: vip"),
            ("n = NOT level = gold", "n: NOT level = gold"),
            ("n = (vip OR level = gold) AND age = 3", "n: (vip OR level = gold) AND age = 3"),
            ("n = vip OR level = gold", "n: vip OR level = gold"),
            ("n = ALL EXCEPT city = Berlin", "n: ALL EXCEPT city = Berlin"),
            ("n = 兴趣.*", "n: 兴趣.*"),
            ("'two words' = vip", "two words: vip"),
            ("\"two words\" = age = 3", "two words: age = 3"),
            ("`two words` = vip AND age = 3", "two words: vip AND age = 3"),
            ("a.b = vip", "a.b: vip"),
            ("2024Q1 = vip", "2024Q1: vip"),
            ("level = age = 3", "level: age = 3"),
            ("bad = age >", "bad: age >"),
        ] {
            assert_eq!(read(line), expected);
        }
    }

    #[test]
    fn what_can_be_read_neither_way_stays_whole_where_it_looks_like_a_comparison() {
        for line in [
            "contry = DEU",
            "contry = 'DEU'",
            "agee = 30",
            "levl = 'Check-Out'",
            "level = gold adn vip",
            "two words = vip",
            "vip OR levl = vip",
        ] {
            assert_eq!(read(line), line);
        }
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over_and_counted() {
        let tags = HashSet::from(["age"]);
        let content = "# all\n\nage = 3\r\n-- end\n  young = age < 3  ";
        let read: Vec<(usize, String)> =
            lines(content, &tags).into_iter().map(|line| (line.number, line.name)).collect();
        assert_eq!(read, [(3, String::new()), (5, "young".to_owned())]);
    }
}
