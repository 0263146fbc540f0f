//! The use cases: implements the driving ports on top of the driven ones.
//!
//! Nothing here knows HTTP, SQL or a provider's wire format. The turn runner in [`turns`] is the heart: a turn is
//! stored before anybody is told of it, runs in a task of its own, and outlives the request that began it.

mod access;
mod audit;
mod demo;
mod first_admin;
mod limits;
mod password;
mod readiness;
mod refusals;
mod sealing;
mod throttle;
mod token_lookups;
mod token_uses;
mod turns;
mod visitors;
mod widgets;
mod workflows;

use std::sync::Arc;
use std::time::Duration;

use chatloom_ports::chat_model::Providers;
use chatloom_ports::dashboard::{AuditLog, DashboardAccess, WidgetAdministration, WorkflowAdministration};
use chatloom_ports::environment::{AccessTokenSigner, Clock, Entropy};
use chatloom_ports::identity::IdentityProviders;
use chatloom_ports::secret_ring::SecretRing;
use chatloom_ports::store::Stores;
use chatloom_ports::visitor::{DemoSite, Readiness, VisitorChat};

pub use demo::PrepareDemoError;
pub use first_admin::FirstAdminError;
pub use limits::TurnLimits;

use access::Access;
use audit::{AuditLogs, Refusals};
use demo::Demo;
use first_admin::FirstAdmins;
use password::Passwords;
use readiness::StoreReadiness;
use sealing::SealingKeys;
use throttle::Throttle;
use token_lookups::TokenLookups;
use token_uses::TokenUses;
use turns::TurnRunner;
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
    /// The configured model providers.
    pub providers: Providers,
    /// The installation's secrets; the keys that encrypt embed tokens are derived from them.
    pub secrets: SecretRing,
    /// How long and how big a turn may get.
    pub limits: TurnLimits,
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
    /// What visitors do.
    pub visitors: Arc<dyn VisitorChat>,
    /// Whether the service can be used.
    pub readiness: Arc<dyn Readiness>,
    demo: Arc<Demo>,
    first_admin: FirstAdmins,
    refusals: Refusals,
    turns: Arc<TurnRunner>,
}

impl Application {
    /// Puts the use cases together and starts the background tasks that flush logs and end orphaned turns.
    pub fn start(dependencies: Dependencies) -> Self {
        let Dependencies { stores, clock, entropy, signer, identities, providers, secrets, limits, runtime } =
            dependencies;
        let passwords = Passwords::new(entropy.clone());
        let sealing_keys = SealingKeys::derive(&secrets, entropy.clone());
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
            limits,
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
            visitors: Arc::new(Visitors {
                tokens: TokenLookups::new(stores.widgets.clone()),
                token_uses: TokenUses::new(stores.widgets.clone(), runtime.clone()),
                sessions: stores.sessions.clone(),
                turns: turns.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            readiness: Arc::new(StoreReadiness { health: stores.health.clone(), turns: turns.clone() }),
            demo: Arc::new(Demo {
                stores: stores.clone(),
                sealing_keys: sealing_keys.clone(),
                clock: clock.clone(),
                entropy: entropy.clone(),
            }),
            widgets: Arc::new(Widgets {
                store: stores.widgets,
                clock: clock.clone(),
                entropy: entropy.clone(),
                sealing_keys,
            }),
            first_admin: FirstAdmins { store: stores.access, passwords, clock, entropy },
            refusals,
            turns,
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
        self.turns.drain(grace).await;
        self.refusals.drain().await;
    }
}
