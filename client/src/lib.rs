//! The gRPC client of muster: connects over TCP or a Unix socket, gives every call a deadline, asks again where that is
//! safe, uploads files in chunks, and turns the details of a refusal into a [`ClientError`].
//!
//! The messages are those of [`muster_proto::v1`]; nothing is renamed on the way. What programs read of the answers,
//! [`documents`] and [`rows`] write.

mod address;
mod call;
mod csv;
pub mod documents;
mod erasures;
mod error;
mod hex;
mod json;
mod load;
mod members;
mod options;
pub mod rows;
mod services;
mod stream;
mod values;
mod zone;

pub use address::Address;
pub use call::Client;
pub use erasures::Erasures;
pub use error::{ClientError, Delivery, ErrorDetails, ExitClass, Position};
pub use hex::{hex, unhex};
pub use load::{LoadEvent, Upload};
pub use members::Members;
pub use muster_proto::{Words, v1};
pub use options::ClientOptions;
pub use stream::Stream;
pub use tonic::Code;
pub use values::{format_value, key_text, text_key};
pub use zone::ShownZone;
