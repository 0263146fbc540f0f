//! [`IdentityStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::id::{TeamId, WidgetId};
use chatloom_ports::store::identities::StoredIdentitySecrets;
use chatloom_ports::store::{IdentityStore, StoreError};

use super::super::errors::QueryError;
use super::super::queries::{audit, identities};
use super::RelationalStore;
use crate::columns::{Id, Time};

#[async_trait]
impl IdentityStore for RelationalStore {
    async fn rotate_identity_secret(
        &self,
        team: TeamId,
        widget: WidgetId,
        sealed: &[u8],
        previous_until: Option<Timestamp>,
        at: Timestamp,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let rotation = identities::Rotation {
            team: Id(team.as_uuid()),
            widget: Id(widget.as_uuid()),
            sealed: sealed.to_vec(),
            previous_until,
            at: Time(at),
        };
        let record = record.clone();
        let work = self.database.write(move |conn| {
            Box::pin(async move {
                let rotated = identities::rotate(conn, rotation).await?;
                if rotated {
                    audit::append(conn, record.entries()).await?;
                }
                Ok::<_, QueryError>(rotated)
            })
        });
        Ok(work.await?)
    }

    async fn find_identity_secrets(
        &self,
        team: TeamId,
        widget: WidgetId,
    ) -> Result<Option<StoredIdentitySecrets>, StoreError> {
        let (team, widget) = (Id(team.as_uuid()), Id(widget.as_uuid()));
        let row = self.database.read(move |conn| Box::pin(identities::find(conn, team, widget))).await?;
        Ok(row.map(StoredIdentitySecrets::from))
    }
}
