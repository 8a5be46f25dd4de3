//! Tables in columns that stay straight under double-width characters.

use std::borrow::Cow;

use muster_language::visible::visible;
use muster_language::width::{char_width, display_width};

/// What stands between two columns.
const GAP: &str = "  ";

/// On which side the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows below a header.
pub(crate) struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with names of our own. One that begins with `>` is a column whose text stands on the right.
    pub(crate) fn new(columns: &[&str]) -> Table {
        let columns = columns
            .iter()
            .map(|name| match name.strip_prefix('>') {
                Some(name) => (name.to_owned(), Align::Right),
                None => ((*name).to_owned(), Align::Left),
            })
            .collect();
        Table { columns, rows: Vec::new() }
    }

    /// An empty table whose columns are somebody's names, which may begin with anything.
    pub(crate) fn named<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Table {
        let columns = columns.into_iter().map(|(name, align)| (visible(name).into_owned(), align)).collect();
        Table { columns, rows: Vec::new() }
    }

    /// Adds a row; missing cells are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        let row = cells.into_iter().map(|cell| visible(cell.as_ref()).into_owned()).collect();
        self.rows.push(row);
    }

    /// The lines of the table, the header underlined.
    pub(crate) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell));
                cells.chain([display_width(&self.columns[column].0)]).max().unwrap_or(0)
            })
            .collect();
        let mut out = String::new();
        let named = self.columns.iter().any(|(name, _)| !name.is_empty());
        if named {
            let header: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
            self.push_line(&mut out, &header, &widths);
            // A column without a name, such as that of bars, needs no line above it.
            let rule: Vec<String> = self
                .columns
                .iter()
                .zip(&widths)
                .map(|((name, _), width)| "─".repeat(if name.is_empty() { 0 } else { *width }))
                .collect();
            self.push_line(&mut out, &rule, &widths);
        }
        for row in &self.rows {
            self.push_line(&mut out, row, &widths);
        }
        out
    }

    fn push_line(&self, out: &mut String, cells: &[String], widths: &[usize]) {
        let start = out.len();
        for (index, ((_, align), width)) in self.columns.iter().zip(widths).enumerate() {
            let cell = cells.get(index).map_or("", String::as_str);
            let padding = " ".repeat(width.saturating_sub(display_width(cell)));
            if index > 0 {
                out.push_str(GAP);
            }
            match align {
                Align::Left => out.extend([cell, &padding]),
                Align::Right => out.extend([padding.as_str(), cell]),
            }
        }
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
    }
}

/// The beginning of a text that takes at most `cells`, with a sign where more would follow.
pub(crate) fn shortened(text: &str, cells: usize) -> Cow<'_, str> {
    if display_width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let mut short = String::new();
    let mut left = cells.saturating_sub(1);
    for c in text.chars() {
        let Some(rest) = left.checked_sub(char_width(c)) else {
            break;
        };
        left = rest;
        short.push(c);
    }
    short.push('…');
    Cow::Owned(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_by_cells() {
        assert_eq!(shortened("城市 = 北京", 11), "城市 = 北京");
        assert_eq!(shortened("城市 = 北京", 10), "城市 = 北…");
        assert_eq!(shortened("城市 = 北京", 9), "城市 = …");
    }

    #[test]
    fn a_name_of_somebody_is_not_read_as_a_sign_of_ours() {
        let table = Table::named([(">50k", Align::Left), ("a\u{1b}[1m", Align::Right)]);
        assert!(table.render().starts_with(">50k  a\\u{1b}[1m\n"), "{}", table.render());
    }

    #[test]
    fn columns_stay_straight_under_wide_characters() {
        let mut table = Table::new(&["城市", ">count", ""]);
        table.row(["北京", "1,204", "█"]);
        table.row(["Oslo\n", "7", ""]);
        assert_eq!(table.render(), "城市    count\n──────  ─────\n北京    1,204  █\nOslo\\n      7\n");
    }
}
