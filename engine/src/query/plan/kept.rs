//! What an offer must keep of a text: its negations, strict signs, pattern signs, and whom it asks of.
//!
//! A text that drops one of them may be a query, and is another question or the opposite one.

use muster_language::highlight::{Piece, PieceKind, tokens};
use muster_language::visible::is_acted_upon;
use muster_language::words::{Word, lookup};

use super::node::Node;
use super::planned::{Condition, ConditionKind, Planned};
use crate::catalog::{Catalog, TagKind};
use crate::ids::{BitmapId, TypeId};

/// Words with which a strict sign takes its end in: `> 30 以上`, `> since 2024-05-01`.
const TAKES_END: &[&str] = &["以上", "以下", "since", "自从"];
/// What may stand behind the type of a sentence.
const BEHIND_TYPE: &[&str] = &["where", "order", "limit", ";"];

/// Whether `offered` keeps all of them.
pub(super) fn keeps_all(catalog: &Catalog, type_id: TypeId, text: &str, offered: &str) -> bool {
    keeps_negation(text, offered)
        && keeps_strictness(text, offered, '>')
        && keeps_strictness(text, offered, '<')
        && keeps_patterns(text, offered)
        && asks_of(catalog, type_id, text)
}

/// Whether a text can be copied from a terminal: not what holds ESC or marks that turn a line around.
pub(super) fn can_be_pasted(offered: &str) -> bool {
    !offered.contains(|c| is_acted_upon(c) && !matches!(c, '\n' | '\r' | '\t'))
}

/// Whether conditions that hold together cannot: `30 < x < 18`, `vip AND NOT vip`, two values of a choice.
pub(super) fn contradicts_itself(catalog: &Catalog, planned: &Planned, condition: &Condition) -> bool {
    let is_nobody = |condition: &Condition| matches!(planned.plan.node(condition.node), Node::Nothing);
    let children = &condition.children;
    if children.iter().any(|child| contradicts_itself(catalog, planned, child)) {
        return true;
    }
    if !matches!(condition.kind, ConditionKind::And | ConditionKind::Except) {
        return false;
    }
    let value = |child: &Condition| match planned.plan.node(child.node) {
        Node::Bitmap(id) if id.slot() != BitmapId::FLAG_SLOT => Some(*id),
        _ => None,
    };
    let is_choice = |id: &BitmapId| catalog.tag(id.tag()).is_some_and(|tag| tag.kind == TagKind::Choice);
    let values: Vec<BitmapId> = match condition.kind {
        ConditionKind::And => children.iter().filter_map(value).filter(is_choice).collect(),
        _ => Vec::new(),
    };
    let differ = |id: &BitmapId| values.iter().any(|other| other.tag() == id.tag() && other != id);
    is_nobody(condition) && !children.iter().any(is_nobody) || values.iter().any(differ)
}

/// Whether an offer for a text with `!` before a value or a name negates something.
fn keeps_negation(text: &str, offered: &str) -> bool {
    let pieces = tokens(text);
    let is_said = |pair: &[Piece]| {
        matches!(pair[0].span.of(text), "!" | "！")
            && (matches!(pair[1].kind, PieceKind::Name | PieceKind::Number) || is_quoted(pair[1].span.of(text)))
    };
    let negates = |piece: &Piece| {
        let written = piece.span.of(offered);
        matches!(lookup(written), Some(Word::Not | Word::None | Word::Except))
            || matches!(written, "!=" | "<>" | "≠" | "！=" | "!＝" | "！＝")
            || written.starts_with('不')
    };
    !pieces.windows(2).any(is_said) || tokens(offered).iter().any(negates)
}

/// Whether no value that the text has behind `>` stands behind `>=` in the offer; `sign` is the one or the other.
fn keeps_strictness(text: &str, offered: &str, sign: char) -> bool {
    let text = narrow(text);
    if TAKES_END.iter().any(|word| text.contains(word)) {
        return true;
    }
    let offered = narrow(offered);
    // `=>` is one sign, and `! <` the other with its end.
    let is_strict = |at: usize| !text[..at].ends_with(['=', '<', '>']) && !text[..at].trim_end().ends_with(['!', '¬']);
    let is_value = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    let strict: Vec<&str> = text
        .match_indices(sign)
        .filter(|(at, _)| is_strict(*at))
        .map(|(at, _)| text[at + 1..].trim_start())
        .map(|behind| &behind[..behind.find(|c| !is_value(c)).unwrap_or(behind.len())])
        .filter(|value| !value.is_empty())
        .collect();
    let open = format!("{sign}=");
    !offered.match_indices(&open).any(|(at, _)| {
        let behind = offered[at + open.len()..].trim_start();
        strict.iter().any(|value| behind.strip_prefix(value).is_some_and(|rest| !rest.starts_with(is_value)))
    })
}

/// In lower case, and the signs in their narrow form.
fn narrow(text: &str) -> String {
    let narrow = |c: char| match c {
        '＞' => '>',
        '＜' => '<',
        '＝' => '=',
        '！' => '!',
        _ => c,
    };
    text.chars().map(narrow).flat_map(char::to_lowercase).collect()
}

/// Whether each text in quotes with `%` at an end, which is no number, is in the offer a pattern.
fn keeps_patterns(text: &str, offered: &str) -> bool {
    tokens(text).iter().map(|piece| piece.span.of(text)).filter(|written| is_quoted(written)).all(|written| {
        let inside = written.trim_matches(is_quote);
        let is_pattern = (inside.starts_with('%') || inside.ends_with('%')) && inside.contains(char::is_alphabetic);
        !is_pattern || offered.contains(inside)
    })
}

fn is_quoted(written: &str) -> bool {
    written.starts_with(is_quote)
}

fn is_quote(c: char) -> bool {
    matches!(c, '\'' | '"' | '‘' | '’' | '“' | '”')
}

/// Whether a sentence of SQL asks of this type, in a way that its condition alone says.
fn asks_of(catalog: &Catalog, type_id: TypeId, text: &str) -> bool {
    let pieces = tokens(text);
    let is = |at: usize, words: &[&str]| {
        pieces.get(at).is_some_and(|piece| words.iter().any(|word| word.eq_ignore_ascii_case(piece.span.of(text))))
    };
    let Some(from) = (0..pieces.len()).find(|&at| is(at, &["from"])) else {
        return true;
    };
    if !is(0, &["select", "from"]) {
        return true;
    }
    let named = pieces.get(from + 1).map(|piece| piece.span.of(text).trim_matches('`'));
    let is_type = named.and_then(|name| catalog.type_named(name)).is_some_and(|named| named.id == type_id);
    let is_whole = from + 2 >= pieces.len() || is(from + 2, BEHIND_TYPE);
    is_type && is_whole && !is(1, &["distinct"])
}
