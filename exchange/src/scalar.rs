//! One cell of a file as a plain value, and the walk over a column that gives them.
//!
//! Every format's column becomes a run of [`Scalar`]s, every kind of tag takes them: so formats and kinds do not have
//! to know each other. The walk is generic over what is done with a cell and is compiled per array type, so that the
//! scalar never exists in memory.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, StringArray,
    StringViewArray,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, TimeUnit};
use arrow_select::take::{TakeOptions, take};
use muster_engine::{Error, Result};

use crate::reject::raw_text;
use crate::text::{DAY_MS, print_date, print_time};

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float32(f32),
    Float(f64),
    Decimal {
        unscaled: i128,
        scale: i8,
    },
    /// A decimal that 128 bits do not hold.
    Wide {
        unscaled: i256,
        scale: i8,
    },
    /// Days since 1970-01-01.
    Date(i64),
    /// Milliseconds since the epoch, and whether a finer part was cut.
    Time {
        ms: i64,
        cut: bool,
    },
    /// A time that milliseconds in 64 bits do not hold.
    FarTime,
    /// The 16 bytes of a UUID.
    Uuid(&'a [u8; 16]),
    /// Text, not yet known to be UTF-8.
    Text(&'a [u8]),
}

impl Scalar<'_> {
    /// Whether it is a floating-point number that is none.
    pub(crate) fn is_nan(&self) -> bool {
        match self {
            Scalar::Float(number) => number.is_nan(),
            Scalar::Float32(number) => number.is_nan(),
            _ => false,
        }
    }

    /// The cell as people read it.
    pub(crate) fn raw(&self) -> String {
        match self {
            Scalar::Null => String::new(),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Uint(value) => value.to_string(),
            Scalar::Float32(value) => value.to_string(),
            Scalar::Float(value) => value.to_string(),
            Scalar::Decimal { unscaled, scale } => print_decimal(*unscaled, *scale),
            Scalar::Wide { unscaled, scale } => print_digits(&unscaled.to_string(), *scale),
            Scalar::Uuid(bytes) => print_uuid(bytes),
            Scalar::Date(days) => print_date(*days),
            Scalar::Time { ms, .. } => print_time(*ms),
            Scalar::FarTime => "a time too far away".to_owned(),
            Scalar::Text(bytes) => raw_text(bytes),
        }
    }
}

/// A decimal with its point: -1250 of scale 2 is `-12.50`.
pub(crate) fn print_decimal(unscaled: i128, scale: i8) -> String {
    print_digits(&unscaled.to_string(), scale)
}

/// The same of a number in digits.
pub(crate) fn print_digits(unscaled: &str, scale: i8) -> String {
    let Ok(places) = usize::try_from(scale) else {
        let zeros = if unscaled == "0" { 0 } else { usize::from(scale.unsigned_abs()) };
        return format!("{unscaled}{}", "0".repeat(zeros));
    };
    if places == 0 {
        return unscaled.to_owned();
    }
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// The 36 characters of a UUID.
pub(crate) fn print_uuid(bytes: &[u8; 16]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What a column holds, as far as the kinds of tags care.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Null,
    Bool,
    Int,
    Float,
    Decimal { scale: i8 },
    Date,
    Time,
    Uuid,
    Text,
    List(Box<Shape>),
}

impl Shape {
    /// The shape of an Arrow column; `None` where no kind of tag takes it.
    pub(crate) fn of(field: &Field) -> Option<Shape> {
        Some(match field.data_type() {
            DataType::Null => Shape::Null,
            DataType::Boolean => Shape::Bool,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => Shape::Int,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Shape::Float,
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => Shape::Decimal { scale: *scale },
            DataType::Date32 | DataType::Date64 => Shape::Date,
            DataType::Timestamp(_, _) => Shape::Time,
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView => Shape::Text,
            DataType::FixedSizeBinary(16) if is_uuid(field) => Shape::Uuid,
            DataType::Dictionary(_, values) => {
                match Shape::of(&field.clone().with_data_type(values.as_ref().clone()))? {
                    Shape::List(_) => return None,
                    shape => shape,
                }
            }
            DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
                match Shape::of(field)? {
                    Shape::List(_) => return None,
                    shape => Shape::List(Box::new(shape)),
                }
            }
            _ => return None,
        })
    }

    /// The shape in words.
    pub(crate) fn name(&self) -> String {
        match self {
            Shape::Null => "only nulls".to_owned(),
            Shape::Bool => "truths".to_owned(),
            Shape::Int => "whole numbers".to_owned(),
            Shape::Float => "floating-point numbers".to_owned(),
            Shape::Decimal { scale } => format!("decimals of scale {scale}"),
            Shape::Date => "dates".to_owned(),
            Shape::Time => "times".to_owned(),
            Shape::Uuid => "UUIDs".to_owned(),
            Shape::Text => "text".to_owned(),
            Shape::List(inner) => format!("lists of {}", inner.name()),
        }
    }
}

/// The name of the extension type whose 16 bytes are a UUID, and where a field says that it is of one.
const EXTENSION_KEY: &str = "ARROW:extension:name";
const UUID_EXTENSION: &str = "arrow.uuid";

fn is_uuid(field: &Field) -> bool {
    field.metadata().get(EXTENSION_KEY).is_some_and(|name| name == UUID_EXTENSION)
}

/// The field as one whose 16 bytes are a UUID.
pub(crate) fn as_uuid(field: Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(EXTENSION_KEY.to_owned(), UUID_EXTENSION.to_owned());
    field.with_metadata(metadata)
}

/// Gives each cell of `array` with its row to `visit`.
///
/// Errors: internal, for an array of a type without a [`Shape`] or of lists, which the caller has to know before.
pub(crate) fn each_scalar(array: &ArrayRef, visit: &mut impl FnMut(usize, Scalar<'_>)) -> Result<()> {
    macro_rules! numbers {
        ($type:ty, $value:ident => $scalar:expr) => {
            walk(array.as_primitive::<$type>().iter(), visit, |$value| $scalar)
        };
    }
    macro_rules! times {
        ($type:ty, $per_ms:literal) => {
            numbers!($type, value => Scalar::Time {
                ms: value.div_euclid($per_ms),
                cut: value.rem_euclid($per_ms) != 0,
            })
        };
    }
    match array.data_type() {
        DataType::Null => (0..array.len()).for_each(|row| visit(row, Scalar::Null)),
        DataType::Boolean => walk(array.as_boolean().iter(), visit, Scalar::Bool),
        DataType::Int8 => numbers!(Int8Type, value => Scalar::Int(value.into())),
        DataType::Int16 => numbers!(Int16Type, value => Scalar::Int(value.into())),
        DataType::Int32 => numbers!(Int32Type, value => Scalar::Int(value.into())),
        DataType::Int64 => numbers!(Int64Type, value => Scalar::Int(value)),
        DataType::UInt8 => numbers!(UInt8Type, value => Scalar::Int(value.into())),
        DataType::UInt16 => numbers!(UInt16Type, value => Scalar::Int(value.into())),
        DataType::UInt32 => numbers!(UInt32Type, value => Scalar::Int(value.into())),
        DataType::UInt64 => numbers!(UInt64Type, value => Scalar::Uint(value)),
        DataType::Float16 => numbers!(Float16Type, value => Scalar::Float(double_of_half(value))),
        DataType::Float32 => numbers!(Float32Type, value => Scalar::Float32(value)),
        DataType::Float64 => numbers!(Float64Type, value => Scalar::Float(value)),
        DataType::Decimal32(_, scale) => {
            numbers!(Decimal32Type, value => Scalar::Decimal { unscaled: value.into(), scale: *scale })
        }
        DataType::Decimal64(_, scale) => {
            numbers!(Decimal64Type, value => Scalar::Decimal { unscaled: value.into(), scale: *scale })
        }
        DataType::Decimal128(_, scale) => {
            numbers!(Decimal128Type, value => Scalar::Decimal { unscaled: value, scale: *scale })
        }
        DataType::Decimal256(_, scale) => numbers!(Decimal256Type, value => match value.to_i128() {
            Some(unscaled) => Scalar::Decimal { unscaled, scale: *scale },
            None => Scalar::Wide { unscaled: value, scale: *scale },
        }),
        DataType::Date32 => numbers!(Date32Type, value => Scalar::Date(value.into())),
        DataType::Date64 => numbers!(Date64Type, value => match value % DAY_MS {
            0 => Scalar::Date(value / DAY_MS),
            _ => Scalar::Time { ms: value, cut: false },
        }),
        DataType::Timestamp(TimeUnit::Second, _) => {
            numbers!(TimestampSecondType, value => match value.checked_mul(1000) {
                Some(ms) => Scalar::Time { ms, cut: false },
                None => Scalar::FarTime,
            });
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => times!(TimestampMillisecondType, 1),
        DataType::Timestamp(TimeUnit::Microsecond, _) => times!(TimestampMicrosecondType, 1000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => times!(TimestampNanosecondType, 1_000_000),
        DataType::FixedSizeBinary(16) => each_uuid(array, visit),
        DataType::Dictionary(_, _) => {
            let plain = undictionary(array)?;
            return each_scalar(&plain, visit);
        }
        _ => return each_text(array, visit),
    }
    Ok(())
}

type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// The number that has the shortest decimal of a half: 0.1, and not the 0.0999755859375 that its bits come to. A whole
/// one is exact: 10008, and not the 10010 that reads back as it too.
fn double_of_half(half: Half) -> f64 {
    /// So many digits tell any two halves apart.
    const DIGITS: usize = 5;
    let exact = half.to_f64();
    if !exact.is_finite() || exact.fract() == 0.0 {
        return exact;
    }
    let mut shortened = (0..DIGITS).filter_map(|behind| format!("{exact:.behind$e}").parse::<f64>().ok());
    shortened.find(|number| Half::from_f64(*number) == half).unwrap_or(exact)
}

fn each_uuid(array: &ArrayRef, visit: &mut impl FnMut(usize, Scalar<'_>)) {
    for (row, bytes) in array.as_fixed_size_binary().iter().enumerate() {
        match bytes.and_then(|bytes| bytes.try_into().ok()) {
            Some(uuid) => visit(row, Scalar::Uuid(uuid)),
            None => visit(row, Scalar::Null),
        }
    }
}

fn each_text(array: &ArrayRef, visit: &mut impl FnMut(usize, Scalar<'_>)) -> Result<()> {
    macro_rules! texts {
        ($array:ty) => {
            if let Some(texts) = array.as_any().downcast_ref::<$array>() {
                for (row, text) in texts.iter().enumerate() {
                    match text {
                        Some(text) => visit(row, Scalar::Text(text.as_ref())),
                        None => visit(row, Scalar::Null),
                    }
                }
                return Ok(());
            }
        };
    }
    texts!(StringArray);
    texts!(StringViewArray);
    texts!(LargeStringArray);
    texts!(BinaryArray);
    texts!(BinaryViewArray);
    texts!(LargeBinaryArray);
    Err(Error::internal(format!("a column of type {} was taken for plain values", array.data_type())))
}

/// The column without its dictionary. Texts become views into it, so that a long value is not copied for each row.
fn undictionary(array: &ArrayRef) -> Result<ArrayRef> {
    let Some(dictionary) = array.as_any_dictionary_opt() else {
        return Ok(array.clone());
    };
    let values = dictionary.values();
    let values: ArrayRef = match values.data_type() {
        DataType::Utf8 => Arc::new(StringViewArray::from(values.as_string::<i32>())),
        DataType::LargeUtf8 => Arc::new(StringViewArray::from(values.as_string::<i64>())),
        DataType::Binary => Arc::new(BinaryViewArray::from(values.as_binary::<i32>())),
        DataType::LargeBinary => Arc::new(BinaryViewArray::from(values.as_binary::<i64>())),
        _ => values.clone(),
    };
    let checked = TakeOptions { check_bounds: true };
    take(&values, dictionary.keys(), Some(checked))
        .map_err(|error| Error::invalid("a dictionary of the file cannot be read").with_source(error))
}

#[inline(always)]
fn walk<T>(
    cells: impl Iterator<Item = Option<T>>,
    visit: &mut impl FnMut(usize, Scalar<'_>),
    scalar: impl Fn(T) -> Scalar<'static>,
) {
    for (row, cell) in cells.enumerate() {
        match cell {
            Some(value) => visit(row, scalar(value)),
            None => visit(row, Scalar::Null),
        }
    }
}
