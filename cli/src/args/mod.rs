//! What a command line may say: the parts that commands share.

pub(crate) mod demo;
pub(crate) mod globals;
pub(crate) mod input;
pub(crate) mod lists;
pub(crate) mod moment;
pub(crate) mod parameter;
pub(crate) mod pasted;
pub(crate) mod quotes;
pub(crate) mod words;

pub(crate) use globals::Globals;
