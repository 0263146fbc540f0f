//! Who is calling, as an argument of a handler: a handler that takes one of these cannot forget to ask.
//!
//! The framework runs a handler's extractors together, so permission and body are one extractor: the body is
//! looked at only once the caller may be there at all.

use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use chatloom_domain::audit::{Actor, Caller};
use chatloom_domain::id::{RequestId, TeamId};
use chatloom_domain::team::{Permission, TeamMember};
use chatloom_ports::dashboard::{AccessError, Credentials};
use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, Ready, ready};
use uuid::Uuid;

use super::credentials::{presented, vouched};
use crate::body::{NoBody, Presence, RequestBody, read_fields};
use crate::error::ApiError;
use crate::fields::parse_uuid;
use crate::state::State;

/// What a route asks of its caller's role.
pub(crate) trait Policy: 'static {
    const PERMISSION: Permission;
}

/// Reading what is not secret.
pub(crate) enum Read {}
/// Reading the embed code.
pub(crate) enum ReadEmbedCode {}
/// Reading what visitors think of answers.
pub(crate) enum ReadFeedback {}
/// Changing things.
pub(crate) enum Build {}
/// Making the secret that proves who a visitor is.
pub(crate) enum ProveIdentity {}
/// Erasing visitors' conversations.
pub(crate) enum EraseConversations {}
/// Setting budgets.
pub(crate) enum SetBudgets {}
/// Reading who changed what.
pub(crate) enum ReadAuditLog {}

impl Policy for Read {
    const PERMISSION: Permission = Permission::Read;
}
impl Policy for ReadEmbedCode {
    const PERMISSION: Permission = Permission::ReadEmbedCode;
}
impl Policy for ReadFeedback {
    const PERMISSION: Permission = Permission::ReadFeedback;
}
impl Policy for Build {
    const PERMISSION: Permission = Permission::Build;
}
impl Policy for ProveIdentity {
    const PERMISSION: Permission = Permission::ProveIdentity;
}
impl Policy for EraseConversations {
    const PERMISSION: Permission = Permission::EraseConversations;
}
impl Policy for SetBudgets {
    const PERMISSION: Permission = Permission::SetBudgets;
}
impl Policy for ReadAuditLog {
    const PERMISSION: Permission = Permission::ReadAuditLog;
}

/// A member of the path's team whose role carries the permission, and the body of their request.
pub(crate) struct Authorized<P, B = NoBody> {
    pub(crate) member: TeamMember,
    caller: Caller,
    pub(crate) body: B,
    policy: PhantomData<P>,
}

impl<P, B> Authorized<P, B> {
    /// The member as somebody who changes something, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor { member: self.member, caller: self.caller }
    }
}

impl<P: Policy, B: RequestBody> FromRequest for Authorized<P, B> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        async move {
            let state = State::of(&request)?;
            let credentials = presented(&request, &state)?.ok_or(AccessError::NotSignedIn)?;
            let team = TeamId::from_uuid(path_uuid(&request, "teamId"));
            let member = state.services.access.authorize(&credentials, team, P::PERMISSION).await?;
            let body = read_body(&request, payload).await?;
            Ok(Self { member, caller: caller(&request, &state)?, body, policy: PhantomData })
        }
        .boxed_local()
    }
}

/// A caller who carries a JWT, which the port will check, and the body of their request.
pub(crate) struct SignedIn<B = NoBody> {
    pub(crate) credentials: Credentials,
    pub(crate) caller: Caller,
    pub(crate) body: B,
}

impl<B: RequestBody> FromRequest for SignedIn<B> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        async move {
            let state = State::of(&request)?;
            let credentials = presented(&request, &state)?.ok_or(AccessError::NotSignedIn)?;
            if B::PRESENCE != Presence::Never {
                state.services.access.current_user(&credentials).await?;
            }
            let body = read_body(&request, payload).await?;
            Ok(Self { credentials, caller: caller(&request, &state)?, body })
        }
        .boxed_local()
    }
}

/// Anybody, with the JWT they may carry and the body of their request.
pub(crate) struct Anybody<B> {
    pub(crate) presented: Option<Credentials>,
    pub(crate) caller: Caller,
    pub(crate) body: B,
}

impl<B: RequestBody> FromRequest for Anybody<B> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        async move {
            let state = State::of(&request)?;
            let presented = presented(&request, &state)?;
            let body = read_body(&request, payload).await?;
            Ok(Self { presented, caller: caller(&request, &state)?, body })
        }
        .boxed_local()
    }
}

/// A caller whom an identity provider vouches for, and the JWT that they carry besides.
pub(crate) struct VouchedFor {
    pub(crate) identity_token: String,
    pub(crate) presented: Option<Credentials>,
    pub(crate) caller: Caller,
}

impl FromRequest for VouchedFor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let state = State::of(request)?;
            let vouched = vouched(request, &state)?;
            let identity_token = vouched.identity_token.ok_or(AccessError::NotSignedIn)?;
            Ok(Self { identity_token, presented: vouched.presented, caller: caller(request, &state)? })
        };
        ready(read())
    }
}

/// Where the request came from.
fn caller(request: &HttpRequest, state: &State) -> Result<Caller, ApiError> {
    let peer = request.peer_addr().ok_or_else(|| ApiError::internal("the connection has no address"))?;
    let address = state.limiter.client(peer.ip(), request.headers());
    let request_id = request.extensions().get::<RequestId>().copied();
    let request_id = request_id.ok_or_else(|| ApiError::internal("the request has no id"))?;
    Ok(Caller { address, request_id })
}

/// The path's `id`.
pub(crate) struct PathId(pub(crate) Uuid);

impl FromRequest for PathId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(path_uuid(request, "id"))))
    }
}

/// An id of the path. A text that is no UUID names nothing; nor does the nil UUID that stands for it here, so
/// the ports answer both alike and in the same order of checks.
pub(crate) fn path_uuid(request: &HttpRequest, name: &str) -> Uuid {
    request.match_info().get(name).and_then(parse_uuid).unwrap_or(Uuid::nil())
}

/// A dashboard's body: a field that the route does not know is refused.
async fn read_body<B: RequestBody>(request: &HttpRequest, payload: Payload) -> Result<B, ApiError> {
    let mut fields = read_fields(request, payload, B::PRESENCE).await?;
    let body = B::read(&mut fields)?;
    fields.finish()?;
    Ok(body)
}
