//! The prompt: which entity type is asked.

use std::borrow::Cow;

use muster_language::visible::visible;
use reedline::{Color, Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus};

use super::highlight::Highlight;

/// Shows the entity type, if one was chosen.
pub(super) struct TypePrompt {
    left: String,
    highlight: Highlight,
}

impl TypePrompt {
    pub(super) fn new(entity_type: &str, highlight: Highlight) -> TypePrompt {
        let left = if entity_type.is_empty() { "muster" } else { entity_type };
        TypePrompt { left: visible(left).into_owned(), highlight }
    }
}

impl Prompt for TypePrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.left)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("... ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let found = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "nothing for ",
        };
        Cow::Owned(format!(" ({found}{}) ", search.term))
    }

    fn get_prompt_color(&self) -> Color {
        self.highlight.colour(Color::LightGreen)
    }

    fn get_prompt_multiline_color(&self) -> Color {
        self.highlight.colour(Color::LightBlue)
    }

    fn get_indicator_color(&self) -> Color {
        self.highlight.colour(Color::LightCyan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_plain_where_nobody_wants_colours() {
        for (is_plain, has_colour) in [(true, false), (false, true)] {
            let prompt = TypePrompt::new("", Highlight { is_plain });
            let colours =
                [prompt.get_prompt_color(), prompt.get_prompt_multiline_color(), prompt.get_indicator_color()];
            assert!(colours.into_iter().all(|colour| (colour != Color::Default) == has_colour), "{colours:?}");
        }
    }
}
