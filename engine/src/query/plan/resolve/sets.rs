//! HAS: what is asked of a set tag.

use muster_language::ast::{HasTest, Literal, Path, Span, ValueList};
use muster_language::suggest;

use super::super::fault;
use super::super::node::{NodeId, ThresholdMode};
use super::super::rename::written;
use super::{Resolver, with_article};
use crate::catalog::{Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::TagId;

impl Resolver<'_> {
    /// `path HAS ...`.
    pub(super) fn has(&mut self, span: Span, path: &Path, test: &HasTest) -> Result<(NodeId, Option<TagId>)> {
        let tag = self.tag(path)?;
        if tag.kind != TagKind::Set {
            return Err(self.not_a_set(span, tag, test));
        }
        let node = match test {
            HasTest::One(literal) => self.value_node(tag, &literal.text(), literal.span)?,
            HasTest::Any(list) => self.any_value(tag, list)?,
            HasTest::All(list) => {
                let nodes = self.value_nodes(tag, list)?;
                self.arena.all(&nodes)
            }
            HasTest::None(list) => {
                let any = self.any_value(tag, list)?;
                self.check_missing(span, &[tag.id]);
                self.within_present(&[tag.id], any, true)
            }
            HasTest::Like(pattern) => self.like_node(tag, pattern)?,
            HasTest::AtLeast { count, values } => {
                let nodes = self.value_nodes(tag, values)?;
                self.arena.threshold(ThresholdMode::AtLeast, *count, nodes)
            }
        };
        Ok((node, Some(tag.id)))
    }

    #[cold]
    fn not_a_set(&self, span: Span, tag: &Tag, test: &HasTest) -> Error {
        let name = written(&tag.name);
        let detail = format!("`{}` is {}, HAS asks a set", tag.name, with_article(tag.kind));
        if let (TagKind::Choice, HasTest::One(literal)) = (tag.kind, test) {
            // `country CONTAINS 'EU'` is one value, or a piece of several.
            let meant = [format!("{name} = {}", quoted(literal)), format!("{name} LIKE {}", containing(literal))];
            return self.refuse_among(fault::WRONG_KIND, span, detail, &meant);
        }
        if let (TagKind::Choice, HasTest::None(ValueList::Values(values))) = (tag.kind, test)
            && let [literal] = values.as_slice()
        {
            let meant =
                [format!("{name} NOT IN ({})", quoted(literal)), format!("{name} NOT LIKE {}", containing(literal))];
            return self.refuse_among(fault::WRONG_KIND, span, detail, &meant);
        }
        let fixed = match (tag.kind, test) {
            (TagKind::Choice, HasTest::Like(pattern)) => {
                Some(format!("{name} LIKE {}", suggest::quoted(&pattern.text)))
            }
            (TagKind::Choice, HasTest::None(list)) => Some(format!("{name} NOT IN {}", Self::shown_list(list))),
            (TagKind::Choice, HasTest::Any(list)) => Some(format!("{name} IN {}", Self::shown_list(list))),
            (TagKind::Flag | TagKind::Choice, _) => None,
            (_, HasTest::One(literal)) => Some(format!("{name} = {}", literal.text())),
            (_, HasTest::None(list)) => Some(format!("{name} NOT IN {}", plain(list))),
            (_, HasTest::Any(list)) => Some(format!("{name} IN {}", plain(list))),
            _ => None,
        };
        let remedy = match &fixed {
            Some(fixed) => format!("write `{fixed}`"),
            None => format!("compare `{name}`, or list its values with IN"),
        };
        self.refuse_with(fault::WRONG_KIND, span, remedy, detail, fixed.map(|fixed| (span, fixed)))
    }
}

/// The pattern of the values that contain a text.
fn containing(literal: &Literal) -> String {
    let piece = literal.text().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    suggest::quoted(&format!("%{piece}%"))
}

fn quoted(literal: &Literal) -> String {
    suggest::quoted(&literal.text())
}

/// A list beside a number tag, whose values stand without quotes.
fn plain(list: &ValueList) -> String {
    match list {
        ValueList::Param(param) => format!("${}", param.name),
        ValueList::Values(values) => {
            let texts: Vec<_> = values.iter().map(Literal::text).collect();
            format!("({})", texts.join(", "))
        }
    }
}
