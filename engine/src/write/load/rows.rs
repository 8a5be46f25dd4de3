//! Some rows of a column: what an append takes of a block, of which only new entities count.

use crate::columns::ColumnValues;

/// The column of the rows `rows` alone, in their order. REQUIRES: the rows lie in the column.
pub(super) fn of_rows(values: ColumnValues, rows: &[u32]) -> ColumnValues {
    fn some<T: Copy>(all: &[T], rows: &[u32]) -> Vec<T> {
        rows.iter().map(|&row| all[row as usize]).collect()
    }
    match values {
        ColumnValues::Flag { values, valid } => {
            ColumnValues::Flag { values: some(&values, rows), valid: valid.map(|valid| some(&valid, rows)) }
        }
        ColumnValues::Choice { dictionary, codes } => ColumnValues::Choice { dictionary, codes: some(&codes, rows) },
        ColumnValues::Set { dictionary, offsets, codes, valid } => {
            let mut kept_offsets = Vec::with_capacity(rows.len() + 1);
            let mut kept_codes = Vec::new();
            kept_offsets.push(0);
            for &row in rows {
                let list = offsets[row as usize] as usize..offsets[row as usize + 1] as usize;
                kept_codes.extend_from_slice(&codes[list]);
                kept_offsets.push(kept_codes.len() as u32);
            }
            let valid = valid.map(|valid| some(&valid, rows));
            ColumnValues::Set { dictionary, offsets: kept_offsets, codes: kept_codes, valid }
        }
        ColumnValues::Number { values, valid } => {
            ColumnValues::Number { values: some(&values, rows), valid: valid.map(|valid| some(&valid, rows)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_lists_and_their_nulls() {
        let set = ColumnValues::Set {
            dictionary: vec!["a".to_owned(), "b".to_owned()],
            offsets: vec![0, 2, 2, 3],
            codes: vec![0, 1, 1],
            valid: Some(vec![true, false, true]),
        };
        let ColumnValues::Set { offsets, codes, valid, .. } = of_rows(set, &[1, 2]) else { unreachable!() };
        assert_eq!((offsets, codes, valid), (vec![0, 0, 1], vec![1], Some(vec![false, true])));
        let flag = ColumnValues::Flag { values: vec![true, false, true], valid: None };
        assert_eq!(of_rows(flag, &[0, 2]), ColumnValues::Flag { values: vec![true, true], valid: None });
        let choice = ColumnValues::Choice { dictionary: Vec::new(), codes: vec![7, 8, 9] };
        assert_eq!(of_rows(choice, &[]), ColumnValues::Choice { dictionary: Vec::new(), codes: Vec::new() });
    }
}
