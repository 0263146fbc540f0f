//! What a widget was used for on one day, as rows.

use chatloom_domain::Timestamp;
use chatloom_domain::budget::Day;
use chatloom_domain::turn::{Turn, TurnState};
use chatloom_domain::usage::TokenUsage;
use diesel::prelude::*;

use super::super::schema::widget_daily;
use super::stored_count;
use crate::columns::{Id, Time};

/// What is added to a widget's day.
#[derive(Insertable)]
#[diesel(table_name = widget_daily)]
pub(crate) struct DailyRow {
    pub(crate) widget_id: Id,
    pub(crate) day: Time,
    sessions: i64,
    messages: i64,
    input_tokens: i64,
    output_tokens: i64,
}

impl DailyRow {
    /// A session was opened.
    pub(crate) fn session(widget: Id, at: Timestamp) -> Self {
        Self { sessions: 1, ..Self::empty(widget, at) }
    }

    /// A visitor wrote a message.
    pub(crate) fn question(widget: Id, at: Timestamp) -> Self {
        Self { messages: 1, ..Self::empty(widget, at) }
    }

    /// A turn ended, with or without text.
    pub(crate) fn answer(widget: Id, turn: &Turn, has_text: bool) -> Self {
        let (usage, at) = match turn.state {
            TurnState::Running { .. } => (TokenUsage::default(), turn.started_at),
            TurnState::Completed { usage, ended_at, .. }
            | TurnState::Interrupted { usage, ended_at, .. }
            | TurnState::Failed { usage, ended_at, .. } => (usage, ended_at),
        };
        Self {
            messages: i64::from(has_text),
            input_tokens: stored_count(usage.input),
            output_tokens: stored_count(usage.output),
            ..Self::empty(widget, at)
        }
    }

    fn empty(widget_id: Id, at: Timestamp) -> Self {
        Self {
            widget_id,
            day: Time(Day::of(at).start()),
            sessions: 0,
            messages: 0,
            input_tokens: 0,
            output_tokens: 0,
        }
    }
}
