//! Messages as rows.

use chatloom_domain::feedback::Rating;
use chatloom_domain::id::MessageId;
use chatloom_domain::message::{Author, Message, MessageContent, MessageStatus, Question};
use chatloom_domain::page_context::PageContext;
use chatloom_ports::store::turns::NewTurn;
use diesel::prelude::*;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::messages;
use super::data::data;
use crate::columns::{Id, Time};
use crate::database::Db;

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(Db))]
pub(crate) struct MessageRow {
    pub(crate) id: Id,
    pub(crate) seq: i64,
    pub(crate) author: String,
    pub(crate) content: String,
    pub(crate) status: String,
    pub(crate) created_at: Time,
    pub(crate) feedback_rating: Option<String>,
}

/// A message to be written.
pub(crate) struct NewMessageRow {
    pub(crate) id: Id,
    pub(crate) session_id: Id,
    pub(crate) seq: i64,
    pub(crate) author: String,
    pub(crate) content: String,
    pub(crate) status: String,
    pub(crate) created_at: Time,
    /// JSON on one line.
    pub(crate) page_context: Option<String>,
}

/// What a turn answers.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(Db))]
pub(crate) struct QuestionRow {
    id: Id,
    content: String,
    page_context: Option<String>,
}

#[derive(Debug, Error)]
#[error("column {0} holds a word that is not known")]
struct UnknownWord(&'static str);

/// What a visitor wrote and the place for the answer, which follow the message that stands at `last_seq`.
pub(crate) fn question_and_answer(new: &NewTurn, last_seq: i64) -> [NewMessageRow; 2] {
    let turn = &new.turn;
    let row = |id: MessageId, seq, author: Author, status: MessageStatus, content: &str| NewMessageRow {
        id: Id(id.as_uuid()),
        session_id: Id(turn.session_id.as_uuid()),
        seq,
        author: author.as_str().to_owned(),
        content: content.to_owned(),
        status: status.as_str().to_owned(),
        created_at: Time(turn.started_at),
        page_context: None,
    };
    let Question { content, context } = &new.question;
    let question =
        row(turn.user_message_id, last_seq + 1, Author::User, MessageStatus::Complete, content.as_str());
    [
        NewMessageRow {
            page_context: context.as_ref().map(|context| context.as_line().to_owned()),
            ..question
        },
        row(turn.assistant_message_id, last_seq + 2, Author::Assistant, MessageStatus::Streaming, ""),
    ]
}

/// A model's text as both databases can keep it: PostgreSQL has no place for NUL in a text (its error would keep
/// the turn from ever ending), so it becomes the replacement character.
pub(crate) fn storable_text(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

impl MessageRow {
    /// Whether the text is still to be found in the turn's log.
    pub(crate) fn is_streaming(&self) -> bool {
        self.status == MessageStatus::Streaming.as_str()
    }
}

impl TryFrom<QuestionRow> for Question {
    type Error = QueryError;

    fn try_from(row: QuestionRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let text = MessageContent::parse(&row.content);
        let json = row.page_context.as_deref().map(serde_json::from_str).transpose();
        let json = json.map_err(|error| inconsistent("messages", id, error))?;
        let context = json.map(|json| PageContext::parse(&data(json))).transpose();
        Ok(Self {
            content: text.map_err(|error| inconsistent("messages", id, error))?,
            context: context.map_err(|error| inconsistent("messages", id, error))?,
        })
    }
}

impl TryFrom<MessageRow> for Message {
    type Error = QueryError;

    /// The row does not know the turn; who wants it looks for it among the session's.
    fn try_from(row: MessageRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let unknown = |column| move || inconsistent("messages", id, UnknownWord(column));
        let rating = |word: String| Rating::parse(&word).ok_or_else(unknown("feedback_rating"));
        Ok(Self {
            id: MessageId::from_uuid(id),
            seq: row.seq,
            author: Author::parse(&row.author).ok_or_else(unknown("author"))?,
            content: row.content,
            status: MessageStatus::parse(&row.status).ok_or_else(unknown("status"))?,
            turn_id: None,
            feedback: row.feedback_rating.map(rating).transpose()?,
            created_at: row.created_at.0,
        })
    }
}
