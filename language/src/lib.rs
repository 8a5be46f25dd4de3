//! The query language of muster: its lexer, parser, syntax tree and canonical print.

pub mod ast;
pub mod limits;
