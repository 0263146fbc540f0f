//! What the document says of one route beyond its method and path, written beside the route's handler.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ComponentsBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};

/// Gives a type's schema and registers it with all that it refers to.
pub(crate) type SchemaOf = fn(&mut Components) -> RefOr<Schema>;

/// A route's description.
#[derive(Clone, Copy)]
pub(crate) struct Doc {
    /// Unique name of the operation.
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    /// More than the summary; may be empty.
    pub(crate) about: &'static str,
    /// Whether only signed-in users may; for the dashboard's routes.
    pub(crate) needs_sign_in: bool,
    /// The request's body, if it has one.
    pub(crate) body: Option<SchemaOf>,
    /// Whether the body may be left out.
    pub(crate) body_is_optional: bool,
    /// Optional query parameters.
    pub(crate) query: &'static [Query],
    /// Optional headers.
    pub(crate) headers: &'static [Header],
    /// Status and body of success.
    pub(crate) answer: (u16, Option<SchemaOf>),
    /// Whether the answer is a stream of events.
    pub(crate) is_stream: bool,
    /// When the answer is 204 instead.
    pub(crate) nothing: Option<&'static str>,
    /// Refusals of this route alone; those that its kind implies are added.
    pub(crate) refuses: &'static [(u16, &'static str)],
}

/// An optional query parameter of a request.
#[derive(Clone, Copy)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) is_uuid: bool,
}

/// An optional header of a request.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
}

impl Header {
    pub(crate) const SESSION_SECRET: Self =
        Self { name: "X-Session-Secret", about: "The session's secret, if it was made with one." };
    pub(crate) const VISITOR_IDENTITY: Self = Self {
        name: "X-Visitor-Identity",
        about: "The site's proof of who the visitor is: a JWT signed with the widget's identity secret.",
    };
}

impl Doc {
    /// A route for signed-in users, without a body.
    pub(crate) const fn new(
        id: &'static str,
        summary: &'static str,
        about: &'static str,
        answer: (u16, Option<SchemaOf>),
    ) -> Self {
        Self {
            id,
            summary,
            about,
            needs_sign_in: true,
            body: None,
            body_is_optional: false,
            query: &[],
            headers: &[],
            answer,
            is_stream: false,
            nothing: None,
            refuses: &[],
        }
    }
}

/// The schemas that the document refers to by name.
#[derive(Default)]
pub(crate) struct Components(Vec<(String, RefOr<Schema>)>);

impl Components {
    /// Registers a type and all that it refers to.
    pub(crate) fn add<T: ToSchema>(&mut self) {
        self.0.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.0);
    }

    pub(super) fn into_builder(self) -> ComponentsBuilder {
        ComponentsBuilder::new().schemas_from_iter(self.0)
    }
}

/// The schema of a type.
pub(crate) fn schema<T: ToSchema>(components: &mut Components) -> RefOr<Schema> {
    components.add::<T>();
    Ref::from_schema_name(T::name()).into()
}

/// The schema of a list of a type.
pub(crate) fn list_of<T: ToSchema>(components: &mut Components) -> RefOr<Schema> {
    Schema::Array(ArrayBuilder::new().items(schema::<T>(components)).build()).into()
}

/// The keys that the widget understands. Other keys are kept as data, at most 8 KiB in all.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", as = Customization)]
#[expect(dead_code, reason = "describes what the domain checks; a test compares the keys")]
pub(crate) struct CustomizationKeys {
    #[schema(example = "#6366f1")]
    primary_color: Option<String>,
    background_color: Option<String>,
    text_color: Option<String>,
    agent_message_background: Option<String>,
    user_message_background: Option<String>,
    #[schema(example = "How can we help?")]
    title: Option<String>,
    welcome_message: Option<String>,
    input_placeholder: Option<String>,
    /// `bottom-right`, `bottom-left`, `top-right` or `top-left`.
    #[schema(example = "bottom-right")]
    position: Option<String>,
    /// https; http for localhost.
    avatar_url: Option<String>,
    /// https; http for localhost.
    logo_url: Option<String>,
    /// `auto`, `light` or `dark`.
    theme: Option<String>,
    #[schema(example = "en")]
    locale: Option<String>,
    /// At most 6.
    starter_prompts: Option<Vec<String>>,
    /// CSS declarations that set custom properties of the widget and nothing else.
    #[schema(example = "--chatloom-radius: 12px; --chatloom-font: Inter, sans-serif")]
    custom_css: Option<String>,
    /// What the widget says by itself, by language tag and name.
    #[schema(example = json!({"de": {"send": "Abschicken"}}))]
    strings: Option<BTreeMap<String, BTreeMap<String, String>>>,
}
