//! Batch sizes: how many rows of a batch are taken at once, by the lengths of their lists.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use muster_engine::{Error, Result};

/// The values of lists that the rows of a run have together, where one row has no more.
const RUN_LIST_VALUES: usize = 1 << 20;
/// The longest list of a row. A file of some bytes can claim any number of values, if they are null.
const LIST_VALUES_MAX: usize = 1 << 22;

/// The first rows of `batch`, at most `rows_max`, whose lists are taken at once; one at least.
///
/// Errors: limit, when the first row has a list that is too long.
pub(super) fn rows_at_once(name: &str, batch: &RecordBatch, rows_max: usize) -> Result<usize> {
    let mut rows = batch.num_rows().min(rows_max);
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let Some(longest) = lists(array) else { continue };
        let first = longest(1.min(rows));
        if first > LIST_VALUES_MAX {
            return Err(Error::limit(format!(
                "shorten the list: {name}: a row of column {:?} has {first} values, at most {LIST_VALUES_MAX} are read",
                field.name()
            )));
        }
        while rows > 1 && longest(rows) > RUN_LIST_VALUES {
            rows /= 2;
        }
    }
    Ok(rows)
}

/// For lists how many values so many first rows have.
fn lists(array: &ArrayRef) -> Option<Box<dyn Fn(usize) -> usize + '_>> {
    Some(match array.data_type() {
        DataType::List(_) => {
            let offsets = array.as_list::<i32>().value_offsets();
            Box::new(move |rows| (offsets[rows] - offsets[0]) as usize)
        }
        DataType::LargeList(_) => {
            let offsets = array.as_list::<i64>().value_offsets();
            Box::new(move |rows| (offsets[rows] - offsets[0]) as usize)
        }
        DataType::FixedSizeList(_, length) => {
            let length = usize::try_from(*length).unwrap_or(0);
            Box::new(move |rows| rows.saturating_mul(length))
        }
        _ => return None,
    })
}
