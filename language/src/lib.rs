//! muster-language.
