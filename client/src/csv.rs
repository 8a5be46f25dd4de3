//! Comma- and tab-separated values (CSV, TSV), as loads read them: an empty field is a null, `""` an empty text.

use std::borrow::Cow;

use serde_json::Value;

/// A text as one field.
pub(crate) fn text(text: &str, separator: char) -> Cow<'_, str> {
    let plain = !text.is_empty() && !text.contains([separator, '"', '\n', '\r']);
    if plain { Cow::Borrowed(text) } else { Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))) }
}

/// A JSON value as one field: lists and objects as JSON text, absent ones and nulls empty.
pub(crate) fn cell(value: Option<&Value>, separator: char) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(value)) => text(value, separator),
        Some(Value::Array(_) | Value::Object(_)) => {
            Cow::Owned(text(&value.map(Value::to_string).unwrap_or_default(), separator).into_owned())
        }
        Some(value) => Cow::Owned(value.to_string()),
    }
}

/// Appends one record.
pub(crate) fn push_row<'a>(out: &mut String, separator: char, cells: impl Iterator<Item = Cow<'a, str>>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(separator);
        }
        out.push_str(&cell);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let fields =
            [json!("a,b"), json!("say \"hi\""), json!(""), json!(null), json!(1.5), json!(["x"]), json!("a\nb")];
        let mut out = String::new();
        push_row(&mut out, ',', fields.iter().map(|value| cell(Some(value), ',')));
        assert_eq!(out, "\"a,b\",\"say \"\"hi\"\"\",\"\",,1.5,\"[\"\"x\"\"]\",\"a\nb\"\n");
        assert_eq!(text("a,b", '\t'), "a,b");
    }
}
