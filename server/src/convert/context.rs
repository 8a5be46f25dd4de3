//! Where and how a question is asked.

use muster_engine::Seq;
use muster_engine::query::plan::{Parameter, UnknownValues};
use muster_engine::{Error, Result};
use muster_proto::v1;

use crate::asked::{Context, Now};

/// What stands beside the text of a query; all as by default where nothing does.
pub(crate) fn from_wire(context: Option<v1::QueryContext>) -> Result<Context> {
    let context = context.unwrap_or_default();
    let unknown_values = match v1::UnknownValues::try_from(context.unknown_values) {
        Ok(v1::UnknownValues::Unspecified | v1::UnknownValues::Refuse) => UnknownValues::Refuse,
        Ok(v1::UnknownValues::Empty) => UnknownValues::Empty,
        Err(_) => return Err(Error::invalid("unknown_values is neither refuse nor empty")),
    };
    let named = |(name, parameter): (String, v1::Parameter)| {
        let parameter = parameter_from_wire(parameter).map_err(|error| error.context(format!("parameter ${name}")))?;
        Ok((name.trim_start_matches('$').to_owned(), parameter))
    };
    Ok(Context {
        now: match (context.now_unix_ms, context.now) {
            (None, written) if written.is_empty() => Now::Clock,
            (Some(moment), written) if written.is_empty() => Now::At(moment),
            (None, written) => Now::Written(written),
            (Some(_), _) => return Err(Error::invalid("give the moment of now once: now or now_unix_ms")),
        },
        space: context.space,
        entity_type: context.entity_type,
        zone: context.zone,
        version: context.version.map(Seq),
        unknown_values,
        parameters: context.parameters.into_iter().map(named).collect::<Result<_>>()?,
    })
}

fn parameter_from_wire(parameter: v1::Parameter) -> Result<Parameter> {
    use v1::parameter::Value;
    Ok(match parameter.value {
        None => return Err(Error::invalid("give it a scalar, a list or a bitmap")),
        Some(Value::Scalar(text)) => Parameter::Scalar(text),
        Some(Value::List(list)) => Parameter::List(list.values),
        Some(Value::Bitmap(bitmap)) => Parameter::Bitmap {
            bytes: bitmap.roaring,
            id_epoch: bitmap.id_epoch,
            store_id: store_id(&bitmap.store_id)?,
        },
    })
}

fn store_id(bytes: &[u8]) -> Result<Option<[u8; 16]>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match bytes.try_into() {
        Ok(id) => Ok(Some(id)),
        Err(_) => Err(Error::invalid(format!("a store id has 16 bytes, found {}", bytes.len()))),
    }
}
