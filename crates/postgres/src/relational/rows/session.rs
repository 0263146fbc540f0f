//! Chat sessions as rows.

use chatloom_domain::id::{SessionId, WidgetId};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, SessionSummary, VisitorId};
use chatloom_domain::token::SecretHash;
use diesel::prelude::*;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::chat_sessions;
use crate::columns::{Id, Time};
use crate::database::Db;

/// A session without what its turns keep in the row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_sessions, check_for_backend(Db))]
pub(crate) struct ChatSessionRow {
    id: Id,
    widget_id: Id,
    visitor_id: Option<String>,
    subject: Option<String>,
    secret_hash: Option<Vec<u8>>,
    created_at: Time,
}

/// What a proven visitor is told of a session.
#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_sessions, check_for_backend(Db))]
pub(crate) struct SessionSummaryRow {
    id: Id,
    created_at: Time,
    last_active_at: Time,
}

/// A session that has no messages yet.
#[derive(Insertable)]
#[diesel(table_name = chat_sessions, treat_none_as_default_value = false)]
pub(crate) struct NewChatSessionRow {
    id: Id,
    widget_id: Id,
    visitor_id: Option<String>,
    subject: Option<String>,
    secret_hash: Option<Vec<u8>>,
    created_at: Time,
    last_active_at: Time,
    last_seq: i64,
}

impl From<&ChatSession> for NewChatSessionRow {
    fn from(session: &ChatSession) -> Self {
        Self {
            id: Id(session.id.as_uuid()),
            widget_id: Id(session.widget_id.as_uuid()),
            visitor_id: session.visitor_id.as_ref().map(|visitor| visitor.as_str().to_owned()),
            subject: session.subject.as_ref().map(|subject| subject.as_str().to_owned()),
            secret_hash: session.secret_hash.map(|hash| hash.as_bytes().to_vec()),
            created_at: Time(session.created_at),
            last_active_at: Time(session.created_at),
            last_seq: 0,
        }
    }
}

impl TryFrom<ChatSessionRow> for ChatSession {
    type Error = QueryError;

    fn try_from(row: ChatSessionRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let visitor_id = row.visitor_id.map(|label| VisitorId::parse(&label)).transpose();
        let subject = row.subject.map(|name| VisitorSubject::parse(&name)).transpose();
        let secret = row.secret_hash.map(|hash| <[u8; 32]>::try_from(hash.as_slice())).transpose();
        Ok(Self {
            id: SessionId::from_uuid(id),
            widget_id: WidgetId::from_uuid(row.widget_id.0),
            visitor_id: visitor_id.map_err(|error| inconsistent("chat_sessions", id, error))?,
            subject: subject.map_err(|error| inconsistent("chat_sessions", id, error))?,
            secret_hash: secret
                .map_err(|error| inconsistent("chat_sessions", id, error))?
                .map(SecretHash::from_bytes),
            created_at: row.created_at.0,
        })
    }
}

impl From<SessionSummaryRow> for SessionSummary {
    fn from(row: SessionSummaryRow) -> Self {
        Self {
            id: SessionId::from_uuid(row.id.0),
            created_at: row.created_at.0,
            last_active_at: row.last_active_at.0,
        }
    }
}
