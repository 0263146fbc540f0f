//! [`SessionStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{MessageId, SessionId};
use chatloom_domain::message::Message;
use chatloom_domain::session::ChatSession;
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::{SessionStore, StoreError};

use super::super::queries::sessions;
use super::RelationalStore;
use crate::columns::{Id, Time};

#[async_trait]
impl SessionStore for RelationalStore {
    async fn open_session(&self, session: &ChatSession, widget_version: i64) -> Result<(), OpenSessionError> {
        let session = session.clone();
        let work = self
            .database
            .write(move |conn| Box::pin(async move { sessions::open(conn, &session, widget_version).await }));
        work.await
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<ChatSession>, StoreError> {
        let id = Id(id.as_uuid());
        Ok(self.database.read(move |conn| Box::pin(sessions::find(conn, id))).await?)
    }

    async fn list_messages(
        &self,
        session: SessionId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let (session, before) = (Id(session.as_uuid()), before.map(|id| Id(id.as_uuid())));
        let work =
            self.database.read(move |conn| Box::pin(sessions::list_messages(conn, session, before, limit)));
        Ok(work.await?)
    }

    async fn erase_session(&self, id: SessionId) -> Result<bool, StoreError> {
        let id = Id(id.as_uuid());
        Ok(self.database.write(move |conn| Box::pin(sessions::delete(conn, id))).await?)
    }

    async fn purge_empty_sessions(&self, opened_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let before = Time(opened_before);
        Ok(self.database.write(move |conn| Box::pin(sessions::purge_empty(conn, before, limit))).await?)
    }
}
