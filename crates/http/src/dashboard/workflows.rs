//! `/api/teams/{teamId}/workflows`: managing the agent workflows that widgets point at.

pub(crate) mod wire;

use actix_web::HttpResponse;
use actix_web::web::Data;
use chatloom_domain::id::WorkflowId;

use super::authorized::{Authorized, Build, PathId, Read};
use crate::error::ApiError;
use crate::openapi::{Doc, list_of, schema};
use crate::state::State;
use wire::{CreateWorkflowRequest, UpdateWorkflowRequest, WorkflowResponse};

const NO_WORKFLOW: (u16, &str) = (404, "No such team for this user, or no such workflow in it.");

pub(crate) const LIST: Doc = Doc {
    refuses: &[(404, "No such team for this user.")],
    ..Doc::new(
        "listWorkflows",
        "List workflows",
        "All workflows of the team, newest first. Role: VIEWER.",
        (200, Some(list_of::<WorkflowResponse<'_>>)),
    )
};
pub(crate) const CREATE: Doc = Doc {
    body: Some(schema::<CreateWorkflowRequest>),
    refuses: &[(404, "No such team for this user.")],
    ..Doc::new(
        "createWorkflow",
        "Create a workflow",
        "Role: BUILDER.",
        (201, Some(schema::<WorkflowResponse<'_>>)),
    )
};
pub(crate) const READ: Doc = Doc {
    refuses: &[NO_WORKFLOW],
    ..Doc::new(
        "readWorkflow",
        "Read a workflow",
        "Role: VIEWER.",
        (200, Some(schema::<WorkflowResponse<'_>>)),
    )
};
pub(crate) const UPDATE: Doc = Doc {
    body: Some(schema::<UpdateWorkflowRequest>),
    refuses: &[NO_WORKFLOW, (409, "Others kept changing the workflow at the same time.")],
    ..Doc::new(
        "updateWorkflow",
        "Update a workflow",
        "Changes the given fields; `agent` is replaced whole. Role: BUILDER.",
        (200, Some(schema::<WorkflowResponse<'_>>)),
    )
};
pub(crate) const DELETE: Doc = Doc {
    refuses: &[NO_WORKFLOW, (409, "A widget still uses the workflow.")],
    ..Doc::new(
        "deleteWorkflow",
        "Delete a workflow",
        "Only one that no widget points at. Role: BUILDER.",
        (204, None),
    )
};

pub(crate) async fn list(caller: Authorized<Read>, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let workflows = state.services.workflows.list(&caller.member).await?;
    let body: Vec<_> = workflows.iter().map(WorkflowResponse::from).collect();
    Ok(HttpResponse::Ok().json(body))
}

pub(crate) async fn create(
    caller: Authorized<Build, CreateWorkflowRequest>,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let workflow = state.services.workflows.create(&caller.actor(), caller.body.into()).await?;
    Ok(HttpResponse::Created().json(WorkflowResponse::from(&workflow)))
}

pub(crate) async fn read(
    caller: Authorized<Read>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let workflow = state.services.workflows.find(&caller.member, WorkflowId::from_uuid(id.0)).await?;
    Ok(HttpResponse::Ok().json(WorkflowResponse::from(&workflow)))
}

pub(crate) async fn update(
    caller: Authorized<Build, UpdateWorkflowRequest>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let id = WorkflowId::from_uuid(id.0);
    let workflow = state.services.workflows.update(&caller.actor(), id, caller.body.into()).await?;
    Ok(HttpResponse::Ok().json(WorkflowResponse::from(&workflow)))
}

pub(crate) async fn remove(
    caller: Authorized<Build>,
    id: PathId,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    state.services.workflows.delete(&caller.actor(), WorkflowId::from_uuid(id.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}
