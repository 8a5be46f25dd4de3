//! Bar charts inside tables, in eighths of a character.

/// How many characters the longest bar takes.
pub(crate) const BAR_CHARS: usize = 20;

/// Blocks from one eighth of a character to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar for a share from 0 to 1. Whatever is more than nothing shows at least one eighth.
pub(crate) fn bar(share: f64) -> String {
    if share.is_nan() || share <= 0.0 {
        return String::new();
    }
    let eighths = ((share.min(1.0) * (BAR_CHARS * 8) as f64).round() as usize).max(1);
    let mut bar = "█".repeat(eighths / 8);
    if let Some(index) = (eighths % 8).checked_sub(1) {
        bar.push(EIGHTHS[index]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_shares_are_large() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(0.000_001), "▏");
        assert_eq!(bar(0.5), "█".repeat(BAR_CHARS / 2));
        assert_eq!(bar(7.0), "█".repeat(BAR_CHARS));
        assert_eq!(bar(f64::NAN), "");
    }
}
