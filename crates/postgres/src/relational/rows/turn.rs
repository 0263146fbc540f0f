//! Turns as rows: the state machine's states spread over columns, which the table's checks keep together.

use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, ReplicaId, SessionId, TurnId};
use chatloom_domain::turn::{FinishReason, Lease, Turn, TurnFailure, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_ports::store::turns::NewTurn;
use diesel::prelude::*;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::turns;
use super::budget::ReservationRow;
use super::stored_count;
use crate::columns::{Id, Time};
use crate::database::Db;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = turns, check_for_backend(Db))]
pub(crate) struct TurnRow {
    pub(crate) id: Id,
    pub(crate) session_id: Id,
    pub(crate) user_message_id: Id,
    pub(crate) assistant_message_id: Id,
    pub(crate) generation: i64,
    pub(crate) started_at: Time,
    #[diesel(embed)]
    pub(crate) state: TurnStateRow,
}

/// A turn that begins, with the claim of its sender.
#[derive(Insertable)]
#[diesel(table_name = turns, treat_none_as_default_value = false)]
pub(crate) struct NewTurnRow {
    #[diesel(embed)]
    pub(crate) turn: TurnRow,
    has_log: bool,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) fingerprint: Option<Vec<u8>>,
    #[diesel(embed)]
    pub(crate) reservation: ReservationRow,
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

/// Which rule a row breaks.
#[derive(Debug, Error)]
enum TurnRowError {
    /// A column is empty that the state needs.
    #[error("turn lacks what belongs to its state")]
    Incomplete,
    /// A column holds a word of nobody's.
    #[error("turn holds a word that is not known")]
    UnknownWord,
}

impl From<&NewTurn> for NewTurnRow {
    fn from(new: &NewTurn) -> Self {
        let claim = new.claim.as_ref();
        Self {
            turn: TurnRow::from(&new.turn),
            has_log: true,
            idempotency_key: claim.map(|claim| claim.key.as_str().to_owned()),
            fingerprint: claim.map(|claim| claim.fingerprint.as_bytes().to_vec()),
            reservation: ReservationRow::from(&new.reservation),
        }
    }
}

impl From<&Turn> for TurnRow {
    fn from(turn: &Turn) -> Self {
        Self {
            id: Id(turn.id.as_uuid()),
            session_id: Id(turn.session_id.as_uuid()),
            user_message_id: Id(turn.user_message_id.as_uuid()),
            assistant_message_id: Id(turn.assistant_message_id.as_uuid()),
            generation: i64::from(turn.generation),
            started_at: Time(turn.started_at),
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

impl TryFrom<TurnRow> for Turn {
    type Error = QueryError;

    fn try_from(row: TurnRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        Ok(Self {
            id: TurnId::from_uuid(id),
            session_id: SessionId::from_uuid(row.session_id.0),
            user_message_id: MessageId::from_uuid(row.user_message_id.0),
            assistant_message_id: MessageId::from_uuid(row.assistant_message_id.0),
            generation: u32::try_from(row.generation).map_err(|error| inconsistent("turns", id, error))?,
            started_at: row.started_at.0,
            state: row.state.into_state().map_err(|error| inconsistent("turns", id, error))?,
        })
    }
}

impl TurnStateRow {
    fn into_state(self) -> Result<TurnState, TurnRowError> {
        use TurnRowError::{Incomplete, UnknownWord};
        if self.state == "running" {
            let (owner, until) = self.owner.zip(self.lease_until).ok_or(Incomplete)?;
            let lease = Lease { owner: ReplicaId::from_uuid(owner.0), until: until.0 };
            return Ok(TurnState::Running { lease });
        }
        let ended_at = self.ended_at.ok_or(Incomplete)?.0;
        let usage = TokenUsage {
            input: u64::try_from(self.input_tokens).unwrap_or(0),
            output: u64::try_from(self.output_tokens).unwrap_or(0),
        };
        let failure = || TurnFailure::parse(self.failure.as_deref().ok_or(Incomplete)?).ok_or(UnknownWord);
        match self.state.as_str() {
            "completed" => {
                let reason = self.finish_reason.as_deref().ok_or(Incomplete)?;
                let finish_reason = FinishReason::parse(reason).ok_or(UnknownWord)?;
                Ok(TurnState::Completed { finish_reason, usage, ended_at })
            }
            "interrupted" => Ok(TurnState::Interrupted { failure: failure()?, usage, ended_at }),
            "failed" => Ok(TurnState::Failed { failure: failure()?, usage, ended_at }),
            _ => Err(UnknownWord),
        }
    }
}
