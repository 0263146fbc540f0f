//! Turns as rows: the state machine's states spread over columns, which the table's checks keep together.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, ReplicaId, SessionId, TurnId};
use chatloom_domain::turn::{Lease, Turn, TurnState};
use chatloom_domain::usage::TokenUsage;
use diesel::prelude::*;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::turns;
use super::stored_count;
use crate::columns::{Id, Time};
use crate::database::Db;

#[derive(Insertable)]
#[diesel(table_name = turns)]
pub(crate) struct TurnRow {
    pub(crate) id: Id,
    pub(crate) session_id: Id,
    pub(crate) user_message_id: Id,
    pub(crate) assistant_message_id: Id,
    pub(crate) generation: i64,
    pub(crate) started_at: Time,
    has_log: bool,
    #[diesel(embed)]
    pub(crate) state: TurnStateRow,
}

/// Where a turn stands.
#[derive(PartialEq, Insertable, AsChangeset, Queryable, Selectable)]
#[diesel(table_name = turns, check_for_backend(Db))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct TurnStateRow {
    state: String,
    pub(crate) owner: Option<Id>,
    pub(crate) lease_until: Option<Time>,
    finish_reason: Option<String>,
    failure: Option<String>,
    input_tokens: i64,
    output_tokens: i64,
    ended_at: Option<Time>,
}

/// A turn that is running, as it is read back to be broken off.
#[derive(Queryable, Selectable)]
#[diesel(table_name = turns, check_for_backend(Db))]
pub(crate) struct RunningTurnRow {
    id: Id,
    session_id: Id,
    user_message_id: Id,
    assistant_message_id: Id,
    generation: i64,
    started_at: Time,
    owner: Option<Id>,
    lease_until: Option<Time>,
}

#[derive(Debug, Error)]
#[error("a running turn has no lease")]
struct NoLease;

impl From<&Turn> for TurnRow {
    fn from(turn: &Turn) -> Self {
        Self {
            id: Id(turn.id.as_uuid()),
            session_id: Id(turn.session_id.as_uuid()),
            user_message_id: Id(turn.user_message_id.as_uuid()),
            assistant_message_id: Id(turn.assistant_message_id.as_uuid()),
            generation: i64::from(turn.generation),
            started_at: Time(turn.started_at),
            has_log: true,
            state: TurnStateRow::from(&turn.state),
        }
    }
}

impl From<&TurnState> for TurnStateRow {
    fn from(state: &TurnState) -> Self {
        let word = state.as_str();
        match *state {
            TurnState::Running { lease } => Self {
                state: word.to_owned(),
                owner: Some(Id(lease.owner.as_uuid())),
                lease_until: Some(Time(lease.until)),
                finish_reason: None,
                failure: None,
                input_tokens: 0,
                output_tokens: 0,
                ended_at: None,
            },
            TurnState::Completed { finish_reason, usage, ended_at } => Self {
                finish_reason: Some(finish_reason.as_str().to_owned()),
                ..Self::ended(word, usage, ended_at)
            },
            TurnState::Interrupted { failure, usage, ended_at }
            | TurnState::Failed { failure, usage, ended_at } => {
                Self { failure: Some(failure.as_str().to_owned()), ..Self::ended(word, usage, ended_at) }
            }
        }
    }
}

impl TurnStateRow {
    fn ended(state: &str, usage: TokenUsage, ended_at: Timestamp) -> Self {
        Self {
            state: state.to_owned(),
            owner: None,
            lease_until: None,
            finish_reason: None,
            failure: None,
            input_tokens: stored_count(usage.input),
            output_tokens: stored_count(usage.output),
            ended_at: Some(Time(ended_at)),
        }
    }
}

impl TryFrom<RunningTurnRow> for (Turn, Lease) {
    type Error = QueryError;

    fn try_from(row: RunningTurnRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let (Some(owner), Some(until)) = (row.owner, row.lease_until) else {
            return Err(inconsistent("turns", id, NoLease));
        };
        let lease = Lease { owner: ReplicaId::from_uuid(owner.0), until: until.0 };
        let turn = Turn {
            id: TurnId::from_uuid(id),
            session_id: SessionId::from_uuid(row.session_id.0),
            user_message_id: MessageId::from_uuid(row.user_message_id.0),
            assistant_message_id: MessageId::from_uuid(row.assistant_message_id.0),
            generation: u32::try_from(row.generation).map_err(|error| inconsistent("turns", id, error))?,
            started_at: row.started_at.0,
            state: TurnState::Running { lease },
        };
        Ok((turn, lease))
    }
}
