//! Columns that the file does not have: each row gets the same value, which the mapping says.
//!
//! The value is read as a cell of a CSV would be, once, and stands in every row of a block.

use std::io::Cursor;
use std::sync::Arc;

use muster_engine::catalog::{TagKind, Zone};
use muster_engine::columns::{ColumnValues, LoadColumn};
use muster_engine::{Error, Result};

use crate::cell::CellRule;
use crate::column::{Place, Rejects};
use crate::input::Input;
use crate::mapping::{ColumnMapping, CsvOptions};
use crate::options::ReadOptions;
use crate::resolved::{ResolvedColumn, open_column};
use crate::table::{Table, Wanted};

/// What stands between the values of a set that has one: nothing that anybody writes.
const NO_SEPARATOR: &str = "\u{1F}";
/// What the one column of the one record is called.
const COLUMN: &str = "constant";

/// A column of one value.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    column: ColumnMapping,
    text: String,
    resolved: ResolvedColumn,
    /// The value, in a column of one row.
    read: LoadColumn,
}

impl Constant {
    /// The column of `text`. Errors: invalid, where its tag cannot take it.
    pub(crate) fn new(column: &ColumnMapping, text: &str, resolved: &ResolvedColumn) -> Result<Constant> {
        let column = ColumnMapping { column: COLUMN.to_owned(), constant: None, ..column.clone() };
        let resolved = ResolvedColumn { column: COLUMN.to_owned(), ..resolved.clone() };
        let read = read(&column, text, &resolved, None)?;
        Ok(Constant { column, text: text.to_owned(), resolved, read })
    }

    /// Takes a time that is written without a zone as one of `zone`. Errors: those of [`Constant::new`].
    pub(crate) fn assume_zone(&mut self, zone: &Zone) -> Result<()> {
        if self.column.kind == TagKind::Time {
            self.read = read(&self.column, &self.text, &self.resolved, Some(zone))?;
        }
        Ok(())
    }

    /// The column of `rows` rows.
    pub(crate) fn of_rows(&self, rows: usize) -> LoadColumn {
        let valid = |valid: &Option<Vec<bool>>| valid.as_ref().map(|valid| vec![valid[0]; rows]);
        let values = match &self.read.values {
            ColumnValues::Flag { values, valid: of_one } => {
                ColumnValues::Flag { values: vec![values[0]; rows], valid: valid(of_one) }
            }
            ColumnValues::Choice { dictionary, codes } => {
                ColumnValues::Choice { dictionary: dictionary.clone(), codes: vec![codes[0]; rows] }
            }
            ColumnValues::Set { dictionary, codes, valid: of_one, .. } => ColumnValues::Set {
                dictionary: dictionary.clone(),
                offsets: (0..=rows).map(|row| (row * codes.len()) as u32).collect(),
                codes: codes.repeat(rows),
                valid: valid(of_one),
            },
            ColumnValues::Number { values, valid: of_one } => {
                ColumnValues::Number { values: vec![values[0]; rows], valid: valid(of_one) }
            }
        };
        LoadColumn { values, ..self.read }
    }
}

/// A column of one row, read from a CSV of one record.
fn read(column: &ColumnMapping, text: &str, resolved: &ResolvedColumn, zone: Option<&Zone>) -> Result<LoadColumn> {
    let mut column = column.clone();
    if column.kind == TagKind::Set && column.list_separator.is_none() {
        column.list_separator = Some(NO_SEPARATOR.to_owned());
    }
    let csv = format!("{COLUMN}\n\"{}\"\n", text.replace('"', "\"\""));
    let input = Input::from_read("the mapping", Cursor::new(csv))?;
    let mut table = Table::open(input, &CsvOptions::default(), &ReadOptions::default())?;
    let rule = CellRule::of(&column);
    let mut builder = open_column(&table, 0, &column, resolved, &Arc::from("the text is not UTF-8"))?;
    if let Some(zone) = zone {
        builder.assume_zone(zone);
    }
    table.start(&[Wanted { column: 0, dictionary: false }])?;
    let mut rejects = Rejects::default();
    let run = table.next(1)?.ok_or_else(|| Error::internal("a constant has no row"))?;
    rejects.extend(run.rows());
    builder.append(table.cells(&run, 0, &rule), &Place { run: &run, rows_before: 0 }, &mut rejects)?;
    let read = builder.take().finish(rejects.keep());
    match rejects.finish().into_iter().next() {
        Some(reject) => Err(Error::invalid(format!("correct the constant of tag {:?}: {}", column.tag, reject.reason))),
        None => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use muster_engine::TagId;

    use super::*;
    use crate::mapping::NullRule;

    fn constant(kind: TagKind, text: &str, change: impl FnOnce(&mut ColumnMapping)) -> Result<Constant> {
        let mut column = ColumnMapping { tag: "t".to_owned(), ..ColumnMapping::new("t (constant)", kind) };
        change(&mut column);
        let resolved = ResolvedColumn { column: column.column.clone(), tag: TagId(7), kind, closed_values: None };
        Constant::new(&column, text, &resolved)
    }

    #[test]
    fn a_constant_stands_in_every_row_as_its_kind_reads_it() {
        let of = |kind, text: &str| constant(kind, text, |_| {}).unwrap().of_rows(3).values;
        assert_eq!(of(TagKind::Flag, "yes"), ColumnValues::Flag { values: vec![true; 3], valid: None });
        let quoted = ColumnValues::Choice { dictionary: vec!["a \"b\", c".to_owned()], codes: vec![0; 3] };
        assert_eq!(of(TagKind::Choice, "a \"b\", c"), quoted);
        let number = ColumnValues::Number { values: vec![1250; 3], valid: None };
        assert_eq!(of(TagKind::Decimal { scale: 2 }, "12.5"), number);
        let ColumnValues::Set { offsets, codes, .. } =
            constant(TagKind::Set, "a|b", |column| column.list_separator = Some("|".to_owned()))
                .unwrap()
                .of_rows(2)
                .values
        else {
            panic!("a set");
        };
        assert_eq!((offsets, codes), (vec![0, 2, 4], vec![0, 1, 0, 1]));
        let ColumnValues::Set { dictionary, offsets, .. } = of(TagKind::Set, "a|b") else { panic!("a set") };
        assert_eq!((dictionary, offsets), (vec!["a|b".to_owned()], vec![0, 1, 2, 3]));
        assert_eq!(
            constant(TagKind::Flag, "yes", |_| {}).unwrap().of_rows(0).values,
            ColumnValues::Flag { values: Vec::new(), valid: None }
        );
    }

    #[test]
    fn a_constant_that_is_null_clears_and_one_that_is_wrong_is_refused() {
        let null = |column: &mut ColumnMapping| {
            column.null_words = vec![String::new()];
            column.null = NullRule::Clear;
        };
        let read = constant(TagKind::Int, "", null).unwrap().of_rows(2);
        assert!(read.null_clears);
        assert!(matches!(read.values, ColumnValues::Number { valid: Some(valid), .. } if valid == [false, false]));
        let error = constant(TagKind::Int, "many", |_| {}).unwrap_err();
        assert!(error.message().starts_with("correct the constant of tag \"t\": "), "{error}");
    }
}
