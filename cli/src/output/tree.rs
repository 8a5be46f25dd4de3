//! Tree drawing: conditions below each other, as lines of a tree.

/// What stands before each of some texts that follow each other parents before children, given how deep each is.
pub(crate) fn branches(depths: &[u32]) -> Vec<String> {
    (0..depths.len()).map(|index| branch(depths, index)).collect()
}

fn branch(depths: &[u32], index: usize) -> String {
    let depth = depths[index];
    let mut branch = String::new();
    for level in 1..=depth {
        // A level goes on if a later line stands on it before any line above it.
        let goes_on = depths[index + 1..].iter().find(|later| **later <= level).is_some_and(|later| *later == level);
        branch.push_str(match (level == depth, goes_on) {
            (true, true) => "├─ ",
            (true, false) => "└─ ",
            (false, true) => "│  ",
            (false, false) => "   ",
        });
    }
    branch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_shows_who_is_below_whom() {
        assert_eq!(branches(&[0, 1, 2, 2, 1]), ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ "]);
        assert_eq!(branches(&[0]), [""]);
    }
}
