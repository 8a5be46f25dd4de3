//! Completion of commands, words, tags and values, by where the cursor stands.

use muster_client::Words;
use muster_client::v1::TagKind;
use muster_language::highlight::{PieceKind, tokens};
use muster_language::suggest;
use muster_language::visible::is_acted_upon;
use muster_language::words::WORDS;
use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::names::{Catalog, Names};
use super::words;

/// Completes with the names of a store.
pub(super) struct Complete {
    names: Names,
}

impl Complete {
    pub(super) fn new(names: Names) -> Complete {
        Complete { names }
    }
}

impl Completer for Complete {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let Some(before) = line.get(..pos) else { return CompletionResult::fresh(Vec::new()) };
        let catalog = self.names.catalog();
        let place = place(before, &catalog);
        let found = match &place.what {
            What::Command => words::all().map(|word| (format!("\\{word}"), String::new())).collect(),
            What::Type => catalog.types.iter().map(|name| (name.clone(), String::new())).collect(),
            What::Audience => catalog.audiences.iter().map(|name| (format!("@{name}"), String::new())).collect(),
            What::Tag => tags(&catalog),
            What::Value(tag) => {
                let values = self.names.values(tag, place.typed.trim_start_matches(['\'', '"']));
                return offer(&place, values.into_iter().map(|value| (suggest::value(&value), tag.clone())), true);
            }
            What::Condition => tags(&catalog).into_iter().chain(language_words(place.typed)).collect::<Vec<_>>(),
        };
        offer(&place, found.into_iter(), false)
    }
}

/// What may stand at the cursor.
#[derive(Debug, PartialEq, Eq)]
enum What {
    Command,
    Type,
    Audience,
    Tag,
    /// A value of this tag.
    Value(String),
    /// A tag or a word.
    Condition,
}

/// Where the cursor stands.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    what: What,
    /// What has been typed of it.
    typed: &'a str,
    start: usize,
}

fn place<'a>(before: &'a str, catalog: &Catalog) -> Place<'a> {
    let start = before
        .char_indices()
        .rev()
        .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
        .map_or(0, |(index, c)| if matches!(c, '@' | '\\' | '\'' | '"') { index } else { index + c.len_utf8() });
    let typed = &before[start..];
    let earlier = &before[..start];
    let what = if earlier.trim().is_empty() && typed.starts_with('\\') {
        What::Command
    } else if typed.starts_with('@') {
        What::Audience
    } else {
        let word = earlier.trim_start().strip_prefix('\\').map(|rest| rest.trim_end());
        match word {
            Some("use") => What::Type,
            Some("stats" | "breakdown" | "tag show") => What::Tag,
            _ => match compared_tag(earlier, catalog) {
                Some(tag) => What::Value(tag),
                None => What::Condition,
            },
        }
    };
    Place { what, typed, start }
}

/// The choice or set tag whose value comes next: the last tag before the cursor, with a comparison behind it.
fn compared_tag(text: &str, catalog: &Catalog) -> Option<String> {
    let pieces = tokens(text);
    let mut compared = false;
    for piece in pieces.iter().rev() {
        let spelled = piece.span.of(text);
        match piece.kind {
            PieceKind::Word => match spelled.to_uppercase().as_str() {
                "IN" | "HAS" | "ANY" | "ALL" | "NONE" | "属于" | "不属于" | "包含" | "包含任一" | "包含全部"
                | "不包含" => compared = true,
                "NOT" if compared => {}
                _ => return None,
            },
            PieceKind::Sign => match spelled {
                "=" | "!=" | "<>" | "＝" | "≠" => compared = true,
                "(" | "," | "（" | "，" | "、" | "." => {}
                _ => return None,
            },
            PieceKind::Name if compared => {
                let end = piece.span.end as usize;
                let name = dotted_before(text, end);
                let tag =
                    catalog.tags.iter().find(|tag| tag.name == name || !tag.label.is_empty() && tag.label == name)?;
                return matches!(tag.kind(), TagKind::Choice | TagKind::Set).then(|| tag.name.clone());
            }
            PieceKind::Name | PieceKind::Text | PieceKind::Number => {}
            PieceKind::Param | PieceKind::Audience | PieceKind::Comment | PieceKind::Error => return None,
        }
    }
    None
}

/// The dotted name that ends at `end`.
fn dotted_before(text: &str, end: usize) -> String {
    let start = text[..end]
        .char_indices()
        .rev()
        .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '`')))
        .map_or(0, |(index, c)| index + c.len_utf8());
    text[start..end].replace('`', "")
}

fn tags(catalog: &Catalog) -> Vec<(String, String)> {
    let path = |name: &str| name.split('.').map(suggest::name).collect::<Vec<_>>().join(".");
    let mut found = Vec::new();
    for tag in &catalog.tags {
        found.push((path(&tag.name), tag.kind().word().to_owned()));
        if !tag.label.is_empty() {
            found.push((path(&tag.label), format!("is {}", tag.name)));
        }
    }
    found
}

/// The words of the language, in the case in which the first letter was typed.
fn language_words(typed: &str) -> impl Iterator<Item = (String, String)> {
    let in_lower_case = typed.starts_with(|c: char| c.is_ascii_lowercase());
    WORDS
        .iter()
        .filter(|(word, _)| word.chars().count() > 1)
        .map(move |(word, _)| (if in_lower_case { word.to_lowercase() } else { (*word).to_owned() }, String::new()))
}

fn offer(place: &Place<'_>, found: impl Iterator<Item = (String, String)>, as_values: bool) -> CompletionResult {
    let typed = place.typed.trim_start_matches(['\'', '"', '`']).to_lowercase();
    // After nothing every word of the language could stand: that helps nobody.
    let is_bare = typed.is_empty() && place.what == What::Condition;
    let suggestions: Vec<Suggestion> = found
        .filter(|(text, description)| {
            let begins = text.trim_start_matches(['\'', '"', '`']).to_lowercase().starts_with(&typed);
            // What cannot be shown as it is would be taken for something else.
            let is_shown = !text.contains(is_acted_upon) && !description.contains(is_acted_upon);
            is_shown && (as_values || begins) && !(is_bare && description.is_empty())
        })
        .map(|(value, description)| Suggestion {
            value,
            description: (!description.is_empty()).then_some(description),
            span: Span::new(place.start, place.start + place.typed.len()),
            append_whitespace: true,
            ..Suggestion::default()
        })
        .collect();
    CompletionResult::fresh(suggestions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_client::v1::Tag;

    fn catalog() -> Catalog {
        let tag = |name: &str, kind: TagKind| Tag { name: name.into(), kind: kind.into(), ..Tag::default() };
        Catalog {
            tags: vec![tag("城市", TagKind::Choice), tag("兴趣.主", TagKind::Set), tag("age", TagKind::Int)],
            types: vec!["users".into()],
            audiences: vec!["dormant".into()],
        }
    }

    #[test]
    fn what_completes_follows_from_the_words_before() {
        let catalog = catalog();
        let what = |before| place(before, &catalog).what;
        assert_eq!(what("\\cou"), What::Command);
        assert_eq!(what("\\use u"), What::Type);
        assert_eq!(what("\\stats a"), What::Tag);
        assert_eq!(what("vip AND @dor"), What::Audience);
        assert_eq!(what("城市 = "), What::Value("城市".into()));
        assert_eq!(what("城市 IN (北京, '上"), What::Value("城市".into()));
        assert_eq!(what("\\count 兴趣.主 HAS ANY (a, b"), What::Value("兴趣.主".into()));
        assert_eq!(what("age = "), What::Condition);
        assert_eq!(what("城市 = 北京 AND a"), What::Condition);
        assert_eq!(place("城市 = 'New Y", &catalog).typed, "Y");
    }

    #[test]
    fn offers_begin_with_what_was_typed() {
        let place = Place { what: What::Condition, typed: "ag", start: 4 };
        let found = tags(&catalog()).into_iter().chain(language_words("ag"));
        let offered = offer(&place, found, false);
        let offered: Vec<&str> = offered.suggestions().iter().map(|found| found.value.as_str()).collect();
        assert_eq!(offered, ["age"]);
        assert!(language_words("an").any(|(word, _)| word == "and"));
    }
}
