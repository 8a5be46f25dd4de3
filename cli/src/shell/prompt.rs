//! The prompt: which entity type is asked.

use std::borrow::Cow;

use muster_language::visible::visible;
use reedline::{Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus};

/// Shows the entity type, if one was chosen.
pub(super) struct TypePrompt {
    left: String,
}

impl TypePrompt {
    pub(super) fn new(entity_type: &str) -> TypePrompt {
        let left = if entity_type.is_empty() { "muster" } else { entity_type };
        TypePrompt { left: visible(left).into_owned() }
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
}
