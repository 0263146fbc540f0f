//! Times as the API writes them: UTC, ISO 8601, milliseconds, `Z`.

use chatloom_domain::Timestamp;

/// `2026-02-17T10:00:00.000Z`. Microseconds are cut off, not rounded, so that no time lies in the future.
pub(crate) fn iso_millis(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_decimals_and_are_cut_not_rounded() {
        let time = |text: &str| iso_millis(text.parse().unwrap());
        assert_eq!(time("2026-02-17T10:00:00Z"), "2026-02-17T10:00:00.000Z");
        assert_eq!(time("2026-02-17T10:00:03.999999Z"), "2026-02-17T10:00:03.999Z");
        assert_eq!(time("2026-02-17T11:00:00.5+01:00"), "2026-02-17T10:00:00.500Z");
    }
}
