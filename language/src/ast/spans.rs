//! A tree without its places: two texts that say the same compare equal.

use super::{Arith, Expr, ExprKind, HasTest, InSource, Path, Span, TermKind, ThresholdTerms, ValueList, Window};

impl Expr {
    /// The same tree with every span empty.
    pub fn without_spans(mut self) -> Expr {
        clear(&mut self);
        self
    }
}

fn clear(expr: &mut Expr) {
    expr.span = Span::default();
    match &mut expr.kind {
        ExprKind::All | ExprKind::None | ExprKind::Sample { .. } => {}
        ExprKind::Flag(path) | ExprKind::Missing { path, .. } | ExprKind::Audience { path, .. } => {
            clear_path(path);
        }
        ExprKind::Compare { left, right, .. } => {
            clear_arith(left);
            clear_arith(right);
        }
        ExprKind::In { path, source, .. } => {
            clear_path(path);
            clear_source(source);
        }
        ExprKind::Between { path, low, high, .. } => {
            clear_path(path);
            clear_arith(low);
            clear_arith(high);
        }
        ExprKind::Like { path, pattern, .. } => {
            clear_path(path);
            pattern.span = Span::default();
        }
        ExprKind::Has { path, test } => {
            clear_path(path);
            clear_test(test);
        }
        ExprKind::Threshold { of: ThresholdTerms::Wildcard(path), .. } => clear_path(path),
        ExprKind::Param(param) => param.span = Span::default(),
        ExprKind::Split { salt, .. } => salt.span = Span::default(),
        ExprKind::Ids(keys) => clear_list(keys),
        ExprKind::Threshold { of: ThresholdTerms::Terms(terms), .. }
        | ExprKind::And(terms)
        | ExprKind::Or(terms)
        | ExprKind::Except(terms) => terms.iter_mut().for_each(clear),
        ExprKind::Not(inner) => clear(inner),
    }
}

fn clear_path(path: &mut Path) {
    path.span = Span::default();
    for name in &mut path.names {
        name.span = Span::default();
    }
}

fn clear_arith(arith: &mut Arith) {
    arith.span = Span::default();
    for term in &mut arith.terms {
        term.span = Span::default();
        match &mut term.kind {
            TermKind::Path(path) | TermKind::Product { path, .. } | TermKind::Quotient { path, .. } => clear_path(path),
            TermKind::Param(param) => param.span = Span::default(),
            _ => {}
        }
    }
}

fn clear_source(source: &mut InSource) {
    match source {
        InSource::Values(values) => clear_list(values),
        InSource::Interval { low, high, .. } => {
            clear_arith(low);
            clear_arith(high);
        }
        InSource::Window(Window::Last { ending: Some(day), .. } | Window::Since(day)) => {
            clear_arith(day);
        }
        InSource::Window(Window::Last { ending: None, .. } | Window::Previous { .. }) => {}
    }
}

fn clear_test(test: &mut HasTest) {
    match test {
        HasTest::One(value) => value.span = Span::default(),
        HasTest::Like(pattern) => pattern.span = Span::default(),
        HasTest::Any(values) | HasTest::All(values) | HasTest::None(values) | HasTest::AtLeast { values, .. } => {
            clear_list(values)
        }
    }
}

fn clear_list(list: &mut ValueList) {
    match list {
        ValueList::Values(values) => {
            for value in values {
                value.span = Span::default();
            }
        }
        ValueList::Param(param) => param.span = Span::default(),
    }
}
