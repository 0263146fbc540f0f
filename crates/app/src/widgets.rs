//! Managing widgets.

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::audit::{Actor, AuditAction, AuditEntry, AuditObject, AuditRecord};
use chatloom_domain::budget::Day;
use chatloom_domain::customization::Customization;
use chatloom_domain::id::WidgetId;
use chatloom_domain::origin::AllowedDomains;
use chatloom_domain::team::{Permission, TeamMember};
use chatloom_domain::token::{EmbedToken, Grace, WidgetTokens};
use chatloom_domain::usage::WidgetStats;
use chatloom_domain::widget::{RetentionDays, Widget, WidgetName, WidgetRules};
use chatloom_ports::dashboard::{
    CreateWidgetCommand, RotatedToken, RulesInput, UpdateWidgetCommand, WidgetAdministration, WidgetError,
};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::widgets::{TokenRotation, WidgetWriteError};
use chatloom_ports::store::{SaveOutcome, WidgetStore};

use crate::audit;
use crate::sealing::SealingKeys;

/// How often a change is tried anew when others change the same thing at the same time.
pub(crate) const SAVE_ATTEMPTS: usize = 8;

pub(crate) struct Widgets {
    pub(crate) store: Arc<dyn WidgetStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sealing_keys: SealingKeys,
    /// Whether every widget must have a list of allowed domains.
    pub(crate) require_allowed_domains: bool,
}

impl Widgets {
    fn domains(&self, entries: &[String]) -> Result<AllowedDomains, WidgetError> {
        let domains = AllowedDomains::parse(entries).map_err(WidgetError::AllowedDomains)?;
        if domains.is_empty() && self.require_allowed_domains {
            return Err(WidgetError::AllowedDomainsRequired);
        }
        Ok(domains)
    }

    /// Applies the given fields to a widget; the others stay as they are.
    fn apply(
        &self,
        widget: &Widget,
        member: &TeamMember,
        command: &UpdateWidgetCommand,
        now: Timestamp,
    ) -> Result<Widget, WidgetError> {
        let mut changed = widget.clone();
        if let Some(name) = &command.name {
            changed.name = WidgetName::parse(name).map_err(WidgetError::Name)?;
        }
        if let Some(patch) = &command.customization {
            changed.customization =
                changed.customization.merge(patch.clone()).map_err(WidgetError::Customization)?;
        }
        if let Some(entries) = &command.allowed_domains {
            changed.allowed_domains = self.domains(entries)?;
        }
        changed.rules = rules(changed.rules, command.rules)?;
        changed.workflow_id = command.workflow_id.unwrap_or(changed.workflow_id);
        changed.active = command.active.unwrap_or(changed.active);
        changed.updated_at = now;
        let lacking = needed(widget, &changed).into_iter().find(|permission| !member.role.may(*permission));
        lacking.map_or(Ok(changed), |permission| Err(WidgetError::NotPermitted(permission)))
    }

    fn entry(&self, actor: &Actor, action: AuditAction, id: WidgetId, at: Timestamp) -> AuditEntry {
        audit::entry(&*self.entropy, actor, at, action, AuditObject::Widget(id))
    }

    /// What an update came to: the fields that changed, and beside it what an owner would look for.
    fn record_of(&self, actor: &Actor, before: &Widget, after: &Widget) -> AuditRecord {
        let entry = |action| self.entry(actor, action, after.id, after.updated_at);
        let updated = entry(AuditAction::WidgetUpdated).with_names("fields", &changed_fields(before, after));
        let opened = is_opened(before, after).then_some(AuditAction::AllowedDomainsEmptied);
        let switched = match (before.active, after.active) {
            (false, true) => Some(AuditAction::WidgetSwitchedOn),
            (true, false) => Some(AuditAction::WidgetSwitchedOff),
            (true, true) | (false, false) => None,
        };
        let lifted = before.rules.identity_required && !after.rules.identity_required;
        let lifted = lifted.then_some(AuditAction::IdentityRequirementLifted);
        let kept = (before.rules.retention != after.rules.retention).then_some(AuditAction::RetentionChanged);
        let special = [opened, switched, lifted, kept].into_iter().flatten();
        special.map(entry).fold(AuditRecord::of(updated), AuditRecord::and)
    }
}

/// The fields that differ.
fn changed_fields(before: &Widget, after: &Widget) -> Vec<&'static str> {
    let compared = [
        ("name", before.name != after.name),
        ("workflowId", before.workflow_id != after.workflow_id),
        ("active", before.active != after.active),
        ("customization", before.customization != after.customization),
        ("allowedDomains", before.allowed_domains != after.allowed_domains),
        ("allowNoOrigin", before.rules.allow_no_origin != after.rules.allow_no_origin),
        ("identityRequired", before.rules.identity_required != after.rules.identity_required),
        ("botCheck", before.rules.bot_check != after.rules.bot_check),
        ("pageContext", before.rules.page_context != after.rules.page_context),
        ("hostedPage", before.rules.hosted_page != after.rules.hosted_page),
        ("retentionDays", before.rules.retention != after.rules.retention),
    ];
    compared.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// Whether the list of allowed domains was emptied.
fn is_opened(before: &Widget, after: &Widget) -> bool {
    after.allowed_domains.is_empty() && !before.allowed_domains.is_empty()
}

/// What a change needs beyond the permission to build.
fn needed(before: &Widget, after: &Widget) -> Vec<Permission> {
    let adds_page = after.rules.hosted_page && !before.rules.hosted_page && !after.allowed_domains.is_empty();
    let allows_none = after.rules.allow_no_origin && !before.rules.allow_no_origin;
    let opens = is_opened(before, after) || allows_none || adds_page;
    let waives = before.rules.identity_required && !after.rules.identity_required;
    let keeps = before.rules.retention != after.rules.retention;
    [
        (opens, Permission::OpenToAnySite),
        (waives, Permission::WaiveIdentity),
        (keeps, Permission::SetRetention),
    ]
    .into_iter()
    .filter_map(|(is_needed, permission)| is_needed.then_some(permission))
    .collect()
}

fn rules(rules: WidgetRules, input: RulesInput) -> Result<WidgetRules, WidgetError> {
    let retention = match input.retention_days {
        None => rules.retention,
        Some(days) => days.map(RetentionDays::parse).transpose().map_err(WidgetError::Retention)?,
    };
    Ok(WidgetRules {
        allow_no_origin: input.allow_no_origin.unwrap_or(rules.allow_no_origin),
        identity_required: input.identity_required.unwrap_or(rules.identity_required),
        bot_check: input.bot_check.unwrap_or(rules.bot_check),
        page_context: input.page_context.unwrap_or(rules.page_context),
        hosted_page: input.hosted_page.unwrap_or(rules.hosted_page),
        retention,
    })
}

fn write_error(error: WidgetWriteError) -> WidgetError {
    match error {
        WidgetWriteError::WorkflowNotFound => WidgetError::WorkflowNotFound,
        WidgetWriteError::Store(error) => WidgetError::Store(error),
    }
}

#[async_trait]
impl WidgetAdministration for Widgets {
    async fn list(&self, member: &TeamMember) -> Result<Vec<Widget>, WidgetError> {
        Ok(self.store.list_widgets(member.team_id).await?)
    }

    async fn create(&self, actor: &Actor, command: CreateWidgetCommand) -> Result<Widget, WidgetError> {
        let now = self.clock.now();
        let of_new = WidgetRules { retention: Some(RetentionDays::DEFAULT), ..WidgetRules::default() };
        let widget = Widget {
            id: WidgetId::from_uuid(self.entropy.uuid(now)),
            team_id: actor.member.team_id,
            name: WidgetName::parse(&command.name).map_err(WidgetError::Name)?,
            workflow_id: command.workflow_id,
            active: true,
            customization: Customization::parse(command.customization).map_err(WidgetError::Customization)?,
            allowed_domains: self.domains(&command.allowed_domains)?,
            rules: rules(of_new, command.rules)?,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let token = self.sealing_keys.seal(widget.id, &EmbedToken::new(self.entropy.secret()));
        let record = AuditRecord::of(self.entry(actor, AuditAction::WidgetCreated, widget.id, now));
        self.store.create_widget(&widget, &token, &record).await.map_err(write_error)?;
        Ok(widget)
    }

    async fn find(&self, member: &TeamMember, id: WidgetId) -> Result<Widget, WidgetError> {
        self.store.find_widget(member.team_id, id).await?.ok_or(WidgetError::NotFound)
    }

    async fn update(
        &self,
        actor: &Actor,
        id: WidgetId,
        command: UpdateWidgetCommand,
    ) -> Result<Widget, WidgetError> {
        for _ in 0..SAVE_ATTEMPTS {
            let current = self.find(&actor.member, id).await?;
            let changed = self.apply(&current, &actor.member, &command, self.clock.now())?;
            let record = self.record_of(actor, &current, &changed);
            match self.store.save_widget(&changed, &record).await.map_err(write_error)? {
                SaveOutcome::Saved => return Ok(Widget { version: changed.version + 1, ..changed }),
                SaveOutcome::Absent => return Err(WidgetError::NotFound),
                SaveOutcome::Stale => {}
            }
        }
        Err(WidgetError::Contended)
    }

    async fn delete(&self, actor: &Actor, id: WidgetId) -> Result<(), WidgetError> {
        let now = self.clock.now();
        let record = AuditRecord::of(self.entry(actor, AuditAction::WidgetDeleted, id, now));
        let deleted = self.store.delete_widget(actor.member.team_id, id, now, &record).await?;
        if deleted { Ok(()) } else { Err(WidgetError::NotFound) }
    }

    async fn embed_token(&self, member: &TeamMember, id: WidgetId) -> Result<EmbedToken, WidgetError> {
        let sealed = self.store.find_sealed_token(member.team_id, id).await?.ok_or(WidgetError::NotFound)?;
        self.sealing_keys.open(id, &sealed).map_err(|_| WidgetError::TokenUnreadable)
    }

    async fn rotate_embed_token(
        &self,
        actor: &Actor,
        id: WidgetId,
        grace_seconds: Option<i64>,
    ) -> Result<RotatedToken, WidgetError> {
        let grace = grace_seconds.map(Grace::parse).transpose().map_err(WidgetError::Grace)?;
        let token = EmbedToken::new(self.entropy.secret());
        let at = self.clock.now();
        let previous_until = grace.unwrap_or_default().end(at);
        let rotation = TokenRotation { token: self.sealing_keys.seal(id, &token), previous_until, at };
        let regenerated = self.entry(actor, AuditAction::TokenRegenerated, id, at);
        let record = AuditRecord::of(match grace_seconds {
            Some(seconds) => regenerated.with_number("graceSeconds", seconds),
            None => regenerated,
        });
        if !self.store.rotate_embed_token(actor.member.team_id, id, &rotation, &record).await? {
            return Err(WidgetError::NotFound);
        }
        Ok(RotatedToken { token, previous_valid_until: previous_until })
    }

    async fn tokens(&self, member: &TeamMember, id: WidgetId) -> Result<WidgetTokens, WidgetError> {
        let now = self.clock.now();
        let found = self.store.find_tokens(member.team_id, id).await?.ok_or(WidgetError::NotFound)?;
        Ok(WidgetTokens { previous: found.previous.filter(|slot| slot.is_valid(now)), ..found })
    }

    async fn stats(&self, member: &TeamMember, id: WidgetId) -> Result<WidgetStats, WidgetError> {
        let today = Day::of(self.clock.now());
        let stats = self.store.find_widget_stats(member.team_id, id, today.start()).await?;
        stats.ok_or(WidgetError::NotFound)
    }
}
