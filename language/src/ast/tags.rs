//! The paths of a condition that can be nothing but tags.

use super::{Arith, Expr, ExprKind, Path, TermKind, ThresholdTerms};

impl Expr {
    /// The paths that must name tags (with a wildcard: what lies below), in the order they were written.
    ///
    /// A bare word on the right of a comparison is not among them: it may be a value.
    pub fn tag_paths(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        collect(self, &mut found);
        found
    }
}

fn collect<'e>(expr: &'e Expr, found: &mut Vec<&'e Path>) {
    match &expr.kind {
        ExprKind::Flag(path)
        | ExprKind::Missing { path, .. }
        | ExprKind::In { path, .. }
        | ExprKind::Between { path, .. }
        | ExprKind::Like { path, .. }
        | ExprKind::Has { path, .. }
        | ExprKind::Threshold { of: ThresholdTerms::Wildcard(path), .. } => found.push(path),
        ExprKind::Compare { left, right, .. } => {
            let before = found.len();
            collect_sum(left, found);
            if found.len() == before || right.as_path().is_none() {
                collect_sum(right, found);
            }
        }
        ExprKind::Threshold { of: ThresholdTerms::Terms(terms), .. }
        | ExprKind::And(terms)
        | ExprKind::Or(terms)
        | ExprKind::Except(terms) => terms.iter().for_each(|term| collect(term, found)),
        ExprKind::Not(inner) => collect(inner, found),
        ExprKind::All
        | ExprKind::None
        | ExprKind::Audience { .. }
        | ExprKind::Param(_)
        | ExprKind::Split { .. }
        | ExprKind::Sample { .. }
        | ExprKind::Ids(_) => {}
    }
}

fn collect_sum<'e>(sum: &'e Arith, found: &mut Vec<&'e Path>) {
    for term in &sum.terms {
        match &term.kind {
            TermKind::Path(path) | TermKind::Product { path, .. } | TermKind::Quotient { path, .. } => found.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn a_bare_word_behind_a_sign_may_be_a_value() {
        for (text, tags) in [
            ("a = b AND (c OR NOT d.*)", "a c d"),
            ("18 <= a", "a"),
            ("a + b < c", "a b"),
            ("a < b + c", "a b c"),
            ("a < b * 2", "a b"),
            ("a IN (x, y) EXCEPT @z EXCEPT b HAS c", "a b"),
            ("AT LEAST 1 OF (a, b LIKE 'x') AND EXACTLY 1 OF c.*", "a b c"),
        ] {
            let expr = parse(text).expect("a query").expr;
            let found: Vec<_> = expr.tag_paths().iter().map(|path| path.dotted().into_owned()).collect();
            assert_eq!(found.join(" "), tags, "{text}");
        }
    }
}
