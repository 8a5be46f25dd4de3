//! Limits: what a query may be at most. Each limit has its own pointed error.

/// The longest text, in bytes: 256 KiB.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;

/// The most leaves: terms of the expression, not values of a list.
pub const LEAVES_MAX: usize = 10_000;

/// The deepest nesting: of parentheses, `NOT` and `OF (...)` as written, and of operators as read.
///
/// Both are bounded by the one number because the canonical print, which writes a pair of parentheses for every
/// operator inside another, must be a query again.
pub const DEPTH_MAX: usize = 64;

/// The most digits of a number that count: without leading zeros, and without closing zeros after the point.
///
/// A tag holds 63 binary digits and a sign, 19 decimal digits at most. More than these are read, so that a number
/// beyond every tag is compared and not refused; so many as always fit into an `i128`.
pub const NUMBER_DIGITS_MAX: usize = 38;

/// The most warnings about one text; those behind them are not listed.
pub const WARNINGS_MAX: usize = 16;
