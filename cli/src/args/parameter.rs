//! `--param name=value` and `--param name=@file`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use muster_client::v1::{BitmapParameter, Parameter, TextList, parameter};
use muster_language::highlight::{PieceKind, tokens};

use super::input::file_bytes;
use crate::exit::Failure;

/// The first bytes of a portable roaring bitmap without runs.
const ROARING_PLAIN: [u8; 4] = [0x3A, 0x30, 0, 0];
/// The first bytes of one with runs; two bytes of a count follow.
const ROARING_RUNS: [u8; 2] = [0x3B, 0x30];

/// What stands for `$name`, as the command line says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedParameter {
    name: String,
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Value(String),
    File(PathBuf),
}

impl FromStr for NamedParameter {
    type Err = String;

    fn from_str(text: &str) -> Result<NamedParameter, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| match text.trim_start_matches('$') {
            "" => "write NAME=VALUE or NAME=@FILE".to_owned(),
            name => format!("write {name}=VALUE or {name}=@FILE"),
        })?;
        let name = name.strip_prefix('$').unwrap_or(name);
        if name.is_empty() {
            return Err("write the name that stands behind $ in the expression, as in name=value".to_owned());
        }
        let source = match value.strip_prefix('@') {
            Some(path) => Source::File(PathBuf::from(path)),
            None => Source::Value(value.to_owned()),
        };
        Ok(NamedParameter { name: name.to_owned(), source })
    }
}

impl NamedParameter {
    /// The name, without the sign before it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file whose content it stands for.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            Source::Value(_) => None,
        }
    }
}

/// Whether an expression has `$name`.
pub(crate) fn is_used(name: &str, text: &str) -> bool {
    let mut pieces = tokens(text).into_iter().filter(|piece| piece.kind == PieceKind::Param);
    pieces.any(|piece| names(piece.span.of(text), name))
}

/// The name that an expression has in the place of `name`, if they differ in case alone.
pub(crate) fn in_other_case(name: &str, text: &str) -> Option<String> {
    let pieces = tokens(text).into_iter().filter(|piece| piece.kind == PieceKind::Param);
    let mut written = pieces.map(|piece| name_of(piece.span.of(text)));
    written.find(|other| other.to_lowercase() == name.to_lowercase())
}

/// Whether a piece of an expression is `$name`, in quotes or not.
pub(crate) fn names(piece: &str, name: &str) -> bool {
    name_of(piece) == name
}

fn name_of(piece: &str) -> String {
    piece.chars().skip(1).collect::<String>().trim_matches('`').to_owned()
}

/// The parameters as a request carries them. A name said once with a value is a scalar, said more often a list.
pub(crate) fn parameters(named: &[NamedParameter]) -> Result<BTreeMap<String, Parameter>, Failure> {
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut parameters = BTreeMap::new();
    for parameter in named {
        match &parameter.source {
            Source::Value(value) => values.entry(&parameter.name).or_default().push(value.clone()),
            Source::File(path) => {
                let bytes = file_bytes(path)?;
                parameters.insert(parameter.name.clone(), file_parameter(bytes, path)?);
            }
        }
    }
    for (name, mut values) in values {
        if parameters.contains_key(name) {
            return Err(Failure::usage(format!("give ${name} either values or a file, not both")));
        }
        let value = match values.len() {
            1 => parameter::Value::Scalar(values.remove(0)),
            _ => parameter::Value::List(TextList { values }),
        };
        parameters.insert(name.to_owned(), Parameter { value: Some(value) });
    }
    Ok(parameters)
}

fn file_parameter(bytes: Vec<u8>, path: &Path) -> Result<Parameter, Failure> {
    let value = if is_roaring(&bytes) {
        parameter::Value::Bitmap(BitmapParameter { roaring: bytes, ..BitmapParameter::default() })
    } else {
        let text = String::from_utf8(bytes).map_err(|_| {
            Failure::usage(format!("write {} in UTF-8, one value a line, or as a roaring bitmap", path.display()))
        })?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let values = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        parameter::Value::List(TextList { values })
    };
    Ok(Parameter { value: Some(value) })
}

fn is_roaring(bytes: &[u8]) -> bool {
    bytes.starts_with(&ROARING_PLAIN) || bytes.starts_with(&ROARING_RUNS) && bytes.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> BTreeMap<String, Parameter> {
        let named: Vec<NamedParameter> = texts.iter().map(|text| text.parse().unwrap()).collect();
        parameters(&named).unwrap()
    }

    #[test]
    fn one_value_is_a_scalar_and_several_are_a_list() {
        let parameters = of(&["min=25", "$cities=北京", "cities=a=b"]);
        assert_eq!(parameters["min"].value, Some(parameter::Value::Scalar("25".into())));
        let list = TextList { values: vec!["北京".into(), "a=b".into()] };
        assert_eq!(parameters["cities"].value, Some(parameter::Value::List(list)));
        assert!("min".parse::<NamedParameter>().is_err());
        assert!("=3".parse::<NamedParameter>().is_err());
    }

    #[test]
    fn a_file_is_a_list_or_a_bitmap() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        std::fs::write(&keys, "u1\r\n u2\n\n").unwrap();
        let bitmap = folder.path().join("bitmap");
        std::fs::write(&bitmap, [0x3A, 0x30, 0, 0, 0, 0, 0, 0]).unwrap();
        let parameters = of(&[&format!("k=@{}", keys.display()), &format!("b=@{}", bitmap.display())]);
        let list = TextList { values: vec!["u1".into(), " u2".into()] };
        assert_eq!(parameters["k"].value, Some(parameter::Value::List(list)));
        assert!(matches!(parameters["b"].value, Some(parameter::Value::Bitmap(_))));
        assert!(super::parameters(&["k=@/nowhere/at/all".parse().unwrap()]).is_err());
    }
}
