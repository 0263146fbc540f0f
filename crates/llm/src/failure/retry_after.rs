//! How long a provider asks to wait.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// Reads `retry-after-ms`, then `retry-after` as seconds or as a date (RFC 9110, section 10.2.3).
///
/// Seconds may have a fraction, which vendors send although the RFC knows none. A date counts from the reply's own
/// `date`, so that a wrong clock on either side does not matter. Zero and less say nothing.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let milliseconds = number(headers, &HeaderName::from_static("retry-after-ms")).map(|ms| ms / 1000.0);
    let seconds = milliseconds.or_else(|| number(headers, &RETRY_AFTER)).or_else(|| until_date(headers))?;
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<f64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn until_date(headers: &HeaderMap) -> Option<f64> {
    let until = date(headers, &RETRY_AFTER)?;
    let now = date(headers, &DATE)?;
    Some(until.duration_since(now).as_secs_f64())
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(headers.get(name)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected_ms: Option<u64>) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(retry_after(&map), expected_ms.map(Duration::from_millis), "{headers:?}");
    }

    #[test]
    fn waits_are_read_in_every_spelling() {
        check(&[("retry-after", "2")], Some(2000));
        check(&[("retry-after", " 1.5 ")], Some(1500));
        check(&[("retry-after-ms", "250"), ("retry-after", "9")], Some(250));
    }

    #[test]
    fn a_date_counts_from_the_replys_own_date() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:30 GMT");
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), date], Some(7000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:29 GMT"), date], None);
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], None);
    }

    #[test]
    fn nonsense_says_nothing() {
        for value in ["", "0", "-1", "soon", "NaN", "inf", "1e300"] {
            check(&[("retry-after", value)], None);
        }
        check(&[], None);
    }
}
