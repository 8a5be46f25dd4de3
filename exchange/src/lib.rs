//! muster-exchange.
