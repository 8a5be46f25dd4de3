//! muster-tests.
