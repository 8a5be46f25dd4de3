//! The stored form of a saved audience, with ids instead of names, and back.
//!
//! It is a query in which `` `#12 city` `` is the tag or audience 12, which was called `city` when it was saved, `'#5'`
//! the value 5 of the tag beside it, `'=text'` a value that had no number when it was saved, and `` `=path`.* `` what
//! lies below a path. So renames of tags and values change nothing but what is printed. The name is read only when the
//! number leads to nothing any more, to say what was dropped; it may be missing (`` `#12` ``).

use std::borrow::Cow;

use muster_language::ast::{Expr, Name, Path, Span};
use muster_language::highlight::tokens;
use muster_language::{parse, print};

use super::context::PlanContext;
use super::fault;
use super::rename::{Names, rename, set_path, written};
use crate::catalog::{AudienceUse, TagKind};
use crate::error::{Error, Result};
use crate::ids::{AudienceId, TagId, TypeId, ValueId};

/// A query with ids instead of names, and what it names.
pub(super) fn with_ids<'a>(
    context: &'a dyn PlanContext,
    type_id: TypeId,
    mut expr: Expr,
    hints: Hints,
) -> Result<(String, ToIds<'a>)> {
    let mut names = ToIds { context, type_id, hints, tags_used: Vec::new(), audiences_used: Vec::new() };
    rename(&mut expr, &mut names)?;
    Ok((print(&expr), names))
}

/// The text of a stored audience with today's names. Errors: not found, when a tag, value or audience of it is gone.
pub fn today_text(context: &dyn PlanContext, type_id: TypeId, stored: &str) -> Result<String> {
    let mut expr = read_stored(stored)?;
    rename(&mut expr, &mut ToNames { context, type_id })?;
    Ok(print(&expr))
}

/// The same, with the last known names of what is gone: for people who look at an audience that cannot be asked any
/// more. Errors: corrupt.
pub fn last_known_text(context: &dyn PlanContext, type_id: TypeId, stored: &str) -> Result<String> {
    with_last_names(context, type_id, stored).map(|(text, _)| text)
}

/// The same text, and where the first thing stands in it that is gone; none where that cannot be found.
pub(super) fn dropped_place(context: &dyn PlanContext, type_id: TypeId, stored: &str) -> Option<(String, Span)> {
    let (text, dropped) = with_last_names(context, type_id, stored).ok()?;
    let name = written(&dropped?);
    let pieces = tokens(&text);
    let is_end = |end: u32| pieces.iter().any(|piece| piece.span.end == end);
    let place = pieces.iter().find_map(|piece| {
        let (start, end) = (piece.span.start, piece.span.start + name.len() as u32);
        (text[start as usize..].starts_with(&name) && is_end(end)).then_some(Span { start, end })
    })?;
    Some((text, place))
}

/// The text with the last known names, and the name of the first thing that is gone.
fn with_last_names(context: &dyn PlanContext, type_id: TypeId, stored: &str) -> Result<(String, Option<String>)> {
    let mut expr = read_stored(stored)?;
    let mut names = LastNames { known: ToNames { context, type_id }, dropped: None };
    rename(&mut expr, &mut names)?;
    Ok((print(&expr), names.dropped))
}

fn read_stored(stored: &str) -> Result<Expr> {
    match parse(stored) {
        Ok(parsed) => Ok(parsed.expr),
        Err(error) => Err(Error::corrupt(format!("a stored audience cannot be read: {error}"))),
    }
}

/// Puts the names of tags in the place of their labels.
pub(super) fn by_names(context: &dyn PlanContext, type_id: TypeId, expr: &mut Expr) -> Result<()> {
    rename(expr, &mut FromLabels { context, type_id })
}

/// Whether a stored audience remembers what its numbers were called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hints {
    Kept,
    LeftOut,
}

pub(super) struct ToIds<'a> {
    context: &'a dyn PlanContext,
    type_id: TypeId,
    hints: Hints,
    pub(super) tags_used: Vec<TagId>,
    pub(super) audiences_used: Vec<AudienceUse>,
}

impl ToIds<'_> {
    fn hint<'n>(&self, name: &'n str) -> Option<&'n str> {
        (self.hints == Hints::Kept).then_some(name)
    }
}

impl Names for ToIds<'_> {
    fn tag(&mut self, path: &mut Path) -> Result<Option<(TagId, TagKind)>> {
        let tag = self.context.catalog().require_tag(self.type_id, &path.dotted())?;
        self.tags_used.push(tag.id);
        set_number(path, tag.id.0, self.hint(&tag.name));
        Ok(Some((tag.id, tag.kind)))
    }

    fn below(&mut self, path: &mut Path) -> Result<()> {
        let catalog = self.context.catalog();
        let name = path.dotted().into_owned();
        match catalog.tag_named(self.type_id, &name) {
            Some(tag) if tag.kind == TagKind::Set => {
                self.tags_used.push(tag.id);
                set_number(path, tag.id.0, self.hint(&tag.name));
            }
            _ => {
                let flags = catalog.tags_below(self.type_id, &name).filter(|tag| tag.kind == TagKind::Flag);
                self.tags_used.extend(flags.map(|tag| tag.id));
                set_path(path, &format!("={name}"));
            }
        }
        Ok(())
    }

    fn audience(&mut self, path: &mut Path, version: Option<u64>) -> Result<()> {
        let catalog = self.context.catalog();
        let audience = catalog.require_audience(self.type_id, &path.dotted())?;
        self.audiences_used.push(AudienceUse { id: audience.id, version });
        set_number(path, audience.id.0, self.hint(&audience.name));
        Ok(())
    }

    fn value(&mut self, tag: TagId, text: &str) -> Result<Option<String>> {
        let written = match self.context.catalog().tag(tag) {
            Some(tag) => tag.value_written(text),
            None => text,
        };
        Ok(Some(match self.context.value_id(tag, written)? {
            Some(value) => format!("#{value}"),
            None => format!("={text}"),
        }))
    }
}

struct ToNames<'a> {
    context: &'a dyn PlanContext,
    type_id: TypeId,
}

impl Names for ToNames<'_> {
    fn tag(&mut self, path: &mut Path) -> Result<Option<(TagId, TagKind)>> {
        let id = TagId(number_in(path)?);
        let tag =
            self.context.catalog().tag(id).filter(|tag| tag.type_id == self.type_id).ok_or_else(|| {
                match hint_in(path) {
                    Some(name) => Error::not_found(format!("the tag `{name}` that it uses was dropped")),
                    None => Error::not_found("a tag that it uses was dropped"),
                }
            })?;
        set_path(path, &tag.name);
        Ok(Some((tag.id, tag.kind)))
    }

    fn below(&mut self, path: &mut Path) -> Result<()> {
        let name = path.dotted().into_owned();
        match name.strip_prefix('=') {
            Some(prefix) => set_path(path, prefix),
            None => {
                self.tag(path)?;
            }
        }
        Ok(())
    }

    fn audience(&mut self, path: &mut Path, _version: Option<u64>) -> Result<()> {
        let id = AudienceId(number_in(path)?);
        let audience = self.context.catalog().audience(id).ok_or_else(|| match hint_in(path) {
            Some(name) => Error::not_found(format!("the audience `@{name}` that it uses was dropped")),
            None => Error::not_found("an audience that it uses was dropped"),
        })?;
        set_path(path, &audience.name);
        Ok(())
    }

    fn value(&mut self, tag: TagId, text: &str) -> Result<Option<String>> {
        if let Some(written) = text.strip_prefix('=') {
            return Ok(Some(written.to_owned()));
        }
        let value = text
            .strip_prefix('#')
            .and_then(|number| number.parse().ok())
            .map(ValueId)
            .ok_or_else(|| Error::corrupt(format!("a stored audience has the value `{text}`")))?;
        let name = self.context.value_name(tag, value)?;
        name.map(Some).ok_or_else(|| Error::corrupt(format!("the value {value} of tag {tag} has no name")))
    }
}

/// What stands for something dropped whose name is not known any more.
const FORGOTTEN: &str = "(dropped)";

struct LastNames<'a> {
    known: ToNames<'a>,
    /// The first that is gone.
    dropped: Option<String>,
}

impl LastNames<'_> {
    fn name_dropped(&mut self, path: &mut Path) {
        let name = hint_in(path).unwrap_or(FORGOTTEN.into()).into_owned();
        set_path(path, &name);
        self.dropped.get_or_insert(name);
    }
}

impl Names for LastNames<'_> {
    fn tag(&mut self, path: &mut Path) -> Result<Option<(TagId, TagKind)>> {
        let id = TagId(number_in(path)?);
        match self.known.tag(path) {
            Err(_) => {
                self.name_dropped(path);
                // Its values have to be named too, if it had some: those of a number stand as they are.
                Ok(Some((id, TagKind::Choice)))
            }
            found => found,
        }
    }

    fn below(&mut self, path: &mut Path) -> Result<()> {
        if self.known.below(path).is_err() {
            self.name_dropped(path);
        }
        Ok(())
    }

    fn audience(&mut self, path: &mut Path, version: Option<u64>) -> Result<()> {
        if self.known.audience(path, version).is_err() {
            self.name_dropped(path);
        }
        Ok(())
    }

    fn value(&mut self, tag: TagId, text: &str) -> Result<Option<String>> {
        match self.known.value(tag, text) {
            Ok(name) => Ok(name),
            // A number of a value whose tag is gone, or a value of another kind of tag, which needs no name.
            Err(_) if text.starts_with('#') => Ok(Some(FORGOTTEN.to_owned())),
            Err(_) => Ok(None),
        }
    }
}

struct FromLabels<'a> {
    context: &'a dyn PlanContext,
    type_id: TypeId,
}

impl Names for FromLabels<'_> {
    fn tag(&mut self, path: &mut Path) -> Result<Option<(TagId, TagKind)>> {
        let found = self.context.catalog().tag_named(self.type_id, &path.dotted());
        let Some(tag) = found else {
            return Ok(None);
        };
        if tag.name != *path.dotted() {
            set_path(path, &tag.name);
        }
        Ok(Some((tag.id, tag.kind)))
    }

    fn below(&mut self, path: &mut Path) -> Result<()> {
        let found = self.context.catalog().tag_named(self.type_id, &path.dotted());
        if let Some(tag) = found.filter(|tag| tag.kind == TagKind::Set) {
            set_path(path, &tag.name);
        }
        Ok(())
    }

    fn audience(&mut self, _path: &mut Path, _version: Option<u64>) -> Result<()> {
        Ok(())
    }

    fn value(&mut self, _tag: TagId, _text: &str) -> Result<Option<String>> {
        Ok(None)
    }
}

fn set_number(path: &mut Path, number: u32, hint: Option<&str>) {
    let text = match hint {
        Some(name) => format!("#{number} {name}"),
        None => format!("#{number}"),
    };
    path.names = vec![Name { text, quoted: true, span: path.span }];
}

fn number_in(path: &Path) -> Result<u32> {
    let dotted = path.dotted();
    let number = dotted.strip_prefix('#').map(|rest| rest.split_once(' ').map_or(rest, |(number, _)| number));
    number.and_then(|number| number.parse().ok()).ok_or_else(|| {
        let code = fault::BROKEN_AUDIENCE;
        Error::corrupt(format!("{code}: a stored audience names `{dotted}`"))
    })
}

/// What was called by the number of a path when the audience was saved.
fn hint_in(path: &Path) -> Option<Cow<'_, str>> {
    match path.dotted() {
        Cow::Borrowed(text) => text.split_once(' ').map(|(_, name)| name.into()),
        Cow::Owned(text) => text.split_once(' ').map(|(_, name)| name.to_owned().into()),
    }
}
