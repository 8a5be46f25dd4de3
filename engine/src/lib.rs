//! muster-engine.
