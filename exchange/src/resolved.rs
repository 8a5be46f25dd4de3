//! Columns of a file whose tags are known: what may be taken from them, and what builds them.

use std::sync::Arc;

use arrow_schema::DataType;
use muster_engine::TagId;
use muster_engine::catalog::TagKind;
use muster_engine::{Error, Result};

use crate::column::{ColumnBuilder, TagTarget};
use crate::mapping::{ColumnMapping, NullRule};
use crate::rule::{Rule, accept, refuse_unread, refuse_zone};
use crate::scalar::Shape;
use crate::table::Table;

/// What a column of the mapping became in the catalog. One for each of [`Mapping::loaded_columns`], in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedColumn {
    /// The column's name as the mapping has it.
    pub column: String,
    /// The tag that it sets.
    pub tag: TagId,
    /// The tag's kind, which must be the mapping's.
    pub kind: TagKind,
    /// What may be written, where not everything may: the tag's values, and the labels that stand for them.
    pub closed_values: Option<Vec<String>>,
}

/// What builds a column of `table` that sets the tag of `found`.
///
/// Errors: invalid, where the tag cannot take what the column holds, or the mapping says what nobody reads there.
pub(crate) fn open_column(
    table: &Table,
    index: usize,
    column: &ColumnMapping,
    found: &ResolvedColumn,
    not_text: &Arc<str>,
) -> Result<ColumnBuilder> {
    let rule = Rule::of(column)?;
    let shape = shape_of(table, index)?;
    accept(column, &shape)
        .and_then(|()| refuse_unread(column, &shape))
        .and_then(|()| table.data_type(index).map_or(Ok(()), |of_file| refuse_zone(column, of_file)))
        .map_err(|fault| Error::invalid(format!("{}: column {:?} {fault}", table.name(), column.column)))?;
    let target = TagTarget {
        name: table.columns()[index].clone(),
        tag: found.tag,
        closed_values: found.closed_values.as_ref().map(|values| Arc::new(values.iter().cloned().collect())),
        null_clears: column.null == NullRule::Clear,
        not_text: Arc::clone(not_text),
    };
    Ok(ColumnBuilder::new(target, rule))
}

/// The shape of a column. Errors: invalid, where no tag takes it.
pub(crate) fn shape_of(table: &Table, column: usize) -> Result<Shape> {
    table.shape(column).ok_or_else(|| {
        let why = match table.data_type(column) {
            Some(DataType::RunEndEncoded(_, _)) => {
                "is run-end-encoded, which is not read: write it decoded, or skip it".to_owned()
            }
            Some(DataType::ListView(_) | DataType::LargeListView(_)) => {
                "holds list views, which are not read: write it as lists, or skip it".to_owned()
            }
            Some(data_type) => format!("is of type {data_type}, which no tag takes: skip it"),
            None => "is of no type".to_owned(),
        };
        Error::invalid(format!("{}: column {:?} {why}", table.name(), table.columns()[column]))
    })
}

/// What a column of the mapping became. Errors: internal and conflict, where it became nothing or another kind.
pub(crate) fn resolve<'a>(resolved: &'a [ResolvedColumn], column: &str, kind: TagKind) -> Result<&'a ResolvedColumn> {
    let found = resolved
        .iter()
        .find(|resolved| resolved.column == column)
        .ok_or_else(|| Error::internal(format!("column {column:?} has no tag")))?;
    if found.kind != kind {
        return Err(Error::conflict(format!("column {column:?} is mapped as {kind}, and its tag is {}", found.kind)));
    }
    Ok(found)
}
