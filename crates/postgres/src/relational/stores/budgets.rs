//! [`BudgetStore`] on a relational database.

use async_trait::async_trait;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::budget::{Account, BudgetChange, BudgetOwner, Day};
use chatloom_domain::id::TeamId;
use chatloom_ports::store::{BudgetStore, StoreError};

use super::super::errors::QueryError;
use super::super::queries::{audit, budgets, widgets};
use super::RelationalStore;
use crate::columns::{Id, Time};
use crate::dialect;

#[async_trait]
impl BudgetStore for RelationalStore {
    async fn find_account(
        &self,
        team: TeamId,
        owner: BudgetOwner,
        day: Day,
    ) -> Result<Option<Account>, StoreError> {
        let team = Id(team.as_uuid());
        let work = self.database.read(move |conn| {
            Box::pin(async move {
                let owner = match owner {
                    BudgetOwner::Team => team,
                    BudgetOwner::Widget(widget) => {
                        let widget = Id(widget.as_uuid());
                        if !widgets::is_there(conn, team, widget).await? {
                            return Ok::<_, QueryError>(None);
                        }
                        widget
                    }
                };
                budgets::find_account(conn, owner, day).await.map(Some)
            })
        });
        Ok(work.await?)
    }

    async fn set_budget(
        &self,
        team: TeamId,
        owner: BudgetOwner,
        change: BudgetChange,
        day: Day,
        record: &AuditRecord,
    ) -> Result<Option<Account>, StoreError> {
        let (team, record) = (Id(team.as_uuid()), record.clone());
        let work = self.database.write(move |conn| {
            Box::pin(async move {
                let owner = match owner {
                    BudgetOwner::Team => team,
                    BudgetOwner::Widget(widget) => {
                        let widget = Id(widget.as_uuid());
                        // One that is deleted meanwhile would leave its budget behind for ever.
                        if !dialect::hold_own_widget(conn, team, widget).await? {
                            return Ok::<_, QueryError>(None);
                        }
                        widget
                    }
                };
                budgets::set(conn, owner, team, change).await?;
                audit::append(conn, record.entries()).await?;
                budgets::find_account(conn, owner, day).await.map(Some)
            })
        });
        Ok(work.await?)
    }

    async fn prune_spending(&self, day: Day) -> Result<(), StoreError> {
        let day = Time(day.start());
        Ok(self.database.write(move |conn| Box::pin(budgets::prune(conn, day))).await?)
    }
}
