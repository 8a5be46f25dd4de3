//! A run of batches as a part in memory, opened for readers.

use std::sync::Arc;

use crate::error::Result;
use crate::keys::NamesPart;
use crate::part::Part;

use crate::write::commit::apply::Built;
use crate::write::files::stack::{StackLayer, StackNames, StackPart};

/// The layer and the names of a run in memory, ready for readers.
pub(crate) fn open_built(built: &Built) -> Result<(Option<StackLayer>, Option<StackNames>)> {
    let (first_seq, last_seq) = (built.first_seq, built.last_seq);
    let layer = match &built.part {
        None => None,
        Some(bytes) => Some(StackLayer {
            first_seq,
            last_seq,
            parts: vec![StackPart { part: Arc::new(Part::open(bytes.clone(), MEMORY_NAME, None)?), file: None }],
        }),
    };
    let names = match &built.names {
        None => None,
        Some(bytes) => {
            Some(StackNames { first_seq, last_seq, part: Arc::new(NamesPart::open(bytes.clone(), None)?), file: None })
        }
    };
    Ok((layer, names))
}

/// What errors call a part that has no file.
pub(crate) const MEMORY_NAME: &str = "a part in memory";
