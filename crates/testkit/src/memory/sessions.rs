//! Chat sessions and their messages in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditEntry;
use chatloom_domain::feedback::{Feedback, RatedAnswer, Rating};
use chatloom_domain::id::{MessageId, SessionId, WidgetId};
use chatloom_domain::message::{Author, Message, MessageStatus};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, SessionSummary, SessionsOf};
use chatloom_ports::store::sessions::{OpenSessionError, SpentChallenge};
use chatloom_ports::store::{SessionStore, StoreError};
use jiff::SignedDuration;

use super::MemoryStores;
use super::tables::{SessionRecord, Tables};

#[async_trait]
impl SessionStore for MemoryStores {
    async fn open_session(
        &self,
        session: &ChatSession,
        widget_version: i64,
        spent: Option<SpentChallenge>,
    ) -> Result<(), OpenSessionError> {
        self.transact(|tables| {
            let is_spent = spent.is_some_and(|spent| tables.spent_challenges.contains_key(&spent.id));
            let Some(widget) = tables.admitted_widget(session.widget_id, widget_version) else {
                return Err(OpenSessionError::WidgetChanged);
            };
            if is_spent {
                return Err(OpenSessionError::ChallengeSpent);
            }
            widget.total_sessions += 1;
            let record = SessionRecord {
                session: session.clone(),
                active_at: session.created_at,
                messages: Vec::new(),
                feedback: BTreeMap::new(),
            };
            tables.sessions.insert(session.id, record);
            tables.spent_challenges.extend(spent.map(|spent| (spent.id, spent.expires_at)));
            Ok(())
        })?
    }

    async fn prune_spent_challenges(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        self.transact(|tables| {
            let before = tables.spent_challenges.len();
            tables.spent_challenges.retain(|_, expires_at| *expires_at >= expired_before);
            (before - tables.spent_challenges.len()) as u64
        })
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

    async fn set_feedback(
        &self,
        session: SessionId,
        message: MessageId,
        feedback: Option<Feedback>,
    ) -> Result<bool, StoreError> {
        self.transact(|tables| {
            let is_rateable = |answer: &Message| {
                answer.id == message
                    && answer.author == Author::Assistant
                    && answer.status != MessageStatus::Streaming
            };
            let record = tables.sessions.get_mut(&session);
            let Some(record) = record.filter(|record| record.messages.iter().any(is_rateable)) else {
                return false;
            };
            match feedback {
                Some(feedback) => record.feedback.insert(message, feedback),
                None => record.feedback.remove(&message),
            };
            true
        })
    }

    async fn list_feedback(
        &self,
        widget: WidgetId,
        rating: Option<Rating>,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<RatedAnswer>, StoreError> {
        self.transact(|tables| {
            let own = tables.sessions.values().filter(|record| record.session.widget_id == widget);
            let mut rated: Vec<_> = own.flat_map(rated_answers).collect();
            rated.sort_by_key(|rated| Reverse((rated.feedback.given_at, rated.message_id)));
            let begin = match before {
                None => 0,
                Some(id) => rated
                    .iter()
                    .position(|rated| rated.message_id == id)
                    .map_or(rated.len(), |place| place + 1),
            };
            let page = rated.into_iter().skip(begin);
            let meant = page.filter(|rated| rating.is_none_or(|rating| rated.feedback.rating == rating));
            meant.take(limit as usize).collect()
        })
    }

    async fn erase_session(&self, id: SessionId) -> Result<bool, StoreError> {
        self.transact(|tables| tables.remove_session(id))
    }

    async fn list_proven_sessions(
        &self,
        widget: WidgetId,
        subject: &VisitorSubject,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionSummary>, StoreError> {
        self.transact(|tables| {
            let records = tables.sessions.values().filter(|record| {
                record.session.widget_id == widget && record.session.subject.as_ref() == Some(subject)
            });
            let mut own: Vec<_> = records.map(summary).collect();
            own.sort_by_key(|summary| Reverse((summary.last_active_at, summary.id)));
            let begin = match before {
                None => 0,
                Some(id) => own.iter().position(|own| own.id == id).map_or(own.len(), |place| place + 1),
            };
            own.into_iter().skip(begin).take(limit as usize).collect()
        })
    }

    async fn erase_sessions(
        &self,
        widget: WidgetId,
        whose: &SessionsOf,
        limit: u32,
        told: &[AuditEntry],
    ) -> Result<u64, StoreError> {
        self.transact_told(told, |tables| {
            let erased = tables.remove_first(limit, |_, SessionRecord { session, .. }| {
                let is_meant = match whose {
                    SessionsOf::Session(id) => session.id == *id,
                    SessionsOf::Visitor(label) => session.visitor_id.as_ref() == Some(label),
                    SessionsOf::Subject(subject) => session.subject.as_ref() == Some(subject),
                };
                is_meant && session.widget_id == widget
            });
            if erased > 0 {
                tables.tell(told);
            }
            erased
        })
    }

    async fn erase_outdated_sessions(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.transact(|tables| {
            tables.remove_first(limit, |tables, SessionRecord { session, active_at, .. }| {
                let widget = tables.widgets.get(&session.widget_id);
                let days = widget.and_then(|record| record.widget.rules.retention);
                let kept = days.map(|days| SignedDuration::from_hours(24 * i64::from(days.get())));
                let is_outdated = kept.is_some_and(|kept| now.duration_since(*active_at) > kept);
                is_outdated && !tables.is_busy(session.id)
            })
        })
    }

    /// Nothing is anywhere but in the tables.
    async fn remove_traces(&self) -> Result<bool, StoreError> {
        self.transact(|_| true)
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

fn rated_answers(record: &SessionRecord) -> impl Iterator<Item = RatedAnswer> {
    record.messages.iter().filter_map(|message| {
        Some(RatedAnswer {
            message_id: message.id,
            session_id: record.session.id,
            feedback: record.feedback.get(&message.id)?.clone(),
            content: message.content.clone(),
            answered_at: message.created_at,
        })
    })
}

fn summary(record: &SessionRecord) -> SessionSummary {
    SessionSummary {
        id: record.session.id,
        created_at: record.session.created_at,
        last_active_at: record.active_at,
    }
}

impl Tables {
    /// Removes the first sessions of which this holds, and gives their number.
    fn remove_first(&mut self, limit: u32, holds: impl Fn(&Self, &SessionRecord) -> bool) -> u64 {
        let meant = self.sessions.values().filter(|record| holds(self, record));
        let ids: Vec<_> = meant.map(|record| record.session.id).take(limit as usize).collect();
        for id in &ids {
            self.remove_session(*id);
        }
        ids.len() as u64
    }

    /// A message as its readers see it: with the visitor's rating; one that is not complete names its turn, and one that
    /// is being written has the text of the turn's log.
    fn as_read(&self, session: SessionId, message: &Message) -> Message {
        let feedback = self.sessions.get(&session).and_then(|record| record.feedback.get(&message.id));
        let mut message = Message { feedback: feedback.map(|feedback| feedback.rating), ..message.clone() };
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
