//! The gates of a load: what must hold of a file, and of the tags that it fills, before anybody sees it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fmt::Write as _;

use muster_engine::catalog::TagKind;
use serde::{Deserialize, Deserializer};

use super::nfkc;
use super::print::{quote, quote_all};

/// How many flags one list of [`Gates::disjoint`] may have: each pair of them is counted.
const DISJOINT_FLAGS_MAX: usize = 32;

/// What must hold, by the names of tags where it is said of tags. Nothing is asked by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// So many rows are taken, at least.
    pub rows_min: u64,
    /// Of the entities that rows name so large a share gets the tag, at least.
    pub coverage_min: BTreeMap<String, Share>,
    /// No tag loses more than this share of those who had it.
    pub shrink_max: Option<Share>,
    /// The number of entities with the tag changes by no more than this share of what it was.
    pub change_max: BTreeMap<String, Share>,
    /// The population stability index of the tag against before is no more than this.
    pub drift_max: BTreeMap<String, Share>,
    /// Who is named has no other values of the choice or set.
    pub values: BTreeMap<String, Vec<String>>,
    /// Nobody has two flags of one of these lists.
    pub disjoint: Vec<Vec<String>>,
    /// A load that fails a gate says so in its notes and goes on.
    pub warn: bool,
}

/// A share or an index in ten-thousandths: `"12.5%"` and `0.125` are 1,250.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u32);

/// The largest share, a hundred times everything.
const SHARE_MAX: f64 = 100.0;

impl Share {
    /// The share as a number: 1 is everything.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// Reads `12.5%` or `0.125`. Errors: what is wrong, in words.
    pub fn parse(text: &str) -> Result<Share, String> {
        let wrong = || format!("give a share such as \"12.5%\" or 0.125, not {text:?}");
        let (number, whole) = match text.trim().strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 100.0),
            None => (text.trim(), 1.0),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(wrong());
        }
        let number: f64 = number.parse().map_err(|_| wrong())?;
        Share::of(number / whole).ok_or_else(wrong)
    }

    /// The share of a number: none beyond a hundred times everything, and for more than four digits behind the point.
    pub fn of(number: f64) -> Option<Share> {
        let steps = (number * 10_000.0).round();
        let is_exact = (number * 10_000.0 - steps).abs() < 1e-6;
        ((0.0..=SHARE_MAX).contains(&number) && is_exact).then_some(Share(steps as u32))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Share, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "give a share such as \"12.5%\" or 0.125")]
        enum Written {
            Text(String),
            Number(f64),
        }
        let read = match Written::deserialize(deserializer)? {
            Written::Text(text) => Share::parse(&text),
            Written::Number(number) => {
                Share::of(number).ok_or_else(|| format!("give a share such as \"12.5%\" or 0.125, not {number}"))
            }
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl Gates {
    /// Errors: a tag that no column sets, or whose kind the gate does not fit; words say which.
    pub(super) fn check(&self, kind_of: &dyn Fn(&str) -> Option<TagKind>) -> Result<(), String> {
        let tag = |gate: &str, name: &str| {
            let found = kind_of(name);
            found.ok_or_else(|| format!("strike {name:?} from gates.{gate}, or load it: no column sets this tag"))
        };
        for (gate, shares) in
            [("coverage_min", &self.coverage_min), ("change_max", &self.change_max), ("drift_max", &self.drift_max)]
        {
            shares.keys().try_for_each(|name| tag(gate, name).map(drop))?;
        }
        let is_whole = |share: &&Share| share.0 > 10_000;
        if let Some(share) = self.coverage_min.values().chain(&self.shrink_max).find(is_whole) {
            return Err(format!("give at most 100% in gates.coverage_min and gates.shrink_max, not {share}"));
        }
        for (name, values) in &self.values {
            if !matches!(tag("values", name)?, TagKind::Choice | TagKind::Set) {
                return Err(format!("strike {name:?} from gates.values: only a choice or a set has values"));
            }
            if values.is_empty() {
                return Err(format!("name the values that {name:?} may have in gates.values, or strike it"));
            }
        }
        self.disjoint.iter().try_for_each(|flags| check_flags(flags, &tag))
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Gates { warn: self.warn, ..Gates::default() }
    }

    pub(super) fn print_into(&self, out: &mut String) {
        if *self == Gates::default() {
            return;
        }
        out.push_str("\n[gates]\n");
        if self.rows_min > 0 {
            let _ = writeln!(out, "rows_min = {}", self.rows_min);
        }
        if let Some(share) = self.shrink_max {
            let _ = writeln!(out, "shrink_max = \"{share}\"");
        }
        for (name, shares) in
            [("coverage_min", &self.coverage_min), ("change_max", &self.change_max), ("drift_max", &self.drift_max)]
        {
            let shares: Vec<String> =
                shares.iter().map(|(tag, share)| format!("{} = \"{share}\"", quote(tag))).collect();
            if !shares.is_empty() {
                let _ = writeln!(out, "{name} = {{ {} }}", shares.join(", "));
            }
        }
        if !self.values.is_empty() {
            let values = self.values.iter().map(|(tag, values)| format!("{} = {}", quote(tag), quote_all(values)));
            let _ = writeln!(out, "values = {{ {} }}", values.collect::<Vec<_>>().join(", "));
        }
        if !self.disjoint.is_empty() {
            let lists: Vec<String> = self.disjoint.iter().map(|flags| quote_all(flags)).collect();
            let _ = writeln!(out, "disjoint = [{}]", lists.join(", "));
        }
        if self.warn {
            out.push_str("warn = true\n");
        }
    }
}

fn check_flags(flags: &[String], tag: &dyn Fn(&str, &str) -> Result<TagKind, String>) -> Result<(), String> {
    if !(2..=DISJOINT_FLAGS_MAX).contains(&flags.len()) {
        return Err(format!(
            "name 2 to {DISJOINT_FLAGS_MAX} flags in each list of gates.disjoint (DISJOINT_FLAGS_MAX), not {}",
            flags.len()
        ));
    }
    let mut seen = HashSet::new();
    for name in flags {
        if tag("disjoint", name)? != TagKind::Flag {
            return Err(format!("strike {name:?} from gates.disjoint: only flags stand there"));
        }
        if !seen.insert(nfkc(name)) {
            return Err(format!("strike {name:?} from gates.disjoint once: it stands there twice"));
        }
    }
    Ok(())
}
