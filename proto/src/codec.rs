//! How messages are read from the wire and written to it: as prost does, but what a batch will take in memory is known
//! before any of it is taken.

use std::any::Any;
use std::collections::HashMap;
use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf;
use tonic::codec::{self, BufferSettings, DecodeBuf};
use tonic::{Code, Status};
use tonic_prost::ProstEncoder;
use tonic_types::{ErrorDetails, StatusExt};

use crate::v1;
use crate::write::{WRITE_MEMORY_BYTES_MAX, WriteError, count, decode_write};

/// The codec of all calls.
#[derive(Clone, Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Codec(PhantomData)
    }
}

impl<T, U> codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Decoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        Decoder(PhantomData)
    }
}

/// Reads messages.
#[derive(Clone, Debug)]
pub struct Decoder<U>(PhantomData<U>);

impl<U: Message + Default + 'static> codec::Decoder for Decoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = buf.copy_to_bytes(buf.remaining());
        decode(&bytes).map(Some).map_err(status)
    }
}

/// Decodes a message. What a batch takes is bounded by [`WRITE_MEMORY_BYTES_MAX`], what another takes by its length:
/// the lists that can be long get their room at once, so that none is held twice while it grows.
pub fn decode<U: Message + Default + 'static>(bytes: &[u8]) -> Result<U, WriteError> {
    let mut message = U::default();
    let any: &mut dyn Any = &mut message;
    if let Some(request) = any.downcast_mut::<v1::WriteRequest>() {
        *request = decode_write(bytes)?;
        return Ok(message);
    }
    if let Some(request) = any.downcast_mut::<v1::CountBatchRequest>() {
        request.queries.reserve_exact(count(bytes, 2)?);
    } else if let Some(request) = any.downcast_mut::<v1::IsMemberRequest>() {
        request.queries.reserve_exact(count(bytes, 3)?);
    } else if let Some(request) = any.downcast_mut::<v1::IsMemberBatchRequest>() {
        request.text_keys.reserve_exact(count(bytes, 2)?);
        request.queries.reserve_exact(count(bytes, 4)?);
    }
    message.merge(bytes)?;
    Ok(message)
}

fn status(error: WriteError) -> Status {
    match error {
        WriteError::Malformed(error) => Status::internal(error.to_string()),
        WriteError::TooLarge => {
            let metadata = HashMap::from([
                ("limit".to_owned(), "write_memory_bytes_max".to_owned()),
                ("allowed".to_owned(), WRITE_MEMORY_BYTES_MAX.to_string()),
            ]);
            let details = ErrorDetails::with_error_info("LIMIT", "muster", metadata);
            Status::with_error_details(Code::ResourceExhausted, error.to_string(), details)
        }
    }
}
