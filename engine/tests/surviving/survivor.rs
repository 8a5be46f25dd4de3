//! A store that is opened after something went wrong: whether it shows what it may show, and goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use muster_engine::catalog::{CatalogChange, EntityKey, KeyKind};
use muster_engine::storage::Sim;
use muster_engine::write::{Batch, Change, Durability, EntityChanges, LoadSpec};
use muster_engine::{Engine, Options};

use super::history::difference;
use super::reading::read;
use super::workload::{Shown, open};

/// What was found in an image.
pub(crate) struct Survivor {
    /// What it showed when it was opened, and after each act since.
    pub(crate) states: Vec<Arc<Shown>>,
    /// How far it was durable after the acts.
    pub(crate) durable: usize,
    /// The space before each change of its recovery, and of the acts behind it; empty where nothing was recorded.
    pub(crate) recovering: Vec<Sim>,
    pub(crate) acting: Vec<Sim>,
}

/// Opens `image`, which must show one of `allowed`, and works on with it; returns what was wrong.
pub(crate) fn check(image: &Sim, allowed: &[Arc<Shown>], options: &Options) -> Result<Survivor, String> {
    calmly(|| {
        let engine = open(image, options).map_err(|error| format!("it does not open: {error:?}"))?;
        let recovering = image.take_recorded();
        let state = compare(&engine, allowed)?;
        repeat(&engine, &state)?;
        let mut states = vec![state];
        states.push(Arc::new(go_on(&engine, &states[0])?));
        let is_commit = options.durability == Durability::Commit;
        let durable = usize::from(is_commit || engine.status().durable >= states[1].version);
        if is_commit && engine.status().durable < states[1].version {
            return Err("what it acknowledges is not durable".into());
        }
        Ok(Survivor { states, durable, recovering, acting: image.take_recorded() })
    })
}

/// A panic is something wrong like any other.
pub(crate) fn calmly<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(format!("it panics: {}", text.unwrap_or_default()))
    })
}

/// The one of `allowed` that the store shows.
pub(crate) fn compare(engine: &Engine, allowed: &[Arc<Shown>]) -> Result<Arc<Shown>, String> {
    let snapshot = engine.snapshot();
    let version = snapshot.version();
    let visible = read(&snapshot).map_err(|error| format!("it cannot be read: {error:?}"))?;
    let mut found = format!(
        "batch {version} is none of those that may be the last, {:?}",
        allowed.iter().map(|state| state.version.0).collect::<Vec<_>>()
    );
    for state in allowed.iter().filter(|state| state.version == version) {
        match difference(&state.visible, &visible) {
            Ok(()) if state.catalog == *snapshot.catalog() => return Ok(Arc::clone(state)),
            Ok(()) => found = format!("at {version}: the catalog differs"),
            Err(difference) => found = format!("at {version}: {difference}"),
        }
    }
    Err(found)
}

/// What came last from the source and the last load are answered with their first reply.
fn repeat(engine: &Engine, state: &Shown) -> Result<(), String> {
    if let Some((sequence, seq)) = state.source {
        let source = Some(("loader".to_owned(), sequence));
        let again = engine.write(Batch { type_name: "users".into(), source, entities: Vec::new() });
        if !again.as_ref().is_ok_and(|written| written.repeated && written.seq == seq) {
            return Err(format!("sequence {sequence} was batch {seq}, its repeat is {again:?}"));
        }
    }
    if let Some((load_id, type_id, seq)) = &state.load
        && engine.snapshot().catalog().entity_type(*type_id).is_some()
    {
        let again = engine.begin_load(LoadSpec::new(*type_id, load_id.clone()));
        let earlier = again.map(|load| load.earlier_result());
        if !earlier.as_ref().is_ok_and(|loaded| loaded.is_some_and(|loaded| loaded.seq == *seq)) {
            return Err(format!("the load {load_id} was committed at {seq}, its repeat is {earlier:?}"));
        }
    }
    Ok(())
}

/// Makes a key known, or a type where there is none yet, and flushes it; returns what is shown then.
fn go_on(engine: &Engine, state: &Shown) -> Result<Shown, String> {
    let version = state.version.next();
    let name = format!("after {}", state.version);
    let catalog = engine.snapshot().catalog().clone();
    let mut after = Shown { version, ..state.clone() };
    if let Some(users) = catalog.type_named("users") {
        let key = EntityKey::Text(name);
        after.visible.entry((users.id, key.clone())).or_default();
        let entities = vec![EntityChanges::new(key, vec![Change::Touch])];
        let batch = Batch { type_name: "users".into(), source: None, entities };
        engine.write(batch).map_err(|error| format!("it does not write: {error:?}"))?;
    } else {
        let change = CatalogChange::CreateType { name, key: KeyKind::U64, label: None, description: String::new() };
        engine.change_catalog(change).map_err(|error| format!("it does not take a type: {error:?}"))?;
        after.catalog = engine.snapshot().catalog().clone();
    }
    if version.0.is_multiple_of(2) {
        engine.flush().map_err(|error| format!("it does not flush: {error:?}"))?;
    }
    compare(engine, &[Arc::new(after.clone())])?;
    Ok(after)
}
