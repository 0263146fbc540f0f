//! `/api/widget-chat/init`: what a page needs to know of a widget before it shows it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chatloom_domain::customization::{Customization, Data as Value};
use chatloom_domain::widget::Widget;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::presented::Presented;
use crate::error::ApiError;
use crate::json::AsJson;
use crate::openapi::{CustomizationKeys, Doc, schema};
use crate::state::State;

/// The one key that is given even when it is not set, as null.
const AVATAR_URL: &str = "avatarUrl";

pub(crate) const BY_PATH: Doc = DOC;
pub(crate) const BY_HEADER: Doc = Doc {
    id: "initializeWidgetByHeader",
    about: "The same with the token in `X-Widget-Token` or `Authorization: Bearer`, which keeps it out of logs.",
    ..DOC
};
const DOC: Doc = Doc::new(
    "initializeWidget",
    "Initialize the widget",
    "Checks the token and gives the widget's customization.",
    (200, Some(schema::<InitResponse<'_>>)),
);

/// A widget as a page sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InitResponse<'a> {
    widget_id: Uuid,
    #[schema(example = "Support Chat")]
    name: &'a str,
    /// The known keys that are set, and `avatarUrl`, null where it is not set.
    #[schema(value_type = CustomizationKeys)]
    customization: Shown<'a>,
    /// Whether a session needs a solved challenge. Only given where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bot_check: Option<bool>,
    /// Whether a message may say something of the page that it is sent from. Only given where it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    page_context: Option<bool>,
}

/// What visitors may see of a customization. Unknown keys are the owner's own notes.
struct Shown<'a>(&'a Customization);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.entries();
        let shown = Customization::known_keys().filter_map(|key| match entries.get(key) {
            None if key == AVATAR_URL => Some((key, AsJson(&Value::Null))),
            value => value.map(|value| (key, AsJson(value))),
        });
        serializer.collect_map(shown)
    }
}

impl<'a> From<&'a Widget> for InitResponse<'a> {
    fn from(widget: &'a Widget) -> Self {
        let customization = Shown(&widget.customization);
        Self {
            widget_id: widget.id.as_uuid(),
            name: widget.name.as_str(),
            customization,
            bot_check: widget.rules.bot_check.then_some(true),
            page_context: widget.rules.page_context.then_some(true),
        }
    }
}

pub(crate) async fn initialize(request: Presented, state: Data<State>) -> Result<HttpResponse, ApiError> {
    let widget = state.services.visitors.initialize(request.visitor).await?;
    Ok(HttpResponse::Ok().json(InitResponse::from(&widget)))
}
