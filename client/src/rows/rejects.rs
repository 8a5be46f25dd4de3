//! Rejected rows of a load as CSV (error rows), to be mended and loaded again.

use std::io::{Result, Write};

use muster_proto::v1::RejectedRow;

use crate::csv;

/// What stands between two fields.
const SEPARATOR: char = ',';

/// Where rejected rows go.
#[derive(Debug)]
pub struct RejectRows<W: Write> {
    out: W,
}

impl<W: Write> RejectRows<W> {
    /// Begins with the header.
    pub fn new(mut out: W) -> Result<RejectRows<W>> {
        out.write_all(b"line,column,reason,raw\n")?;
        Ok(RejectRows { out })
    }

    /// Writes one row.
    pub fn row(&mut self, row: &RejectedRow) -> Result<()> {
        let mut text = format!("{}{SEPARATOR}", row.line);
        csv::push_row(
            &mut text,
            SEPARATOR,
            [&row.column, &row.reason, &row.raw].map(|it| csv::text(it, SEPARATOR)).into_iter(),
        );
        self.out.write_all(text.as_bytes())
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_what_stands_in_the_file() {
        let mut out = Vec::new();
        let mut rows = RejectRows::new(&mut out).unwrap();
        let reason = "`x` is no number".to_owned();
        rows.row(&RejectedRow { line: 7, column: "age".into(), reason, raw: "u1,\"x\"".into() }).unwrap();
        rows.row(&RejectedRow { line: 9, ..RejectedRow::default() }).unwrap();
        rows.finish().unwrap();
        let expected = "line,column,reason,raw\n7,age,`x` is no number,\"u1,\"\"x\"\"\"\n9,\"\",\"\",\"\"\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
