//! What every request needs: the driving ports, and settings in the form in which handlers use them.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use chatloom_domain::origin::Origin;
use chatloom_ports::dashboard::visitors::VisitorAdministration;
use chatloom_ports::dashboard::{
    AuditLog, BudgetAdministration, DashboardAccess, WidgetAdministration, WorkflowAdministration,
};
use chatloom_ports::environment::{Clock, Entropy};
use chatloom_ports::visitor::{DemoSite, Readiness, VisitorChat};
use url::Url;

use crate::error::ApiError;
use crate::public::rate_limit::RateLimiter;

/// The driving ports that the routes call, and the clock and chance behind request ids and timestamps.
#[derive(Clone)]
pub struct Services {
    /// Signing in, and what a signed-in user may do.
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
    /// Times of errors and of rate limits.
    pub clock: Arc<dyn Clock>,
    /// Request ids.
    pub entropy: Arc<dyn Entropy>,
    /// The demonstration page, on installations that have one.
    pub demo: Option<Demo>,
}

/// The demonstration page.
#[derive(Clone)]
pub struct Demo {
    /// Its widget.
    pub site: Arc<dyn DemoSite>,
    /// The first administrator's e-mail address, for the page's line on how to sign in. `None` where it is a
    /// person's: the page is shown to everybody.
    pub admin_email: Option<String>,
}

/// How the service is reached, and the limits of its connections.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where browsers reach the service. A slash at its end makes no difference.
    pub public_url: Url,
    /// Requests per minute and address on the public side, of each kind: loading widgets, opening sessions, reading, and
    /// everything else; 0 sets no limit.
    pub public_rate_limit_per_minute: u32,
    /// How many proxies in front append to `X-Forwarded-For`; 0 means that the header is not looked at.
    pub trusted_proxies: usize,
    /// Time between two comments on an open stream.
    pub keep_alive: Duration,
    /// The longest that a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a reader may take nothing of what it asked for before its connection is closed. Kept on Linux only.
    pub stalled_reader_timeout: Duration,
    /// How long a connection may have sent something without being answered. Bounds the heads of all requests but
    /// the first, which has five seconds; must be longer than any request takes to be answered.
    pub unanswered_timeout: Duration,
    /// How many connections there may be. The dashboard and the service's own routes are answered on a few more.
    pub max_connections: usize,
    /// Threads that answer requests.
    pub workers: usize,
}

/// Shared by all workers.
pub(crate) struct State {
    pub(crate) services: Services,
    pub(crate) limiter: RateLimiter,
    /// `APP_BASE_URL` without a slash at its end.
    pub(crate) base_url: String,
    /// The origin that our own pages have, as browsers write it.
    pub(crate) public_origin: String,
    /// The same as a value. `None` where the address is none that a page can have; then no page counts as ours.
    pub(crate) own_origin: Option<Origin>,
    /// Whether browsers reach us over TLS, so that cookies can insist on it.
    pub(crate) is_https: bool,
    pub(crate) keep_alive: Duration,
    pub(crate) body_timeout: Duration,
}

impl State {
    pub(crate) fn new(services: Services, config: HttpConfig) -> Self {
        let public_origin = config.public_url.origin().ascii_serialization();
        Self {
            services,
            own_origin: Origin::parse(&public_origin).ok(),
            public_origin,
            is_https: config.public_url.scheme() == "https",
            base_url: String::from(config.public_url).trim_end_matches('/').to_owned(),
            limiter: RateLimiter::new(config.public_rate_limit_per_minute, config.trusted_proxies),
            keep_alive: config.keep_alive,
            body_timeout: config.body_timeout,
        }
    }

    /// The state of the service that `request` came to, for extractors.
    pub(crate) fn of(request: &HttpRequest) -> Result<Data<Self>, ApiError> {
        request
            .app_data::<Data<Self>>()
            .cloned()
            .ok_or_else(|| ApiError::internal("the state is not registered"))
    }
}
