//! A line of a file of expressions: an expression, or a name and what it names.

use std::collections::HashMap;

use muster_client::v1;
use muster_language::ast::{self, Expr, ExprKind, Span};
use muster_language::highlight::{PieceKind, tokens};
use muster_language::{Error, Named, code, headline, parse, suggest};

/// An expression and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    /// The line, with its name.
    whole: &'a str,
    pub(super) name: String,
    pub(super) text: &'a str,
}

/// The tags that an expression may name: their names and labels, and whether each has values that words can be.
pub(super) struct Tags<'a>(HashMap<&'a str, bool>);

impl<'a> Tags<'a> {
    pub(super) fn of(tags: &'a [v1::Tag]) -> Tags<'a> {
        let has_values = |tag: &v1::Tag| matches!(tag.kind(), v1::TagKind::Choice | v1::TagKind::Set);
        let named = tags.iter().flat_map(|tag| [&tag.name, &tag.label].map(|name| (name.as_str(), has_values(tag))));
        Tags(named.filter(|(name, _)| !name.is_empty()).collect())
    }

    fn holds(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// The expressions of a file.
pub(super) fn lines<'a>(content: &'a str, tags: &Tags<'_>) -> Vec<Line<'a>> {
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
        lines.push(Line { number: index + 1, whole: line, name, text });
    }
    lines
}

impl Line<'_> {
    /// Why the line was refused, with what is offered as a line of the file: behind the name that it has.
    pub(super) fn pasted(&self, mut problem: v1::Problem, tags: &Tags<'_>) -> v1::Problem {
        let Some(named) = muster_language::named(self.whole) else { return problem };
        let offer = format!("try: {}", problem.suggestion);
        let rest = problem.message.strip_suffix(&offer).filter(|_| !problem.suggestion.is_empty());
        match (self.name.is_empty(), rest) {
            (false, Some(rest)) => {
                let head = &self.whole[..self.whole.len() - self.text.len()];
                let suggestion = format!("{head}{}", problem.suggestion);
                problem.message = format!("{rest}try: {suggestion}");
                problem.suggestion = suggestion;
            }
            (true, _) if is_expression(named.text, tags) => {
                let quoted = suggest::quoted(&named.name);
                let way = format!("\nor, if `{}` is a name, write: {quoted} = {}", named.name, named.text);
                problem.message.push_str(&way);
            }
            _ => {}
        }
        problem
    }

    /// The line with its headline as a name, where it seems to have one that is none.
    pub(super) fn headed(&self, tags: &Tags<'_>) -> Option<Headed<'_>> {
        // What could be a name as it stands was taken for a comparison.
        let may_have_headline = self.name.is_empty() && muster_language::named(self.whole).is_none();
        let Named { name, text } = headline(self.whole).filter(|_| may_have_headline)?;
        // `vip level = gold` lacks an AND, where `gold` is a tag too.
        let names_tag = || tokens(&name).iter().any(|piece| tags.holds(piece.span.of(&name)));
        if !is_expression(text, tags) || is_word(text) && names_tag() {
            return None;
        }
        let is_read =
            |line: &String| split_name(line, tags).is_some_and(|named| named.name == name && named.text == text);
        let written = [format!("{name} = {text}"), format!("{} = {text}", suggest::quoted(&name))];
        let line = written.into_iter().find(is_read)?;
        Some(Headed { name_bytes: name.len(), is_word: is_word(&name), line, text })
    }
}

/// A line whose headline became a name.
pub(super) struct Headed<'a> {
    name_bytes: usize,
    is_word: bool,
    line: String,
    /// What stands behind the headline.
    pub(super) text: &'a str,
}

impl Headed<'_> {
    /// What is wrong with the line as it was written.
    pub(super) fn problem(&self, written: &str) -> v1::Problem {
        let span = Span::new(0, self.name_bytes as u32);
        let name = span.of(written);
        let (remedy, detail) = match (self.line.starts_with('\''), self.is_word) {
            (true, true) => (
                "put the name in quotes, and = behind it",
                format!("`{name}` is a tag, or a typing error away from one"),
            ),
            (true, false) => {
                ("put the name in quotes", format!("`{name}` is no single word, so nothing says that it is a name"))
            }
            (false, _) => ("write = behind the name", format!("`{name}` is read as a tag")),
        };
        let error = Error::new(code::MUST_QUOTE, span, remedy, detail).suggest(self.line.clone());
        v1::Problem {
            reason: "QUERY_MUST_QUOTE".to_owned(),
            message: error.render(written),
            suggestion: self.line.clone(),
            ..v1::Problem::default()
        }
    }
}

/// The name and the expression of `name = expression`; none where the whole line is the expression.
///
/// A line that is an expression with the tags that there are is that expression, and so is one with a tag before its
/// `=`, which quotes alone make a name: `vip = None` asks for nobody's name. Else the word before its `=` names what
/// follows. Where that is no expression either, the line is more likely a comparison if a single word follows: `contry
/// = DEU`. So it is where the word is a typing error away from a tag and a single word follows, whatever that word is:
/// `levl = vip` counts no flag `vip`.
fn split_name<'a>(line: &'a str, tags: &Tags<'_>) -> Option<Named<'a>> {
    let named = muster_language::named(line)?;
    if is_expression(line, tags) || tags.holds(&named.name) && !is_quoted(line) {
        return None;
    }
    let valued = || tags.0.iter().filter(|(_, has_values)| **has_values).map(|(name, _)| *name);
    if is_word(named.text) && !is_quoted(line) && suggest::nearest(&named.name, valued()).is_some() {
        return None;
    }
    let is_flag = |expr: &Expr| matches!(expr.kind, ExprKind::Flag(_));
    let is_comparison =
        || is_value(named.text) || is_word(named.text) || parse(named.text).is_ok_and(|parsed| is_flag(&parsed.expr));
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

/// Whether a text is one word, of the language or not.
fn is_word(text: &str) -> bool {
    matches!(tokens(text).as_slice(), [one] if matches!(one.kind, PieceKind::Name | PieceKind::Word))
}

/// Whether a line begins with a quote: what is inside is a name. Backticks hold tags too.
fn is_quoted(line: &str) -> bool {
    line.starts_with(['\'', '"', '‘', '’', '“', '”'])
}

/// Whether a text can be read, and every tag that it names is one of `tags`.
fn is_expression(text: &str, tags: &Tags<'_>) -> bool {
    let is_tag = |path: &ast::Path| match (path.wildcard, path.dotted()) {
        (false, name) => tags.holds(name.as_ref()),
        (true, name) => {
            let is_below = |tag: &str| tag.strip_prefix(name.as_ref()).is_some_and(|rest| rest.starts_with('.'));
            tags.holds(name.as_ref()) || tags.0.keys().any(|tag| is_below(tag))
        }
    };
    parse(text).is_ok_and(|parsed| parsed.expr.tag_paths().into_iter().all(is_tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUED: [&str; 3] = ["level", "city", "city code"];

    fn tags() -> Tags<'static> {
        let names = ["性别", "age", "vip", "level", "city", "city code", "兴趣.体育"];
        Tags(names.map(|name| (name, VALUED.contains(&name))).into())
    }

    /// The line as it is read: `name: expression`, or the expression alone.
    fn read(line: &str) -> String {
        let lines = lines(line, &tags());
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
            ("'level' = age = 3", "level: age = 3"),
            ("\"vip\" = NONE", "vip: NONE"),
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
            "levl = AT",
            "levl = None",
            "levl = vip",
            "ctiy = vip",
            // A tag is no name, whatever follows.
            "level = age = 3",
            "level = NOT vip",
            "vip = None",
            "vip = all",
            "age = none",
            "age = @young",
            "兴趣.体育 = ALL",
            "`city code` = NONE",
        ] {
            assert_eq!(read(line), line);
        }
        for (line, expected) in [
            ("'levl' = vip", "levl: vip"),
            ("nobody = NONE", "nobody: NONE"),
            ("vips = vip", "vips: vip"),
            ("levl = vip AND age > 3", "levl: vip AND age > 3"),
        ] {
            assert_eq!(read(line), expected);
        }
    }

    #[test]
    fn a_headline_is_offered_as_a_name() {
        for (line, offered) in [
            ("big spenders = age > 3", Some("'big spenders' = age > 3")),
            ("big spenders = vip", Some("'big spenders' = vip")),
            ("young: age < 30", Some("young = age < 30")),
            ("young := age < 30", Some("young = age < 30")),
            ("level: age < 30", Some("'level' = age < 30")),
            ("ctiy = vip", None),
            ("vip = all", None),
            ("O'Neil fans = age > 3", None),
            ("spend-30d = age > 3", Some("'spend-30d' = age > 3")),
            ("big spenders = agee > 3", None),
            ("big city = vip", None),
            ("levl: gold", None),
            ("young = age < 30", None),
        ] {
            let (lines, tags) = (lines(line, &tags()), tags());
            let headed = lines[0].headed(&tags).map(|headed| headed.line);
            assert_eq!(headed.as_deref(), offered, "{line}");
        }
    }

    #[test]
    fn what_is_offered_is_a_line_of_the_file() {
        let tags = tags();
        let said = |line: &str, suggestion: &str| {
            let problem = v1::Problem {
                message: format!("did you mean that?\ntry: {suggestion}"),
                suggestion: suggestion.to_owned(),
                ..v1::Problem::default()
            };
            let pasted = lines(line, &tags)[0].pasted(problem, &tags);
            assert!(pasted.message.contains(&format!("try: {}", pasted.suggestion)), "{}", pasted.message);
            pasted.message
        };
        assert_eq!(said("n = agee > 3 AND vip", "age > 3 AND vip"), "did you mean that?\ntry: n = age > 3 AND vip");
        assert_eq!(said("agee > 3", "age > 3"), "did you mean that?\ntry: age > 3");
        assert_eq!(
            said("levl = vip", "level = 'vip'"),
            "did you mean that?\ntry: level = 'vip'\nor, if `levl` is a name, write: 'levl' = vip"
        );
    }

    #[test]
    fn comments_and_empty_lines_are_passed_over_and_counted() {
        let tags = Tags([("age", false)].into());
        let content = "# all\n\nage = 3\r\n-- end\n  young = age < 3  ";
        let read: Vec<(usize, String)> =
            lines(content, &tags).into_iter().map(|line| (line.number, line.name)).collect();
        assert_eq!(read, [(3, String::new()), (5, "young".to_owned())]);
    }
}
