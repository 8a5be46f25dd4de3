//! The population as plain columns, for peers that are measured in other processes.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use crate::data::Data;

/// Writes a file for each tag into `folder`: `NAME.flag` with a byte of 0 or 1 for each entity, `NAME.choice` with four
/// bytes and `NAME.number` with eight, little-endian.
pub(crate) fn export(data: &Data, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, ids) in &data.flags {
        let mut column = vec![0; data.entities as usize];
        ids.iter().for_each(|&id| column[id as usize] = 1);
        std::fs::write(folder.join(format!("{name}.flag")), column)?;
    }
    for (name, _, column) in &data.choices {
        let mut file = BufWriter::new(File::create(folder.join(format!("{name}.choice")))?);
        column.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
        file.flush()?;
    }
    for (name, column) in &data.numbers {
        let mut file = BufWriter::new(File::create(folder.join(format!("{name}.number")))?);
        column.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
        file.flush()?;
    }
    Ok(())
}
