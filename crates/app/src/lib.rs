//! The use cases: implements the driving ports on top of the driven ones.
//!
//! Nothing here knows HTTP, SQL or a provider's wire format. The turn runner in [`turns`] is the heart: a turn is
//! stored before anybody is told of it, runs in a task of its own, and outlives the request that began it.

mod access;
mod audit;
mod bot_check;
mod budgets;
mod bursts;
mod demo;
mod first_admin;
mod identity;
mod limits;
mod password;
mod readiness;
mod refusals;
mod retention;
mod sealing;
mod throttle;
mod token_lookups;
mod token_uses;
mod turns;
mod visitor_administration;
mod visitors;
mod widgets;
mod workflows;

use std::sync::Arc;
use std::time::Duration;

use chatloom_ports::chat_model::Providers;
use chatloom_ports::dashboard::visitors::VisitorAdministration;
use chatloom_ports::dashboard::{
    AuditLog, BudgetAdministration, DashboardAccess, WidgetAdministration, WorkflowAdministration,
};
use chatloom_ports::environment::{AccessTokenSigner, Clock, Entropy, ProofVerifier};
use chatloom_ports::identity::IdentityProviders;
use chatloom_ports::secret_ring::SecretRing;
use chatloom_ports::store::Stores;
use chatloom_ports::visitor::{DemoSite, Readiness, VisitorChat};

pub use demo::PrepareDemoError;
pub use first_admin::FirstAdminError;
pub use limits::{LoadLimits, TurnLimits};

use access::Access;
use audit::{AuditLogs, Refusals};
use bot_check::BotChecks;
use budgets::Budgets;
use bursts::Bursts;
use demo::Demo;
use first_admin::FirstAdmins;
use identity::Identities;
use password::Passwords;
use readiness::StoreReadiness;
use retention::Retention;
use sealing::{IdentitySealingKeys, SealingKeys};
use throttle::Throttle;
use token_lookups::TokenLookups;
use token_uses::TokenUses;
use turns::TurnRunner;
use visitor_administration::VisitorRecords;
use visitors::Visitors;
use widgets::Widgets;
use workflows::Workflows;

/// What the application needs from the outside.
pub struct Dependencies {
    /// The database.
    pub stores: Stores,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Signs dashboard JWTs.
    pub signer: Arc<dyn AccessTokenSigner>,
    /// Checks tokens of identity providers.
    pub identities: Arc<dyn IdentityProviders>,
    /// Checks visitors' proofs of identity.
    pub proofs: Arc<dyn ProofVerifier>,
    /// The configured model providers.
    pub providers: Providers,
    /// The installation's secrets; the keys that encrypt embed tokens and identity secrets are derived from them.
    pub secrets: SecretRing,
    /// How long and how big a turn may get.
    pub limits: TurnLimits,
    /// Whether widgets without a list of allowed domains are refused, to their owners and to visitors.
    pub require_allowed_domains: bool,
    /// How much visitors may ask for at a time.
    pub load: LoadLimits,
    /// Where turns run. It must outlive the HTTP server's own runtimes, because turns outlive requests.
    pub runtime: tokio::runtime::Handle,
}

/// The running application.
pub struct Application {
    /// Who may do what in the dashboard.
    pub access: Arc<dyn DashboardAccess>,
    /// What was done in a team.
    pub audit: Arc<dyn AuditLog>,
    /// Managing widgets.
    pub widgets: Arc<dyn WidgetAdministration>,
    /// Managing workflows.
    pub workflows: Arc<dyn WorkflowAdministration>,
    /// What teams decide over visitors.
    pub visitor_administration: Arc<dyn VisitorAdministration>,
    /// Managing daily budgets.
    pub budgets: Arc<dyn BudgetAdministration>,
    /// What visitors do.
    pub visitors: Arc<dyn VisitorChat>,
    /// Whether the service can be used.
    pub readiness: Arc<dyn Readiness>,
    demo: Arc<Demo>,
    first_admin: FirstAdmins,
    refusals: Refusals,
    turns: Arc<TurnRunner>,
    retention: Retention,
}

impl Application {
    /// Puts the use cases together and starts the background tasks that flush logs, end orphaned turns and erase what
    /// has been kept for long enough.
    pub fn start(dependencies: Dependencies) -> Self {
        let Dependencies { stores, clock, entropy, signer, identities, proofs, providers, secrets, .. } =
            dependencies;
        let (limits, require_allowed_domains) = (dependencies.limits, dependencies.require_allowed_domains);
        let runtime = dependencies.runtime;
        let load = dependencies.load;
        let passwords = Passwords::new(entropy.clone());
        let sealing_keys = SealingKeys::derive(&secrets, entropy.clone());
        let identity_keys = IdentitySealingKeys::derive(&secrets, entropy.clone());
        let retention = Retention::start(stores.sessions.clone(), clock.clone(), &runtime);
        let refusals = Refusals::new(
            stores.access.clone(),
            stores.audit.clone(),
            clock.clone(),
            entropy.clone(),
            runtime.clone(),
        );
        let turns = TurnRunner::start(
            &stores,
            clock.clone(),
            entropy.clone(),
            providers.clone(),
            (limits, load),
            runtime.clone(),
        );
        Self {
            access: Arc::new(Access {
                store: stores.access.clone(),
                audit: stores.audit.clone(),
                signer,
                identities,
                passwords: passwords.clone(),
                throttle: Throttle::new(),
                refusals: refusals.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            audit: Arc::new(AuditLogs { store: stores.audit.clone() }),
            workflows: Arc::new(Workflows {
                store: stores.workflows.clone(),
                providers,
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            visitor_administration: Arc::new(VisitorRecords {
                widgets: stores.widgets.clone(),
                identities: stores.identities.clone(),
                sessions: stores.sessions.clone(),
                keys: identity_keys.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            visitors: Arc::new(Visitors {
                tokens: TokenLookups::new(stores.widgets.clone()),
                token_uses: TokenUses::new(stores.widgets.clone(), runtime.clone()),
                identities: Identities {
                    store: stores.identities.clone(),
                    verifier: proofs,
                    keys: identity_keys,
                    clock: clock.clone(),
                },
                bot_checks: BotChecks::new(&secrets, clock.clone(), entropy.clone()),
                sessions: stores.sessions.clone(),
                turns: turns.clone(),
                bursts: Bursts::new(&load, clock.clone()),
                clock: clock.clone(),
                entropy: entropy.clone(),
                require_allowed_domains,
            }),
            readiness: Arc::new(StoreReadiness { health: stores.health.clone(), turns: turns.clone() }),
            demo: Arc::new(Demo {
                stores: stores.clone(),
                sealing_keys: sealing_keys.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            budgets: Arc::new(Budgets {
                store: stores.budgets.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            widgets: Arc::new(Widgets {
                store: stores.widgets,
                clock: clock.clone(),
                entropy: entropy.clone(),
                sealing_keys,
                require_allowed_domains,
            }),
            first_admin: FirstAdmins { store: stores.access, passwords, clock, entropy },
            refusals,
            turns,
            retention,
        }
    }

    /// Makes the first administrator and their team. `false` when there is any user already.
    pub async fn create_first_admin(&self, email: &str, password: &str) -> Result<bool, FirstAdminError> {
        self.first_admin.create(email, password).await
    }

    /// Makes the demonstration's workflow and widget in the first team. To be called once in a database's life, when
    /// the first administrator was made: the ids are fixed, and a deleted widget's id stays taken.
    pub async fn prepare_demo(&self) -> Result<(), PrepareDemoError> {
        self.demo.prepare().await
    }

    /// The demonstration's widget.
    pub fn demo_site(&self) -> Arc<dyn DemoSite> {
        self.demo.clone()
    }

    /// Takes no new turns from now on, and reports itself as not ready.
    pub fn begin_drain(&self) {
        self.turns.begin_drain();
    }

    /// Gives running turns `grace` to end, breaks off and stores the rest, and stops the background tasks.
    pub async fn drain(&self, grace: Duration) {
        self.retention.stop();
        self.turns.drain(grace).await;
        self.retention.stopped().await;
        self.refusals.drain().await;
    }
}
