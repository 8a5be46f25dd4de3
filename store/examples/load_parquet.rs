//! Loads a Parquet file into a store and asks it: a program that embeds muster, without a server.
//!
//! ```sh
//! cargo run -p muster-store --example load_parquet
//! ```

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use muster_store::engine::{QueryRequest, Run, Zone};
use muster_store::exchange::{Mapping, NamedFile, ReadOptions};
use muster_store::{FileLoad, LoadFault, Space, Store, StoreOptions};
use parquet::arrow::ArrowWriter;

/// Which column is the key, and which sets which tag; `muster load FILE --infer` guesses one and prints it.
const MAPPING: &str = r#"
type = "members"
key = { column = "id", kind = "string" }
columns = [{ column = "city", kind = "choice" }, { column = "orders", kind = "int" }]
"#;

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("muster-load-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let file = folder.join("members.parquet");
    write_members(&file)?;

    let store = Store::open(StoreOptions::new(folder.join("store")))?;
    let space = store.space("main")?;
    let rows = load(&space, &file)?;
    let snapshot = space.snapshot();
    let members = snapshot.catalog().require_type("members")?.id;
    let found = snapshot.prepare(members, "city = 北京 AND orders >= 3", &QueryRequest::now())?;
    println!("{rows} rows, {} of them in 北京 with three orders or more", found.count(&Run::default())?.count);

    drop((snapshot, space, store));
    Ok(std::fs::remove_dir_all(&folder)?)
}

/// All or nothing: a load that fails changes nothing, and one of the same id is not done twice.
fn load(space: &Space, path: &Path) -> Result<u64, LoadFault> {
    let load = FileLoad {
        file: NamedFile { path, name: "members.parquet" },
        mapping: &Mapping::parse(MAPPING)?,
        read: ReadOptions::default(),
        load_id: "members of today",
        // A load of this id with another file or mapping is refused.
        asked: Some(MAPPING),
        create_missing_tags: true,
        dry_run: false,
        max_rejects: 0,
        zone: &Zone::utc(),
        run: &Run::default(),
    };
    Ok(load.run(space, &mut |_progress| ControlFlow::Continue(()))?.rows)
}

fn write_members(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let ids = (0..1_000).map(|number| Some(format!("m{number}"))).collect::<StringArray>();
    let cities = (0..1_000).map(|number| Some(if number % 2 == 0 { "北京" } else { "上海" })).collect::<StringArray>();
    let orders = (0..1_000).map(|number| number % 5).collect::<Int64Array>();
    let columns: [(&str, ArrayRef); 3] =
        [("id", Arc::new(ids)), ("city", Arc::new(cities)), ("orders", Arc::new(orders))];
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut writer = ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}
