//! How long a caller waits for its reply, as gRPC writes it in a header.

use std::time::{Duration, Instant};

use tonic::codegen::http::HeaderMap;

/// The header with which a caller says how long it waits.
const TIMEOUT_HEADER: &str = "grpc-timeout";

/// Who waits longer than this waits for ever as far as any request goes; timers are not set to moments beyond it.
const TIMEOUT_MAX: Duration = Duration::from_hours(30 * 24);

/// When the caller of a request with these headers stops waiting, if it says so.
pub(crate) fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
    Instant::now().checked_add(parse_timeout(text)?.min(TIMEOUT_MAX))
}

/// At most eight digits and a unit, as gRPC writes them.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        assert_eq!(parse_timeout("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parse_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        for text in ["", "S", "1", "1x", "-1S", "123456789S", "1 S", "秒"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
    }
}
