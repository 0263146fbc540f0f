//! [`WidgetStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WidgetId};
use chatloom_domain::token::{TokenHash, WidgetTokens};
use chatloom_domain::usage::WidgetStats;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::turns::TurnChange;
use chatloom_ports::store::widgets::{StoredToken, TokenOwner, TokenRotation, WidgetWriteError};
use chatloom_ports::store::{SaveOutcome, StoreError, WidgetStore};

use super::super::errors::QueryError;
use super::super::queries::{usage, widgets};
use super::RelationalStore;
use crate::columns::{Id, Time};

#[async_trait]
impl WidgetStore for RelationalStore {
    async fn create_widget(
        &self,
        widget: &Widget,
        token: &StoredToken,
        record: &AuditRecord,
    ) -> Result<(), WidgetWriteError> {
        let (widget, token, record) = (widget.clone(), token.clone(), record.clone());
        let work = self.database.write(move |conn| {
            Box::pin(async move { widgets::insert(conn, &widget, &token, &record).await })
        });
        Ok(work.await?)
    }

    async fn list_widgets(&self, team: TeamId) -> Result<Vec<Widget>, StoreError> {
        let team = Id(team.as_uuid());
        Ok(self.database.read(move |conn| Box::pin(widgets::list(conn, team))).await?)
    }

    async fn find_widget(&self, team: TeamId, id: WidgetId) -> Result<Option<Widget>, StoreError> {
        let (team, id) = (Id(team.as_uuid()), Id(id.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(widgets::find(conn, team, id))).await?)
    }

    async fn save_widget(
        &self,
        widget: &Widget,
        record: &AuditRecord,
    ) -> Result<SaveOutcome, WidgetWriteError> {
        let (widget, record, switches_off) = (widget.clone(), record.clone(), !widget.active);
        let work = self
            .database
            .write(move |conn| Box::pin(async move { widgets::save(conn, &widget, &record).await }));
        let outcome = work.await?;
        if switches_off && outcome == SaveOutcome::Saved {
            self.database.tell(TurnChange::Stops);
        }
        Ok(outcome)
    }

    async fn delete_widget(
        &self,
        team: TeamId,
        id: WidgetId,
        at: Timestamp,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let (team, id, at, record) = (Id(team.as_uuid()), Id(id.as_uuid()), Time(at), record.clone());
        let work = self
            .database
            .write(move |conn| Box::pin(async move { widgets::delete(conn, team, id, at, &record).await }));
        let deleted = work.await?;
        if deleted {
            self.database.tell(TurnChange::Stops);
        }
        self.note_erasures(u64::from(deleted));
        Ok(deleted)
    }

    async fn find_sealed_token(&self, team: TeamId, id: WidgetId) -> Result<Option<Vec<u8>>, StoreError> {
        let (team, id) = (Id(team.as_uuid()), Id(id.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(widgets::find_sealed_token(conn, team, id))).await?)
    }

    async fn rotate_embed_token(
        &self,
        team: TeamId,
        id: WidgetId,
        rotation: &TokenRotation,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let (team, id) = (Id(team.as_uuid()), Id(id.as_uuid()));
        let (rotation, record) = (rotation.clone(), record.clone());
        let work = self.database.write(move |conn| {
            Box::pin(async move { widgets::rotate_token(conn, team, id, &rotation, &record).await })
        });
        Ok(work.await?)
    }

    async fn find_tokens(&self, team: TeamId, id: WidgetId) -> Result<Option<WidgetTokens>, StoreError> {
        let (team, id) = (Id(team.as_uuid()), Id(id.as_uuid()));
        Ok(self.database.read(move |conn| Box::pin(widgets::find_tokens(conn, team, id))).await?)
    }

    async fn note_token_use(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError> {
        let (hash, at) = (*hash, Time(at));
        let work = self.database.write(move |conn| {
            Box::pin(async move { widgets::note_token_use(conn, hash.as_bytes(), at).await })
        });
        Ok(work.await?)
    }

    async fn list_gone(&self, widgets: &[WidgetId]) -> Result<Vec<WidgetId>, StoreError> {
        let ids: Vec<_> = widgets.iter().map(|id| Id(id.as_uuid())).collect();
        let work =
            self.database.read(move |conn| Box::pin(async move { widgets::list_gone(conn, &ids).await }));
        Ok(work.await?.into_iter().map(|id| WidgetId::from_uuid(id.0)).collect())
    }

    async fn find_token_owner(&self, hash: &TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        let hash = *hash;
        let work = self.database.read(move |conn| {
            Box::pin(async move { widgets::find_token_owner(conn, hash.as_bytes()).await })
        });
        Ok(work.await?)
    }

    async fn find_widget_stats(
        &self,
        team: TeamId,
        id: WidgetId,
        day_start: Timestamp,
    ) -> Result<Option<WidgetStats>, StoreError> {
        let (team, id, day_start) = (Id(team.as_uuid()), Id(id.as_uuid()), Time(day_start));
        let work = self.database.read(move |conn| {
            Box::pin(async move {
                if !widgets::is_there(conn, team, id).await? {
                    return Ok::<_, QueryError>(None);
                }
                usage::find_stats(conn, id, day_start).await.map(Some)
            })
        });
        Ok(work.await?)
    }
}
