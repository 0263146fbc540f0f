//! Tokens spent, and a widget's statistics.

/// Tokens of a model that a turn or a widget has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens that went into the model.
    pub input: u64,
    /// Tokens that came out of it.
    pub output: u64,
}

impl TokenUsage {
    /// Tokens both ways.
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// A rough count of a text's tokens, without the model's own tokenizer: about 3.5 bytes make a token.
pub const fn estimate_tokens(text: &str) -> u64 {
    (text.len() as u64).saturating_mul(2).div_ceil(7)
}

/// What a widget has been used for. Erasing conversations does not lower the totals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WidgetStats {
    /// Sessions ever created.
    pub total_sessions: u64,
    /// Messages ever stored, the visitors' and the agent's.
    pub total_messages: u64,
    /// Sessions created or written to since the UTC day began.
    pub active_sessions_today: u64,
    /// Tokens ever used.
    pub token_usage: TokenUsage,
}

impl WidgetStats {
    /// Messages per session, rounded to one decimal; 0 without sessions.
    pub fn average_messages_per_session(&self) -> f64 {
        if self.total_sessions == 0 {
            return 0.0;
        }
        // Tenths are rounded in integers, so that 7.25 does not depend on how a float is represented.
        let tenths = (self.total_messages * 20 + self.total_sessions) / (self.total_sessions * 2);
        #[expect(clippy::cast_precision_loss, reason = "averages stay far below 2^52")]
        let average = tenths as f64 / 10.0;
        average
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_has_one_decimal_and_is_zero_without_sessions() {
        let average = |total_sessions, total_messages| {
            WidgetStats { total_sessions, total_messages, ..WidgetStats::default() }
                .average_messages_per_session()
        };
        let check = |sessions, messages, expected: f64| {
            assert!((average(sessions, messages) - expected).abs() < 1e-9, "{messages} in {sessions}");
        };
        check(0, 0, 0.0);
        check(1234, 8765, 7.1);
        check(3, 1, 0.3);
        check(4, 1, 0.3);
        check(1, 2, 2.0);
    }
}
