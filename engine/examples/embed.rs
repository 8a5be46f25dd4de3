//! Embeds the engine: declares a type and its tags, writes, asks, and is there again after it was closed.
//!
//! ```sh
//! cargo run -p muster-engine --example embed
//! ```

use muster_engine::{
    Batch, CatalogChange, Change, Engine, EntityChanges, KeyKind, Options, QueryRequest, Result, Run, TagKind, TagSpec,
    Value,
};

pub(crate) fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("muster-embed-{}", std::process::id()));
    declare_and_write(&folder)?;
    println!("{} members buy something again and again", count(&folder, "orders >= 3")?);
    println!("{} of them live in 北京", count(&folder, "orders >= 3 AND city = 北京")?);
    // The folder is the whole store.
    std::fs::remove_dir_all(&folder).map_err(|error| muster_engine::Error::io(error.to_string()))
}

fn declare_and_write(folder: &std::path::Path) -> Result<()> {
    let engine = Engine::open_dir(folder, Options::default())?;
    engine.change_catalog(CatalogChange::create_type("members", KeyKind::U64))?;
    engine.change_catalog(CatalogChange::create_tag(TagSpec::new("members", "city", TagKind::Choice)))?;
    engine.change_catalog(CatalogChange::create_tag(TagSpec::new("members", "orders", TagKind::Int)))?;
    let member = |number: u64| {
        let city = if number.is_multiple_of(2) { "北京" } else { "上海" };
        let orders = Value::Int((number % 5) as i64);
        EntityChanges::new(number, vec![Change::set("city", Value::Text(city.into())), Change::set("orders", orders)])
    };
    // All or nothing, and on the disk when it returns.
    engine.write(Batch::new("members", (0..1_000).map(member)))?;
    engine.close()
}

fn count(folder: &std::path::Path, text: &str) -> Result<u64> {
    let engine = Engine::open_dir(folder, Options::default())?;
    let snapshot = engine.snapshot();
    let members = snapshot.catalog().require_type("members")?.id;
    Ok(snapshot.prepare(members, text, &QueryRequest::now())?.count(&Run::default())?.count)
}
