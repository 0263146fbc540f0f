//! How long and how big a turn may get, and how much may happen at the same time.

use std::time::Duration;

/// Limits of every turn.
#[derive(Debug, Clone, Copy)]
pub struct TurnLimits {
    /// How long the model may take to its first sign of an answer. Local models with long prompts are slow here.
    pub first_token: Duration,
    /// How long the model may be silent in mid-answer. Keep-alive comments of a provider do not count as a sign.
    pub silence: Duration,
    /// How long a turn may take in all.
    pub whole_turn: Duration,
    /// The longest answer, in bytes; longer ones are broken off.
    pub answer_bytes: usize,
    /// How many tokens of earlier messages the model is shown, by a rough count (a token is about 3.5 bytes).
    pub history_tokens: usize,
    /// How far the stored log may lag behind what viewers have seen.
    pub flush_interval: Duration,
    /// How long a turn is safe from being taken over after its owner was last heard of.
    pub lease: Duration,
    /// How often expired turns are looked for. With the lease it bounds how long a dead replica's turn hangs.
    pub sweep_interval: Duration,
    /// How long finished turns keep their logs.
    pub log_retention: Duration,
    /// How long a turn's writes are tried again while the database is away, before the turn is given up.
    pub store_patience: Duration,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            first_token: Duration::from_secs(30),
            silence: Duration::from_mins(1),
            whole_turn: Duration::from_mins(10),
            answer_bytes: 256 * 1024,
            history_tokens: 16_000,
            flush_interval: Duration::from_millis(300),
            lease: Duration::from_secs(6),
            sweep_interval: Duration::from_secs(1),
            log_retention: Duration::from_hours(24),
            store_patience: Duration::from_secs(30),
        }
    }
}

/// Limits of what visitors may ask for, each replica's own; 0 is no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadLimits {
    /// Messages of one session in a minute.
    pub session_messages_per_minute: u32,
    /// Messages in a minute of one visitor of a widget, in however many sessions. It counts who names themselves.
    pub visitor_messages_per_minute: u32,
    /// Messages and new sessions of one widget in a minute.
    pub widget_requests_per_minute: u32,
    /// Answers that are made at the same time.
    pub model_concurrency: usize,
    /// How many messages may wait for that, at most two seconds; 0 lets none wait.
    pub model_queue: usize,
}
