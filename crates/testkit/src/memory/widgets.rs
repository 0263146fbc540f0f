//! Widgets, their embed tokens and their statistics in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{SessionId, TeamId, WidgetId};
use chatloom_domain::token::{TokenHash, TokenSlot, WidgetTokens};
use chatloom_domain::usage::{TokenUsage, WidgetStats};
use chatloom_domain::widget::Widget;
use chatloom_ports::store::turns::TurnChange;
use chatloom_ports::store::widgets::{StoredToken, TokenOwner, TokenRotation, WidgetWriteError};
use chatloom_ports::store::{SaveOutcome, StoreError, WidgetStore};

use super::tables::{Tables, WidgetRecord};
use super::{MemoryStores, unavailable};

#[async_trait]
impl WidgetStore for MemoryStores {
    async fn create_widget(
        &self,
        widget: &Widget,
        token: &StoredToken,
        record: &AuditRecord,
    ) -> Result<(), WidgetWriteError> {
        self.transact_told(record.entries(), |tables| {
            if !tables.has_workflow(widget.team_id, widget.workflow_id) {
                return Err(WidgetWriteError::WorkflowNotFound);
            }
            tables.claim_token(&token.hash)?;
            tables.widgets.insert(widget.id, new_record(widget, token));
            tables.tell(record.entries());
            Ok(())
        })?
    }

    async fn list_widgets(&self, team: TeamId) -> Result<Vec<Widget>, StoreError> {
        self.transact(|tables| {
            let all = tables.widgets.values().map(|record| &record.widget);
            let mut widgets: Vec<_> = all.filter(|widget| widget.team_id == team).cloned().collect();
            widgets.sort_by_key(|widget| Reverse((widget.created_at, widget.id)));
            widgets
        })
    }

    async fn find_widget(&self, team: TeamId, id: WidgetId) -> Result<Option<Widget>, StoreError> {
        self.transact(|tables| tables.widget_of(team, id).map(|record| record.widget.clone()))
    }

    async fn save_widget(
        &self,
        widget: &Widget,
        told: &AuditRecord,
    ) -> Result<SaveOutcome, WidgetWriteError> {
        self.transact_told(told.entries(), |tables| {
            let has_workflow = tables.has_workflow(widget.team_id, widget.workflow_id);
            let Some(record) = tables.widget_of_mut(widget.team_id, widget.id) else {
                return Ok(SaveOutcome::Absent);
            };
            if record.widget.version != widget.version {
                return Ok(SaveOutcome::Stale);
            }
            if !has_workflow {
                return Err(WidgetWriteError::WorkflowNotFound);
            }
            record.widget = Widget {
                created_at: record.widget.created_at,
                version: widget.version + 1,
                ..widget.clone()
            };
            if !widget.active {
                tables.changes.ring(TurnChange::Stops);
            }
            tables.tell(told.entries());
            Ok(SaveOutcome::Saved)
        })?
    }

    async fn delete_widget(
        &self,
        team: TeamId,
        id: WidgetId,
        _at: Timestamp,
        told: &AuditRecord,
    ) -> Result<bool, StoreError> {
        self.transact_told(told.entries(), |tables| {
            let Some(record) = tables.widget_of(team, id) else {
                return false;
            };
            let token_hash = record.token_hash;
            for session in tables.sessions_of(id) {
                tables.remove_session(session);
            }
            tables.close_account(team, id);
            tables.widgets.remove(&id);
            tables.deleted.insert(id);
            tables.tombstones.insert(token_hash);
            tables.changes.ring(TurnChange::Stops);
            tables.tell(told.entries());
            true
        })
    }

    async fn find_sealed_token(&self, team: TeamId, id: WidgetId) -> Result<Option<Vec<u8>>, StoreError> {
        self.transact(|tables| tables.widget_of(team, id).map(|record| record.sealed_token.clone()))
    }

    async fn rotate_embed_token(
        &self,
        team: TeamId,
        id: WidgetId,
        rotation: &TokenRotation,
        told: &AuditRecord,
    ) -> Result<bool, StoreError> {
        self.transact_told(told.entries(), |tables| {
            if tables.widget_of(team, id).is_none() {
                return Ok(false);
            }
            tables.claim_token(&rotation.token.hash)?;
            if let Some(record) = tables.widgets.get_mut(&id) {
                record.rotate(rotation);
            }
            tables.tell(told.entries());
            Ok(true)
        })?
    }

    async fn find_tokens(&self, team: TeamId, id: WidgetId) -> Result<Option<WidgetTokens>, StoreError> {
        self.transact(|tables| tables.widget_of(team, id).map(|record| record.tokens))
    }

    async fn note_token_use(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError> {
        self.transact(|tables| {
            let slots = tables.widgets.values_mut().filter_map(|record| record.slot_mut(hash));
            slots.for_each(|slot| slot.last_used_at = Some(at));
        })
    }

    async fn list_gone(&self, widgets: &[WidgetId]) -> Result<Vec<WidgetId>, StoreError> {
        self.transact(|tables| {
            let is_gone = |id: &&WidgetId| match tables.widgets.get(id) {
                Some(record) => !record.widget.active,
                None => tables.deleted.contains(id),
            };
            widgets.iter().filter(is_gone).copied().collect()
        })
    }

    async fn find_token_owner(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        self.transact(|tables| {
            let live = tables.widgets.values_mut().find_map(|record| {
                let slot = *record.slot_mut(hash)?;
                Some(TokenOwner::Widget(Box::new(record.widget.clone()), slot))
            });
            live.or_else(|| tables.tombstones.contains(hash).then_some(TokenOwner::Deleted))
        })
    }

    async fn find_widget_stats(
        &self,
        team: TeamId,
        id: WidgetId,
        day_start: Timestamp,
    ) -> Result<Option<WidgetStats>, StoreError> {
        self.transact(|tables| {
            let record = tables.widget_of(team, id)?;
            let sessions = tables.sessions.values().filter(|session| session.session.widget_id == id);
            let active_today = sessions.filter(|session| session.active_at >= day_start).count();
            Some(WidgetStats {
                total_sessions: record.total_sessions,
                total_messages: record.total_messages,
                active_sessions_today: active_today as u64,
                token_usage: record.token_usage,
            })
        })
    }
}

fn new_record(widget: &Widget, token: &StoredToken) -> WidgetRecord {
    WidgetRecord {
        widget: widget.clone(),
        token_hash: token.hash,
        sealed_token: token.sealed.clone(),
        tokens: WidgetTokens {
            made_at: Some(widget.created_at),
            current: TokenSlot::default(),
            previous: None,
        },
        previous_token: None,
        identity_secrets: None,
        total_sessions: 0,
        total_messages: 0,
        token_usage: TokenUsage::default(),
    }
}

impl WidgetRecord {
    fn rotate(&mut self, rotation: &TokenRotation) {
        let before = std::mem::replace(&mut self.token_hash, rotation.token.hash);
        let slot = TokenSlot { valid_until: rotation.previous_until, ..self.tokens.current };
        self.previous_token = rotation.previous_until.map(|_| before);
        self.tokens = WidgetTokens {
            made_at: Some(rotation.at),
            current: TokenSlot::default(),
            previous: self.previous_token.map(|_| slot),
        };
        self.sealed_token.clone_from(&rotation.token.sealed);
        self.widget.updated_at = rotation.at;
        self.widget.version += 1;
    }

    fn slot_mut(&mut self, hash: &TokenHash) -> Option<&mut TokenSlot> {
        if self.token_hash == *hash {
            return Some(&mut self.tokens.current);
        }
        self.tokens.previous.as_mut().filter(|_| self.previous_token == Some(*hash))
    }
}

impl Tables {
    /// Fails as a unique index would when any widget has the token, a deleted one too.
    fn claim_token(&self, hash: &TokenHash) -> Result<(), StoreError> {
        let is_taken = self.widgets.values().any(|record| record.token_hash == *hash);
        if is_taken || self.tombstones.contains(hash) {
            return Err(unavailable("a widget has this token"));
        }
        Ok(())
    }

    fn sessions_of(&self, widget: WidgetId) -> Vec<SessionId> {
        let of_widget = self.sessions.values().filter(|record| record.session.widget_id == widget);
        of_widget.map(|record| record.session.id).collect()
    }
}
