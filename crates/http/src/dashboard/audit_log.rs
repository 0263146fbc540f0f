//! `/api/teams/{teamId}/audit-log`: who did what in a team.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::audit::ListedAuditEntry;
use chatloom_domain::customization::Data as Json;
use chatloom_domain::id::AuditEntryId;
use chatloom_domain::team::Email;
use chatloom_ports::dashboard::AuditPage;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::authorized::{Authorized, ReadAuditLog};
use crate::error::ApiError;
use crate::fields::{FieldValue, parse_uuid};
use crate::json::AsJsonObject;
use crate::openapi::{Doc, Query, schema};
use crate::state::State;
use crate::time::iso_millis;

/// How many entries a page has when the caller does not say.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

pub(crate) const LIST: Doc = Doc {
    query: &[
        Query { name: "before", about: "Only entries before the one with this id.", is_uuid: true },
        Query {
            name: "limit",
            about: "How many entries at most, 1 to 200; 50 if not given.",
            is_uuid: false,
        },
    ],
    refuses: &[
        (400, "`before` is no UUID, or `limit` is no number from 1 to 200."),
        (404, "No such team for this user."),
    ],
    ..Doc::new(
        "listAuditLog",
        "Read the audit log",
        "Who did what to which object, when, and from where; newest first. Entries are kept for 365 days. Role: ADMIN.",
        (200, Some(schema::<AuditLogResponse<'_>>)),
    )
};

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditLogResponse<'a> {
    /// Newest first.
    entries: Vec<AuditEntryResponse<'a>>,
    /// The value of `before` for the next page; null where there is none.
    #[schema(required = true)]
    next_before: Option<Uuid>,
}

/// One entry.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditEntryResponse<'a> {
    id: Uuid,
    #[schema(example = "2026-02-17T10:00:00.000Z")]
    at: String,
    /// Who. Null where nobody has proven who they are, and for what the service does by itself.
    #[schema(required = true)]
    actor: Option<ActorResponse<'a>>,
    #[schema(example = "widget.updated")]
    action: &'a str,
    /// `team`, `user`, `widget` or `workflow`.
    #[schema(example = "widget")]
    object_type: &'a str,
    /// May be gone by now.
    object_id: Uuid,
    /// Names and numbers that belong to the action, such as `fields`.
    #[schema(value_type = Object, example = json!({"fields": ["name", "customization"]}))]
    detail: AsJsonObject<'a>,
    /// The address that the request came from; null for what the service does by itself.
    #[schema(required = true, example = "203.0.113.7")]
    address: Option<String>,
    /// The request in the service's log; null for what the service does by itself.
    #[schema(required = true)]
    request_id: Option<Uuid>,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActorResponse<'a> {
    user_id: Uuid,
    /// Left out where the user is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<&'a str>,
}

impl<'a> From<&'a AuditPage> for AuditLogResponse<'a> {
    fn from(page: &'a AuditPage) -> Self {
        Self {
            entries: page.entries.iter().map(AuditEntryResponse::from).collect(),
            next_before: page.next_before.map(AuditEntryId::as_uuid),
        }
    }
}

impl<'a> From<&'a ListedAuditEntry> for AuditEntryResponse<'a> {
    fn from(listed: &'a ListedAuditEntry) -> Self {
        let ListedAuditEntry { entry, actor_email } = listed;
        let email = actor_email.as_ref().map(Email::as_str);
        let detail: &BTreeMap<String, Json> = &entry.detail;
        Self {
            id: entry.id.as_uuid(),
            at: iso_millis(entry.at),
            actor: entry.actor.map(|user| ActorResponse { user_id: user.as_uuid(), email }),
            action: entry.action.as_str(),
            object_type: entry.object.kind(),
            object_id: entry.object.as_uuid(),
            detail: AsJsonObject(detail),
            address: entry.caller.map(|caller| caller.address.to_string()),
            request_id: entry.caller.map(|caller| caller.request_id.as_uuid()),
        }
    }
}

pub(crate) async fn list(
    caller: Authorized<ReadAuditLog>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (before, limit) = place(http.query_string())?;
    let page = state.services.audit.page(&caller.member, before, limit).await?;
    Ok(HttpResponse::Ok().json(AuditLogResponse::from(&page)))
}

/// Where the page begins, and how long it is at most.
fn place(query: &str) -> Result<(Option<AuditEntryId>, u32), ApiError> {
    let mut place = (None, DEFAULT_LIMIT);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "before" => {
                let id = parse_uuid(&value);
                let id = id.ok_or_else(|| ApiError::field("before", <Uuid as FieldValue>::RULE))?;
                place.0 = Some(AuditEntryId::from_uuid(id));
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                place.1 = limit.ok_or_else(|| {
                    ApiError::field("limit", format_args!("must be a number from 1 to {MAX_LIMIT}"))
                })?;
            }
            _ => {}
        }
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_at_the_newest_entry_and_has_fifty_unless_the_caller_says_otherwise() {
        let id = Uuid::from_u128(7);
        let before = Some(AuditEntryId::from_uuid(id));
        assert_eq!(place("").ok(), Some((None, 50)));
        assert_eq!(place("limit=200&x=1").ok(), Some((None, 200)));
        assert_eq!(place(&format!("before={id}&limit=1")).ok(), Some((before, 1)));
        for bad in ["limit=0", "limit=201", "limit=-1", "limit=", "limit=1e1", "before=", "before=7"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
