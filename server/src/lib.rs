//! muster-server.
