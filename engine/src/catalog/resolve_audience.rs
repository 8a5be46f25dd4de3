//! Resolving what is asked of saved audiences.

use std::collections::BTreeSet;

use crate::catalog::audience::{Audience, AudienceHead, AudienceUse, AudienceVersion};
use crate::catalog::change::AudienceSpec;
use crate::catalog::limits::{AUDIENCE_BYTES_MAX, AUDIENCE_USES_MAX, AUDIENCE_VERSIONS_MAX, AUDIENCES_MAX};
use crate::catalog::name::check_audience_name;
use crate::catalog::resolve::{check_text, check_unused, fresh};
use crate::catalog::{Catalog, CatalogRecord};
use crate::error::{Error, Result};
use crate::ids::{AudienceId, TypeId};

impl Catalog {
    pub(super) fn save_audience(&self, spec: &AudienceSpec) -> Result<CatalogRecord> {
        let type_id = self.require_type(&spec.type_name)?.id;
        let old = self.audience_named(type_id, &spec.name);
        let mut head = match old {
            Some(old) => old.head(),
            None => self.new_audience(type_id, spec)?,
        };
        set_words(&mut head, spec.description.as_deref(), spec.owner.as_deref())?;
        let new = self.new_version(type_id, head.id, old, spec)?;
        if old.is_some_and(|old| old.latest().selects_like(&new)) {
            return Ok(words_only(head));
        }
        let forgotten = match old {
            Some(old) => self.forgotten(old),
            None => Vec::new(),
        };
        Ok(CatalogRecord::PutAudience { head, version: Some(Box::new(new)), forgotten })
    }

    fn new_audience(&self, type_id: TypeId, spec: &AudienceSpec) -> Result<AudienceHead> {
        if self.0.audiences.len() >= AUDIENCES_MAX {
            return Err(Error::limit(format!("a space has at most {AUDIENCES_MAX} audiences")));
        }
        Ok(AudienceHead {
            id: AudienceId(fresh(self.0.next.audience)?),
            type_id,
            name: check_audience_name(&spec.name)?,
            description: String::new(),
            owner: String::new(),
            created_ms: spec.now_ms,
        })
    }

    fn new_version(
        &self,
        type_id: TypeId,
        id: AudienceId,
        old: Option<&Audience>,
        spec: &AudienceSpec,
    ) -> Result<AudienceVersion> {
        if spec.stored.len() > AUDIENCE_BYTES_MAX {
            return Err(Error::limit(format!(
                "the audience has {} bytes, at most {AUDIENCE_BYTES_MAX} are allowed",
                spec.stored.len()
            )));
        }
        if spec.tags_used.len().max(spec.audiences_used.len()) > AUDIENCE_USES_MAX {
            return Err(Error::limit(format!("the audience uses more than {AUDIENCE_USES_MAX} tags or audiences")));
        }
        let tags_used: BTreeSet<_> = spec.tags_used.iter().copied().collect();
        let audiences_used: BTreeSet<_> = spec.audiences_used.iter().copied().collect();
        for used in &audiences_used {
            self.check_use(type_id, id, *used)?;
        }
        Ok(AudienceVersion {
            version: old.map_or(1, |old| old.latest().version + 1),
            saved_ms: spec.now_ms,
            stored: spec.stored.clone(),
            tags_used: tags_used.into_iter().collect(),
            audiences_used: audiences_used.into_iter().collect(),
        })
    }

    /// What an audience uses exists, selects of the same type, and does not lead back to it.
    fn check_use(&self, type_id: TypeId, id: AudienceId, used: AudienceUse) -> Result<()> {
        let other = self
            .audience(used.id)
            .filter(|other| other.type_id == type_id)
            .ok_or_else(|| Error::not_found("save it again: an audience that it uses was dropped meanwhile"))?;
        if self.audience_version(used).is_none() {
            let number = used.version.unwrap_or(0);
            return Err(Error::not_found(format!(
                "audience `@{}` has no version {number}; its latest is {}",
                other.name,
                other.latest().version
            )));
        }
        let mut seen = BTreeSet::new();
        let mut open = vec![used];
        while let Some(next) = open.pop() {
            if next.id == id && next.version.is_none() {
                return Err(Error::conflict(format!("the audience would use itself through `@{}`", other.name)));
            }
            if seen.insert(next) {
                let version = self.audience_version(next);
                open.extend(version.into_iter().flat_map(|version| &version.audiences_used));
            }
        }
        Ok(())
    }

    /// The versions that go to make room for one more: the oldest that nobody pins.
    fn forgotten(&self, old: &Audience) -> Vec<u64> {
        let excess = (old.versions.len() + 1).saturating_sub(AUDIENCE_VERSIONS_MAX);
        if excess == 0 {
            return Vec::new();
        }
        let pinned: BTreeSet<u64> = self
            .audiences()
            .flat_map(|audience| &audience.versions)
            .flat_map(|version| &version.audiences_used)
            .filter(|used| used.id == old.id)
            .filter_map(|used| used.version)
            .collect();
        let numbers = old.versions.iter().map(|version| version.version);
        numbers.filter(|number| !pinned.contains(number)).take(excess).collect()
    }

    pub(super) fn change_audience(
        &self,
        type_name: &str,
        name: &str,
        description: Option<&str>,
        owner: Option<&str>,
    ) -> Result<CatalogRecord> {
        let type_id = self.require_type(type_name)?.id;
        let mut head = self.require_audience(type_id, name)?.head();
        set_words(&mut head, description, owner)?;
        Ok(words_only(head))
    }

    pub(super) fn rename_audience(&self, type_name: &str, name: &str, new_name: &str) -> Result<CatalogRecord> {
        let type_id = self.require_type(type_name)?.id;
        let mut head = self.require_audience(type_id, name)?.head();
        head.name = check_audience_name(new_name)?;
        let owner = self.audience_named(type_id, &head.name);
        if owner.is_some_and(|owner| owner.id != head.id) {
            return Err(Error::conflict(format!("audience `@{}` exists", head.name)));
        }
        Ok(words_only(head))
    }

    pub(super) fn drop_audience(&self, type_name: &str, name: &str, force: bool) -> Result<CatalogRecord> {
        let type_id = self.require_type(type_name)?.id;
        let dropped = self.require_audience(type_id, name)?;
        let users = self
            .audiences()
            .filter(|user| user.id != dropped.id)
            .filter(|user| user.latest().audiences_used.iter().any(|used| used.id == dropped.id))
            .map(|user| user.name.as_str());
        check_unused(&format!("audience `@{}`", dropped.name), users, force)?;
        Ok(CatalogRecord::DropAudience(dropped.id))
    }
}

fn set_words(head: &mut AudienceHead, description: Option<&str>, owner: Option<&str>) -> Result<()> {
    if let Some(description) = description {
        check_text("description", description)?;
        head.description = description.to_owned();
    }
    if let Some(owner) = owner {
        check_text("owner", owner)?;
        head.owner = owner.to_owned();
    }
    Ok(())
}

/// The record of an audience whose query stays.
fn words_only(head: AudienceHead) -> CatalogRecord {
    CatalogRecord::PutAudience { head, version: None, forgotten: Vec::new() }
}
