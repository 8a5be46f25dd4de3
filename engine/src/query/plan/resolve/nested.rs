//! `@name`: a saved audience in the place of its name.

use muster_language::ast::{Path, Span};
use muster_language::{parse, suggest};

use super::super::fault;
use super::super::planned::{Condition, ConditionKind};
use super::super::rename::written;
use super::super::stored::{dropped_place, today_text};
use super::{Frame, Resolver};
use crate::catalog::{Audience, AudienceVersion};
use crate::error::{Error, Result};

impl<'a> Resolver<'a> {
    /// `@path` or `@path:v12`. The same version is resolved once.
    pub(super) fn audience(&mut self, span: Span, path: &Path, pinned: Option<u64>) -> Result<Condition> {
        let (audience, version) = self.find_audience(span, path, pinned)?;
        let key = (audience.id, version.version);
        let kind = ConditionKind::Audience { version: version.version };
        if let Some(&node) = self.expanded.get(&key) {
            return Ok(self.made(kind, node, None, span, Vec::new()));
        }
        let is_saved_now = pinned.is_none() && self.saving == Some(audience.id);
        if is_saved_now || self.open.contains(&key) {
            return Err(self.refuse(
                fault::CYCLE,
                span,
                "leave it out, or pin an older version: @name:v1",
                format!("the audience @{} names itself, through others or directly", audience.name),
            ));
        }
        let child = self.expand(span, audience, version)?;
        let node = child.node;
        self.expanded.insert(key, node);
        Ok(self.made(kind, node, None, span, vec![child]))
    }

    fn find_audience(
        &self,
        span: Span,
        path: &Path,
        pinned: Option<u64>,
    ) -> Result<(&'a Audience, &'a AudienceVersion)> {
        let name = path.dotted();
        let Some(audience) = self.catalog.audience_named(self.type_id, &name) else {
            return Err(self.unknown_audience(path, &name));
        };
        let Some(number) = pinned else {
            return Ok((audience, audience.latest()));
        };
        match audience.version(number) {
            Some(version) => Ok((audience, version)),
            None => {
                let latest = audience.latest().version;
                let fixed = format!("@{}:v{latest}", written(&audience.name));
                Err(self.refuse_with(
                    fault::UNKNOWN_AUDIENCE,
                    span,
                    format!("its latest version is `{fixed}`"),
                    format!("the audience `{name}` has no version {number}, or keeps it no longer"),
                    Some((span, fixed)),
                ))
            }
        }
    }

    #[cold]
    fn unknown_audience(&self, path: &Path, name: &str) -> Error {
        let detail = format!("there is no audience `{name}`");
        let names = self.catalog.audience_names(self.type_id);
        match suggest::nearest(name, names) {
            Some(near) => self.refuse_with(
                fault::UNKNOWN_AUDIENCE,
                path.span,
                format!("did you mean `@{}`?", written(near)),
                detail,
                Some((path.span, written(near))),
            ),
            None => {
                self.refuse(fault::UNKNOWN_AUDIENCE, path.span, "use an audience that exists, or save it first", detail)
            }
        }
    }

    /// The query of an audience, with today's names.
    fn expand(&mut self, span: Span, audience: &'a Audience, version: &'a AudienceVersion) -> Result<Condition> {
        let text = match today_text(self.context, self.type_id, &version.stored) {
            Ok(text) => text,
            Err(error) => {
                let place = dropped_place(self.context, self.type_id, &version.stored);
                return Err(self.broken(span, audience, error.message(), place));
            }
        };
        let parsed = match parse(&text) {
            Ok(parsed) => parsed,
            Err(error) => return Err(self.broken(span, audience, &error.to_string(), Some((text, error.span)))),
        };
        let text: std::sync::Arc<str> = text.into();
        let outer = match &self.frame.audience {
            Some((outer, _)) => *outer,
            None => span,
        };
        let frame = Frame {
            source: self.sources.len() as u32,
            text: text.clone(),
            audience: Some((outer, audience.name.clone())),
        };
        self.sources.push(text);
        self.open.push((audience.id, version.version));
        let before = std::mem::replace(&mut self.frame, frame);
        let condition = self.condition(&parsed.expr)?;
        self.frame = before;
        self.open.pop();
        Ok(condition)
    }
    /// The text of an audience cannot be asked any more, because of what stands at `place` of it.
    #[cold]
    fn broken(&self, span: Span, audience: &Audience, reason: &str, place: Option<(String, Span)>) -> Error {
        let outer = self.frame.audience.as_ref().map_or(span, |(outer, _)| *outer);
        let name = written(&audience.name);
        let (remedy, detail) =
            (format!("save the audience `@{name}` anew"), format!("in the audience @{name}: {reason}"));
        let error = muster_language::Error::new(fault::BROKEN_AUDIENCE, outer, remedy, detail);
        let error = match place {
            Some((text, span)) => error.inside(text, span),
            None => error,
        };
        Error::query(&*self.sources[0], error)
    }
}
