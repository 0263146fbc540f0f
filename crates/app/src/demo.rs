//! The demonstration's workflow and widget, made on installations that ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::audit::{AuditAction, AuditEntry, AuditObject, AuditRecord};
use chatloom_domain::customization::{Customization, CustomizationError, Data};
use chatloom_domain::id::{AuditEntryId, TeamId, WidgetId, WorkflowId};
use chatloom_domain::origin::AllowedDomains;
use chatloom_domain::text::TextError;
use chatloom_domain::token::EmbedToken;
use chatloom_domain::widget::{RetentionDays, Widget, WidgetName, WidgetRules};
use chatloom_domain::workflow::{Agent, AgentError, AgentInput, Workflow, WorkflowName};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::store::widgets::WidgetWriteError;
use chatloom_ports::store::{StoreError, Stores};
use chatloom_ports::visitor::DemoSite;
use thiserror::Error;
use uuid::Uuid;

use crate::sealing::SealingKeys;

/// The demonstration is found again by its fixed ids: a database has at most one (UUID version 8, RFC 9562).
const WIDGET_ID: WidgetId = WidgetId::from_uuid(Uuid::from_u128(0xc4a7_1003_de30_8000_8000_0000_0000_0001));
const WORKFLOW_ID: WorkflowId =
    WorkflowId::from_uuid(Uuid::from_u128(0xc4a7_1003_de30_8000_8000_0000_0000_0002));

/// Why there is no demonstration.
#[derive(Debug, Error)]
pub enum PrepareDemoError {
    /// There is no team yet to own it.
    #[error("there is no team to own the demonstration")]
    NoTeam,
    /// One of its fixed texts broke a rule.
    #[error("the demonstration's name is not valid")]
    Name(#[from] TextError),
    /// Its fixed agent broke a rule.
    #[error("the demonstration's agent is not valid")]
    Agent(#[from] AgentError),
    /// Its fixed customization broke a rule.
    #[error("the demonstration's customization is not valid")]
    Customization(#[from] CustomizationError),
    /// The widget could not be written.
    #[error("could not store the demonstration's widget")]
    Widget(#[from] WidgetWriteError),
    /// The store failed.
    #[error("could not store the demonstration")]
    Store(#[from] StoreError),
}

pub(crate) struct Demo {
    pub(crate) stores: Stores,
    pub(crate) sealing_keys: SealingKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Demo {
    /// Makes workflow and widget, in a database that has never had them.
    pub(crate) async fn prepare(&self) -> Result<(), PrepareDemoError> {
        let team = self.stores.access.find_first_team().await?.ok_or(PrepareDemoError::NoTeam)?;
        let workflow = self.workflow(team)?;
        let record = self.record(team, AuditAction::WorkflowCreated, AuditObject::Workflow(workflow.id));
        self.stores.workflows.create_workflow(&workflow, &record).await?;
        let widget = self.widget(team)?;
        let token = self.sealing_keys.seal(widget.id, &EmbedToken::new(self.entropy.secret()));
        let record = self.record(team, AuditAction::WidgetCreated, AuditObject::Widget(widget.id));
        Ok(self.stores.widgets.create_widget(&widget, &token, &record).await?)
    }

    /// The service makes the demonstration by itself, so there is no actor.
    fn record(&self, team_id: TeamId, action: AuditAction, object: AuditObject) -> AuditRecord {
        let at = self.clock.now();
        let id = AuditEntryId::from_uuid(self.entropy.uuid(at));
        let detail = BTreeMap::new();
        AuditRecord::of(AuditEntry { id, team_id, at, actor: None, action, object, detail, caller: None })
    }

    fn workflow(&self, team_id: TeamId) -> Result<Workflow, PrepareDemoError> {
        let agent = Agent::parse(&AgentInput {
            instructions: "You are the friendly assistant of a small shop. Answer briefly, in Markdown."
                .into(),
            provider: "scripted".into(),
            model: "demo".into(),
            temperature: None,
            max_output_tokens: None,
            history_messages: None,
            fallback: None,
        })?;
        let now = self.clock.now();
        let name = WorkflowName::parse("Demo assistant")?;
        Ok(Workflow { id: WORKFLOW_ID, team_id, name, agent, created_at: now, updated_at: now, version: 1 })
    }

    fn widget(&self, team_id: TeamId) -> Result<Widget, PrepareDemoError> {
        let text = |text: &str| Data::Text(text.to_owned());
        let starters = ["What can you do?", "How do returns work?", "Show me some code"];
        let customization = Customization::parse(BTreeMap::from([
            ("primaryColor".to_owned(), text("#2f5d50")),
            ("title".to_owned(), text("Loomwood help")),
            ("welcomeMessage".to_owned(), text("Welcome to Loomwood.\nWhat can I do for you?")),
            ("position".to_owned(), text("bottom-right")),
            ("starterPrompts".to_owned(), Data::List(starters.map(text).to_vec())),
        ]))?;
        let now = self.clock.now();
        Ok(Widget {
            id: WIDGET_ID,
            team_id,
            name: WidgetName::parse("Demo shop")?,
            workflow_id: WORKFLOW_ID,
            active: true,
            customization,
            allowed_domains: AllowedDomains::any_site(),
            rules: WidgetRules { retention: Some(RetentionDays::DEFAULT), ..WidgetRules::default() },
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }
}

#[async_trait]
impl DemoSite for Demo {
    async fn embed_token(&self) -> Result<Option<EmbedToken>, StoreError> {
        let Some(team) = self.stores.access.find_first_team().await? else { return Ok(None) };
        let sealed = self.stores.widgets.find_sealed_token(team, WIDGET_ID).await?;
        Ok(sealed.and_then(|sealed| self.sealing_keys.open(WIDGET_ID, &sealed).ok()))
    }
}
