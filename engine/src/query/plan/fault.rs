//! The codes of what only the catalog can refuse or warn about; the language has the others.

/// A tag that does not exist.
pub(super) const UNKNOWN_TAG: &str = "unknown_tag";
/// A value that nobody has.
pub(super) const UNKNOWN_VALUE: &str = "unknown_value";
/// Keys that nobody has.
pub(super) const UNKNOWN_KEYS: &str = "unknown_keys";
/// A saved audience that does not exist, or a version of it.
pub(super) const UNKNOWN_AUDIENCE: &str = "unknown_audience";
/// A predicate that the tag's kind does not have.
pub(super) const WRONG_KIND: &str = "wrong_kind";
/// A value that the tag's kind cannot read.
pub(super) const WRONG_VALUE: &str = "wrong_value";
/// A parameter that did not come, or came in another form.
pub(super) const PARAMETER: &str = "parameter";
/// A unit of time that the tag does not have.
pub(super) const WRONG_UNIT: &str = "wrong_unit";
/// Numbers beyond what can be computed exactly.
pub(super) const OUT_OF_RANGE: &str = "out_of_range";
/// An audience that names itself through others.
pub(super) const CYCLE: &str = "cycle";
/// A saved audience whose text cannot be read any more.
pub(super) const BROKEN_AUDIENCE: &str = "broken_audience";
/// More work than a text may ask for.
pub(super) const TOO_MUCH: &str = "too_much";
/// Warning: nobody can be selected.
pub(super) const EMPTY: &str = "empty";
