//! The limits of names and texts, each with its name.

/// Characters of one name or label, dots included.
pub(crate) const NAME_CHARS_MAX: usize = 200;
/// Entity types of one space.
pub(crate) const TYPES_MAX: usize = 1_000;
/// Tags of one space.
pub(crate) const TAGS_MAX: usize = 100_000;
/// Saved audiences of one space.
pub(crate) const AUDIENCES_MAX: usize = 10_000;
/// Versions of one audience that are kept; the oldest that nobody pins goes first.
pub(crate) const AUDIENCE_VERSIONS_MAX: usize = 100;
/// Tags, and audiences, that one audience may use.
pub(crate) const AUDIENCE_USES_MAX: usize = 10_000;
/// Bytes of the stored text of one version of an audience.
pub(crate) const AUDIENCE_BYTES_MAX: usize = 1 << 20;
/// Bytes of a description, source, unit or owner.
pub(crate) const TEXT_BYTES_MAX: usize = 4_096;
/// Values that one tag may declare.
pub(crate) const DECLARED_VALUES_MAX: usize = 10_000;
/// Bytes of all values, labels and parents that one tag declares.
pub(crate) const DECLARED_BYTES_MAX: usize = 1 << 20;
/// Bytes of one value of a choice or set tag.
pub(crate) const VALUE_BYTES_MAX: usize = 4_096;
/// Bytes of one string key.
pub(crate) const KEY_BYTES_MAX: usize = 1_024;
/// Days of the longest time to live.
pub(crate) const TIME_TO_LIVE_DAYS_MAX: u32 = 36_500;
/// Digits behind the point of a decimal tag.
pub(crate) const SCALE_MAX: u8 = 18;
/// Bytes of all types and tags of one space as they are stored; the manifest holds them whole.
pub(crate) const CATALOG_BYTES_MAX: usize = 96 << 20;

/// Milliseconds of a day without a change of the clocks.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// The first day of the calendar, 0000-01-01, in days since 1970-01-01.
pub(crate) const DAYS_MIN: i64 = -719_528;
/// The last day of the calendar, 9999-12-31.
pub(crate) const DAYS_MAX: i64 = 2_932_896;
