//! A service made of mocks, requests to it, and answers as text.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::test::{TestRequest, init_service, read_body, try_call_service};
use chatloom_domain::team::{Role, TeamMember};
use chatloom_http::routes::{Family, ROUTES};
use chatloom_http::{Demo, HttpConfig, Services};
use chatloom_ports::dashboard::visitors::MockVisitorAdministration;
use chatloom_ports::dashboard::{
    AccessError, MockAuditLog, MockBudgetAdministration, MockDashboardAccess, MockWidgetAdministration,
    MockWorkflowAdministration,
};
use chatloom_ports::store::StoreError;
use chatloom_ports::visitor::{MockDemoSite, MockReadiness, MockVisitorChat};
use chatloom_testkit::{FixedClock, SeededEntropy, sample};

/// A JWT that the mocks take for a valid one.
pub(crate) const JWT: &str = "header.claims.signature";

/// The sample team's widgets.
pub(crate) fn widgets_path() -> String {
    format!("/api/teams/{}/widgets", sample::team_id(1))
}

/// One widget of the sample team, with what follows on its path.
pub(crate) fn widget_path(rest: &str) -> String {
    format!("{}/{}{rest}", widgets_path(), sample::widget_id(1))
}

/// The sample session's messages.
pub(crate) fn messages_path() -> String {
    format!("/api/widget-chat/sessions/{}/messages", sample::session_id(1))
}

/// The sample turn of the sample session, with what follows on its path.
pub(crate) fn turn_path(rest: &str) -> String {
    format!("/api/widget-chat/sessions/{}/turns/{}/{rest}", sample::session_id(1), sample::turn_id(1))
}

/// The embed token's text.
pub(crate) fn token() -> String {
    sample::embed_token(1).reveal().to_owned()
}

pub(crate) fn unavailable() -> StoreError {
    StoreError::Unavailable("connection refused".into())
}

pub(crate) fn inconsistent() -> StoreError {
    StoreError::Inconsistent { table: "widgets", id: "7".to_owned(), source: "name is empty".into() }
}

/// The mocks, and how the service is configured. What a test does not expect panics, and so answers 500.
pub(crate) struct World {
    pub(crate) access: MockDashboardAccess,
    pub(crate) audit: MockAuditLog,
    pub(crate) widgets: MockWidgetAdministration,
    pub(crate) workflows: MockWorkflowAdministration,
    pub(crate) visitor_administration: MockVisitorAdministration,
    pub(crate) budgets: MockBudgetAdministration,
    pub(crate) visitors: MockVisitorChat,
    pub(crate) readiness: MockReadiness,
    pub(crate) demo: Option<MockDemoSite>,
    pub(crate) admin_email: Option<String>,
    pub(crate) config: HttpConfig,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            access: MockDashboardAccess::new(),
            audit: MockAuditLog::new(),
            widgets: MockWidgetAdministration::new(),
            workflows: MockWorkflowAdministration::new(),
            visitor_administration: MockVisitorAdministration::new(),
            budgets: MockBudgetAdministration::new(),
            visitors: MockVisitorChat::new(),
            readiness: MockReadiness::new(),
            demo: None,
            admin_email: None,
            config: HttpConfig {
                public_url: "https://chat.example.com/".parse().unwrap(),
                public_rate_limit_per_minute: 0,
                trusted_proxies: 0,
                keep_alive: Duration::from_secs(15),
                body_timeout: Duration::from_secs(10),
                stalled_reader_timeout: Duration::from_secs(30),
                unanswered_timeout: Duration::from_secs(75),
                max_connections: 1000,
                workers: 1,
            },
        }
    }

    /// A world in which the bearer of [`JWT`] has a role in the sample team, and in no other.
    pub(crate) fn with_member(role: Role) -> Self {
        let mut world = Self::new();
        world.access.expect_authorize().returning(move |credentials, team_id, permission| {
            if credentials.0 != JWT {
                return Err(AccessError::NotSignedIn);
            }
            if team_id != sample::team_id(1) {
                return Err(AccessError::NotAMember);
            }
            let member = TeamMember { user_id: sample::user_id(1), team_id, role };
            if role.may(permission) { Ok(member) } else { Err(AccessError::NotPermitted) }
        });
        world
    }

    pub(crate) fn into_parts(self) -> (Services, HttpConfig) {
        let services = Services {
            access: Arc::new(self.access),
            audit: Arc::new(self.audit),
            widgets: Arc::new(self.widgets),
            workflows: Arc::new(self.workflows),
            visitor_administration: Arc::new(self.visitor_administration),
            budgets: Arc::new(self.budgets),
            visitors: Arc::new(self.visitors),
            readiness: Arc::new(self.readiness),
            clock: Arc::new(FixedClock::new(sample::at(0))),
            entropy: Arc::new(SeededEntropy::new(1)),
            demo: self.demo.map(|site| Demo { site: Arc::new(site), admin_email: self.admin_email }),
        };
        (services, self.config)
    }

    /// Sends the requests, one after the other.
    pub(crate) async fn answers(self, requests: Vec<TestRequest>) -> Vec<Answer> {
        let (services, config) = self.into_parts();
        let app = init_service(chatloom_http::app(services, config)).await;
        let mut answers = Vec::new();
        for request in requests {
            let request = request.peer_addr("192.0.2.1:4711".parse().unwrap()).to_request();
            let (method, path) = (request.method().to_string(), request.path().to_owned());
            let response = match try_call_service(&app, request).await {
                Ok(response) => response.map_into_boxed_body(),
                Err(error) => {
                    let request = TestRequest::default().to_http_request();
                    actix_web::dev::ServiceResponse::from_err(error, request).map_into_boxed_body()
                }
            };
            let status = response.status().as_u16();
            let headers = response.headers().iter();
            let mut headers: Vec<_> =
                headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            headers.sort();
            let body = read_body(response).await.to_vec();
            let answer = Answer { method, path, status, headers, body };
            answer.check_against_document();
            answers.push(answer);
        }
        answers
    }

    /// Sends one request.
    pub(crate) async fn answer(self, request: TestRequest) -> Answer {
        self.answers(vec![request]).await.remove(0)
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The error's code.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// Status and body, for tables of many answers.
    pub(crate) fn brief(&self) -> String {
        format!("{} {} -> {} {}\n", self.method, self.path, self.status, self.text())
    }

    /// Everything.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("{} {}\n\n{}\n", self.method, self.path, self.status);
        for (name, value) in &self.headers {
            writeln!(text, "{name}: {value}").unwrap();
        }
        text + "\n" + &self.text()
    }

    /// Every status that a documented route gives must be in the document.
    fn check_against_document(&self) {
        static DOCUMENT: LazyLock<serde_json::Value> =
            LazyLock::new(|| serde_json::to_value(chatloom_http::openapi()).unwrap());
        let Some(template) = template_of(&self.path) else { return };
        let operation = &DOCUMENT["paths"][template][self.method.to_lowercase()];
        if operation.is_object() {
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.contains_key(&self.status.to_string()),
                "{} {template} gave the undocumented {}: {}",
                self.method,
                self.status,
                self.text()
            );
        }
    }
}

/// The template that a path matches, of those that are documented.
fn template_of(path: &str) -> Option<&'static str> {
    let matches = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template
                .split('/')
                .zip(path.split('/'))
                .all(|(own, given)| own.starts_with('{') || own == given)
    };
    ROUTES
        .iter()
        .filter(|route| route.family != Family::Page)
        .map(|route| route.path)
        .find(|path| matches(path))
}

/// A request that carries the JWT.
pub(crate) fn signed_in(request: TestRequest) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {JWT}")))
}

pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

pub(crate) fn delete(path: &str) -> TestRequest {
    TestRequest::delete().uri(path)
}

/// A request with a JSON body.
pub(crate) fn with_json(request: TestRequest, path: &str, body: &str) -> TestRequest {
    request.uri(path).insert_header(("content-type", "application/json")).set_payload(body.to_owned())
}

pub(crate) fn post(path: &str, body: &str) -> TestRequest {
    with_json(TestRequest::post(), path, body)
}

pub(crate) fn put(path: &str, body: &str) -> TestRequest {
    with_json(TestRequest::put(), path, body)
}
