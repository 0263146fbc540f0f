//! Entries of the audit log as rows.

use std::net::{AddrParseError, IpAddr};

use chatloom_domain::audit::{AuditAction, AuditEntry, AuditObject, Caller};
use chatloom_domain::id::{AuditEntryId, RequestId, TeamId, UserId};
use diesel::prelude::*;
use serde_json::Value;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::audit_log;
use super::data::{data, json};
use crate::columns::{Id, Json, Time};
use crate::database::Db;

const TABLE: &str = "audit_log";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, check_for_backend(Db))]
pub(crate) struct AuditRow {
    id: Id,
    team_id: Id,
    happened_at: Time,
    actor_id: Option<Id>,
    action: String,
    object_kind: String,
    object_id: Id,
    detail: Json,
    address: Option<String>,
    request_id: Option<Id>,
}

#[derive(Debug, Error)]
#[error("detail is not a JSON object")]
struct NotAnObject;

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let detail = entry.detail.iter().map(|(name, value)| (name.clone(), json(value))).collect();
        Self {
            id: Id(entry.id.as_uuid()),
            team_id: Id(entry.team_id.as_uuid()),
            happened_at: Time(entry.at),
            actor_id: entry.actor.map(|actor| Id(actor.as_uuid())),
            action: entry.action.as_str().to_owned(),
            object_kind: entry.object.kind().to_owned(),
            object_id: Id(entry.object.as_uuid()),
            detail: Json(Value::Object(detail)),
            address: entry.caller.map(|caller| caller.address.to_string()),
            request_id: entry.caller.map(|caller| Id(caller.request_id.as_uuid())),
        }
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = QueryError;

    fn try_from(row: AuditRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let Json(Value::Object(detail)) = row.detail else {
            return Err(inconsistent(TABLE, id, NotAnObject));
        };
        let caller = row.address.zip(row.request_id).map(|(address, request)| caller(&address, request));
        Ok(Self {
            id: AuditEntryId::from_uuid(id),
            team_id: TeamId::from_uuid(row.team_id.0),
            at: row.happened_at.0,
            actor: row.actor_id.map(|actor| UserId::from_uuid(actor.0)),
            action: AuditAction::parse(&row.action).map_err(|error| inconsistent(TABLE, id, error))?,
            object: AuditObject::parse(&row.object_kind, row.object_id.0)
                .map_err(|error| inconsistent(TABLE, id, error))?,
            detail: detail.into_iter().map(|(name, value)| (name, data(value))).collect(),
            caller: caller.transpose().map_err(|error| inconsistent(TABLE, id, error))?,
        })
    }
}

fn caller(address: &str, request: Id) -> Result<Caller, AddrParseError> {
    Ok(Caller { address: address.parse::<IpAddr>()?, request_id: RequestId::from_uuid(request.0) })
}
