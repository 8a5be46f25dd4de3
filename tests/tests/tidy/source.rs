//! Just enough of Rust's grammar: which characters are code, which are tests, where a function ends.

/// `text` with the insides of comments, strings and character literals replaced by spaces; lines stay where they are.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_end(bytes, at),
            b'"' => string_end(bytes, at + 1),
            b'r' | b'b' | b'c' if !follows_a_word(bytes, at) => raw_end(bytes, at).unwrap_or(at),
            b'\'' => character_end(text, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(code).expect("whole characters were replaced")
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0;
    let mut here = at;
    while here < bytes.len() {
        if bytes[here..].starts_with(b"/*") {
            depth += 1;
            here += 2;
        } else if bytes[here..].starts_with(b"*/") {
            depth -= 1;
            here += 2;
            if depth == 0 {
                return here;
            }
        } else {
            here += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], inside: usize) -> usize {
    let mut here = inside;
    while here < bytes.len() {
        match bytes[here] {
            b'\\' => here += 2,
            b'"' => return here + 1,
            _ => here += 1,
        }
    }
    bytes.len()
}

/// The end of a raw string, or none where none begins.
fn raw_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut here = at;
    while here < bytes.len() && matches!(bytes[here], b'r' | b'b' | b'c') {
        here += 1;
    }
    if bytes[here - 1] != b'r' {
        return None;
    }
    let hashes = bytes[here..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(here + hashes) != Some(&b'"') {
        return None;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let inside = here + hashes + 1;
    let length = bytes[inside..].windows(close.len()).position(|window| window == close)?;
    Some(inside + length + close.len())
}

/// The end of a character literal; none for a lifetime.
fn character_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at + 1..];
    if rest.starts_with('\\') {
        let close = rest[2..].find('\'')?;
        return Some(at + 1 + 2 + close + 1);
    }
    let first = rest.chars().next()?;
    rest[first.len_utf8()..].starts_with('\'').then(|| at + 1 + first.len_utf8() + 1)
}

fn follows_a_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// [`code_only`] without the modules that are compiled for tests only.
pub(crate) fn shipped_code(text: &str) -> String {
    let mut code = code_only(text);
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let at = from + found;
        let rest = &code[at..];
        let (brace, semicolon) = (rest.find('{'), rest.find(';'));
        let end = match (brace, semicolon) {
            (Some(brace), None) => at + close_of(rest, brace),
            (Some(brace), Some(semicolon)) if brace < semicolon => at + close_of(rest, brace),
            (_, Some(semicolon)) => at + semicolon + 1,
            (None, None) => code.len(),
        };
        let blank: String = code[at..end].chars().filter(|it| *it == '\n').collect();
        code.replace_range(at..end, &blank);
        from = at + blank.len();
    }
    code
}

/// Just behind the brace that closes the one at `open`.
pub(crate) fn close_of(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (index, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// The whole words of `code` with the offsets where they begin.
pub(crate) fn identifiers(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_word)?;
        let length = code[start..].find(|it| !is_word(it)).unwrap_or(code.len() - start);
        at = start + length;
        Some((start, &code[start..at]))
    })
}

/// The number of the line at `offset`, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text[..offset].matches('\n').count()
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text = "let a = \"un{safe\"; // unsafe\n\
                /* unsafe /* twice */ */ let b = 'x'; let c: &'static str = r#\"{\"#; '\\'' '}'";
    let code = code_only(text);
    assert!(!code.contains("safe") && !code.contains("twice") && !code.contains('{') && !code.contains('}'), "{code}");
    assert!(code.contains("let b") && code.contains("'static str"), "{code}");
    assert_eq!(code.len(), text.len());
}

#[test]
fn test_modules_are_not_shipped() {
    let code =
        shipped_code("fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { }\n}\n#[cfg(test)]\nmod dump;\nfn c() {}\n");
    assert!(code.contains("fn a") && code.contains("fn c"), "{code}");
    assert!(!code.contains("fn b") && !code.contains("dump"), "{code}");
    assert_eq!(line_of(&code, code.find("fn c").expect("it stays")), 8);
}
