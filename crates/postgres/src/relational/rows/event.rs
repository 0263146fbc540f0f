//! The log of a turn as rows: one row for all events that were written together, so that thousands of pieces of text
//! a second cost few rows.

use std::borrow::Cow;

use chatloom_domain::id::TurnId;
use chatloom_domain::turn::{LoggedEvent, TurnEvent};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::turn_events;
use crate::columns::Id;
use crate::database::Db;

#[derive(Queryable, Selectable)]
#[diesel(table_name = turn_events, check_for_backend(Db))]
pub(crate) struct TurnEventsRow {
    pub(crate) turn_id: Id,
    pub(crate) generation: i64,
    pub(crate) first_seq: i64,
    pub(crate) last_seq: i64,
    pub(crate) body: String,
}

/// One event as JSON. Its sequence number is its place in the row's array, counted from `first_seq`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "snake_case")]
enum StoredEvent<'a> {
    Started { user_message_id: Cow<'a, str>, assistant_message_id: Cow<'a, str> },
    Text(Cow<'a, str>),
    // The answer itself is not repeated: the pieces before this event add up to it.
    Completed { finish_reason: Cow<'a, str>, input_tokens: u64, output_tokens: u64, created_at_us: i64 },
    Broken { failure: Cow<'a, str>, at_us: i64 },
}

impl<'a> From<&'a TurnEvent> for StoredEvent<'a> {
    fn from(event: &'a TurnEvent) -> Self {
        match event {
            TurnEvent::Started { user_message_id, assistant_message_id } => Self::Started {
                user_message_id: user_message_id.to_string().into(),
                assistant_message_id: assistant_message_id.to_string().into(),
            },
            TurnEvent::Text(text) => Self::Text(text.into()),
            TurnEvent::Completed { created_at, finish_reason, usage, .. } => Self::Completed {
                finish_reason: finish_reason.as_str().into(),
                input_tokens: usage.input,
                output_tokens: usage.output,
                created_at_us: created_at.as_microsecond(),
            },
            TurnEvent::Broken { failure, at } => {
                Self::Broken { failure: failure.as_str().into(), at_us: at.as_microsecond() }
            }
        }
    }
}

impl TurnEventsRow {
    /// The row of events that follow one another; `None` without events.
    pub(crate) fn of(
        turn: TurnId,
        generation: u32,
        events: &[LoggedEvent],
    ) -> Result<Option<Self>, QueryError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(None);
        };
        let stored: Vec<_> = events.iter().map(|logged| StoredEvent::from(&logged.event)).collect();
        Ok(Some(Self {
            turn_id: Id(turn.as_uuid()),
            generation: i64::from(generation),
            first_seq: i64::from(first.seq),
            last_seq: i64::from(last.seq),
            body: serde_json::to_string(&stored).map_err(QueryError::not_run)?,
        }))
    }
}

/// The text that the rows of one log hold, which come in order.
pub(crate) fn logged_text(rows: &[TurnEventsRow]) -> Result<String, QueryError> {
    let mut text = String::new();
    for row in rows {
        let events: Vec<StoredEvent<'_>> = serde_json::from_str(&row.body).map_err(|error| {
            inconsistent("turn_events", format_args!("{}/{}", row.turn_id.0, row.first_seq), error)
        })?;
        for event in events {
            if let StoredEvent::Text(piece) = event {
                text.push_str(&piece);
            }
        }
    }
    Ok(text)
}

/// The sequence number that follows the rows of one log, which come in order.
pub(crate) fn next_seq(rows: &[TurnEventsRow]) -> u32 {
    let last = rows.last().map_or(0, |row| row.last_seq);
    u32::try_from(last + 1).unwrap_or(u32::MAX)
}
