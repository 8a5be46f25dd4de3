//! The gates of a load: what its mapping asks of it, checked when all is written and nobody sees it.

use std::collections::HashMap;

use muster_engine::Result;
use muster_engine::catalog::{Catalog, Tag, normalize_name};
use muster_engine::query::GroupKey;
use muster_exchange::{Gates, Share};
use muster_language::suggest;

use super::effects::{Preview, TagEffect};

/// How many values an index of stability compares; those beyond, the rarest before, count as one.
const DRIFT_GROUPS_MAX: usize = 1_000;
/// How many parts the numbers of a tag are put into for that, of which each had as many entities before.
const DRIFT_QUANTILES: usize = 10;
/// The share that stands for none, whose logarithm there is not.
const DRIFT_SHARE_MIN: f64 = 1e-4;

/// What each gate that does not hold says, in the order of the mapping's settings.
///
/// `rows` were taken of the file. Errors: those of the questions, and of who waits.
pub(super) fn failed(gates: &Gates, rows: u64, preview: &Preview<'_>, effects: &[TagEffect]) -> Result<Vec<String>> {
    if gates.is_empty() {
        return Ok(Vec::new());
    }
    let by_tag: HashMap<String, &TagEffect> =
        effects.iter().map(|effect| (normalize_name(&effect.tag).into_owned(), effect)).collect();
    let effect_of = |name: &str| by_tag.get(normalize_name(name).as_ref()).copied();
    let mut failed = Vec::new();
    if rows < gates.rows_min {
        failed.push(format!("{rows} rows, at least {} are wanted (rows_min)", gates.rows_min));
    }
    let named = preview.named_count();
    for (name, least) in &gates.coverage_min {
        let set = effect_of(name).map_or(0, |effect| effect.set);
        if is_below(set, named, *least) {
            failed.push(format!("{set} of {named} entities get `{name}`, at least {least} are wanted (coverage_min)"));
        }
    }
    for effect in effects.iter().filter(|effect| effect.after < effect.before) {
        if let Some(most) = gates.shrink_max
            && is_above(effect.before - effect.after, effect.before, most)
        {
            failed.push(said_of_change(effect, most, "shrink_max"));
        }
    }
    for (name, most) in &gates.change_max {
        if let Some(effect) = effect_of(name).filter(|effect| effect.before > 0)
            && is_above(effect.before.abs_diff(effect.after), effect.before, *most)
        {
            failed.push(said_of_change(effect, *most, "change_max"));
        }
    }
    let questions = Questions { preview, catalog: preview.load.after().catalog() };
    for (name, most) in &gates.drift_max {
        failed.extend(questions.drift(name, effect_of(name), *most)?);
    }
    for (name, values) in &gates.values {
        failed.extend(questions.other_values(name, values)?);
    }
    for flags in &gates.disjoint {
        failed.extend(questions.overlaps(flags)?);
    }
    Ok(failed)
}

fn said_of_change(effect: &TagEffect, most: Share, gate: &str) -> String {
    let TagEffect { tag, before, after, .. } = effect;
    format!("`{tag}` goes from {before} to {after} entities, a change of {most} at most is wanted ({gate})")
}

/// Whether `part` of `whole` is a smaller share, exactly.
fn is_below(part: u64, whole: u64, share: Share) -> bool {
    u128::from(part) * 10_000 < u128::from(whole) * u128::from(share.0)
}

fn is_above(part: u64, whole: u64, share: Share) -> bool {
    u128::from(part) * 10_000 > u128::from(whole) * u128::from(share.0)
}

/// What is asked of the store before and after the load.
struct Questions<'a> {
    preview: &'a Preview<'a>,
    catalog: &'a Catalog,
}

impl Questions<'_> {
    fn tag(&self, name: &str) -> Option<&Tag> {
        self.catalog.tag_named(self.preview.type_id, name)
    }

    /// Who is named and has a value that is not among `values`.
    fn other_values(&self, name: &str, values: &[String]) -> Result<Option<String>> {
        let Some(tag) = self.tag(name) else { return Ok(None) };
        let has = format!("ids($named) AND {} IS NOT MISSING", suggest::name(name));
        let groups = self.preview.breakdown(self.preview.load.after(), &has, tag)?.groups;
        let mut others = 0;
        let mut first = None;
        for group in groups.iter().filter(|group| group.count > 0) {
            if let GroupKey::Value(value) = &group.key
                && !values.contains(value)
            {
                others += 1;
                first.get_or_insert((value.clone(), group.count));
            }
        }
        Ok(first.map(|(value, count)| {
            let more = if others > 1 { format!(" and {} other values", others - 1) } else { String::new() };
            format!("{count} entities have {value:?} as `{name}`{more}, which its values do not name (values)")
        }))
    }

    /// Each pair of flags that somebody has both of.
    fn overlaps(&self, flags: &[String]) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (index, one) in flags.iter().enumerate() {
            for other in &flags[index + 1..] {
                let both = format!("{} AND {}", suggest::name(one), suggest::name(other));
                let count = self.preview.count(self.preview.load.after(), &both)?;
                if count > 0 {
                    found.push(format!("{count} entities have `{one}` and `{other}`, nobody should (disjoint)"));
                }
            }
        }
        Ok(found)
    }

    /// The population stability index of a tag: the sum over its groups of the difference of the shares times the
    /// logarithm of their quotient (N. Siddiqi, Credit Risk Scorecards, 2006, chapter 10).
    fn drift(&self, name: &str, effect: Option<&TagEffect>, most: Share) -> Result<Option<String>> {
        let (Some(tag), Some(effect)) = (self.tag(name), effect) else { return Ok(None) };
        // Against nobody there is nothing to compare.
        if effect.before == 0 {
            return Ok(None);
        }
        let counts = if tag.kind.is_number() { self.by_quantile(tag)? } else { self.by_value(tag)? };
        let index = stability_index(&counts);
        Ok((index > most.value()).then(|| {
            format!("the stability index of `{name}` is {index:.4}, at most {} is wanted (drift_max)", most.value())
        }))
    }

    /// By value, or with and without a flag: who had it, and who has it.
    fn by_value(&self, tag: &Tag) -> Result<Vec<(u64, u64)>> {
        let load = self.preview.load;
        let mut counts: HashMap<String, (u64, u64)> = HashMap::new();
        for group in self.preview.breakdown(load.before(), "ALL", tag)?.groups {
            counts.entry(key_text(&group.key)).or_default().0 += group.count;
        }
        for group in self.preview.breakdown(load.after(), "ALL", tag)?.groups {
            counts.entry(key_text(&group.key)).or_default().1 += group.count;
        }
        let mut counts: Vec<(u64, u64)> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        if counts.len() > DRIFT_GROUPS_MAX {
            let rest = counts.split_off(DRIFT_GROUPS_MAX - 1);
            counts.push(rest.iter().fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1)));
        }
        Ok(counts)
    }

    /// By the quantiles of the numbers before, of those who have one.
    fn by_quantile(&self, tag: &Tag) -> Result<Vec<(u64, u64)>> {
        let load = self.preview.load;
        let mut bounds = self.preview.quantiles(tag, DRIFT_QUANTILES)?;
        bounds.dedup();
        let mut counts = Vec::new();
        let mut below = (0, 0);
        for bound in &bounds {
            let before = self.preview.count_up_to(load.before(), tag, bound)?;
            let up_to = (before, self.preview.count_up_to(load.after(), tag, bound)?);
            counts.push((up_to.0 - below.0, up_to.1 - below.1));
            below = up_to;
        }
        let all = format!("{} IS NOT MISSING", suggest::name(&tag.name));
        let all = (self.preview.count(load.before(), &all)?, self.preview.count(load.after(), &all)?);
        counts.push((all.0 - below.0, all.1 - below.1));
        Ok(counts)
    }
}

fn key_text(key: &GroupKey) -> String {
    format!("{key:?}")
}

/// See [`Questions::drift`].
fn stability_index(counts: &[(u64, u64)]) -> f64 {
    let all = counts.iter().fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
    let share = |count: u64, all: u64| (count as f64 / all.max(1) as f64).max(DRIFT_SHARE_MIN);
    let shares = counts.iter().map(|(before, after)| (share(*before, all.0), share(*after, all.1)));
    shares.map(|(before, after)| (after - before) * (after / before).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stability_index_is_that_of_the_book() {
        // By hand: (0.2 - 0.5) ln(0.2 / 0.5) + (0.8 - 0.5) ln(0.8 / 0.5).
        assert!((stability_index(&[(50, 20), (50, 80)]) - 0.415_888_308_335_967_2).abs() < 1e-12);
        assert_eq!(stability_index(&[(50, 100), (50, 100)]), 0.0);
        // Nobody has a logarithm: one in ten thousand stands for it.
        let gone = stability_index(&[(50, 0), (50, 100)]);
        let expected = (1e-4 - 0.5) * (1e-4f64 / 0.5).ln() + 0.5 * 2f64.ln();
        assert!((gone - expected).abs() < 1e-12, "{gone}");
    }

    #[test]
    fn shares_are_compared_exactly() {
        let third = Share(3_333);
        assert!(is_below(3_332, 10_000, third) && !is_below(3_333, 10_000, third));
        assert!(is_above(3_334, 10_000, third) && !is_above(3_333, 10_000, third));
        assert!(!is_below(u64::MAX, u64::MAX, Share(10_000)));
        assert!(!is_below(0, 0, Share(10_000)) && !is_above(0, 0, Share(0)));
    }
}
