//! Rendering of diagnostics: a message with the line of the query it is about, and carets under the characters.
//!
//! Carets are placed by cells of the terminal, not by characters. A line longer than [`LINE_CELLS_MAX`] is cut around
//! the place. Characters that a terminal would act upon are shown as spaces.

use crate::ast::Span;
use crate::position::{floor_char_boundary, position};
use crate::visible::is_acted_upon;
use crate::width::char_width;

/// The widest piece of a line that is shown.
const LINE_CELLS_MAX: usize = 120;
/// How many cells are kept before the place in a line that is cut.
const CELLS_BEFORE: usize = 40;
/// The longest corrected text that is shown; a longer one is not read but fetched from the error.
const SUGGESTION_BYTES_MAX: usize = 2_000;
/// What stands for the part that is cut.
const CUT: char = '…';

/// The pieces of a message.
pub(crate) struct Notice<'a> {
    pub(crate) headline: &'a str,
    pub(crate) span: Span,
    pub(crate) detail: &'a str,
    pub(crate) suggestion: Option<&'a str>,
}

/// The message in lines, without a newline at its end.
pub(crate) fn render(text: &str, notice: &Notice<'_>) -> String {
    let start = floor_char_boundary(text, notice.span.start as usize);
    let end = floor_char_boundary(text, notice.span.end as usize).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let from = (start - line_start).min(line.len());
    let to = (end - line_start).min(line.len()).max(from);

    let margin =
        if text.contains('\n') { format!("{} | ", position(text, start as u32).line) } else { "  ".to_owned() };
    let (shown, offset, width) = excerpt(line, from, to);
    let mut lines = vec![
        notice.headline.to_owned(),
        format!("{margin}{shown}"),
        format!("{}{}", " ".repeat(margin.len() + offset), "^".repeat(width.max(1))),
    ];
    if !notice.detail.is_empty() {
        lines.push(notice.detail.to_owned());
    }
    if let Some(suggestion) = notice.suggestion.filter(|text| text.len() <= SUGGESTION_BYTES_MAX) {
        lines.push(format!("try: {suggestion}"));
    }
    lines.join("\n")
}

/// The part of a line to show, the cells before the bytes `from..to` of the line in it, and the cells of those bytes.
fn excerpt(line: &str, from: usize, to: usize) -> (String, usize, usize) {
    let cells = |text: &str| text.chars().map(shown_width).sum::<usize>();
    let mut first = 0;
    if cells(line) > LINE_CELLS_MAX {
        let mut kept = 0;
        first = line[..from]
            .char_indices()
            .rev()
            .take_while(|&(_, c)| {
                kept += shown_width(c);
                kept <= CELLS_BEFORE
            })
            .last()
            .map_or(from, |(at, _)| at);
    }
    let mut shown = String::new();
    let mut shown_cells = 0;
    if first > 0 {
        shown.push(CUT);
        shown_cells += char_width(CUT);
    }
    let offset = shown_cells + cells(&line[first..from]);
    let mut last = first;
    for c in line[first..].chars() {
        if shown_cells + shown_width(c) > LINE_CELLS_MAX {
            shown.push(CUT);
            break;
        }
        shown.push(if char_is_shown(c) { c } else { ' ' });
        shown_cells += shown_width(c);
        last += c.len_utf8();
    }
    (shown, offset, cells(&line[from..to.min(last).max(from)]))
}

/// What a terminal acts upon is shown as one space, so that carets stay under their characters.
fn char_is_shown(c: char) -> bool {
    !is_acted_upon(c)
}

fn shown_width(c: char) -> usize {
    if char_is_shown(c) { char_width(c) } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, start: usize, end: usize) -> Vec<String> {
        let span = Span::new(start as u32, end as u32);
        let notice = Notice { headline: "do this", span, detail: "because", suggestion: None };
        render(text, &notice).lines().map(str::to_owned).collect()
    }

    #[test]
    fn carets_stand_under_wide_characters() {
        let text = "性别 = 女 城市 = 北京";
        let start = text.find("城市").expect("there");
        let shown = lines(text, start, start + "城市".len());
        assert_eq!(shown[0], "do this");
        assert_eq!(shown[1], "  性别 = 女 城市 = 北京");
        assert_eq!(shown[2], "            ^^^^", "2 margin, 4 + 3 + 2 + 1 cells before");
        assert_eq!(shown[3], "because");
    }

    #[test]
    fn only_the_line_of_the_place_is_shown() {
        let text = "性别 = 女\r\n  AND 年龄 <> <\r\nAND x";
        let start = text.rfind('<').expect("there");
        let shown = lines(text, start, start + 1);
        assert_eq!(shown[1], "2 |   AND 年龄 <> <");
        assert_eq!(shown[2], format!("{}^", " ".repeat(4 + 14)));
    }

    #[test]
    fn a_place_over_several_lines_is_marked_to_the_end_of_its_first() {
        let shown = lines("a = 'x\ny", 4, 8);
        assert_eq!(shown[1..3], ["1 | a = 'x", "        ^^"]);
    }

    #[test]
    fn the_end_of_the_text_has_a_caret_too() {
        assert_eq!(lines("年龄 >", 8, 8)[2], "        ^");
        assert_eq!(lines("", 0, 0)[2], "  ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}!{}", "女 ".repeat(5000), "x".repeat(5000));
        let at = text.find('!').expect("there");
        let shown = lines(&text, at, at + 1);
        assert!(crate::width::display_width(&shown[1]) <= LINE_CELLS_MAX + 4);
        let column = shown[2].find('^').expect("a caret");
        let mut cells = 0;
        let under = shown[1].chars().find(|&c| {
            let here = cells;
            cells += char_width(c);
            here == column
        });
        assert_eq!(under, Some('!'));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = lines("a\t= \u{1b}[31m", 4, 5);
        assert_eq!(shown[1..3], ["  a =  [31m", "      ^"]);
        let shown = lines("a\u{202e} = b", 5, 6);
        assert_eq!(shown[1..3], ["  a  = b", "     ^"]);
    }
}
