//! The wire of muster: the messages and services of `muster.v1`, generated from `muster/v1/*.proto`.
//!
//! The generated code is checked in, so that no machine needs a compiler of protobuf. A test makes it again and
//! compares; `MUSTER_UPDATE=1 cargo test -p muster-proto` writes it anew.

mod codec;
mod words;
mod write;

pub use codec::{Codec, Decoder, decode};
pub use words::Words;
pub use write::{WRITE_MEMORY_BYTES_MAX, WriteError, decode_write, weigh_write};

/// The messages, the clients and the server traits of `muster.v1`.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
#[rustfmt::skip]
pub mod v1 {
    include!("generated/muster.v1.rs");
}

/// The encoded `google.protobuf.FileDescriptorSet` of `muster.v1`, which a server shows by reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/muster.v1.bin");
