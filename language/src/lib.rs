//! The query language of muster: text to syntax tree and back.
//!
//! ```
//! let query = muster_language::parse("性别 = 女 且 年龄 BETWEEN 25 AND 34")?;
//! assert_eq!(query.expr.to_string(), "性别 = 女 AND 年龄 BETWEEN 25 AND 34");
//! # Ok::<(), muster_language::Error>(())
//! ```
//!
//! [`parse`] reads a text and knows the grammar only: names, kinds, dates and parameters are resolved by whoever holds
//! the catalog. [`print()`] gives the canonical text, and what it gives is read as the same tree. What cannot be read
//! is an [`Error`] that begins with its remedy and, where one is likely, carries the corrected text.
//!
//! The other modules serve the faces of muster: [`highlight`] and [`words`] a shell, [`position()`] and [`width`]
//! whoever shows a place in a text, [`shell_word()`] whoever names a command, [`suggest`] and [`warnings`] whoever
//! finds errors that need the catalog.
//!
//! Any text is safe to parse: lengths, leaves and depth are bounded by [`limits`] before they cost anything.

mod ago;
pub mod ast;
mod dates;
mod error;
mod fold;
pub mod highlight;
mod lexer;
pub mod limits;
mod literals;
mod named;
mod opposite;
mod parser;
mod periods;
mod phrases;
mod position;
mod print;
mod render;
mod sentence;
mod shell_word;
mod spaced;
pub mod suggest;
pub mod visible;
pub mod warnings;
pub mod width;
pub mod words;

pub use error::{Error, Warning, code};
pub use named::{Named, headline, named};
pub use parser::{Parsed, parse};
pub use phrases::readings;
pub use position::{Position, position};
pub use print::print;
pub use shell_word::shell_word;
