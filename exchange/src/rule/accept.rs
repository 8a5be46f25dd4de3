//! Whether a column of a file can set a tag, and whether all settings of its mapping are read then.

use arrow_schema::DataType;
use muster_engine::catalog::TagKind;

use crate::mapping::{ColumnMapping, NanRule};
use crate::scalar::Shape;

/// Whether a column of this shape can set the tag; the answer names what could.
pub(crate) fn accept(column: &ColumnMapping, shape: &Shape) -> Result<(), String> {
    let kind = column.kind;
    let needed = match (kind, shape) {
        (_, Shape::Null) => return Ok(()),
        (TagKind::Flag, Shape::Bool | Shape::Int | Shape::Float | Shape::Text) => return Ok(()),
        (TagKind::Flag, _) => "truths, or 0 and 1",
        (TagKind::Choice, Shape::List(_)) => "one value a row; kind = \"set\" takes lists",
        (TagKind::Choice, _) | (TagKind::Set, Shape::List(_)) => return Ok(()),
        (TagKind::Set, Shape::Text) if column.list_separator.is_some() => return Ok(()),
        (TagKind::Set, Shape::Text) => "lists, or text with list_separator = \"|\" or another",
        (TagKind::Set, _) => "lists",
        (TagKind::Int | TagKind::Decimal { .. }, Shape::Int | Shape::Float | Shape::Decimal { .. } | Shape::Text) => {
            return Ok(());
        }
        (TagKind::Int | TagKind::Decimal { .. }, _) => "numbers",
        (TagKind::Date | TagKind::Time, Shape::Date | Shape::Time | Shape::Text) => return Ok(()),
        (TagKind::Date | TagKind::Time, Shape::Int) if !column.date_formats.is_empty() => return Ok(()),
        (TagKind::Time, Shape::Int) if column.time_unit.is_some() => return Ok(()),
        (TagKind::Time, Shape::Int) => "times, or whole numbers with time_unit = \"ms\" or another",
        (TagKind::Date, Shape::Int) => "dates, or whole numbers with date_format = \"%Y%m%d\"",
        (TagKind::Date | TagKind::Time, _) => "dates, times or text",
    };
    Err(format!("holds {}, and {kind} needs {needed}", shape.name()))
}

/// Whether a column of this shape has what each setting that is given is about: nothing is set and not read.
pub(crate) fn refuse_unread(column: &ColumnMapping, shape: &Shape) -> Result<(), String> {
    let of_list = match shape {
        Shape::Null => return Ok(()),
        Shape::List(element) => Some(element.as_ref()),
        _ => None,
    };
    let is_text = *shape == Shape::Text;
    let is_int = *shape == Shape::Int;
    let is_number = matches!(column.kind, TagKind::Int | TagKind::Decimal { .. });
    let given = [
        ("trim", column.trim, is_text || of_list == Some(&Shape::Text)),
        ("null_words", !column.null_words.is_empty(), is_text),
        ("nan", column.nan == NanRule::Null, *shape == Shape::Float || is_text && is_number),
        ("list_separator", column.list_separator.is_some(), is_text),
        ("true_words", !column.true_words.is_empty(), is_text),
        ("false_words", !column.false_words.is_empty(), is_text),
        ("decimal_point", column.decimal_point.is_some(), is_text),
        ("thousands", column.thousands.is_some(), is_text),
        ("round", column.round.is_some(), matches!(shape, Shape::Float | Shape::Decimal { .. } | Shape::Text)),
        ("date_format", !column.date_formats.is_empty(), is_text || is_int),
        ("time_unit", column.time_unit.is_some(), is_text || is_int),
    ];
    match given.into_iter().find(|(_, is_given, is_read)| *is_given && !*is_read) {
        Some((name, _, _)) => Err(format!("holds {}, which {name} is not about: strike {name}", shape.name())),
        None => Ok(()),
    }
}

/// Whether `time_zone` has something to say: times that have a zone are what they are.
pub(crate) fn refuse_zone(column: &ColumnMapping, data_type: &DataType) -> Result<(), String> {
    let plain = match data_type {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    match plain {
        DataType::Timestamp(_, Some(zone)) if column.time_zone.is_some() => {
            Err(format!("holds times with a zone ({zone}), which time_zone is not about: strike time_zone"))
        }
        _ => Ok(()),
    }
}
