//! Whether an offered text says what was typed: nothing that the text does not name, and nothing that selects nobody.
//!
//! That an offer can be planned is not enough: a filler word near to a tag would become a condition of its own, and two
//! days in the wrong order a range without days. What is checked here are laws of every offer, wherever it comes from.

use muster_language::ast::{Expr, ExprKind, Span};
use muster_language::highlight::{PieceKind, tokens};
use muster_language::suggest;
use muster_language::words::{Word, lookup};

use super::kept::{can_be_pasted, contradicts_itself, keeps_all};
use super::node::Node;
use super::planned::{Condition, ConditionKind, Planned};
use crate::catalog::{Catalog, TagKind};
use crate::ids::TagId;

/// Words of sentences that name no tag, however near they are to one.
const FILLERS: &[&str] = &[
    "ago", "are", "was", "were", "who", "whose", "with", "the", "that", "this", "these", "those", "and", "for", "from",
    "count", "counts", "show", "list", "find", "select", "where", "have", "having", "than", "then", "more", "less",
    "not", "any", "all", "but", "only", "just", "over", "under", "people", "users",
];
/// Words that ask whether a tag is there.
const ASKING_PRESENCE: &[&str] = &["null", "missing", "exist", "empty", "nil", "none", "''", "空", "缺失", "有值"];
/// A shorter name is offered only where it stands.
const NEAR_CHARS_MIN: usize = 3;

/// Whether `offered`, which was planned, may be meant by `text`: it names the tags of the text and no other.
pub(super) fn is_meant(catalog: &Catalog, text: &str, offered: &str, planned: &Planned) -> bool {
    let typed = Typed::new(text);
    let paths: Vec<String> = planned.expr.tag_paths().iter().map(|path| path.dotted().into_owned()).collect();
    let spellings = |path: &str| spellings(catalog, planned, path);
    let offers = bare(offered);
    let is_asked = |tag: TagId| paths.iter().any(|path| tag_of(catalog, planned, path) == Some(tag));
    let is_kept =
        |name: &String| tag_of(catalog, planned, name).is_none_or(|tag| is_asked(tag) || offers.contains(&bare(name)));
    !hides_a_rest(text)
        && keeps_all(catalog, planned.type_id, text, offered)
        && can_be_pasted(offered)
        && !contradicts_itself(catalog, planned, &planned.conditions)
        && paths.iter().all(|path| spellings(path).iter().any(|name| typed.names(name)))
        && typed.names.iter().all(is_kept)
        && !present_tag(&planned.expr).is_some_and(|path| asks_presence_unasked(&typed, offered, &spellings(&path)))
        && leaves_fit(catalog, &typed, planned, &planned.conditions)
}

fn tag_of(catalog: &Catalog, planned: &Planned, name: &str) -> Option<TagId> {
    catalog.tag_named(planned.type_id, name).map(|tag| tag.id)
}

/// How a path may be typed: as it stands, and by the name and the label of its tag.
fn spellings(catalog: &Catalog, planned: &Planned, path: &str) -> Vec<String> {
    let tag = catalog.tag_named(planned.type_id, path);
    let others =
        tag.into_iter().flat_map(|tag| [Some(tag.name.to_string()), tag.label.as_ref().map(|l| l.to_string())]);
    [Some(path.to_owned())].into_iter().chain(others).flatten().collect()
}

/// What was typed, in forms that are looked through.
struct Typed<'t> {
    text: &'t str,
    /// Without case, blanks and quotes.
    whole: String,
    /// The same without the words of [`FILLERS`].
    filtered: Vec<char>,
    /// The words that a longer name may begin with.
    words: Vec<String>,
    /// The names in the condition, as they are written.
    names: Vec<String>,
}

impl<'t> Typed<'t> {
    fn new(text: &'t str) -> Typed<'t> {
        let pieces = tokens(text);
        let written = |span: Span| bare(span.of(text));
        let mut words: Vec<String> = Vec::new();
        let mut end = 0;
        for piece in pieces.iter().filter(|piece| piece.kind != PieceKind::Comment) {
            let word = written(piece.span);
            if FILLERS.contains(&word.as_str()) {
                continue;
            }
            // The parts of a path stand together.
            match words.last_mut() {
                Some(last) if end == piece.span.start && (word == "." || last.ends_with('.')) => last.push_str(&word),
                _ => words.push(word),
            }
            end = piece.span.end;
        }
        let names = names_in(suggest::condition_of(text));
        Typed { text, whole: bare(text), filtered: words.concat().chars().collect(), words, names }
    }

    /// Whether the text names a tag: as it is called, or nearly so.
    fn names(&self, name: &str) -> bool {
        let name = bare(name);
        let is_begun = |word: &String| word.chars().count() >= NEAR_CHARS_MIN && name.starts_with(word.as_str());
        if self.whole.contains(&name) || self.words.iter().any(is_begun) {
            return true;
        }
        let chars: Vec<char> = name.chars().collect();
        least_errors(&chars, &self.filtered) <= (chars.len() / 2).min(1 + chars.len() / 3)
    }
}

/// Whether two signs in a row, mistyped inside of a value, make a comment of what follows: `2024-05--01 AND vip`.
fn hides_a_rest(text: &str) -> bool {
    let pieces = tokens(text);
    pieces.windows(2).any(|pair| pair[1].kind == PieceKind::Comment && pair[0].span.end == pair[1].span.start)
}

/// The names in a text, those of a path together and without their backticks.
fn names_in(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut end = None;
    for piece in tokens(text) {
        let written = piece.span.of(text);
        match names.last_mut() {
            Some(path) if end == Some(piece.span.start) && (written == "." || path.ends_with('.')) => {
                path.push_str(written.trim_matches('`'));
            }
            _ if piece.kind == PieceKind::Name => names.push(written.trim_matches('`').to_owned()),
            _ => continue,
        }
        end = Some(piece.span.end);
    }
    names
}

/// Without case, blanks and quotes.
fn bare(text: &str) -> String {
    let is_quote = |c: char| matches!(c, '`' | '\'' | '"' | '‘' | '’' | '“' | '”');
    text.chars().filter(|c| !c.is_whitespace() && !is_quote(*c)).flat_map(char::to_lowercase).collect()
}

/// The fewest edits from `name` to any stretch of `text`.
fn least_errors(name: &[char], text: &[char]) -> usize {
    let mut column: Vec<usize> = (0..=name.len()).collect();
    let mut least = name.len();
    for &c in text {
        let mut diagonal = 0;
        for (place, &expected) in name.iter().enumerate() {
            let changed = diagonal + usize::from(expected != c);
            diagonal = column[place + 1];
            column[place + 1] = changed.min(diagonal + 1).min(column[place] + 1);
        }
        least = least.min(column[name.len()]);
    }
    least
}

/// Whether an offer that asks whether a tag is there, which may be written in some ways, asks so in one more condition
/// than the text.
fn asks_presence_unasked(typed: &Typed<'_>, offered: &str, spellings: &[String]) -> bool {
    let is_asked = ASKING_PRESENCE.iter().any(|word| typed.whole.contains(word));
    // Behind a path may stand its star.
    let is = |word: &String, name: &String| word.trim_end_matches(['.', '*']) == bare(name);
    let is_exact = typed.words.iter().any(|word| spellings.iter().any(|name| is(word, name)));
    !is_asked && (!is_exact || joins(offered) > joins(typed.text))
}

/// A tag that `expr` asks to be there.
fn present_tag(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Missing { path, negated: true } => Some(path.dotted().into_owned()),
        ExprKind::And(terms) | ExprKind::Or(terms) | ExprKind::Except(terms) => terms.iter().find_map(present_tag),
        ExprKind::Not(inner) => present_tag(inner),
        _ => None,
    }
}

/// How many words of a text join conditions.
fn joins(text: &str) -> usize {
    let is_join = |span: Span| matches!(lookup(span.of(text)), Some(Word::And | Word::Or | Word::Except));
    tokens(text).iter().filter(|piece| piece.kind == PieceKind::Word && is_join(piece.span)).count()
}

/// Whether each condition that was not typed so fits its tag, and can select somebody.
fn leaves_fit(catalog: &Catalog, typed: &Typed<'_>, planned: &Planned, condition: &Condition) -> bool {
    if condition.kind != ConditionKind::Leaf {
        return condition.children.iter().all(|child| leaves_fit(catalog, typed, planned, child));
    }
    let leaf = planned.text_of(condition);
    if condition.source != 0 || typed.text.contains(leaf) {
        return true;
    }
    let kind = condition.tag.and_then(|tag| catalog.tag(tag)).map(|tag| tag.kind);
    let is_empty = matches!(planned.plan.node(condition.node), Node::Nothing);
    match kind {
        // A value may be declared and nobody have it yet; a pattern that fits nothing was not meant.
        Some(TagKind::Choice | TagKind::Set) => !(is_empty && words_of(leaf).any(|word| word == Word::Like)),
        Some(TagKind::Int) => !is_empty && !is_finer(typed, leaf, 0),
        Some(TagKind::Decimal { scale }) => !is_empty && !is_finer(typed, leaf, usize::from(scale)),
        Some(TagKind::Date | TagKind::Time) => !is_empty,
        Some(TagKind::Flag) | None => true,
    }
}

fn words_of(text: &str) -> impl Iterator<Item = Word> + '_ {
    tokens(text)
        .into_iter()
        .filter(|piece| piece.kind == PieceKind::Word)
        .filter_map(|piece| lookup(piece.span.of(text)))
}

/// Whether a condition has a number with more than `scale` digits behind the point that the text does not have.
fn is_finer(typed: &Typed<'_>, leaf: &str, scale: usize) -> bool {
    tokens(leaf).iter().filter(|piece| piece.kind == PieceKind::Number).any(|piece| {
        let number = piece.span.of(leaf);
        let digits = number.split_once('.').map_or(0, |(_, part)| part.len());
        number.is_ascii() && digits > scale && !typed.text.contains(number)
    })
}
