//! Managing daily budgets.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::audit::{Actor, AuditAction, AuditObject, AuditRecord};
use chatloom_domain::budget::{Account, BudgetChange, BudgetOwner, DailyLimit, Day};
use chatloom_domain::team::TeamMember;
use chatloom_ports::dashboard::{BudgetAdministration, BudgetError, BudgetReport, SetBudgetCommand};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::BudgetStore;

use crate::audit;

pub(crate) struct Budgets {
    pub(crate) store: Arc<dyn BudgetStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl BudgetAdministration for Budgets {
    async fn find(&self, member: &TeamMember, owner: BudgetOwner) -> Result<BudgetReport, BudgetError> {
        let today = Day::of(self.clock.now());
        report(self.store.find_account(member.team_id, owner, today).await?, today)
    }

    async fn set(
        &self,
        actor: &Actor,
        owner: BudgetOwner,
        command: SetBudgetCommand,
    ) -> Result<BudgetReport, BudgetError> {
        let change = BudgetChange {
            daily_messages: limit("dailyMessages", command.daily_messages)?,
            daily_tokens: limit("dailyTokens", command.daily_tokens)?,
        };
        let (now, team) = (self.clock.now(), actor.member.team_id);
        let object = match owner {
            BudgetOwner::Team => AuditObject::Team(team),
            BudgetOwner::Widget(widget) => AuditObject::Widget(widget),
        };
        let entry = audit::entry(self.entropy.as_ref(), actor, now, AuditAction::BudgetsChanged, object);
        let (today, record) = (Day::of(now), AuditRecord::of(entry));
        report(self.store.set_budget(team, owner, change, today, &record).await?, today)
    }
}

fn limit(field: &'static str, given: Option<Option<i64>>) -> Result<Option<Option<DailyLimit>>, BudgetError> {
    let refuse = |fault| BudgetError::Limit { field, fault };
    given.map(|number| number.map(DailyLimit::parse).transpose().map_err(refuse)).transpose()
}

fn report(account: Option<Account>, day: Day) -> Result<BudgetReport, BudgetError> {
    let account = account.ok_or(BudgetError::WidgetNotFound)?;
    Ok(BudgetReport { account, resets_at: day.end() })
}
