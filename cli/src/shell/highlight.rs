//! Syntax highlighting: colours for the pieces of an expression.

use muster_language::highlight::{Piece, PieceKind, tokens};
use muster_language::visible::is_acted_upon;
use reedline::{Color, Highlighter, StyledText};

/// The variable by which people say that they want no colours.
const NO_COLOR_VARIABLE: &str = "NO_COLOR";

/// Colours a line as the language reads it, unless nobody wants colours.
pub(super) struct Highlight {
    pub(super) is_plain: bool,
}

impl Highlight {
    /// As the environment wants it.
    pub(super) fn wanted() -> Highlight {
        Highlight { is_plain: std::env::var_os(NO_COLOR_VARIABLE).is_some_and(|value| !value.is_empty()) }
    }

    /// A colour, or what stands for it.
    pub(super) fn colour(&self, colour: Color) -> Color {
        if self.is_plain { Color::Default } else { colour }
    }
}

impl Highlighter for Highlight {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        let head = if line.starts_with('\\') { line.find(char::is_whitespace).unwrap_or(line.len()) } else { 0 };
        if head > 0 {
            styled.push((self.colour(Color::LightPurple).normal(), line[..head].to_owned()));
        }
        let rest = &line[head..];
        let mut end = 0;
        for Piece { kind, span } in tokens(rest) {
            let (start, stop) = (span.start as usize, span.end as usize);
            styled.push((Color::Default.normal(), shown(&rest[end..start])));
            let style = match kind {
                PieceKind::Word if self.is_plain => Color::Default.normal(),
                PieceKind::Word => Color::LightBlue.bold(),
                PieceKind::Name => Color::Default.normal(),
                PieceKind::Text => self.colour(Color::Green).normal(),
                PieceKind::Number => self.colour(Color::Cyan).normal(),
                PieceKind::Sign => self.colour(Color::Yellow).normal(),
                PieceKind::Param | PieceKind::Audience => self.colour(Color::Purple).normal(),
                PieceKind::Comment => self.colour(Color::DarkGray).normal(),
                PieceKind::Error => self.colour(Color::Red).normal(),
            };
            styled.push((style, shown(&rest[start..stop])));
            end = stop;
        }
        styled.push((Color::Default.normal(), shown(&rest[end..])));
        styled
    }
}

/// What a terminal acts upon is shown as one space, as it is above carets: history and pasted texts hold anything.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_acted_upon(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_lose_no_character() {
        let coloured = Highlight { is_plain: false };
        for line in ["性别 = 女 AND '未", "\\count  a>3 -- c", "\\", "", "  x  ", "a（b）；\u{1F600}"] {
            assert_eq!(coloured.highlight(line, 0).raw_string(), line);
        }
        assert_eq!(coloured.highlight("a\u{1b}[31m = 'b\u{202e}", 0).raw_string(), "a [31m = 'b ");
        let styled = coloured.highlight("a AND b", 0);
        assert!(styled.buffer.contains(&(Color::LightBlue.bold(), "AND".to_owned())));
        let plain = Highlight { is_plain: true }.highlight("\\count a AND 'b'", 0);
        let has_colour = plain.buffer.iter().any(|(style, _)| style.foreground.is_some_and(|it| it != Color::Default));
        assert!(!has_colour, "{:?}", plain.buffer);
        assert!(!plain.buffer.iter().any(|(style, _)| style.is_bold), "{:?}", plain.buffer);
    }
}
