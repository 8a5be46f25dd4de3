//! muster-client.
