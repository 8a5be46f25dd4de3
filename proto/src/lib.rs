//! muster-proto.
