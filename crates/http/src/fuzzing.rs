//! Private readers of this crate, opened to the fuzz targets of `crates/fuzz`.
//!
//! It exists only with the feature `fuzzing`, which no crate that is shipped enables. Nothing here reads by itself:
//! each function hands bytes to the reader that requests go through, and gives back what became of them.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use chatloom_domain::id::TurnId;
use chatloom_domain::origin::{Origin, Source};
use chatloom_domain::turn::EventId;

use crate::body::RequestBody;
use crate::dashboard::budgets::SetBudgetRequest;
use crate::dashboard::credentials::{bearer_token, presented_to};
use crate::dashboard::login::{ChangePasswordRequest, LoginRequest};
use crate::dashboard::visitors::{ErasureRequest, RotateRequest};
use crate::dashboard::widgets::wire::{CreateWidgetRequest, RegenerateTokenRequest, UpdateWidgetRequest};
use crate::dashboard::workflows::wire::{CreateWorkflowRequest, UpdateWorkflowRequest};
use crate::error::{ApiError, Code};
use crate::fields::Fields;
use crate::json::{self, AsJson};
use crate::public::challenges::ChallengeRequest;
use crate::public::feedback::FeedbackRequest;
use crate::public::messages::SendMessageRequest;
use crate::public::origin::PageOrigin;
use crate::public::sessions::OpenSessionRequest;
use crate::public::turns::{TurnRequest, position};

/// A header's name and value as bytes. What HTTP does not allow as either is left out, as a server never sees it.
pub type RawHeader<'a> = (&'a [u8], &'a [u8]);

/// Why something was refused.
#[derive(Debug)]
pub struct Refusal {
    /// The code of the answer, which also says its status.
    pub code: Code,
    /// The text of the answer.
    pub message: String,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { code: error.code, message: error.message().to_owned() }
    }
}

/// The dashboard's JWT in the headers of a request to a service at `public_origin`, after the CSRF rule. `changes`
/// is whether its method is one that changes something.
pub fn dashboard_token(
    headers: &[RawHeader<'_>],
    changes: bool,
    public_origin: &str,
) -> Result<Option<String>, Refusal> {
    let request = if changes { TestRequest::post() } else { TestRequest::get() };
    let request = with_headers(request, headers);
    let found = presented_to(&request, public_origin.starts_with("https:"), public_origin)?;
    Ok(found.map(|credentials| credentials.0))
}

/// The embed token or JWT in the value of an `Authorization` header.
pub fn bearer(value: &[u8]) -> Option<String> {
    let request = with_headers(TestRequest::get(), &[(AUTHORIZATION.as_str().as_bytes(), value)]);
    request.headers().get(AUTHORIZATION).and_then(|value| bearer_token(value.as_bytes()))
}

/// What a public request's headers say of the page that it comes from: the origin that counts, and the one that the
/// answer repeats.
pub fn page_origin(headers: &[RawHeader<'_>]) -> Result<(Option<Origin>, Option<Vec<u8>>), Refusal> {
    let request = with_headers(TestRequest::get(), headers);
    let origin = PageOrigin::of(request.headers(), None)?;
    let trusted = if let Source::Page(origin) = origin.source { Some(origin) } else { None };
    Ok((trusted, origin.echo.map(|echo| echo.as_bytes().to_vec())))
}

/// Reads a JSON text and writes what was read.
pub fn json(bytes: &[u8]) -> Result<String, Refusal> {
    let data = json::parse(bytes)?;
    serde_json::to_string(&AsJson(&data)).map_err(|_| ApiError::internal("data has no JSON form").into())
}

/// Reads the body of one operation.
pub struct BodyReader {
    /// The operation's name in the API's document.
    pub operation: &'static str,
    /// Reads the bytes as the route does, once its caller is known.
    pub read: fn(&[u8]) -> Result<(), Refusal>,
}

/// A reader for each operation that has a body. A test of the fuzz targets compares it with the document.
pub const BODIES: &[BodyReader] = &[
    BodyReader { operation: "logIn", read: dashboard::<LoginRequest> },
    BodyReader { operation: "changePassword", read: dashboard::<ChangePasswordRequest> },
    BodyReader { operation: "createWidget", read: dashboard::<CreateWidgetRequest> },
    BodyReader { operation: "updateWidget", read: dashboard::<UpdateWidgetRequest> },
    BodyReader { operation: "regenerateToken", read: dashboard::<RegenerateTokenRequest> },
    BodyReader { operation: "rotateIdentitySecret", read: dashboard::<RotateRequest> },
    BodyReader { operation: "eraseConversations", read: dashboard::<ErasureRequest> },
    BodyReader { operation: "setTeamBudget", read: dashboard::<SetBudgetRequest> },
    BodyReader { operation: "setWidgetBudget", read: dashboard::<SetBudgetRequest> },
    BodyReader { operation: "createWorkflow", read: dashboard::<CreateWorkflowRequest> },
    BodyReader { operation: "updateWorkflow", read: dashboard::<UpdateWorkflowRequest> },
    BodyReader { operation: "issueChallenge", read: public::<ChallengeRequest> },
    BodyReader { operation: "openSession", read: public::<OpenSessionRequest> },
    BodyReader { operation: "sendMessage", read: public::<SendMessageRequest> },
    BodyReader { operation: "giveFeedback", read: public::<FeedbackRequest> },
    BodyReader { operation: "stopTurn", read: public::<TurnRequest> },
    BodyReader { operation: "retryTurn", read: public::<TurnRequest> },
];

/// The event after which a client wants to go on watching `turn`, from the header and from the query.
pub fn position_in(
    turn: TurnId,
    header: Option<&[u8]>,
    after: Option<&str>,
) -> Result<Option<EventId>, Refusal> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(after.map(|after| ("after", after)));
    let request = TestRequest::with_uri(&format!("/?{}", query.finish()));
    let headers: Vec<RawHeader<'_>> =
        header.map(|value| (&b"last-event-id"[..], value)).into_iter().collect();
    Ok(position(&with_headers(request, &headers), turn)?)
}

fn dashboard<B: RequestBody>(bytes: &[u8]) -> Result<(), Refusal> {
    let mut fields = Fields::of_body(json::parse(bytes)?)?;
    B::read(&mut fields)?;
    Ok(fields.finish()?)
}

fn public<B: RequestBody>(bytes: &[u8]) -> Result<(), Refusal> {
    let mut fields = Fields::of_body(json::parse(bytes)?)?;
    fields.optional::<String>("token")?;
    B::read(&mut fields)?;
    Ok(())
}

fn with_headers(request: TestRequest, headers: &[RawHeader<'_>]) -> HttpRequest {
    let mut valid = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            valid.append(name, value);
        }
    }
    valid.into_iter().fold(request, TestRequest::append_header).to_http_request()
}
