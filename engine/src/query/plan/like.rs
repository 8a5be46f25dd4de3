//! LIKE: whole-value, case-sensitive; `%` any run, `_` one character, backslash takes the next character as it is.
//!
//! The matcher keeps one place to come back to, the last `%`: a run that failed behind an earlier `%` cannot succeed by
//! moving that one, so the time is at most the product of both lengths.

/// A pattern, taken apart once.
#[derive(Debug)]
pub(super) struct Pattern {
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Step {
    Run,
    AnyOne,
    One(char),
}

impl Pattern {
    /// The pattern in `text`. A backslash at the end stands for itself.
    pub(super) fn new(text: &str) -> Pattern {
        let mut steps = Vec::with_capacity(text.len());
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' if steps.last() == Some(&Step::Run) => {}
                '%' => steps.push(Step::Run),
                '_' => steps.push(Step::AnyOne),
                '\\' => steps.push(Step::One(characters.next().unwrap_or('\\'))),
                other => steps.push(Step::One(other)),
            }
        }
        Pattern { steps }
    }

    /// Whether the whole of `value` fits.
    pub(super) fn matches(&self, value: &str) -> bool {
        let mut step = 0;
        let mut rest = value;
        let mut resume: Option<(usize, &str)> = None;
        loop {
            let next = rest.chars().next();
            match (self.steps.get(step), next) {
                (Some(Step::Run), _) => {
                    resume = Some((step, rest));
                    step += 1;
                    continue;
                }
                (Some(Step::AnyOne), Some(character)) => {
                    rest = &rest[character.len_utf8()..];
                    step += 1;
                    continue;
                }
                (Some(Step::One(wanted)), Some(character)) if *wanted == character => {
                    rest = &rest[character.len_utf8()..];
                    step += 1;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            let Some((run, from)) = resume else {
                return false;
            };
            let Some(skipped) = from.chars().next() else {
                return false;
            };
            rest = &from[skipped.len_utf8()..];
            resume = Some((run, rest));
            step = run + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values() {
        let cases = [
            ("理财%", "理财产品", true),
            ("理财%", "不理财", false),
            ("%a%b", "xxaxxbxb", true),
            ("%a%b", "xxaxxbxbx", false),
            ("_", "女", true),
            ("_", "", false),
            ("__", "é", false),
            ("", "", true),
            ("%", "", true),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("a\\_c", "abc", false),
            ("a\\\\c", "a\\c", true),
            ("a\\", "a\\", true),
            ("A%", "abc", false),
            ("a%%c", "abc", true),
        ];
        for (pattern, value, expected) in cases {
            assert_eq!(Pattern::new(pattern).matches(value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn many_runs_do_not_explode() {
        let pattern = Pattern::new(&format!("{}b", "%a".repeat(100)));
        assert!(!pattern.matches(&"a".repeat(20_000)));
    }
}
