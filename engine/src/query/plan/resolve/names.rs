//! Paths: to tags, to the flags below them; bare ones, and those that are missing.

use muster_language::ast::{Path, Span};
use muster_language::{code, suggest};

use super::super::fault;
use super::super::node::{NodeId, Term, ThresholdMode};
use super::super::rename::written;
use super::{Resolver, with_article};
use crate::catalog::name::normalize_name;
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::TagId;

/// A shorter name is the beginning of too many.
const BEGUN_CHARS_MIN: usize = 3;

/// The most values of a set tag that a threshold counts.
const THRESHOLD_VALUES_MAX: usize = 10_000;

impl<'a> Resolver<'a> {
    /// The tag that `path` names. Errors: the nearest name, or the text with the words of the language set apart.
    pub(super) fn tag(&mut self, path: &Path) -> Result<&'a Tag> {
        let name = path.dotted();
        match self.catalog.tag_named(self.type_id, &name) {
            Some(tag) => {
                self.is_renamed |= tag.name != *name;
                Ok(tag)
            }
            None => Err(self.unknown_tag(path)),
        }
    }

    #[cold]
    fn unknown_tag(&self, path: &Path) -> Error {
        let name = path.dotted();
        let detail = format!("there is no tag `{name}`");
        let outside_audience = self.frame.audience.is_none();
        if let (true, Some(corrected)) = (outside_audience, suggest::suggest_split(&self.frame.text, path.span)) {
            let error = muster_language::Error::new(
                code::GLUED_WORD,
                path.span,
                "set spaces around the words of the language",
                detail,
            );
            return Error::query(&*self.frame.text, error.suggest(corrected));
        }
        if !path.wildcard
            && let Some(below) = self.catalog.tags_below(self.type_id, &name).next()
        {
            let remedy = format!("write `{}.*` for the flags below it", written(&name));
            let detail = format!("{detail}, but tags below it such as `{}`", below.name);
            let replacement = format!("{}.*", written(&name));
            return self.refuse_with(fault::UNKNOWN_TAG, path.span, remedy, detail, Some((path.span, replacement)));
        }
        let names = self.catalog.tag_names(self.type_id);
        // In other case it is the same name, before it is the beginning of another.
        let is_same = |known: &&str| known.to_lowercase() == normalize_name(&name).to_lowercase();
        let same = self.catalog.tag_names(self.type_id).find(is_same);
        let begun = same.or_else(|| self.only_name_that_begins(&normalize_name(&name)));
        match begun.or_else(|| suggest::nearest(&normalize_name(&name), names)) {
            Some(near) => self.refuse_with(
                fault::UNKNOWN_TAG,
                path.span,
                format!("did you mean `{}`?", written(near)),
                detail,
                Some((path.span, written(near))),
            ),
            None => self.refuse(
                fault::UNKNOWN_TAG,
                path.span,
                "use a tag that exists, or compare one with a value in quotes",
                detail,
            ),
        }
    }

    /// The only tag whose name goes on from `begun`.
    fn only_name_that_begins(&self, begun: &str) -> Option<&str> {
        if begun.chars().count() < BEGUN_CHARS_MIN {
            return None;
        }
        let goes_on = |name: &&str| name.starts_with(begun) && suggest::has_numbers_of(begun, name);
        let mut names = self.catalog.tag_names(self.type_id).filter(goes_on);
        match (names.next(), names.next()) {
            (Some(name), None) => Some(name),
            _ => None,
        }
    }

    /// A value behind a dot: `interests.ski`.
    fn value_below(&self, path: &Path) -> Option<Error> {
        let name = path.dotted();
        let (above, value) = name.rsplit_once('.')?;
        let tag = self.catalog.tag_named(self.type_id, above)?;
        let verb = match tag.kind {
            TagKind::Set => "HAS",
            TagKind::Choice => "=",
            _ => return None,
        };
        let fixed = format!("{} {verb} {}", written(&tag.name), suggest::quoted(value));
        Some(self.refuse_with(
            fault::UNKNOWN_TAG,
            path.span,
            format!("write `{fixed}`"),
            format!("there is no tag `{name}`; `{above}` is {}", with_article(tag.kind)),
            Some((path.span, fixed)),
        ))
    }

    /// A bare path: a flag, or the flags below a path.
    pub(super) fn bare(&mut self, path: &Path) -> Result<(NodeId, Option<TagId>)> {
        if path.wildcard {
            let flags = self.flags_below(path)?;
            return Ok((self.arena.or(flags), None));
        }
        if self.catalog.tag_named(self.type_id, &path.dotted()).is_none()
            && let Some(error) = self.value_below(path)
        {
            return Err(error);
        }
        let tag = match self.catalog.tag_named(self.type_id, &path.dotted()) {
            Some(_) => self.tag(path)?,
            None => {
                return Err(self
                    .glued_value(path)?
                    .or_else(|| self.opposite(path))
                    .unwrap_or_else(|| self.unknown_tag(path)));
            }
        };
        if tag.kind == TagKind::Flag {
            return Ok((self.arena.flag(tag.id), Some(tag.id)));
        }
        let name = written(&tag.name);
        let compared = match tag.kind {
            TagKind::Set => format!("{name} HAS 'value'"),
            TagKind::Choice => format!("{name} = 'value'"),
            _ => self.zero_or_one(tag).unwrap_or_else(|| format!("{name} > 0")),
        };
        let compared = match tag.kind {
            TagKind::Date | TagKind::Time => format!("{name} <= today"),
            _ => compared,
        };
        let present = format!("{name} IS NOT MISSING");
        let is_code = compared == format!("{name} = 1");
        let replacement = if is_code { compared.clone() } else { present.clone() };
        Err(self.refuse_with(
            fault::WRONG_KIND,
            path.span,
            format!("compare it: `{compared}`, or ask for it: `{present}`"),
            format!("`{}` is {}, only a flag can stand alone", tag.name, with_article(tag.kind)),
            Some((path.span, replacement)),
        ))
    }

    /// A bare name that is the negation of one tag: `没有孩子` beside `有孩子`.
    #[cold]
    fn opposite(&self, path: &Path) -> Option<Error> {
        let name = path.dotted();
        let mut tags = self.catalog.tags_of(self.type_id).filter(|tag| suggest::is_negation(&name, &tag.name));
        let (tag, None) = (tags.next()?, tags.next()) else {
            return None;
        };
        let fixed = match tag.kind {
            TagKind::Flag => format!("NOT {}", written(&tag.name)),
            _ => self.zero_or_one(tag)?.replace(" = ", " != "),
        };
        Some(self.refuse_with(
            fault::UNKNOWN_TAG,
            path.span,
            format!("did you mean `{fixed}`?"),
            format!("there is no tag `{name}`"),
            Some((path.span, fixed)),
        ))
    }

    /// A bare name that is a tag and one of its values without a sign between them: `性别女`.
    #[cold]
    fn glued_value(&self, path: &Path) -> Result<Option<Error>> {
        let name = path.dotted();
        let begins = |tag: &&Tag| matches!(tag.kind, TagKind::Choice | TagKind::Set) && name.starts_with(&tag.name);
        for tag in self.catalog.tags_of(self.type_id).filter(begins) {
            let value = name[tag.name.len()..].trim_start_matches(['_', '.', ' ']);
            let verb = if tag.kind == TagKind::Set { "HAS" } else { "=" };
            if !value.is_empty() && self.context.value_id(tag.id, tag.value_written(value))?.is_some() {
                let fixed = format!("{} {verb} {}", written(&tag.name), suggest::value(value));
                return Ok(Some(self.refuse_with(
                    fault::UNKNOWN_TAG,
                    path.span,
                    format!("did you mean `{fixed}`?"),
                    format!("there is no tag `{name}`"),
                    Some((path.span, fixed)),
                )));
            }
        }
        Ok(None)
    }

    /// The comparison that was meant by an int that stands alone, where its name asks a question: `is_canceled`.
    fn zero_or_one(&self, tag: &Tag) -> Option<String> {
        const WORDS: &[&str] = &["is", "has", "was", "did", "can"];
        let last = tag.name.rsplit('.').next().unwrap_or(&tag.name);
        let asks = last.split_once('_').is_some_and(|(word, _)| WORDS.contains(&word))
            || last.starts_with("是否")
            || last.starts_with("有无");
        (tag.kind == TagKind::Int && asks).then(|| format!("{} = 1", written(&tag.name)))
    }

    /// The flags below a path, at every depth.
    fn flags_below(&mut self, path: &Path) -> Result<Vec<NodeId>> {
        let name = path.dotted();
        let mut flags = Vec::new();
        let mut others = None;
        for tag in self.catalog.tags_below(self.type_id, &name) {
            match tag.kind {
                TagKind::Flag => flags.push(self.arena.flag(tag.id)),
                _ => others = Some(tag),
            }
        }
        if !flags.is_empty() {
            return Ok(flags);
        }
        if self.frame.audience.is_some() {
            self.warn(fault::EMPTY, path.span, format!("there are no flags below `{name}` any more"));
            return Ok(flags);
        }
        if let Some(other) = others {
            return Err(self.refuse(
                fault::WRONG_KIND,
                path.span,
                format!("compare `{}`", other.name),
                format!("below `{name}` there are no flags; `{}` is {}", other.name, with_article(other.kind)),
            ));
        }
        Err(self.no_path(path, &name))
    }

    #[cold]
    fn no_path(&self, path: &Path, name: &str) -> Error {
        if let Some(tag) = self.catalog.tag_named(self.type_id, name) {
            let replacement = match tag.kind {
                TagKind::Flag => written(&tag.name),
                _ => format!("{} IS NOT MISSING", written(&tag.name)),
            };
            return self.refuse_with(
                fault::UNKNOWN_TAG,
                path.span,
                format!("write `{replacement}`"),
                format!("`{name}` is {}, there is nothing below it", with_article(tag.kind)),
                Some((path.span, replacement)),
            );
        }
        let prefixes: Vec<&str> = self
            .catalog
            .tags_of(self.type_id)
            .flat_map(|tag| tag.name.match_indices('.').map(|(dot, _)| &tag.name[..dot]))
            .collect();
        let detail = format!("there are no tags below `{name}`");
        match suggest::nearest(&normalize_name(name), prefixes) {
            Some(near) => self.refuse_with(
                fault::UNKNOWN_TAG,
                path.span,
                format!("did you mean `{}.*`?", written(near)),
                detail,
                Some((path.span, format!("{}.*", written(near)))),
            ),
            None => self.refuse(fault::UNKNOWN_TAG, path.span, "use a path that has tags below it", detail),
        }
    }

    /// `path IS [NOT] MISSING`.
    pub(super) fn missing(&mut self, path: &Path, negated: bool) -> Result<(NodeId, Option<TagId>)> {
        let tag = self.tag(path)?;
        let present = match tag.kind {
            TagKind::Flag => self.arena.flag(tag.id),
            _ => self.arena.present(tag.id),
        };
        let node = if negated { present } else { self.arena.not(present) };
        Ok((node, Some(tag.id)))
    }

    /// A threshold over the flags below a path, or over the values of a set tag.
    pub(super) fn threshold_below(
        &mut self,
        span: Span,
        mode: ThresholdMode,
        k: u32,
        path: &Path,
    ) -> Result<(NodeId, Option<TagId>)> {
        let name = path.dotted();
        let set = self.catalog.tag_named(self.type_id, &name).filter(|tag| tag.kind == TagKind::Set);
        let (nodes, tag): (Vec<NodeId>, _) = match set {
            Some(tag) => {
                self.is_renamed |= tag.name != *name;
                let values = self.context.values(tag.id, self.request.memory_bytes_max, &self.request.stop)?;
                if values.len() > THRESHOLD_VALUES_MAX {
                    return Err(self.refuse(
                        code::TOO_MANY_LEAVES,
                        path.span,
                        "list the values that count",
                        format!("`{name}` has {} values, at most {THRESHOLD_VALUES_MAX} can be counted", values.len()),
                    ));
                }
                let valued = Self::valued(tag);
                let nodes = values.iter().map(|(value, _)| self.arena.value(valued, *value)).collect();
                (nodes, Some(tag.id))
            }
            None => (self.flags_below(path)?, None),
        };
        if k as usize > nodes.len() {
            self.warn(code::BAD_THRESHOLD, span, format!("`{name}.*` has {} terms only, fewer than {k}", nodes.len()));
        }
        Ok((self.arena.threshold(mode, k, nodes), tag))
    }

    /// `inner` among those who have all of `tags`, or the others among them.
    pub(super) fn within_present(&mut self, tags: &[TagId], inner: NodeId, negated: bool) -> NodeId {
        let mut terms: Vec<Term> =
            tags.iter().map(|&tag| Term { negated: false, node: self.arena.present(tag) }).collect();
        terms.push(Term { negated, node: inner });
        self.arena.and(terms)
    }

    /// The bitmap of a flag as a node, or everyone outside it.
    pub(super) fn flag_truth(&mut self, tag: TagId, truth: bool) -> NodeId {
        let flag = self.arena.flag(tag);
        if truth { flag } else { self.arena.not(flag) }
    }
}
