//! HAS: what is asked of a set tag.

use muster_language::ast::{HasTest, Literal, Path, Span, ValueList};
use muster_language::suggest;

use super::super::fault;
use super::super::node::{NodeId, ThresholdMode};
use super::{Resolver, with_article, written};
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
        let fixed = match (tag.kind, test) {
            (TagKind::Flag, _) => name,
            (TagKind::Choice, HasTest::One(literal)) => format!("{name} = {}", quoted(literal)),
            (TagKind::Choice, HasTest::Like(pattern)) => {
                format!("{name} LIKE {}", suggest::quoted(&pattern.text))
            }
            (TagKind::Choice, HasTest::None(list)) => {
                format!("{name} NOT IN {}", Self::shown_list(list))
            }
            (TagKind::Choice, HasTest::Any(list) | HasTest::All(list) | HasTest::AtLeast { values: list, .. }) => {
                format!("{name} IN {}", Self::shown_list(list))
            }
            (_, HasTest::One(literal)) => format!("{name} = {}", literal.text()),
            (_, HasTest::None(ValueList::Values(values))) => {
                format!("{name} NOT IN ({})", plain(values))
            }
            (
                _,
                HasTest::Any(ValueList::Values(values))
                | HasTest::All(ValueList::Values(values))
                | HasTest::AtLeast { values: ValueList::Values(values), .. },
            ) => format!("{name} IN ({})", plain(values)),
            _ => format!("{name} IS NOT MISSING"),
        };
        self.refuse_with(
            fault::WRONG_KIND,
            span,
            format!("write `{fixed}`"),
            format!("`{}` is {}, HAS asks a set", tag.name, with_article(tag.kind)),
            Some((span, fixed)),
        )
    }
}

fn quoted(literal: &Literal) -> String {
    suggest::quoted(&literal.text())
}

fn plain(values: &[Literal]) -> String {
    let texts: Vec<_> = values.iter().map(Literal::text).collect();
    texts.join(", ")
}
