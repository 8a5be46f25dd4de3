//! A remedy is a text that works: what an error offers is planned before it is shown.
//!
//! The parser knows no catalog and the planner looks at one place of a text, so what they offer may be refused again.
//! Here their offers are tried in turn, and the first that whoever asks could paste is kept. None of them is looked at
//! for offers of its own, but for the first ones, whose own corrections are followed a few steps; so the cost of an
//! error is bounded.

use muster_language::{Error as Refusal, code, parse, readings};

use super::meant::is_meant;
use super::planned::{Planned, Warning};
use super::{fault, headline, joined};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ids::TypeId;

/// How many texts are tried for one error.
const TRIES_MAX: usize = 16;
/// How many corrections in a row are followed from one offer.
const STEPS_MAX: usize = 4;
/// A longer text is not offered: nobody reads it, and planning it again would cost.
const OFFER_BYTES_MAX: usize = 8 * 1024;

/// The error with the first of its offers that `try_text` can plan and that says what was typed, or without any.
/// Another error is left as it is.
pub(in crate::query) fn checked(
    error: Error,
    catalog: &Catalog,
    type_id: TypeId,
    try_text: &dyn Fn(&str) -> Result<Planned>,
) -> Error {
    let Some(fault) = error.query_fault() else {
        return error;
    };
    let mut own = fault.error.clone();
    let mut offers = std::mem::take(&mut own.others);
    offers.insert(0, own.clone());
    // The parser has looked through the table of phrases already; the planner knows best where it has a choice itself.
    if parse(&fault.text).is_ok() {
        let place = if offers.len() > 1 { offers.len() } else { 0 };
        offers.splice(place..place, readings(&fault.text));
    }
    // The very letters of a tag are the strongest sign of all.
    if let Some(joined) = joined::joined(catalog, type_id, &fault.text) {
        offers.insert(0, joined);
    }
    let found = Tries { text: &fault.text, left: TRIES_MAX, catalog, try_text }.first(&offers);
    let best = match found {
        Found::Works(refusal) => refusal,
        Found::None(next) => headline::without_offer(own, next),
    };
    let kind = error.kind();
    Error::query(fault.text.clone(), best).of_kind(kind)
}

/// What came of trying the offers.
enum Found {
    /// The error to show, with its suggestion.
    Works(Refusal),
    /// Nothing works; what the likeliest offer is refused with, where that is said of what it had put in.
    None(Option<Refusal>),
}

/// The trying of texts, as long as tries are left.
struct Tries<'t> {
    text: &'t str,
    left: usize,
    catalog: &'t Catalog,
    try_text: &'t dyn Fn(&str) -> Result<Planned>,
}

impl Tries<'_> {
    fn first(&mut self, offers: &[Refusal]) -> Found {
        let mut refused = Vec::new();
        for offer in offers {
            let Some(text) = offer.suggestion.as_deref() else { continue };
            match self.accepts(text) {
                Ok(same) if same == text => return Found::Works(Refusal { others: Vec::new(), ..offer.clone() }),
                Ok(better) => return Found::Works(whole(offer, better)),
                Err(next) => refused.extend(next.map(|next| (offer, next))),
            }
            // The same letters in other case or with other blanks are the same value.
            let spelt = refused.last().filter(|(last, next)| std::ptr::eq(*last, offer) && is_spelling(text, next));
            let spelt = spelt.and_then(|(_, next)| next.suggestion.clone());
            if let Some(Ok(spelt)) = spelt.map(|spelt| self.accepts(&spelt)) {
                return Found::Works(whole(offer, spelt));
            }
        }
        for (offer, next) in &refused {
            if let Some(text) = self.follow(offer.code, next) {
                return Found::Works(whole(offer, text));
            }
        }
        let meets_itself = |(offer, next): &&(&Refusal, Refusal)| {
            next.code != fault::PARAMETER
                && offer.suggestion.as_deref().is_some_and(|offered| is_about_change(self.text, offered, next))
        };
        let next = refused.first().filter(meets_itself);
        Found::None(next.map(|(_, next)| next.clone()))
    }

    /// What a refused offer leads to when its own corrections are followed.
    ///
    /// A value that is only near to another is no longer followed where the value itself was a guess: what stood there
    /// was no value, or the tag was asked in another way.
    fn follow(&mut self, code: &'static str, refusal: &Refusal) -> Option<String> {
        let mut refusal = refusal.clone();
        let mut is_guess = is_guess_of_value(code);
        let mut before = None::<String>;
        for _ in 0..STEPS_MAX {
            let is_spelt = before.as_deref().is_some_and(|before| is_spelling(before, &refusal));
            if is_guess && refusal.code == fault::UNKNOWN_VALUE && !is_spelt {
                return None;
            }
            is_guess |= is_guess_of_value(refusal.code);
            let text = refusal.suggestion.take()?;
            match self.accepts(&text) {
                Ok(accepted) => return Some(accepted),
                Err(next) => refusal = next?,
            }
            before = Some(text);
        }
        None
    }

    /// A text that can be asked and says what was typed, or what its own warning puts right; else what it is refused
    /// with, if the text is at fault.
    fn accepts(&mut self, text: &str) -> std::result::Result<String, Option<Refusal>> {
        let planned = self.planned(text)?;
        let doubt = planned.warnings.iter().find(|warning| is_doubt(text, warning));
        let (text, planned) = match doubt.map(|warning| warning.suggestion.clone()) {
            None => (text.to_owned(), planned),
            Some(None) => return Err(None),
            Some(Some(better)) => {
                let planned = self.planned(&better)?;
                (better, planned)
            }
        };
        let is_doubtful = planned.warnings.iter().any(|warning| is_doubt(&text, warning));
        match !is_doubtful && is_meant(self.catalog, self.text, &text, &planned) {
            true => Ok(text),
            false => Err(None),
        }
    }

    fn planned(&mut self, text: &str) -> std::result::Result<Planned, Option<Refusal>> {
        if self.left == 0 || text.len() > OFFER_BYTES_MAX || text == self.text {
            return Err(None);
        }
        self.left -= 1;
        (self.try_text)(text).map_err(|error| error.query_fault().map(|fault| fault.error.clone()))
    }
}

/// Whether a warning says that an offer selects nobody, or one number where two ends were typed.
fn is_doubt(text: &str, warning: &Warning) -> bool {
    let is_list = |warning: &Warning| warning.span.is_some_and(|span| span.of(text).contains([',', '，', '、']));
    warning.code == code::REVERSED_INTERVAL || warning.code == code::TWO_NUMBERS && !is_list(warning)
}

/// The offer with the text that it came to, which is told whole: what it says of itself was not enough.
fn whole(offer: &Refusal, text: String) -> Refusal {
    let told = offer.clone().with_whole(&text);
    Refusal { suggestion: Some(text), others: Vec::new(), ..told }
}

fn is_guess_of_value(code: &str) -> bool {
    matches!(code, fault::WRONG_KIND | code::MUST_QUOTE)
}

/// Whether a refused value is one that the tag has, but for its case, blanks and quotes.
fn is_spelling(offered: &str, refusal: &Refusal) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '\'').flat_map(char::to_lowercase).collect()
    };
    refusal.code == fault::UNKNOWN_VALUE
        && refusal.suggestion.as_deref().is_some_and(|suggested| letters(suggested) == letters(offered))
}

/// Whether a refusal of `offered` is about what it has put in the place of something of `text`.
fn is_about_change(text: &str, offered: &str, refusal: &Refusal) -> bool {
    let before = text.bytes().zip(offered.bytes()).take_while(|(a, b)| a == b).count();
    let rest = offered.len().min(text.len()) - before;
    let behind = text.bytes().rev().zip(offered.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (start, end) = (before, offered.len() - behind);
    (refusal.span.start as usize) < end && start < refusal.span.end as usize
}
