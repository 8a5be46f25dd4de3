//! Names that were taken apart: `last seen`, `sign-up`, `las:t_seen` have the letters of a tag, and signs or blanks
//! between.

use muster_language::Error as Refusal;
use muster_language::ast::Span;
use muster_language::highlight::{Piece, PieceKind, tokens};

use super::fault;
use super::rename::written;
use crate::catalog::Catalog;
use crate::ids::TypeId;

/// The most tokens that one name is taken apart into.
const TOKENS_MAX: usize = 7;
/// A text with more tokens is not looked through.
const TEXT_TOKENS_MAX: usize = 256;
/// More tags are not compared.
const TAGS_MAX: usize = 10_000;

/// The text with every such name as its tag; none where there is none.
pub(super) fn joined(catalog: &Catalog, type_id: TypeId, text: &str) -> Option<Refusal> {
    let pieces = tokens(text);
    if pieces.len() > TEXT_TOKENS_MAX {
        return None;
    }
    let names: Vec<(String, &str)> =
        catalog.tag_names(type_id).take(TAGS_MAX).map(|name| (letters(name), name)).collect();
    let mut found: Option<(Span, &str)> = None;
    let mut corrected = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while at < pieces.len() {
        let Some((count, name)) = longest(catalog, type_id, &names, text, &pieces[at..]) else {
            at += 1;
            continue;
        };
        let span = pieces[at].span.to(pieces[at + count - 1].span);
        corrected.push_str(&text[copied..span.start as usize]);
        corrected.push_str(&written(name));
        copied = span.end as usize;
        found.get_or_insert((span, name));
        at += count;
    }
    let (span, name) = found?;
    corrected.push_str(&text[copied..]);
    let detail = format!("there is no tag `{}`", span.of(text));
    let error = Refusal::new(fault::UNKNOWN_TAG, span, format!("did you mean `{}`?", written(name)), detail);
    Some(error.suggest(corrected))
}

/// How many of the first pieces are one tag taken apart, and the tag.
fn longest<'n>(
    catalog: &Catalog,
    type_id: TypeId,
    names: &[(String, &'n str)],
    text: &str,
    pieces: &[Piece],
) -> Option<(usize, &'n str)> {
    let is_name = |piece: &Piece| matches!(piece.kind, PieceKind::Name | PieceKind::Word | PieceKind::Number);
    let is_part = |piece: &Piece| {
        is_name(piece) || piece.kind == PieceKind::Error || matches!(piece.span.of(text), "-" | ":" | "." | "/")
    };
    if !is_name(&pieces[0]) || pieces[0].span.of(text).starts_with('`') {
        return None;
    }
    let last = pieces.iter().take(TOKENS_MAX).take_while(|piece| is_part(piece)).count();
    (2..=last).rev().find_map(|count| {
        let span = pieces[0].span.to(pieces[count - 1].span);
        // What is a tag as it stands is one.
        if !is_name(&pieces[count - 1]) || catalog.tag_named(type_id, span.of(text)).is_some() {
            return None;
        }
        let key = letters(span.of(text));
        names.iter().find(|(known, _)| *known == key).map(|(_, name)| (count, *name))
    })
}

/// A name without case, blanks and signs.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn letters_are_what_signs_leave() {
        assert_eq!(letters("Last-Seen"), letters("last_seen"));
        assert_ne!(letters("消费金额_30d"), letters("消费金额_60d"));
    }
}
