//! The write path against a naive oracle: what a snapshot shows after any history is what plain maps say.

mod crash;
mod expiry;
mod faults;
mod history;
mod many_names;
mod model;
mod modes;
mod oracle;
mod parallel;
mod reading;
mod smoke;
