//! Syntax highlighting: the tokens of a text by kind, for a shell that colours what is being typed. Nothing is an error
//! of the whole: every text has tokens.

use crate::ast::Span;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::words::Word;

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// A word of the language, where the grammar can use it.
    Word,
    /// A tag, a path, or a bare value.
    Name,
    /// A quoted value.
    Text,
    /// A number, date or duration.
    Number,
    /// A sign.
    Sign,
    /// `$name`.
    Param,
    /// `@` and the name and version of an audience.
    Audience,
    /// From `--` to the end of its line.
    Comment,
    /// What cannot be read.
    Error,
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Where it is.
    pub span: Span,
}

/// The pieces of a text in order, without the spaces between them.
pub fn tokens(text: &str) -> Vec<Piece> {
    // Spans are 32 bits; a longer text is no query anyway.
    let Ok(_) = u32::try_from(text.len()) else {
        return Vec::new();
    };
    let all: Vec<Token> = Lexer::new(text).collect();
    let mut pieces = Vec::with_capacity(all.len());
    let mut audience_end = 0;
    for (index, token) in all.iter().enumerate() {
        if token.kind == TokenKind::At {
            audience_end = audience_end_of(&all, index);
        }
        let kind = if index < audience_end { PieceKind::Audience } else { kind_of(&all, index) };
        pieces.push(Piece { kind, span: token.span });
    }
    pieces
}

/// The index behind the tokens of the audience whose `@` is at `at`.
fn audience_end_of(all: &[Token], at: usize) -> usize {
    let is_name = |index: usize| {
        all.get(index).is_some_and(|token| matches!(token.kind, TokenKind::Name(_) | TokenKind::QuotedName))
    };
    let mut end = at + 1;
    if !is_name(end) {
        return end;
    }
    end += 1;
    while all.get(end).is_some_and(|token| matches!(token.kind, TokenKind::Dot | TokenKind::Colon)) && is_name(end + 1)
    {
        end += 2;
    }
    end
}

fn kind_of(all: &[Token], index: usize) -> PieceKind {
    match all[index].kind {
        TokenKind::Name(Some(word)) if is_word_here(all, index, word) => PieceKind::Word,
        TokenKind::Name(_) | TokenKind::QuotedName => PieceKind::Name,
        TokenKind::Text => PieceKind::Text,
        TokenKind::Number | TokenKind::Duration | TokenKind::Date | TokenKind::DateTime => PieceKind::Number,
        TokenKind::Param => PieceKind::Param,
        TokenKind::Comment => PieceKind::Comment,
        TokenKind::BadNumber
        | TokenKind::Unclosed
        | TokenKind::EmptyName
        | TokenKind::BareDollar
        | TokenKind::Unknown => PieceKind::Error,
        _ => PieceKind::Sign,
    }
}

/// Whether a word stands where the grammar can use it, as its neighbours tell.
fn is_word_here(all: &[Token], index: usize, word: Word) -> bool {
    let before = index.checked_sub(1).map(|index| all[index]);
    let next = all.get(index + 1).copied();
    let follows = |words: &[Word]| before.and_then(|token| token.word()).is_some_and(|word| words.contains(&word));
    let follows_number = before.is_some_and(|token| token.kind == TokenKind::Number);
    let next_is = |kind| next.is_some_and(|token| token.kind == kind);
    let next_is_time = next.is_some_and(|token| matches!(token.kind, TokenKind::Number | TokenKind::Duration));
    if before.is_some_and(|token| token.kind == TokenKind::Dot) {
        return false;
    }
    match word {
        word if word.is_reserved() || word.is_moment() => true,
        word if word.is_function() => next_is(TokenKind::LeftParen),
        Word::To => before.is_some() && next.is_some(),
        Word::Any => follows(&[Word::Has]),
        Word::Missing => follows(&[Word::Is, Word::Not]),
        Word::Least | Word::Most => follows(&[Word::At]),
        Word::AtLeast | Word::AtMost | Word::Exactly | Word::Last | Word::Previous => next_is_time,
        Word::Of => follows_number || follows(&[Word::As]),
        Word::Since => follows(&[Word::In]),
        Word::Ending => {
            before.is_some_and(|token| matches!(token.kind, TokenKind::Duration))
                || before.and_then(|token| token.word()).is_some_and(|word| matches!(word, Word::Unit(_)))
        }
        Word::Unit(_) | Word::Times if follows_number => true,
        word if word.is_later_start() => {
            next.is_some_and(|token| matches!(token.kind, TokenKind::Name(None) | TokenKind::QuotedName))
                || next.and_then(|token| token.word()) == Some(Word::Did)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(PieceKind, &str)> {
        tokens(text).iter().map(|piece| (piece.kind, piece.span.of(text))).collect()
    }

    #[test]
    fn words_count_where_the_grammar_can_use_them() {
        use PieceKind::*;
        assert_eq!(
            kinds("top = 3 AND 注册日期 属于 最近 7 天 -- 新客"),
            [
                (Name, "top"),
                (Sign, "="),
                (Number, "3"),
                (Word, "AND"),
                (Name, "注册日期"),
                (Word, "属于"),
                (Word, "最近"),
                (Number, "7"),
                (Word, "天"),
                (Comment, "-- 新客"),
            ]
        );
        assert_eq!(
            kinds("@a.b:v2 且 sample(5%) 或 a.in IN $p '未"),
            [
                (Audience, "@"),
                (Audience, "a"),
                (Audience, "."),
                (Audience, "b"),
                (Audience, ":"),
                (Audience, "v2"),
                (Word, "且"),
                (Word, "sample"),
                (Sign, "("),
                (Number, "5"),
                (Sign, "%"),
                (Sign, ")"),
                (Word, "或"),
                (Name, "a"),
                (Sign, "."),
                (Name, "in"),
                (Word, "IN"),
                (Param, "$p"),
                (Error, "'未"),
            ]
        );
    }
}
