//! The one map from errors to statuses, codes and bodies.
//!
//! Everything that goes wrong becomes an [`ApiError`]; the envelope turns it into a body. A 4xx text is written
//! for the caller. A 5xx text is one fixed sentence per code, and its causes go to the log.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use actix_web::ResponseError;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use chatloom_domain::budget::{QuotaOwner, QuotaUnit, ReachedQuota};
use chatloom_domain::id::TurnId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

mod ports;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident $text:literal),+ $(,)?) => {
        /// Why a request was refused, in words that programs can rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name),+ }

        impl Code {
            /// All codes, in the order of their statuses.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable name, as it stands in the field `code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or not an object.
    InvalidJson = BAD_REQUEST "invalid_json",
    /// An object of the body gives a key twice, so readers could disagree on what it says.
    DuplicateField = BAD_REQUEST "duplicate_field",
    /// A required field is absent.
    MissingField = BAD_REQUEST "missing_field",
    /// A field has the wrong type or breaks its rule.
    InvalidField = BAD_REQUEST "invalid_field",
    /// A dashboard write has a field that the route does not know.
    UnknownField = BAD_REQUEST "unknown_field",
    /// More than one `Origin`, or one that is too long.
    InvalidOrigin = BAD_REQUEST "invalid_origin",
    /// The embed token is given twice with different values.
    TokenConflict = BAD_REQUEST "token_conflict",
    /// A session's secret stands in the URL, where logs and referrers would carry it off.
    SecretInUrl = BAD_REQUEST "secret_in_url",
    /// The widget demands a solved bot check before a session, and none was sent.
    BotCheckRequired = BAD_REQUEST "bot_check_required",
    /// The bot check's solution is wrong, expired, of another widget, or was used before.
    BotCheckFailed = BAD_REQUEST "bot_check_failed",
    /// Anything else about the request that HTTP does not allow.
    InvalidRequest = BAD_REQUEST "invalid_request",
    /// No valid dashboard session.
    NotSignedIn = UNAUTHORIZED "not_signed_in",
    /// E-mail address and password do not belong together.
    WrongCredentials = UNAUTHORIZED "wrong_credentials",
    /// The identity provider's token is not valid here.
    IdentityRefused = UNAUTHORIZED "identity_refused",
    /// A public request without an embed token.
    MissingToken = UNAUTHORIZED "missing_token",
    /// The embed token is malformed, unknown or was rotated out.
    InvalidToken = UNAUTHORIZED "invalid_token",
    /// The proof of who the visitor is does not count: malformed, expired, or not signed with the widget's secret.
    IdentityInvalid = UNAUTHORIZED "identity_invalid",
    /// Only visitors who prove who they are may do this.
    IdentityRequired = UNAUTHORIZED "identity_required",
    /// A member of the team whose role does not permit this.
    NotPermitted = FORBIDDEN "not_permitted",
    /// A page of another site tried to change something with the user's cookie.
    CrossSite = FORBIDDEN "cross_site",
    /// The widget may not be embedded on the page's site.
    OriginNotAllowed = FORBIDDEN "origin_not_allowed",
    /// There is nothing at this path.
    RouteNotFound = NOT_FOUND "route_not_found",
    /// Not a member of the team, or no such team.
    TeamNotFound = NOT_FOUND "team_not_found",
    /// No such widget in the team.
    WidgetNotFound = NOT_FOUND "widget_not_found",
    /// No such workflow in the team.
    WorkflowNotFound = NOT_FOUND "workflow_not_found",
    /// The widget has no identity secret.
    IdentitySecretNotFound = NOT_FOUND "identity_secret_not_found",
    /// No such session of the widget, or it does not open to who asks.
    SessionNotFound = NOT_FOUND "session_not_found",
    /// No such turn of the session.
    TurnNotFound = NOT_FOUND "turn_not_found",
    /// No such answer in the session, or it is still being written.
    MessageNotFound = NOT_FOUND "message_not_found",
    /// The path exists, but not with this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed",
    /// The body did not arrive in time.
    BodyTimeout = REQUEST_TIMEOUT "body_timeout",
    /// The session's last question is still being answered; `turnId` names the turn.
    TurnRunning = CONFLICT "turn_running",
    /// The turn has its answer, or is not the session's newest.
    TurnNotRetryable = CONFLICT "turn_not_retryable",
    /// A widget still points at the workflow.
    WorkflowInUse = CONFLICT "workflow_in_use",
    /// Others kept changing the same thing at the same time.
    EditConflict = CONFLICT "edit_conflict",
    /// The widget is deleted or switched off.
    WidgetGone = GONE "widget_gone",
    /// The body is larger than 32 KiB.
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large",
    /// The URL is longer than 8 KiB.
    UriTooLong = URI_TOO_LONG "uri_too_long",
    /// The body is not declared as plain `application/json`.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type",
    /// The `Idempotency-Key` was used for another message of the session.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY "idempotency_key_reused",
    /// A daily budget of the widget or its team is used up.
    QuotaReached = TOO_MANY_REQUESTS "quota_reached",
    /// Address, session, visitor or widget has sent too many requests, or too many passwords were wrong.
    RateLimited = TOO_MANY_REQUESTS "rate_limited",
    /// More than 64 headers, or more than 32 KiB of them.
    HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE "headers_too_large",
    /// Something is broken on our side.
    Internal = INTERNAL_SERVER_ERROR "internal",
    /// Too many sign-ins or answers at once.
    Busy = SERVICE_UNAVAILABLE "busy",
    /// The identity provider's keys cannot be fetched.
    IdentityUnavailable = SERVICE_UNAVAILABLE "identity_unavailable",
    /// The service is about to stop; another replica, or the next one, will answer.
    Draining = SERVICE_UNAVAILABLE "draining",
    /// The model has failed too often just now; nothing was stored.
    ModelUnavailable = SERVICE_UNAVAILABLE "model_unavailable",
    /// More connections are open than the service can hold.
    Overloaded = SERVICE_UNAVAILABLE "overloaded",
    /// The embed token cannot be read with the server's current secret; regenerating it helps.
    TokenUnreadable = SERVICE_UNAVAILABLE "token_unreadable",
    /// The database does not answer.
    Unavailable = SERVICE_UNAVAILABLE "unavailable",
}

/// What a visitor reads when the model cannot be asked, before the first byte and in a stream.
pub(crate) const MODEL_UNAVAILABLE: &str =
    "the assistant cannot be reached right now, please try again later";

/// A refusal on its way to the caller.
pub(crate) struct ApiError {
    pub(crate) code: Code,
    message: Cow<'static, str>,
    /// Seconds for the header `Retry-After`.
    retry_after: Option<u64>,
    /// Value of the header `Allow`.
    allow: Option<String>,
    turn_id: Option<TurnId>,
    /// What a layer within the envelope would have added to the answer.
    headers: Option<Box<HeaderMap>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ApiError {
    /// A refusal that tells the caller what is wrong.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            allow: None,
            turn_id: None,
            headers: None,
            source: None,
        }
    }

    /// A failure on our side: the caller gets the code's fixed sentence, the log gets the cause.
    pub(crate) fn failure(code: Code, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let sentence = match code {
            Code::Busy | Code::Draining | Code::Overloaded | Code::Unavailable => {
                "the service cannot answer right now, please try again shortly"
            }
            Code::IdentityUnavailable => {
                "the identity provider cannot be asked right now, please try again in a minute"
            }
            Code::ModelUnavailable => MODEL_UNAVAILABLE,
            Code::TokenUnreadable => {
                "the embed token cannot be shown with the server's current secret, please regenerate it"
            }
            _ => "something went wrong on our side, please report the requestId if it happens again",
        };
        let retry_after = match code {
            Code::Busy | Code::Draining | Code::Overloaded | Code::Unavailable => Some(1),
            // Key sets are not asked for more often.
            Code::IdentityUnavailable => Some(60),
            _ => None,
        };
        Self { retry_after, source: Some(source.into()), ..Self::new(code, sentence) }
    }

    /// An address that has to wait for `seconds`.
    pub(crate) fn rate_limited(seconds: u64) -> Self {
        let message = format!("too many requests, please try again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::new(Code::RateLimited, message) }
    }

    /// A quota that has no room, and when to come back. Visitors are not told its numbers.
    pub(crate) fn quota_reached(quota: &ReachedQuota, wait: Duration) -> Self {
        let owner = match quota.owner {
            QuotaOwner::Widget => "widget's",
            QuotaOwner::Team => "team's",
        };
        let unit = match quota.unit {
            QuotaUnit::Messages => "messages",
            QuotaUnit::Tokens => "tokens",
        };
        let message = format!("the {owner} quota of {unit} is used up for today, please come back later");
        Self { retry_after: Some(whole_seconds(wait)), ..Self::new(Code::QuotaReached, message) }
    }

    /// A sign-in that has to wait, because too many have failed.
    pub(crate) fn too_many_failures(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let message = format!("too many wrong passwords, please try again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::new(Code::RateLimited, message) }
    }

    /// A model that may be asked again after `wait`; `source` says why, for the log.
    pub(crate) fn model_unavailable(
        wait: Duration,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { retry_after: Some(whole_seconds(wait)), ..Self::failure(Code::ModelUnavailable, source) }
    }

    /// A path that knows only the methods `allow`, as the header of that name lists them.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let message = format!("this path knows only {allow}");
        Self { allow: Some(allow), ..Self::new(Code::MethodNotAllowed, message) }
    }

    /// Something that cannot happen unless the code is wrong.
    pub(crate) fn internal(what: &'static str) -> Self {
        Self::failure(Code::Internal, what)
    }

    /// A header or a field of body or query that breaks its rule; `problem` follows on its name.
    pub(crate) fn field(name: &str, problem: impl fmt::Display) -> Self {
        Self::new(Code::InvalidField, format!("{name} {problem}"))
    }

    /// The same refusal, whose answer will have these headers too.
    pub(crate) fn with_headers(self, headers: HeaderMap) -> Self {
        Self { headers: Some(Box::new(headers)), ..self }
    }

    /// Further headers of the answer.
    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        self.headers.as_deref()
    }

    /// The text for the caller.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Seconds for the header `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// Value of the header `Allow`.
    pub(crate) fn allow(&self) -> Option<&str> {
        self.allow.as_deref()
    }

    /// The turn that is still running.
    pub(crate) fn turn_id(&self) -> Option<TurnId> {
        self.turn_id
    }

    /// The causes, outermost first, for the log.
    pub(crate) fn causes(&self) -> String {
        let mut causes = Vec::new();
        let mut next: Option<&(dyn StdError + 'static)> = self.source.as_deref().map(|source| source as _);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes.join(": ")
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }
}

/// The body of every refusal, on every route.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody<'a> {
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// The status in words.
    #[schema(example = "Bad Request")]
    pub error: &'a str,
    /// What is wrong, for people; names the field.
    #[schema(example = "name must not be empty")]
    pub message: &'a str,
    /// When.
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    pub timestamp: &'a str,
    /// The path of the request.
    pub path: &'a str,
    /// What is wrong, for programs.
    #[schema(example = "invalid_field")]
    pub code: &'a str,
    /// Names the request in the service's log.
    pub request_id: Uuid,
    /// The turn that is still running, where `code` is `turn_running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub turn_id: Option<Uuid>,
}

/// A wait for the header `Retry-After`, which counts whole seconds: a client that comes too early has come in vain.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The reason phrase of a status (RFC 9110).
pub(crate) fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
