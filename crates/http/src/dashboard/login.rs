//! `/api/auth`: signing in and out, and one's own password.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chatloom_domain::team::{Membership, User};
use chatloom_ports::dashboard::ChangePasswordCommand;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authorized::{Anybody, SignedIn, VouchedFor};
use super::credentials::{sign_in_cookie, sign_out_cookie};
use crate::body::RequestBody;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, schema};
use crate::state::State;

const TOO_MANY_FAILURES: (u16, &str) = (
    429,
    "Too many wrong passwords for this user or from this address; `Retry-After` says when to try again.",
);

pub(crate) const LOG_IN: Doc = Doc {
    body: Some(schema::<LoginRequest>),
    needs_sign_in: false,
    refuses: &[(401, "E-mail address or password is wrong."), TOO_MANY_FAILURES],
    ..Doc::new("logIn", "Sign in", "Sets the dashboard's cookie.", (200, Some(schema::<UserResponse>)))
};
pub(crate) const EXCHANGE: Doc = Doc {
    needs_sign_in: false,
    refuses: &[(
        401,
        "No token, or one that is not valid here: of another issuer, for another audience, expired.",
    )],
    ..Doc::new(
        "exchange",
        "Sign in with an identity provider",
        "Takes a token of a configured identity provider in `Authorization: Bearer` and sets the dashboard's cookie. The \
         user's teams are from then on those that the token names.",
        (200, Some(schema::<UserResponse>)),
    )
};
pub(crate) const REFRESH: Doc = Doc::new(
    "refresh",
    "Renew the cookie",
    "Begins a new dashboard session and ends the old one.",
    (200, Some(schema::<MessageResponse>)),
);
pub(crate) const LOG_OUT: Doc = Doc::new(
    "logOut",
    "Sign out",
    "Ends the dashboard session and clears the cookie.",
    (200, Some(schema::<MessageResponse>)),
);
pub(crate) const CHANGE_PASSWORD: Doc = Doc {
    body: Some(schema::<ChangePasswordRequest>),
    refuses: &[
        (400, "The body is not JSON, or a field is missing or unknown, or the new password breaks a rule."),
        (401, "Not signed in, or the current password is wrong."),
        TOO_MANY_FAILURES,
    ],
    ..Doc::new(
        "changePassword",
        "Change one's own password",
        "Ends all sessions of the user at once and sets the cookie of a new one.",
        (200, Some(schema::<MessageResponse>)),
    )
};
pub(crate) const ME: Doc = Doc::new("me", "The signed-in user", "", (200, Some(schema::<UserResponse>)));

/// Who signs in.
#[derive(ToSchema)]
pub(crate) struct LoginRequest {
    /// The sign-in name.
    #[schema(example = "ada@example.com")]
    email: String,
    /// The password.
    password: String,
}

impl RequestBody for LoginRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { email: fields.required("email")?, password: fields.required("password")? })
    }
}

/// A new password.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangePasswordRequest {
    /// The password that holds now.
    current_password: String,
    /// 8 to 128 characters of any kind; neither the e-mail address nor the current password.
    new_password: String,
}

impl RequestBody for ChangePasswordRequest {
    fn read(fields: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self {
            current_password: fields.required("currentPassword")?,
            new_password: fields.required("newPassword")?,
        })
    }
}

impl From<ChangePasswordRequest> for ChangePasswordCommand {
    fn from(request: ChangePasswordRequest) -> Self {
        Self { current: request.current_password, new: request.new_password }
    }
}

/// A signed-in user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserResponse<'a> {
    id: Uuid,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    /// All teams of the user, in order of name.
    teams: Vec<MembershipResponse<'a>>,
}

/// One team of a user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MembershipResponse<'a> {
    team_id: Uuid,
    team_name: &'a str,
    /// `VIEWER`, `OPERATOR`, `BUILDER` or `ADMIN`.
    #[schema(example = "BUILDER")]
    role: &'a str,
}

/// A sentence on what was done.
#[derive(Serialize, ToSchema)]
struct MessageResponse {
    message: &'static str,
}

impl<'a> From<&'a User> for UserResponse<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.as_uuid(),
            first_name: user.first_name.as_str(),
            last_name: user.last_name.as_str(),
            email: user.email.as_str(),
            teams: user.memberships.iter().map(MembershipResponse::from).collect(),
        }
    }
}

impl<'a> From<&'a Membership> for MembershipResponse<'a> {
    fn from(membership: &'a Membership) -> Self {
        Self {
            team_id: membership.team_id.as_uuid(),
            team_name: membership.team_name.as_str(),
            role: membership.role.as_str(),
        }
    }
}

pub(crate) async fn log_in(
    caller: Anybody<LoginRequest>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let LoginRequest { email, password } = caller.body;
    let (user, token) =
        state.services.access.log_in(&email, &password, caller.presented, caller.caller).await?;
    Ok(HttpResponse::Ok().cookie(sign_in_cookie(token, &state)).json(UserResponse::from(&user)))
}

pub(crate) async fn exchange(caller: VouchedFor, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let VouchedFor { identity_token, presented, caller } = caller;
    let (user, token) = state.services.access.exchange(&identity_token, presented, caller).await?;
    Ok(HttpResponse::Ok().cookie(sign_in_cookie(token, &state)).json(UserResponse::from(&user)))
}

pub(crate) async fn refresh(caller: SignedIn, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let token = state.services.access.refresh(&caller.credentials).await?;
    let body = MessageResponse { message: "Token refreshed successfully" };
    Ok(HttpResponse::Ok().cookie(sign_in_cookie(token, &state)).json(body))
}

pub(crate) async fn log_out(caller: SignedIn, state: Data<State>) -> Result<HttpResponse, ApiError> {
    state.services.access.log_out(&caller.credentials, caller.caller).await?;
    let body = MessageResponse { message: "Logged out successfully" };
    Ok(HttpResponse::Ok().cookie(sign_out_cookie(&state)).json(body))
}

pub(crate) async fn change_password(
    caller: SignedIn<ChangePasswordRequest>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let SignedIn { credentials, caller, body } = caller;
    let token = state.services.access.change_password(&credentials, body.into(), caller).await?;
    let body = MessageResponse { message: "Password changed successfully" };
    Ok(HttpResponse::Ok().cookie(sign_in_cookie(token, &state)).json(body))
}

pub(crate) async fn me(caller: SignedIn, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let user = state.services.access.current_user(&caller.credentials).await?;
    Ok(HttpResponse::Ok().json(UserResponse::from(&user)))
}
