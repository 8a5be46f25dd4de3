//! Where and how a question is asked.

use muster_engine::catalog::Zone;
use muster_engine::query::plan::{Parameter, QueryRequest, UnknownValues};
use muster_engine::{Error, Result};
use muster_proto::v1;

/// What stands beside the text of a query in `zone`, with `now_unix_ms` for its clock unless it brings one.
pub(crate) fn request_from_wire(context: &v1::QueryContext, zone: &Zone, now_unix_ms: i64) -> Result<QueryRequest> {
    let now_unix_ms = match (context.now_unix_ms, context.now.as_str()) {
        (None, "") => now_unix_ms,
        (Some(moment), "") => moment,
        (None, written) => zone.moment(written)?,
        (Some(_), _) => return Err(Error::invalid("give the moment of now once: now or now_unix_ms")),
    };
    let mut request = QueryRequest::at(now_unix_ms);
    request.zone = Some(zone.name().to_owned());
    request.unknown_values = match v1::UnknownValues::try_from(context.unknown_values) {
        Ok(v1::UnknownValues::Unspecified | v1::UnknownValues::Refuse) => UnknownValues::Refuse,
        Ok(v1::UnknownValues::Empty) => UnknownValues::Empty,
        Err(_) => return Err(Error::invalid("unknown_values is neither refuse nor empty")),
    };
    for (name, parameter) in &context.parameters {
        let parameter = parameter_from_wire(parameter).map_err(|error| error.context(format!("parameter ${name}")))?;
        request.parameters.insert(name.trim_start_matches('$').to_owned(), parameter);
    }
    Ok(request)
}

fn parameter_from_wire(parameter: &v1::Parameter) -> Result<Parameter> {
    use v1::parameter::Value;
    Ok(match &parameter.value {
        None => return Err(Error::invalid("give it a scalar, a list or a bitmap")),
        Some(Value::Scalar(text)) => Parameter::Scalar(text.clone()),
        Some(Value::List(list)) => Parameter::List(list.values.clone()),
        Some(Value::Bitmap(bitmap)) => Parameter::Bitmap {
            bytes: bitmap.roaring.clone(),
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
