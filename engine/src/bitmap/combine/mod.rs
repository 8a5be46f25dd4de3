//! Operations that store their result: in place in a [`ChunkBuffer`], or from two containers into
//! one. Each operation is one file with one arm per pair of forms.

mod and;
mod and_not;
mod or;
mod xor;

pub use and::and_into;
pub use and_not::and_not_into;
pub use or::or_into;
