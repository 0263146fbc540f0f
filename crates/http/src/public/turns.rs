//! `/api/widget-chat/sessions/{id}/turns/{turnId}`: watching a turn again, stopping it, and running it anew.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chatloom_domain::id::TurnId;
use chatloom_domain::turn::{EventId, EventIdError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::presented::{Presented, one_header};
use super::quota;
use crate::body::{Presence, RequestBody};
use crate::dashboard::path_uuid;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::openapi::{Doc, Header, Query, schema};
use crate::sse;
use crate::state::State;

/// The last event that a client has seen (WHATWG HTML, "Server-sent events"); browsers send it by themselves.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The same in the query, for clients that cannot set a header.
const AFTER: &str = "after";

const NO_TURN: (u16, &str) =
    (404, "No such session of the widget, one that does not open to who asks, or no such turn in it.");

pub(crate) const WATCH: Doc = Doc {
    headers: &[
        Header::SESSION_SECRET,
        Header::VISITOR_IDENTITY,
        Header { name: LAST_EVENT_ID, about: "The last event that was seen; only later ones come." },
    ],
    query: &[Query {
        name: AFTER,
        about: "The same as `Last-Event-ID`, which wins if both are given.",
        is_uuid: false,
    }],
    is_stream: true,
    nothing: Some(
        "Nothing is to come: all was seen, or the events are no longer kept. The history has the answer.",
    ),
    refuses: &[
        (
            400,
            "The position is no event of this turn or is given twice, or a secret or a proof stands in the URL.",
        ),
        NO_TURN,
    ],
    ..Doc::new(
        "watchTurn",
        "Watch a turn",
        "The events of a turn from its first one, or from where a broken connection left off, and then those to come. \
         Each comes exactly once. A `start` that follows on other events means that the answer begins anew.",
        (200, Some(sse::events_schema)),
    )
};
pub(crate) const STOP: Doc = Doc {
    body: Some(schema::<TurnRequest>),
    body_is_optional: true,
    headers: &[Header::SESSION_SECRET, Header::VISITOR_IDENTITY],
    refuses: &[NO_TURN],
    ..Doc::new(
        "stopTurn",
        "Stop a turn",
        "Within a second the turn ends with `done` and the `finishReason` `stopped`; what was written is the answer. \
         Nothing happens to a turn that has ended.",
        (202, Some(schema::<StopResponse>)),
    )
};
pub(crate) const RETRY: Doc = Doc {
    body: Some(schema::<TurnRequest>),
    body_is_optional: true,
    headers: &[Header::SESSION_SECRET, Header::VISITOR_IDENTITY],
    is_stream: true,
    refuses: &[
        NO_TURN,
        (
            409,
            "The turn has its answer or is not the newest, or the session's last message is still being answered: \
             then `turnId` names the turn.",
        ),
        quota::REACHED,
    ],
    ..Doc::new(
        "retryTurn",
        "Retry a turn",
        "Asks the model again, if the session's newest turn was interrupted or has failed. The answer is the stream of \
         the same turn in its next generation, with the same messages.",
        (200, Some(sse::events_schema)),
    )
};

/// What may be said of a turn. All of it may stand in headers instead.
#[derive(ToSchema)]
pub(crate) struct TurnRequest {
    /// The widget's embed token.
    #[schema(required = false, value_type = String)]
    #[expect(dead_code, reason = "for the document only: all public routes read the token in one place")]
    token: (),
}

impl RequestBody for TurnRequest {
    const PRESENCE: Presence = Presence::Optional;

    fn read(_: &mut Fields) -> Result<Self, ApiError> {
        Ok(Self { token: () })
    }
}

/// A turn that was asked to stop.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StopResponse {
    turn_id: Uuid,
}

pub(crate) async fn watch(
    request: Presented,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let turn = turn_of(&http);
    let position = position(&http, turn)?;
    let (request, _) = request.into_session();
    let events = state.services.visitors.watch_turn(request, turn, position).await?;
    Ok(match events {
        Some(events) => sse::response(events, &http, state.keep_alive),
        None => HttpResponse::NoContent().finish(),
    })
}

pub(crate) async fn stop(
    request: Presented<TurnRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let turn = turn_of(&http);
    let (request, _) = request.into_session();
    state.services.visitors.stop_turn(request, turn).await?;
    Ok(HttpResponse::Accepted().json(StopResponse { turn_id: turn.as_uuid() }))
}

pub(crate) async fn retry(
    request: Presented<TurnRequest>,
    http: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, ApiError> {
    let turn = turn_of(&http);
    let (request, _) = request.into_session();
    let turn = state.services.visitors.retry_turn(request, turn).await?;
    let mut response = sse::response(turn.events, &http, state.keep_alive);
    quota::add_headers(response.headers_mut(), turn.quota.as_ref());
    Ok(response)
}

fn turn_of(request: &HttpRequest) -> TurnId {
    TurnId::from_uuid(path_uuid(request, "turnId"))
}

/// The event after which a client wants to go on. The header wins: a browser that reconnects asks with the query that
/// it first asked with, and has seen more since.
pub(crate) fn position(request: &HttpRequest, turn: TurnId) -> Result<Option<EventId>, ApiError> {
    if let Some(header) = one_header(request.headers(), LAST_EVENT_ID)? {
        return event_of(turn, LAST_EVENT_ID, header.to_str().unwrap_or_default()).map(Some);
    }
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    let mut values = pairs.filter(|(name, _)| name == AFTER).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => event_of(turn, AFTER, &value).map(Some),
        (Some(_), Some(_)) => Err(ApiError::field(AFTER, "must be given at most once")),
    }
}

/// Reads a position; `name` is where it stood.
fn event_of(turn: TurnId, name: &str, text: &str) -> Result<EventId, ApiError> {
    let id = EventId::parse(text).map_err(|EventIdError| ApiError::field(name, EventIdError))?;
    if id.turn_id == turn {
        Ok(id)
    } else {
        Err(ApiError::field(name, "must be the id of an event of this turn"))
    }
}
