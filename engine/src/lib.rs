//! muster-engine.

pub mod bitmap;
