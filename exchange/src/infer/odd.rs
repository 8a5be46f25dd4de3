//! Texts that people read as numbers or days and no setting of a mapping does, or none that is sure: a note says what
//! to do with them.

use muster_engine::catalog::TagKind;

use super::numbers::measure;
use super::writing::{CLOCK_FORMS, DATE_FORMS, NUMBER_FORMS};
use crate::mapping::nfkc;
use crate::text::{parse_date_as, parse_time_as};

/// Of so many texts one may be something else.
const OTHERS_SHARE: usize = 10;
/// How many formats are named.
const FORMATS_MAX: usize = 3;

/// What stands in front of numbers or behind them, the longer ones first where one begins or ends with another.
const DRESS: [&str; 57] = [
    "−",
    "US$",
    "HK$",
    "NT$",
    "C$",
    "A$",
    "R$",
    "$",
    "€",
    "£",
    "¥",
    "￥",
    "₹",
    "₽",
    "₩",
    "₺",
    "฿",
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "CNY",
    "RMB",
    "HKD",
    "CHF",
    "INR",
    "AUD",
    "CAD",
    "SGD",
    "KRW",
    "Rs.",
    "Rs",
    "kr",
    "zł",
    "人民币",
    "万元",
    "亿元",
    "美元",
    "欧元",
    "日元",
    "港元",
    "元",
    "円",
    "块",
    "%",
    "％",
    "‰",
    "°C",
    "℃",
    "°",
    "岁",
    "天",
    "万",
    "亿",
    "kg",
    "km",
    "cm",
];

/// Ways to write a day that are not looked for: the year has two digits, or the text begins with a name.
const ODD_DATES: [&str; 18] = [
    "%d/%m/%y",
    "%m/%d/%y",
    "%y/%m/%d",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y-%m-%d",
    "%d %b %y",
    "%d-%b-%y",
    "%m-%d-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%d. %B %Y",
    "%a, %d %b %Y",
    "%A, %d %B %Y",
    "%Y年%m月%d号",
];
/// Clocks of twelve hours, and those with the name of a zone behind them.
const ODD_CLOCKS: [&str; 7] = [
    " %I:%M %p",
    " %I:%M:%S %p",
    " %H:%M:%S %Q",
    " %H:%M:%S%.f %Q",
    "T%H:%M:%S%.f",
    "T%H:%M:%S%.fZ",
    "T%H:%M:%S%.f%:z",
];
/// Times that are no day with a clock behind it: those of C, of mails and of logs.
const ODD_TIMES: [&str; 3] = ["%a %b %e %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z"];

/// What to do with these, the first distinct texts of a column that is not loaded as numbers or days; `None` where most
/// are neither.
pub(super) fn remedy(texts: &[String]) -> Option<String> {
    if !texts.is_empty() && is_nearly_all(texts, is_list) {
        return Some(
            "looks like lists, which are texts here: a set reads lists of texts in JSON, such as [\"a\", \"b\"], or \
             values with a list_separator between them"
                .to_owned(),
        );
    }
    if texts.is_empty() || !is_nearly_all(texts, |text| text.contains(char::is_numeric)) {
        return None;
    }
    let days = || {
        let (kind, formats) = days(texts)?;
        Some(format!("looks like {kind}s: kind = \"{kind}\" with date_format = {}?", shown(&formats)))
    };
    numbers(texts).or_else(days)
}

/// The same where the kind is that of a tag that exists.
pub(super) fn remedy_for(kind: TagKind, texts: &[String]) -> Option<String> {
    match kind {
        _ if texts.is_empty() => None,
        TagKind::Int | TagKind::Decimal { .. } => numbers(texts),
        TagKind::Date | TagKind::Time => {
            let (found, formats) = days(texts)?;
            let what = if kind == TagKind::Date && found == TagKind::Time { "the days of them" } else { "them" };
            Some(format!("strike skip and give date_format = {}, which reads {what}", shown(&formats)))
        }
        TagKind::Flag | TagKind::Choice | TagKind::Set => None,
    }
}

/// Of other lists than those that are read: of numbers, or as databases write them.
fn is_list(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']') || text.starts_with('{') && text.ends_with('}')
}

/// A number of which a spreadsheet has left out digits: `1.23457E+15`.
pub(super) fn shortened(texts: &[String]) -> Option<&str> {
    let is_short = |text: &&String| {
        let parts = text.split_once("E+").filter(|(number, _)| number.contains(['.', ',']));
        parts.is_some_and(|(_, exponent)| !exponent.is_empty() && exponent.bytes().all(|byte| byte.is_ascii_digit()))
    };
    texts.iter().find(is_short).map(String::as_str)
}

fn is_nearly_all(texts: &[String], is: impl Fn(&str) -> bool) -> bool {
    let others_max = texts.len() / OTHERS_SHARE;
    texts.iter().filter(|text| !is(text)).take(others_max + 1).count() <= others_max
}

fn numbers(texts: &[String]) -> Option<String> {
    if !is_nearly_all(texts, |text| undress(text).is_some()) {
        return None;
    }
    let mut dress: Vec<&str> = Vec::new();
    for word in texts.iter().filter_map(|text| undress(text)).flatten() {
        if !dress.contains(&word) {
            dress.push(word);
        }
    }
    let shown: Vec<String> = dress.iter().map(|word| format!("{word:?}")).collect();
    let how = match () {
        () if !dress.is_empty() => format!("with {} beside them", shown.join(", ")),
        () if texts.iter().any(|text| is_wide(text)) => "in wide digits".to_owned(),
        () => return None,
    };
    Some(format!("looks like numbers {how}, which are texts here: as plain numbers in the file they load as numbers"))
}

fn is_wide(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '０'..='９'))
}

/// What stands beside the number that a text is; nothing for a plain one.
fn undress(text: &str) -> Option<Vec<&'static str>> {
    let mut words = Vec::new();
    let plain = if is_wide(text) { nfkc(text) } else { text.to_owned() };
    let mut rest = plain.trim();
    while !is_number(rest) {
        let (inner, word) = peel(rest)?;
        rest = inner.trim();
        words.extend(word);
    }
    Some(words)
}

/// The text without what stands at one side of it; a sign may stand in front of the dress: `-$5`.
fn peel(text: &str) -> Option<(&str, Option<&'static str>)> {
    if let Some(inner) = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        return Some((inner, Some("()")));
    }
    let in_front = DRESS.iter().find_map(|word| Some((text.strip_prefix(*word)?, Some(*word))));
    let behind = || DRESS.iter().find_map(|word| Some((text.strip_suffix(*word)?, Some(*word))));
    let sign = || Some((text.strip_prefix(['-', '+'])?, None));
    in_front.or_else(behind).or_else(sign)
}

fn is_number(text: &str) -> bool {
    let mut plain = Vec::new();
    let is = |form: &crate::text::Marks| form.strip(text.as_bytes(), &mut plain).is_ok() && measure(&plain).is_some();
    text.contains(|c: char| c.is_ascii_digit()) && NUMBER_FORMS.iter().any(is)
}

/// The formats in which the texts are days or times, and the kind that they are then.
fn days(texts: &[String]) -> Option<(TagKind, Vec<String>)> {
    let forms = || DATE_FORMS.iter().chain(&ODD_DATES);
    let are_days = |form: &&&str| is_nearly_all(texts, |text| parse_date_as(text, form).is_some());
    let days: Vec<String> = forms().filter(are_days).map(|form| (*form).to_owned()).collect();
    if !days.is_empty() {
        return Some((TagKind::Date, days));
    }
    let clocks = || CLOCK_FORMS[1..].iter().chain(&ODD_CLOCKS);
    let both = forms().flat_map(|form| clocks().map(move |clock| format!("{form}{clock}")));
    let both = both.chain(ODD_TIMES.iter().map(|form| (*form).to_owned()));
    let are_times = |form: &String| is_nearly_all(texts, |text| parse_time_as(text, form).is_some());
    let times: Vec<String> = both.filter(are_times).take(FORMATS_MAX).collect();
    (!times.is_empty()).then_some((TagKind::Time, times))
}

fn shown(formats: &[String]) -> String {
    let shown: Vec<String> = formats.iter().take(FORMATS_MAX).map(|format| format!("{format:?}")).collect();
    shown.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(texts: &[&str]) -> String {
        remedy(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>()).unwrap_or_default()
    }

    #[test]
    fn numbers_in_dress_are_told_with_it() {
        let cases: [(&[&str], &str); 10] = [
            (&["−5", "−12.5"], "\"−\""),
            (&["$12.50", "$1,200"], "\"$\""),
            (&["-$5", "$-5", "($5.00)"], "\"$\", \"()\""),
            (&["¥99", "￥100"], "\"¥\", \"￥\""),
            (&["12 €", "1.250,00 €", "7"], "\"€\""),
            (&["40%", "12.5 %"], "\"%\""),
            (&["USD 12", "12 EUR"], "\"USD\", \"EUR\""),
            (&["12元", "3.5万元"], "\"元\", \"万元\""),
            (&["30岁"], "\"岁\""),
            (&["US$12"], "\"US$\""),
        ];
        for (texts, dress) in cases {
            let expected = format!("looks like numbers with {dress} beside them");
            assert!(said(texts).starts_with(&expected), "{texts:?}: {}", said(texts));
        }
    }

    #[test]
    fn wide_digits_are_told() {
        assert!(said(&["１２", "３．５"]).starts_with("looks like numbers in wide digits"));
        assert_eq!(said(&["１２号", "12"]), "");
    }

    #[test]
    fn days_that_are_not_looked_for_are_told_with_their_formats() {
        let cases: [(&[&str], &str); 13] = [
            (&["2026-01-05 10:00:00 UTC"], "\"%Y-%m-%d %H:%M:%S %Q\""),
            (&["Mon Jan  5 10:00:00 2026"], "\"%a %b %e %H:%M:%S %Y\"?"),
            (&["Mon, 05 Jan 2026 10:00:00 +0800"], "\"%a, %d %b %Y %H:%M:%S %z\"?"),
            (&["05/Jan/2026:10:00:00 +0800"], "\"%d/%b/%Y:%H:%M:%S %z\"?"),
            (&["05/01/26", "12/02/25"], "\"%d/%m/%y\" or \"%m/%d/%y\" or \"%y/%m/%d\"?"),
            (&["31/01/26", "12/02/25"], "\"%d/%m/%y\" or \"%y/%m/%d\"?"),
            (&["05-JAN-26", "31-Dec-25"], "\"%d-%b-%y\"?"),
            (&["Jan 5, 2026", "Dec 31, 2025"], "\"%b %d, %Y\""),
            (&["12-31-2026"], "\"%m-%d-%Y\"?"),
            (&["5 January 2026", "31 December 2025"], "\"%d %B %Y\""),
            (&["2026年1月5号"], "\"%Y年%m月%d号\"?"),
            (&["1/5/2026 3:07 PM", "12/31/2026 11:00 AM"], "\"%m/%d/%Y %I:%M %p\"?"),
            (&["31/12/26 14:05"], "\"%d/%m/%y %H:%M\" or \"%y/%m/%d %H:%M\"?"),
        ];
        for (texts, formats) in cases {
            assert!(said(texts).contains(formats), "{texts:?}: {}", said(texts));
        }
    }

    #[test]
    fn lists_of_another_form_and_shortened_numbers_are_told() {
        for texts in [&["[1, 2]", "[3]"][..], &["{a,b}"]] {
            assert!(said(texts).starts_with("looks like lists"), "{texts:?}");
        }
        let found = |text: &str| shortened(&[text.to_owned()]).is_some();
        assert!(found("1.23457E+15") && found("-1,5E+10"));
        assert!(!found("1E5") && !found("1.5e3") && !found("E+1") && !found("1.5E+"));
    }

    #[test]
    fn what_is_neither_is_not_told() {
        for texts in
            [&["A12", "B7"][..], &["12.5.3"], &["Berlin"], &["12", "%"], &["S-1"], &["1/2"], &["32/13/26"], &[]]
        {
            assert_eq!(said(texts), "", "{texts:?}");
        }
    }
}
