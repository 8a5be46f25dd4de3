//! Laws of sets, for every pair of forms, every operation and every kernel of this machine,
//! against an oracle of one `bool` per id.

mod oracle;

mod decoding;
mod many;
mod numbers;
mod pairs;
