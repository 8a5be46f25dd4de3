//! From syntax to nodes: names become ids, words for time become numbers, and what the catalog does not allow is
//! refused.
//!
//! One file per kind of predicate. Every refusal carries the whole text corrected, when there is a likely correction.

mod arithmetic;
mod compare;
mod given;
mod linear;
mod names;
mod nested;
mod number;
mod points;
mod sets;
mod unfit;
mod values;
mod window;

use std::collections::HashMap;
use std::sync::Arc;

use muster_language::ast::{self, Expr, ExprKind, Span};
use muster_language::{code, suggest, warnings};

use super::arena::{Arena, ValuedTag};
use super::context::PlanContext;
use super::fault;
use super::moments::Clock;
use super::node::{NodeId, Split, Term, ThresholdMode};
use super::planned::{Condition, ConditionKind, MissingCheck, Warning};
use super::rename::written;
use super::request::QueryRequest;
use crate::catalog::{Catalog, Tag, TagKind};
use crate::error::{Error, Result};
use crate::ids::{AudienceId, TagId, TypeId};

/// The deepest nesting of conditions when every audience is put in its place.
pub(super) const EXPANDED_DEPTH_MAX: usize = 256;

/// The text that is being resolved: the query, or an audience that it names.
pub(super) struct Frame {
    /// Its place among the sources.
    pub source: u32,
    /// The text.
    pub text: Arc<str>,
    /// For an audience: where the query names it, and its name.
    pub audience: Option<(Span, String)>,
}

/// What holding a condition does to an entity in what the whole query selects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Whoever does not hold it may fall out.
    Keeps,
    /// Whoever holds it may fall out: below an odd number of NOT, behind EXCEPT, in AT MOST.
    Drops,
    /// Both, in EXACTLY.
    Both,
}

impl Effect {
    fn reversed(self) -> Effect {
        match self {
            Effect::Keeps => Effect::Drops,
            Effect::Drops => Effect::Keeps,
            Effect::Both => Effect::Both,
        }
    }

    /// The effect of a term of a threshold that has this effect.
    fn in_threshold(self, mode: ThresholdMode) -> Effect {
        match mode {
            ThresholdMode::AtLeast => self,
            ThresholdMode::AtMost => self.reversed(),
            ThresholdMode::Exactly => Effect::Both,
        }
    }
}

/// The state of resolving one query.
pub(super) struct Resolver<'a> {
    pub context: &'a dyn PlanContext,
    pub catalog: &'a Catalog,
    pub type_id: TypeId,
    pub request: &'a QueryRequest,
    pub arena: Arena<'a>,
    pub clock: Clock,
    pub frame: Frame,
    pub sources: Vec<Arc<str>>,
    pub warnings: Vec<Warning>,
    pub missing_checks: Vec<MissingCheck>,
    pub resolved: Vec<(String, String)>,
    /// Audiences that were expanded, by id and version.
    pub expanded: HashMap<(AudienceId, u64), NodeId>,
    /// Audiences whose text is being resolved just now.
    pub open: Vec<(AudienceId, u64)>,
    /// Whether a tag was written other than by its name: by its label, or in another spelling.
    pub is_renamed: bool,
    /// The audience whose new text this is.
    pub saving: Option<AudienceId>,
    /// What the condition that is being resolved does.
    effect: Effect,
    leaves: usize,
    depth: usize,
    /// How many values its patterns were compared with.
    compared: u64,
}

impl<'a> Resolver<'a> {
    /// A resolver for the query `text`. Errors: invalid, for an unknown zone; not found, for an unknown type.
    pub(super) fn new(
        context: &'a dyn PlanContext,
        type_id: TypeId,
        text: &str,
        request: &'a QueryRequest,
    ) -> Result<Resolver<'a>> {
        let catalog = context.catalog();
        let entity_type =
            catalog.entity_type(type_id).ok_or_else(|| Error::not_found("the entity type was dropped"))?;
        let text: Arc<str> = text.into();
        Ok(Resolver {
            context,
            catalog,
            type_id,
            request,
            arena: Arena::new(context, entity_type.population),
            clock: Clock::new(request.zone.as_deref(), request.now_unix_ms)?,
            frame: Frame { source: 0, text: text.clone(), audience: None },
            sources: vec![text],
            warnings: Vec::new(),
            missing_checks: Vec::new(),
            resolved: Vec::new(),
            expanded: HashMap::new(),
            open: Vec::new(),
            is_renamed: false,
            saving: None,
            effect: Effect::Keeps,
            leaves: 0,
            depth: 0,
            compared: 0,
        })
    }

    /// The condition that `expr` says.
    pub(super) fn condition(&mut self, expr: &Expr) -> Result<Condition> {
        self.depth += 1;
        if self.depth > EXPANDED_DEPTH_MAX {
            return Err(self.refuse(
                code::TOO_DEEP,
                expr.span,
                "nest fewer audiences",
                format!("with its audiences the query is deeper than {EXPANDED_DEPTH_MAX}"),
            ));
        }
        let condition = match &expr.kind {
            ExprKind::And(terms) => self.and(expr.span, terms),
            ExprKind::Or(terms) => self.or(expr.span, terms),
            ExprKind::Except(terms) => self.except(expr.span, terms),
            ExprKind::Not(inner) => self.not(expr.span, inner),
            ExprKind::Threshold { mode, count, of: ast::ThresholdTerms::Terms(terms) } => {
                self.threshold(expr.span, threshold_mode(*mode), *count, terms)
            }
            ExprKind::Audience { path, version } => self.audience(expr.span, path, *version),
            _ => {
                self.count_leaf(expr.span)?;
                let (node, tag) = self.leaf(expr)?;
                Ok(self.made(ConditionKind::Leaf, node, tag, expr.span, Vec::new()))
            }
        };
        self.depth -= 1;
        condition
    }

    fn count_leaf(&mut self, span: Span) -> Result<()> {
        self.leaves += 1;
        if self.leaves > muster_language::limits::LEAVES_MAX {
            return Err(self.refuse(
                code::TOO_MANY_LEAVES,
                span,
                "use fewer conditions",
                format!(
                    "with its audiences the query has more than {} conditions",
                    muster_language::limits::LEAVES_MAX
                ),
            ));
        }
        Ok(())
    }

    /// A condition without conditions inside, and the only tag it looks at.
    fn leaf(&mut self, expr: &Expr) -> Result<(NodeId, Option<TagId>)> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::All => Ok((self.arena.everyone(), None)),
            ExprKind::None => Ok((self.arena.nothing(), None)),
            ExprKind::Flag(path) => self.bare(path),
            ExprKind::Missing { path, negated } => self.missing(path, *negated),
            ExprKind::Compare { left, op, right } => {
                let found = self.compare(span, left, *op, right)?;
                self.warn_of_numbers(expr, found.1);
                Ok(found)
            }
            ExprKind::In { path, negated, source } => {
                let found = self.member(span, path, *negated, source)?;
                self.warn_of_numbers(expr, found.1);
                Ok(found)
            }
            ExprKind::Between { path, negated, low, high } => self.between(span, path, *negated, low, high),
            ExprKind::Like { path, negated, pattern } => self.like(span, path, *negated, pattern),
            ExprKind::Has { path, test } => self.has(span, path, test),
            ExprKind::Threshold { mode, count, of: ast::ThresholdTerms::Wildcard(path) } => {
                self.threshold_below(span, threshold_mode(*mode), *count, path)
            }
            ExprKind::Param(param) => Ok((self.given_bitmap(param)?, None)),
            ExprKind::Split { salt, from_bp, to_bp } => Ok((self.split(&salt.text, *from_bp, *to_bp), None)),
            ExprKind::Sample { bp, seed } => Ok((self.split(&format!("sample:{seed}"), 0, *bp), None)),
            ExprKind::Ids(keys) => Ok((self.given_keys(span, keys)?, None)),
            _ => Err(Error::internal("a condition with conditions inside is no leaf")),
        }
    }

    /// `age IN (25, 35)`, `age = 20-30`: what was read, where something else may have been meant.
    fn warn_of_numbers(&mut self, expr: &Expr, tag: Option<TagId>) {
        let is_number = tag
            .and_then(|tag| self.catalog.tag(tag))
            .is_some_and(|tag| matches!(tag.kind, TagKind::Int | TagKind::Decimal { .. }));
        if is_number && self.frame.audience.is_none() && self.warnings.len() < WARNINGS_MAX {
            let text = &self.frame.text;
            let found = warnings::glued_commas(text, expr)
                .or_else(|| warnings::two_numbers(text, expr))
                .or_else(|| warnings::difference(text, expr));
            self.warnings.extend(found.map(Warning::from));
        }
    }

    fn split(&mut self, salt: &str, from_bp: u32, to_bp: u32) -> NodeId {
        let buckets = u32::from(Split::BUCKETS);
        self.arena.split(Split {
            seed: Split::seed(salt),
            from: from_bp.min(buckets) as u16,
            to: to_bp.min(buckets) as u16,
        })
    }

    fn made(
        &self,
        kind: ConditionKind,
        node: NodeId,
        tag: Option<TagId>,
        span: Span,
        children: Vec<Condition>,
    ) -> Condition {
        Condition { kind, node, tag, span, source: self.frame.source, children }
    }

    fn conditions(&mut self, terms: &[Expr]) -> Result<Vec<Condition>> {
        // Collecting results would not know how many there are, and move them as the list grows.
        let mut conditions = Vec::with_capacity(terms.len());
        for term in terms {
            conditions.push(self.condition(term)?);
        }
        Ok(conditions)
    }

    fn and(&mut self, span: Span, terms: &[Expr]) -> Result<Condition> {
        let children = self.conditions(terms)?;
        let terms = children.iter().map(|child| Term { negated: false, node: child.node }).collect();
        let node = self.arena.and(terms);
        Ok(self.made(ConditionKind::And, node, None, span, children))
    }

    fn or(&mut self, span: Span, terms: &[Expr]) -> Result<Condition> {
        let before = self.missing_checks.len();
        let children = self.conditions(terms)?;
        // Who misses a tag is not left out where another term takes them in.
        for term in terms {
            if let ExprKind::Missing { path, negated: false } = &term.kind {
                let tag = self.tag(path)?.id;
                let mut place = 0;
                self.missing_checks.retain(|check| {
                    place += 1;
                    place <= before || check.tag != tag
                });
            }
        }
        if let Some(nobody) = terms.iter().find(|term| matches!(term.kind, ExprKind::None)) {
            let message = "NONE adds nobody; a value of that name is compared in quotes: = 'None'";
            self.warn(fault::EMPTY, nobody.span, message.to_owned());
        }
        let node = self.arena.or(children.iter().map(|child| child.node).collect());
        Ok(self.made(ConditionKind::Or, node, None, span, children))
    }

    fn except(&mut self, span: Span, terms: &[Expr]) -> Result<Condition> {
        let effect = self.effect;
        let mut children = Vec::with_capacity(terms.len());
        for term in terms {
            children.push(self.condition(term)?);
            self.effect = effect.reversed();
        }
        self.effect = effect;
        let terms =
            children.iter().enumerate().map(|(place, child)| Term { negated: place > 0, node: child.node }).collect();
        let node = self.arena.and(terms);
        Ok(self.made(ConditionKind::Except, node, None, span, children))
    }

    fn not(&mut self, span: Span, inner: &Expr) -> Result<Condition> {
        self.effect = self.effect.reversed();
        let child = self.condition(inner)?;
        self.effect = self.effect.reversed();
        let node = self.arena.not(child.node);
        Ok(self.made(ConditionKind::Not, node, None, span, vec![child]))
    }

    fn threshold(&mut self, span: Span, mode: ThresholdMode, k: u32, terms: &[Expr]) -> Result<Condition> {
        let effect = self.effect;
        self.effect = effect.in_threshold(mode);
        let children = self.conditions(terms)?;
        self.effect = effect;
        let nodes = children.iter().map(|child| child.node).collect();
        let node = self.arena.threshold(mode, k, nodes);
        Ok(self.made(ConditionKind::Threshold { mode, k }, node, None, span, children))
    }

    /// An error at `span` of the text that is being resolved.
    #[cold]
    pub(super) fn refuse(
        &self,
        code: &'static str,
        span: Span,
        remedy: impl Into<String>,
        detail: impl Into<String>,
    ) -> Error {
        self.refuse_with(code, span, remedy, detail, None)
    }

    /// The same, with the piece at a span replaced as the correction.
    #[cold]
    pub(super) fn refuse_with(
        &self,
        code: &'static str,
        span: Span,
        remedy: impl Into<String>,
        detail: impl Into<String>,
        replacement: Option<(Span, String)>,
    ) -> Error {
        if let Some((outer, name)) = &self.frame.audience {
            let detail = format!("in the audience @{name}: {}", detail.into());
            let error = match code {
                // The whole is too large, and no text by itself is at fault.
                code::TOO_DEEP | code::TOO_MANY_LEAVES => muster_language::Error::new(code, *outer, remedy, detail),
                _ => {
                    let remedy = format!("save `@{}` anew: {}", written(name), remedy.into());
                    muster_language::Error::new(code, *outer, remedy, detail).inside(&*self.frame.text, span)
                }
            };
            return Error::query(&*self.sources[0], error);
        }
        let error = muster_language::Error::new(code, span, remedy, detail);
        let error = match replacement {
            Some((place, with)) => error.suggest(suggest::replace(&self.frame.text, place, &with)),
            None => error,
        };
        Error::query(&*self.frame.text, error)
    }

    /// The same, with what may be meant by the piece at `span`, the likeliest first.
    #[cold]
    pub(super) fn refuse_among(&self, code: &'static str, span: Span, detail: String, meant: &[String]) -> Error {
        let Some((first, others)) = meant.split_first() else {
            return self.refuse(code, span, "write another condition", detail);
        };
        let refusal = |meant: &String| {
            let error = muster_language::Error::new(code, span, format!("write `{meant}`"), detail.clone());
            error.suggest(suggest::replace(&self.frame.text, span, meant))
        };
        if self.frame.audience.is_some() {
            return self.refuse(code, span, format!("write `{first}`"), detail);
        }
        let mut error = refusal(first);
        error.others = others.iter().map(refusal).collect();
        Error::query(&*self.frame.text, error)
    }

    /// Says something beside the answer; the same thing only once.
    pub(super) fn warn(&mut self, code: &'static str, span: Span, message: String) {
        let (span, message) = match &self.frame.audience {
            Some((outer, name)) => (*outer, format!("in the audience @{name}: {message}")),
            None => (span, message),
        };
        let is_known = self
            .warnings
            .iter()
            .any(|known| known.code == code && known.span == Some(span) && known.message == message);
        if !is_known && self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(Warning { code, message, span: Some(span), suggestion: None });
        }
    }

    /// Remembers that a negated form needs its tags present, where that leaves out those who miss one.
    pub(super) fn check_missing(&mut self, span: Span, tags: &[TagId]) {
        if self.effect != Effect::Keeps {
            return;
        }
        let form = span.of(&self.frame.text);
        for &tag in tags {
            if self.missing_checks.len() >= WARNINGS_MAX {
                return;
            }
            let Some(name) = self.catalog.tag(tag).map(|tag| written(&tag.name)) else {
                continue;
            };
            self.missing_checks.push(MissingCheck {
                tag,
                span: self.frame.audience.as_ref().map_or(span, |(outer, _)| *outer),
                keep: format!("({form} OR {name} IS MISSING)"),
            });
        }
    }

    pub(super) fn valued(tag: &Tag) -> ValuedTag {
        ValuedTag { tag: tag.id, disjoint: tag.kind == TagKind::Choice }
    }
}

/// The most warnings and missing checks of one query.
const WARNINGS_MAX: usize = 100;

fn threshold_mode(mode: ast::ThresholdMode) -> ThresholdMode {
    match mode {
        ast::ThresholdMode::AtLeast => ThresholdMode::AtLeast,
        ast::ThresholdMode::AtMost => ThresholdMode::AtMost,
        ast::ThresholdMode::Exactly => ThresholdMode::Exactly,
    }
}

/// `a flag`, `an int`.
pub(super) fn with_article(kind: TagKind) -> String {
    let article = if kind == TagKind::Int { "an" } else { "a" };
    format!("{article} {kind}")
}
