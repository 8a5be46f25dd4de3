//! Options that take a list: blanks beside its commas do not end it.

/// The options whose values stand with commas between them.
const LISTS: [&str; 3] = ["--with", "--quantiles", "--values"];
/// The commas of lists, with those that input methods write.
const COMMAS: [char; 3] = [',', '，', '、'];

/// How a quote inside of a quoted value is written.
const DOUBLED: &str = r#"and double one that belongs to a value, as in "a, b","c ""d""""#;

/// The words of a command, those of one list together: `--with age, country` is `--with age,country`.
pub(crate) fn joined(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    // Whether the last word is the value of such an option.
    let mut is_list = false;
    for word in words {
        let goes_on = |list: &String| list.ends_with(COMMAS) || word.starts_with(COMMAS);
        match joined.last_mut() {
            Some(list) if is_list && goes_on(list) && !word.starts_with('-') => list.push_str(&word),
            last => {
                is_list = last.is_some_and(|last| LISTS.contains(&last.as_str()))
                    || word.split_once('=').is_some_and(|(option, _)| LISTS.contains(&option));
                joined.push(word);
            }
        }
    }
    joined
}

/// The names in the values of an option, parted at any comma; what stands in backticks is whole.
pub(crate) fn names(values: &[String]) -> Vec<String> {
    let mut names = Vec::with_capacity(values.len());
    let mut name = String::new();
    let mut is_quoted = false;
    for c in values.join(",").chars() {
        is_quoted ^= c == '`';
        match COMMAS.contains(&c) && !is_quoted {
            true => names.push(std::mem::take(&mut name)),
            false => name.push(c),
        }
    }
    names.push(name);
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// The values of a list that is declared, without the blanks beside its commas. In double quotes, as in a CSV, a value
/// keeps its commas and blanks, and a quote is doubled.
///
/// Errors: how to write it, where a quote is not closed, or something stands beside one.
pub(crate) fn values(text: &str) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    loop {
        let (value, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let (value, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (value.trim().to_owned(), behind)
            }
        };
        values.push(value);
        match behind.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return Ok(values),
        }
    }
}

/// A value up to its closing quote, and the comma and what else follows.
fn quoted_value(text: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut rest = text;
    while let Some((part, behind)) = rest.split_once('"') {
        value.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                value.push('"');
                rest = next;
            }
            None => {
                let behind = behind.trim_start();
                return match behind.is_empty() || behind.starts_with(',') {
                    true => Ok((value, behind)),
                    false => Err(format!("put a comma behind the closing quote, {DOUBLED}")),
                };
            }
        }
    }
    Err(format!("close the quote, {DOUBLED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_values_stand_between_commas_or_in_quotes() {
        for (text, read) in [
            ("gold,silver", "gold|silver"),
            ("gold, silver", "gold|silver"),
            (" gold ,	New York ", "gold|New York"),
            (r#"a,"d,e""#, "a|d,e"),
            (r#""a " , b"#, "a |b"),
            (r#""say ""hi""",x"#, r#"say "hi"|x"#),
            (r#"5" disk,x"#, r#"5" disk|x"#),
            ("a,,b", "a||b"),
            ("", ""),
        ] {
            assert_eq!(values(text).unwrap().join("|"), read, "{text}");
        }
        for wrong in [r#""a"#, r#""a" b,c"#, r#"a,"b"""#] {
            assert!(values(wrong).unwrap_err().contains("double"), "{wrong}");
        }
    }

    fn of(line: &str) -> String {
        joined(line.split(' ').map(str::to_owned).collect()).join(" ")
    }

    #[test]
    fn a_blank_beside_a_comma_does_not_end_a_list() {
        for (line, read) in [
            ("members vip --with age, country", "members vip --with age,country"),
            ("members vip --with age , country --limit 3", "members vip --with age,country --limit 3"),
            ("members --with age ,country vip", "members --with age,country vip"),
            ("members --with=a, b, c vip", "members --with=a,b,c vip"),
            ("members vip --with 年龄， 城市", "members vip --with 年龄，城市"),
            ("stats age --quantiles 0.5, 0.9", "stats age --quantiles 0.5,0.9"),
            ("members vip --with age, --limit 3", "members vip --with age, --limit 3"),
            ("members a IN (1, 2) --with age vip", "members a IN (1, 2) --with age vip"),
            ("members --limit 3, 4", "members --limit 3, 4"),
        ] {
            assert_eq!(of(line), read);
        }
    }

    #[test]
    fn names_stand_between_commas() {
        let of = |values: &[&str]| names(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>()).join("|");
        assert_eq!(of(&["age", "country"]), "age|country");
        assert_eq!(of(&["age", "", " country"]), "age|country");
        assert_eq!(of(&["年龄，城市、vip"]), "年龄|城市|vip");
        assert_eq!(of(&["`a", "b，c`", "d"]), "`a,b，c`|d");
    }
}
