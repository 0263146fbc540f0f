//! Chat sessions and their messages in memory.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, SessionId};
use chatloom_domain::message::{Message, MessageStatus};
use chatloom_domain::session::ChatSession;
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::{SessionStore, StoreError};

use super::MemoryStores;
use super::tables::{SessionRecord, Tables};

#[async_trait]
impl SessionStore for MemoryStores {
    async fn open_session(&self, session: &ChatSession, widget_version: i64) -> Result<(), OpenSessionError> {
        self.transact(|tables| {
            let Some(widget) = tables.admitted_widget(session.widget_id, widget_version) else {
                return Err(OpenSessionError::WidgetChanged);
            };
            widget.total_sessions += 1;
            let record = SessionRecord {
                session: session.clone(),
                active_at: session.created_at,
                messages: Vec::new(),
            };
            tables.sessions.insert(session.id, record);
            Ok(())
        })?
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<ChatSession>, StoreError> {
        self.transact(|tables| tables.sessions.get(&id).map(|record| record.session.clone()))
    }

    async fn list_messages(
        &self,
        session: SessionId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        self.transact(|tables| {
            let messages = tables.sessions.get(&session).map_or(&[][..], |record| &record.messages);
            let end = match before {
                None => messages.len(),
                Some(id) => messages.iter().position(|message| message.id == id).unwrap_or(0),
            };
            let start = end.saturating_sub(limit as usize);
            messages[start..end].iter().map(|message| tables.as_read(session, message)).collect()
        })
    }

    async fn erase_session(&self, id: SessionId) -> Result<bool, StoreError> {
        self.transact(|tables| tables.remove_session(id))
    }

    async fn purge_empty_sessions(&self, opened_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.transact(|tables| {
            let is_old = |record: &&SessionRecord| {
                record.messages.is_empty() && record.session.created_at < opened_before
            };
            let old = tables.sessions.values().filter(is_old).map(|record| record.session.id);
            let old: Vec<_> = old.take(limit as usize).collect();
            old.iter().filter(|id| tables.remove_session(**id)).count() as u64
        })
    }
}

impl Tables {
    /// A message as its readers see it: one that is not complete names its turn, and one that is being written has
    /// the text of the turn's log.
    fn as_read(&self, session: SessionId, message: &Message) -> Message {
        let mut message = message.clone();
        if message.status == MessageStatus::Complete {
            return message;
        }
        let writer = self.turns_of(session).find(|record| record.turn.assistant_message_id == message.id);
        message.turn_id = writer.map(|record| record.turn.id);
        if let Some(record) = writer.filter(|record| record.turn.is_running()) {
            message.content = record.text();
        }
        message
    }
}
