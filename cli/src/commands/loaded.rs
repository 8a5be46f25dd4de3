//! What a load came to, for people: a line, and where something was taken from somebody, a row for each tag.

use std::time::Duration;

use muster_client::Words;
use muster_client::v1::{LoadMode, LoadResult, TagEffect};

use crate::output::numbers::{elapsed, grouped};
use crate::output::table::Table;

/// What a load came to, for people.
pub(crate) fn summary(result: &LoadResult) -> String {
    let verb = match (result.dry_run, result.repeated) {
        (true, true) => "would load nothing, having loaded this before",
        (true, false) => "would load",
        (false, true) => "had loaded this before",
        (false, false) => "loaded",
    };
    if result.repeated {
        // What was rejected and made then is not kept.
        return format!(
            "{verb}: {} rows into {}, {} of their entities were new, version {}\n",
            grouped(result.rows_written),
            result.entity_type,
            grouped(result.new_entities),
            result.version
        );
    }
    let mut line = format!(
        "{verb} {} of {} rows into {}: {} new entities, {} new tags, {} rejected, {}",
        grouped(result.rows_written),
        grouped(result.rows),
        result.entity_type,
        grouped(result.new_entities),
        grouped(result.new_tags.len() as u64),
        grouped(result.rejected),
        elapsed(Duration::from_millis(result.elapsed_ms)),
    );
    if !result.dry_run {
        line.push_str(&format!(", version {}", result.version));
    }
    line.push('\n');
    line.push_str(&effects(result));
    line
}

/// What a load did to each tag, where it took something from somebody, or left something on purpose.
fn effects(result: &LoadResult) -> String {
    let is_plain = |effect: &TagEffect| effect.mode() == LoadMode::Upsert && effect.removed == 0;
    if result.effects.iter().all(is_plain) {
        return String::new();
    }
    let mut table = Table::new(&["tag", "mode", ">set", ">kept", ">removed"]);
    for effect in &result.effects {
        let [set, kept, removed] = [effect.set, effect.kept, effect.removed].map(grouped);
        table.row([effect.tag.as_str(), effect.mode().word(), &set, &kept, &removed]);
    }
    table.render()
}
