//! What each error of a driving port is to the caller. The matches name every variant, so that a new one cannot
//! get its status by accident.

use actix_web::http::header::HeaderMap;
use chatloom_ports::dashboard::visitors::VisitorAdministrationError;
use chatloom_ports::dashboard::{AccessError, BudgetError, WidgetError, WorkflowError};
use chatloom_ports::store::StoreError;
use chatloom_ports::visitor::{NotReady, VisitorError};

use super::{ApiError, Code, whole_seconds};
use crate::public::quota;
use crate::public::rate_limit::headers_of;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Unavailable(_) => Code::Unavailable,
            StoreError::Inconsistent { .. } => Code::Internal,
        };
        Self::failure(code, error)
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::WrongCredentials => {
                Self::new(Code::WrongCredentials, "e-mail address or password is wrong")
            }
            AccessError::NotSignedIn => Self::new(Code::NotSignedIn, "please sign in"),
            AccessError::NotAMember => Self::new(Code::TeamNotFound, "there is no such team"),
            AccessError::NotPermitted => {
                Self::new(Code::NotPermitted, "your role in the team does not permit this")
            }
            AccessError::IdentityRefused => {
                Self::new(Code::IdentityRefused, "the identity provider's token is not valid")
            }
            AccessError::IdentityUnavailable(_) => Self::failure(Code::IdentityUnavailable, error),
            AccessError::NewPassword(fault) => Self::field("newPassword", fault),
            AccessError::TooManyFailures { retry_after } => Self::too_many_failures(retry_after),
            AccessError::Busy => Self::failure(Code::Busy, error),
            AccessError::Signing(_) => Self::failure(Code::Internal, error),
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<WidgetError> for ApiError {
    fn from(error: WidgetError) -> Self {
        match error {
            WidgetError::NotFound => Self::new(Code::WidgetNotFound, "there is no such widget"),
            WidgetError::WorkflowNotFound => {
                Self::new(Code::WorkflowNotFound, "workflowId names no workflow of the team")
            }
            WidgetError::Name(fault) => Self::field("name", fault),
            WidgetError::Customization(fault) => Self::field(fault.field(), &fault),
            WidgetError::AllowedDomains(fault) => Self::field("allowedDomains", fault),
            WidgetError::Grace(fault) => Self::field("graceSeconds", fault),
            WidgetError::AllowedDomainsRequired => Self::field(
                "allowedDomains",
                "must name at least one site, because REQUIRE_ALLOWED_DOMAINS is set on this installation",
            ),
            WidgetError::Retention(fault) => Self::field("retentionDays", fault),
            WidgetError::NotPermitted(permission) => Self::new(
                Code::NotPermitted,
                format!(
                    "your role in the team does not permit {permission}; {} does",
                    permission.least_role().as_str()
                ),
            ),
            WidgetError::Contended => Self::new(
                Code::EditConflict,
                "the widget was changed by somebody else at the same time, please try again",
            ),
            WidgetError::TokenUnreadable => Self::failure(Code::TokenUnreadable, error),
            WidgetError::Store(error) => error.into(),
        }
    }
}

impl From<WorkflowError> for ApiError {
    fn from(error: WorkflowError) -> Self {
        match error {
            WorkflowError::NotFound => Self::new(Code::WorkflowNotFound, "there is no such workflow"),
            WorkflowError::Name(fault) => Self::field("name", fault),
            WorkflowError::Agent(fault) => Self::field(fault.field(), fault),
            WorkflowError::UnknownProvider { field, ref known } => {
                Self::field(field, format_args!("must be one of {}", known.join(", ")))
            }
            WorkflowError::InUse => {
                Self::new(Code::WorkflowInUse, "a widget still uses the workflow, so it cannot be deleted")
            }
            WorkflowError::Contended => Self::new(
                Code::EditConflict,
                "the workflow was changed by somebody else at the same time, please try again",
            ),
            WorkflowError::Store(error) => error.into(),
        }
    }
}

impl From<VisitorAdministrationError> for ApiError {
    fn from(error: VisitorAdministrationError) -> Self {
        match error {
            VisitorAdministrationError::WidgetNotFound => {
                Self::new(Code::WidgetNotFound, "there is no such widget")
            }
            VisitorAdministrationError::NoIdentitySecret => {
                Self::new(Code::IdentitySecretNotFound, "the widget has no identity secret")
            }
            VisitorAdministrationError::Grace(fault) => Self::field("graceSeconds", fault),
            VisitorAdministrationError::VisitorId(fault) => Self::field("visitorId", fault),
            VisitorAdministrationError::Subject(fault) => Self::field("subject", fault),
            VisitorAdministrationError::Store(error) => error.into(),
        }
    }
}

impl From<BudgetError> for ApiError {
    fn from(error: BudgetError) -> Self {
        match error {
            BudgetError::WidgetNotFound => Self::new(Code::WidgetNotFound, "there is no such widget"),
            BudgetError::Limit { field, fault } => Self::field(field, fault),
            BudgetError::Store(error) => error.into(),
        }
    }
}

impl From<VisitorError> for ApiError {
    fn from(error: VisitorError) -> Self {
        match error {
            VisitorError::InvalidToken => Self::new(Code::InvalidToken, "the widget token is not valid"),
            VisitorError::WidgetGone => {
                Self::new(Code::WidgetGone, "the widget has been deleted or switched off")
            }
            VisitorError::OriginNotAllowed => {
                Self::new(Code::OriginNotAllowed, "the widget is not allowed on this site")
            }
            VisitorError::IdentityInvalid => {
                Self::new(Code::IdentityInvalid, "the visitor's identity is not valid, or not any more")
            }
            VisitorError::IdentityRequired => {
                Self::new(Code::IdentityRequired, "only visitors whose identity is proven may do this")
            }
            VisitorError::BotCheckRequired => Self::new(
                Code::BotCheckRequired,
                "X-Bot-Check is required: solve a challenge of POST /api/widget-chat/challenges",
            ),
            VisitorError::BotCheckFailed => Self::new(
                Code::BotCheckFailed,
                "X-Bot-Check is wrong, expired or used before: please solve a new challenge",
            ),
            VisitorError::SessionNotFound => Self::new(Code::SessionNotFound, "there is no such session"),
            VisitorError::VisitorId(fault) => Self::field("visitorId", fault),
            VisitorError::Content(fault) => Self::field("content", fault),
            VisitorError::Context(fault) => Self::field("context", fault),
            VisitorError::Feedback(fault) => Self::field(fault.field(), fault),
            VisitorError::MessageNotFound => {
                Self::new(Code::MessageNotFound, "there is no such answer, or it is still being written")
            }
            VisitorError::IdempotencyKey(fault) => Self::field("Idempotency-Key", fault),
            VisitorError::KeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "the Idempotency-Key was used for another message of the session",
            ),
            VisitorError::TurnRunning(turn_id) => Self {
                turn_id: Some(turn_id),
                ..Self::new(Code::TurnRunning, "the session's last message is still being answered")
            },
            VisitorError::TurnNotFound => Self::new(Code::TurnNotFound, "there is no such turn"),
            VisitorError::NotRetryable => Self::new(
                Code::TurnNotRetryable,
                "only the session's newest turn can be retried, and only while it has no whole answer",
            ),
            VisitorError::ModelUnavailable { retry_after } => Self::model_unavailable(retry_after, error),
            VisitorError::RateLimited(spent) => {
                Self::rate_limited(whole_seconds(spent.retry_after)).with_headers(headers_of(&spent))
            }
            VisitorError::QuotaReached { quota, retry_after } => {
                let mut headers = HeaderMap::new();
                quota::add_headers(&mut headers, quota.messages.as_ref());
                Self::quota_reached(&quota, retry_after).with_headers(headers)
            }
            VisitorError::Busy => Self::failure(Code::Busy, error),
            VisitorError::Draining => Self::failure(Code::Draining, error),
            VisitorError::Store(error) => error.into(),
        }
    }
}

impl From<NotReady> for ApiError {
    fn from(error: NotReady) -> Self {
        match error {
            NotReady::Draining => Self::failure(Code::Draining, error),
            NotReady::Store(error) => error.into(),
        }
    }
}
