//! [`SessionStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::feedback::{Feedback, RatedAnswer, Rating};
use chatloom_domain::id::{MessageId, SessionId, WidgetId};
use chatloom_domain::message::Message;
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, SessionSummary, SessionsOf};
use chatloom_ports::store::sessions::{OpenSessionError, SpentChallenge};
use chatloom_ports::store::{SessionStore, StoreError};

use super::super::errors::QueryError;
use super::super::queries::{audit, erasure, feedback, sessions};
use super::super::rows::feedback::FeedbackRow;
use super::RelationalStore;
use crate::columns::{Id, Time};

#[async_trait]
impl SessionStore for RelationalStore {
    async fn open_session(
        &self,
        session: &ChatSession,
        widget_version: i64,
        spent: Option<SpentChallenge>,
    ) -> Result<(), OpenSessionError> {
        let session = session.clone();
        let work = self.database.write(move |conn| {
            Box::pin(async move { sessions::open(conn, &session, widget_version, spent).await })
        });
        work.await
    }

    async fn prune_spent_challenges(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        let before = Time(expired_before);
        let work = self.database.write(move |conn| Box::pin(sessions::prune_spent(conn, before)));
        Ok(work.await? as u64)
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

    async fn set_feedback(
        &self,
        session: SessionId,
        message: MessageId,
        feedback: Option<Feedback>,
    ) -> Result<bool, StoreError> {
        let (session, message) = (Id(session.as_uuid()), Id(message.as_uuid()));
        let row = feedback.as_ref().map(FeedbackRow::from).unwrap_or_default();
        Ok(self.database.write(move |conn| Box::pin(feedback::set(conn, session, message, row))).await?)
    }

    async fn list_feedback(
        &self,
        widget: WidgetId,
        rating: Option<Rating>,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<RatedAnswer>, StoreError> {
        let (widget, before) = (Id(widget.as_uuid()), before.map(|id| Id(id.as_uuid())));
        let work =
            self.database.read(move |conn| Box::pin(feedback::list(conn, widget, rating, before, limit)));
        Ok(work.await?)
    }

    async fn erase_session(&self, id: SessionId) -> Result<bool, StoreError> {
        let id = Id(id.as_uuid());
        let erased = self.database.write(move |conn| Box::pin(erasure::delete_session(conn, id))).await?;
        self.note_erasures(u64::from(erased));
        Ok(erased)
    }

    async fn list_proven_sessions(
        &self,
        widget: WidgetId,
        subject: &VisitorSubject,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionSummary>, StoreError> {
        let (widget, subject) = (Id(widget.as_uuid()), subject.clone());
        let before = before.map(|id| Id(id.as_uuid()));
        let work = self.database.read(move |conn| {
            Box::pin(
                async move { sessions::list_proven(conn, widget, subject.as_str(), before, limit).await },
            )
        });
        Ok(work.await?)
    }

    async fn erase_sessions(
        &self,
        widget: WidgetId,
        whose: &SessionsOf,
        limit: u32,
        told: &[AuditEntry],
    ) -> Result<u64, StoreError> {
        let (widget, whose, told) = (Id(widget.as_uuid()), whose.clone(), told.to_vec());
        let work = self.database.write(move |conn| {
            Box::pin(async move {
                let deleted = erasure::delete_sessions(conn, widget, &whose, limit).await?;
                if deleted > 0 {
                    audit::append(conn, &told).await?;
                }
                Ok::<_, QueryError>(deleted)
            })
        });
        let erased = work.await?;
        self.note_erasures(erased);
        Ok(erased)
    }

    async fn erase_outdated_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let work = self.database.write(move |conn| Box::pin(erasure::delete_outdated(conn, now, limit)));
        let erased = work.await?;
        self.note_erasures(erased);
        Ok(erased)
    }

    async fn remove_traces(&self) -> Result<bool, StoreError> {
        Ok(self.database.remove_traces().await?)
    }

    async fn purge_empty_sessions(&self, opened_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let before = Time(opened_before);
        Ok(self.database.write(move |conn| Box::pin(sessions::purge_empty(conn, before, limit))).await?)
    }
}
