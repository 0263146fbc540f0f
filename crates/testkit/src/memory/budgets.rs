//! Daily budgets in memory.

use async_trait::async_trait;
use chatloom_domain::audit::AuditRecord;
use chatloom_domain::budget::{
    Account, Accounts, Budget, BudgetChange, BudgetOwner, Day, MessageQuota, Reservation, Shortage,
};
use chatloom_domain::id::{SessionId, TeamId, WidgetId};
use chatloom_ports::store::{BudgetStore, StoreError};

use super::MemoryStores;
use super::tables::Tables;

#[async_trait]
impl BudgetStore for MemoryStores {
    async fn find_account(
        &self,
        team: TeamId,
        owner: BudgetOwner,
        day: Day,
    ) -> Result<Option<Account>, StoreError> {
        self.transact(|tables| tables.is_budget_owner(team, owner).then(|| tables.account(team, owner, day)))
    }

    async fn set_budget(
        &self,
        team: TeamId,
        owner: BudgetOwner,
        change: BudgetChange,
        day: Day,
        record: &AuditRecord,
    ) -> Result<Option<Account>, StoreError> {
        self.transact_told(record.entries(), |tables| {
            if !tables.is_budget_owner(team, owner) {
                return None;
            }
            let budget = tables.budgets.entry((team, owner)).or_insert_with(Budget::default);
            *budget = budget.changed(change);
            tables.tell(record.entries());
            Some(tables.account(team, owner, day))
        })
    }

    async fn prune_spending(&self, day: Day) -> Result<(), StoreError> {
        self.transact(|tables| tables.spending.retain(|(_, _, of_day), _| *of_day >= day))
    }
}

impl Tables {
    fn is_budget_owner(&self, team: TeamId, owner: BudgetOwner) -> bool {
        match owner {
            BudgetOwner::Team => true,
            BudgetOwner::Widget(widget) => self.widget_of(team, widget).is_some(),
        }
    }

    fn account(&self, team: TeamId, owner: BudgetOwner, day: Day) -> Account {
        Account {
            budget: self.budgets.get(&(team, owner)).copied().unwrap_or_default(),
            spending: self.spending.get(&(team, owner, day)).copied().unwrap_or_default(),
        }
    }

    /// Makes sure that the budgets of widget and team have room for a turn.
    pub(super) fn check_budgets(&self, widget: WidgetId, reservation: &Reservation) -> Result<(), Shortage> {
        self.accounts(widget, reservation.day).shortage(reservation).map_or(Ok(()), Err)
    }

    /// Takes what a turn needs, for which there is room, and gives how many messages are left.
    pub(super) fn take(&mut self, widget: WidgetId, reservation: &Reservation) -> Option<MessageQuota> {
        for key in self.accounts_of(widget, reservation.day) {
            let spending = self.spending.entry(key).or_default();
            spending.messages += 1;
            spending.reserved_tokens += reservation.tokens();
        }
        self.accounts(widget, reservation.day).messages_left(reservation.day)
    }

    /// Counts what a turn has used, and gives back what it had reserved.
    pub(super) fn settle(&mut self, widget: WidgetId, reservation: &Reservation, used: u64) {
        for key in self.accounts_of(widget, reservation.day) {
            let spending = self.spending.entry(key).or_default();
            spending.tokens += used;
            spending.reserved_tokens -= reservation.tokens();
        }
    }

    /// What the running turn of a session has reserved counts as spent.
    pub(super) fn forfeit(&mut self, session: SessionId) {
        let Some(record) = self.sessions.get(&session) else {
            return;
        };
        let widget = record.session.widget_id;
        let running = self.turns_of(session).find(|record| record.turn.is_running());
        if let Some(reservation) = running.map(|record| record.reservation) {
            self.settle(widget, &reservation, reservation.tokens());
        }
    }

    /// Forgets a widget's budget and what it spent; its team goes on counting that.
    pub(super) fn close_account(&mut self, team: TeamId, widget: WidgetId) {
        let owner = BudgetOwner::Widget(widget);
        self.budgets.remove(&(team, owner));
        self.spending.retain(|(_, of_owner, _), _| *of_owner != owner);
    }

    fn accounts(&self, widget: WidgetId, day: Day) -> Accounts {
        let [own, team] = self.accounts_of(widget, day);
        Accounts { widget: self.account(own.0, own.1, own.2), team: self.account(team.0, team.1, team.2) }
    }

    fn accounts_of(&self, widget: WidgetId, day: Day) -> [(TeamId, BudgetOwner, Day); 2] {
        let record = self.widgets.get(&widget).expect("a turn's widget is there");
        let team = record.widget.team_id;
        [(team, BudgetOwner::Widget(widget), day), (team, BudgetOwner::Team, day)]
    }
}
