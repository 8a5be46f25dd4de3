//! What a group adds to the memtable: a run of batches as a part in memory, opened for readers.

use crate::error::Result;
use crate::keys::NamesPart;
use crate::part::Part;

use crate::write::commit::apply::Built;
use crate::write::files::stack::{StackLayer, StackPart};

/// The layer and the names of a run in memory; none where it has nothing to say.
pub(crate) type Opened = (Option<StackLayer<Part>>, Option<StackLayer<NamesPart>>);

/// The layer and the names of a run in memory, ready for readers.
pub(crate) fn open_built(built: &Built) -> Result<Opened> {
    let (first_seq, last_seq) = (built.first_seq, built.last_seq);
    let part = built.part.as_ref().map(|bytes| Part::open(bytes.clone(), MEMORY_NAME, None)).transpose()?;
    let names = built.names.as_ref().map(|bytes| NamesPart::open(bytes.clone(), None)).transpose()?;
    let layer = part.map(|part| StackLayer { first_seq, last_seq, parts: vec![StackPart::in_memory(part)] });
    let names = names.map(|part| StackLayer { first_seq, last_seq, parts: vec![StackPart::in_memory(part)] });
    Ok((layer, names))
}

/// What errors call a part that has no file.
pub(crate) const MEMORY_NAME: &str = "a part in memory";
