//! The log of a turn as rows: one row for all events that were written together, so that thousands of pieces of text
//! a second cost few rows.

use std::borrow::Cow;
use std::error::Error;

use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, TurnId};
use chatloom_domain::turn::{FinishReason, LoggedEvent, TurnEvent, TurnFailure};
use chatloom_domain::usage::TokenUsage;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

#[derive(Debug, thiserror::Error)]
#[error("an event holds a word that is not known")]
struct UnknownWord;

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

impl TurnEventsRow {
    fn stored_events(&self) -> Result<Vec<StoredEvent<'_>>, QueryError> {
        serde_json::from_str(&self.body).map_err(|error| self.inconsistent(error))
    }

    fn inconsistent(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> QueryError {
        inconsistent("turn_events", format_args!("{}/{}", self.turn_id.0, self.first_seq), source)
    }
}

/// The text that the rows of one log hold, which come in order.
pub(crate) fn logged_text(rows: &[TurnEventsRow]) -> Result<String, QueryError> {
    let mut text = String::new();
    for row in rows {
        for event in row.stored_events()? {
            if let StoredEvent::Text(piece) = event {
                text.push_str(&piece);
            }
        }
    }
    Ok(text)
}

/// The events of the turn that fills the message `answer`, from rows of its log that come in order. The event that
/// completes it has the text of all rows, which are the whole answer if they are the whole log.
pub(crate) fn logged_events(
    answer: MessageId,
    rows: &[TurnEventsRow],
) -> Result<Vec<LoggedEvent>, QueryError> {
    let mut events = Vec::new();
    let mut text = String::new();
    for row in rows {
        for (seq, stored) in (row.first_seq..).zip(row.stored_events()?) {
            let event = told(stored, answer, &mut text).ok_or_else(|| row.inconsistent(UnknownWord))?;
            let seq = u32::try_from(seq).map_err(|error| row.inconsistent(error))?;
            events.push(LoggedEvent { seq, event });
        }
    }
    Ok(events)
}

/// The event as it was before it was stored; `text` grows by what it says. `None` if it holds a word of nobody's.
fn told(stored: StoredEvent<'_>, answer: MessageId, text: &mut String) -> Option<TurnEvent> {
    let message_id = |id: &str| Uuid::try_parse(id).ok().map(MessageId::from_uuid);
    Some(match stored {
        StoredEvent::Started { user_message_id, assistant_message_id } => TurnEvent::Started {
            user_message_id: message_id(&user_message_id)?,
            assistant_message_id: message_id(&assistant_message_id)?,
        },
        StoredEvent::Text(piece) => {
            text.push_str(&piece);
            TurnEvent::Text(piece.into_owned())
        }
        StoredEvent::Completed { finish_reason, input_tokens, output_tokens, created_at_us } => {
            TurnEvent::Completed {
                assistant_message_id: answer,
                content: text.as_str().into(),
                created_at: Timestamp::from_microsecond(created_at_us).ok()?,
                finish_reason: FinishReason::parse(&finish_reason)?,
                usage: TokenUsage { input: input_tokens, output: output_tokens },
            }
        }
        StoredEvent::Broken { failure, at_us } => TurnEvent::Broken {
            failure: TurnFailure::parse(&failure)?,
            at: Timestamp::from_microsecond(at_us).ok()?,
        },
    })
}

/// The sequence number of the last event that the rows of one log hold, which come in order; 0 without any.
pub(crate) fn last_seq(rows: &[TurnEventsRow]) -> u32 {
    let last = rows.last().map_or(0, |row| row.last_seq);
    u32::try_from(last).unwrap_or(u32::MAX)
}
