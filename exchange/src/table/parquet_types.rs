//! Type mapping: as what the columns of a Parquet file are read, where that is not what its decoder would choose.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use muster_engine::Error;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Compression, LogicalType, Type};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use super::run::Wanted;
use crate::decoder::caught;
use crate::scalar::as_uuid;

/// The same metadata with times of 96 bits as milliseconds. As nanoseconds, which the decoder would choose, they wrap
/// outside of the years 1677 to 2262; as milliseconds all their days of 32 bits are held.
pub(super) fn with_wide_times(metadata: ArrowReaderMetadata) -> Result<ArrowReaderMetadata, ParquetError> {
    let widen = |field: Field, leaf: &ColumnDescriptor| match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) if leaf.physical_type() == Type::INT96 => {
            let zone = zone.clone();
            field.with_data_type(DataType::Timestamp(TimeUnit::Millisecond, zone))
        }
        _ => field,
    };
    let schema = with_leaves(&metadata, &widen);
    if schema == *metadata.schema() {
        return Ok(metadata);
    }
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), ArrowReaderOptions::new().with_schema(schema))
}

/// Refuses columns that are packed by what cannot be unpacked here, which is no fault of the file.
pub(super) fn refuse_unread_codecs(name: &str, metadata: &ArrowReaderMetadata, columns: &[usize]) -> Result<(), Error> {
    let leaves = metadata.parquet_schema();
    for group in metadata.metadata().row_groups() {
        for (leaf, chunk) in group.columns().iter().enumerate() {
            if chunk.compression() == Compression::LZO && columns.contains(&leaves.get_column_root_idx(leaf)) {
                return Err(Error::invalid(format!(
                    "{name}: column {:?} is packed with LZO, which is not read: write the file again with zstd",
                    chunk.column_path().string()
                )));
            }
        }
    }
    Ok(())
}

/// The schema with those columns marked whose 16 bytes Parquet calls a UUID.
pub(super) fn with_uuids(metadata: &ArrowReaderMetadata) -> SchemaRef {
    let mark = |field: Field, leaf: &ColumnDescriptor| match leaf.logical_type_ref() {
        Some(LogicalType::Uuid) => as_uuid(field),
        _ => field,
    };
    with_leaves(metadata, &mark)
}

/// The schema with the fields changed that are a leaf, or a list of a leaf.
fn with_leaves(metadata: &ArrowReaderMetadata, change: &impl Fn(Field, &ColumnDescriptor) -> Field) -> SchemaRef {
    let leaves = metadata.parquet_schema();
    let mut leaves_of_root: Vec<Vec<usize>> = vec![Vec::new(); metadata.schema().fields().len()];
    for leaf in 0..leaves.num_columns() {
        if let Some(of_root) = leaves_of_root.get_mut(leaves.get_column_root_idx(leaf)) {
            of_root.push(leaf);
        }
    }
    let fields: Vec<FieldRef> = metadata
        .schema()
        .fields()
        .iter()
        .zip(leaves_of_root)
        .map(|(field, of_root)| match of_root.as_slice() {
            [leaf] => Arc::new(change_leaf(field, &leaves.column(*leaf), change)),
            _ => Arc::clone(field),
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()))
}

/// Lists of lists are no values of a tag, so that one level is enough.
fn change_leaf(field: &Field, leaf: &ColumnDescriptor, change: &impl Fn(Field, &ColumnDescriptor) -> Field) -> Field {
    let inner = |element: &FieldRef| Arc::new(change(Field::clone(element), leaf));
    let data_type = match field.data_type() {
        DataType::List(element) => DataType::List(inner(element)),
        DataType::LargeList(element) => DataType::LargeList(inner(element)),
        DataType::FixedSizeList(element, length) => DataType::FixedSizeList(inner(element), *length),
        _ => return change(field.clone(), leaf),
    };
    field.clone().with_data_type(data_type)
}

/// The same metadata with texts as views or dictionaries into the file's pages, so that a value that stands in
/// thousands of rows is not copied for each. Where the reader does not want that, the plain types stay.
pub(super) fn with_cheap_texts(metadata: ArrowReaderMetadata, wanted: &[Wanted]) -> ArrowReaderMetadata {
    let schema = metadata.schema();
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    for wanted in wanted {
        let field = &fields[wanted.column];
        let of_list = |element: &FieldRef| {
            let cheap = cheap_text(element.data_type(), false)?;
            Some(Arc::new(Field::clone(element).with_data_type(cheap)))
        };
        let cheap = match field.data_type() {
            DataType::List(element) => of_list(element).map(DataType::List),
            DataType::LargeList(element) => of_list(element).map(DataType::LargeList),
            DataType::FixedSizeList(element, length) => {
                of_list(element).map(|element| DataType::FixedSizeList(element, *length))
            }
            text => cheap_text(text, wanted.dictionary),
        };
        if let Some(cheap) = cheap {
            fields[wanted.column] = Arc::new(Field::clone(field).with_data_type(cheap));
        }
    }
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    let hinted = caught(|| ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options));
    match hinted {
        Ok(Ok(hinted)) => hinted,
        _ => metadata,
    }
}

/// As what a text is read; `None` for other types.
fn cheap_text(data_type: &DataType, is_dictionary: bool) -> Option<DataType> {
    let (text, view) = match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (DataType::Utf8, DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => (DataType::Binary, DataType::BinaryView),
        _ => return None,
    };
    Some(if is_dictionary { DataType::Dictionary(Box::new(DataType::Int32), Box::new(text)) } else { view })
}
