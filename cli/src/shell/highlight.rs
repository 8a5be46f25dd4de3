//! Colours for the pieces of an expression.

use muster_language::highlight::{Piece, PieceKind, tokens};
use reedline::{Color, Highlighter, StyledText};

/// Colours a line as the language reads it.
pub(super) struct Highlight;

impl Highlighter for Highlight {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        let head = if line.starts_with('\\') { line.find(char::is_whitespace).unwrap_or(line.len()) } else { 0 };
        if head > 0 {
            styled.push((Color::LightPurple.normal(), line[..head].to_owned()));
        }
        let rest = &line[head..];
        let mut end = 0;
        for Piece { kind, span } in tokens(rest) {
            let (start, stop) = (span.start as usize, span.end as usize);
            styled.push((Color::Default.normal(), rest[end..start].to_owned()));
            let style = match kind {
                PieceKind::Word => Color::LightBlue.bold(),
                PieceKind::Name => Color::Default.normal(),
                PieceKind::Text => Color::Green.normal(),
                PieceKind::Number => Color::Cyan.normal(),
                PieceKind::Sign => Color::Yellow.normal(),
                PieceKind::Param | PieceKind::Audience => Color::Purple.normal(),
                PieceKind::Comment => Color::DarkGray.normal(),
                PieceKind::Error => Color::Red.normal(),
            };
            styled.push((style, rest[start..stop].to_owned()));
            end = stop;
        }
        styled.push((Color::Default.normal(), rest[end..].to_owned()));
        styled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lose_no_character() {
        for line in ["性别 = 女 AND '未", "\\count  a>3 -- c", "\\", "", "  x  ", "a（b）；\u{1F600}"] {
            assert_eq!(Highlight.highlight(line, 0).raw_string(), line);
        }
        let styled = Highlight.highlight("a AND b", 0);
        assert!(styled.buffer.contains(&(Color::LightBlue.bold(), "AND".to_owned())));
    }
}
