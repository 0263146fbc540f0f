//! Widgets as rows. A deleted one keeps its row with nothing in it but ids, times and the token's hash.

use std::collections::BTreeMap;

use chatloom_domain::customization::Customization;
use chatloom_domain::id::{TeamId, WidgetId, WorkflowId};
use chatloom_domain::origin::AllowedDomains;
use chatloom_domain::token::{TokenSlot, WidgetTokens};
use chatloom_domain::widget::{RetentionDays, RetentionDaysError, Widget, WidgetName, WidgetRules};
use chatloom_ports::store::widgets::{StoredToken, TokenOwner};
use diesel::prelude::*;
use serde_json::Value;
use thiserror::Error;

use super::super::errors::{QueryError, inconsistent};
use super::super::schema::widgets;
use super::data::{data, json};
use crate::columns::{Id, Json, Texts, Time};
use crate::database::Db;

/// A widget's row without its token.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = widgets, check_for_backend(Db))]
pub(crate) struct WidgetRow {
    id: Id,
    team_id: Id,
    created_at: Time,
    version: i64,
    deleted_at: Option<Time>,
    #[diesel(embed)]
    content: WidgetContentRow,
}

/// What an editor can change. The optional columns are empty in a tombstone, and only there.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = widgets, check_for_backend(Db), treat_none_as_null = true)]
pub(crate) struct WidgetContentRow {
    workflow_id: Option<Id>,
    name: Option<String>,
    active: bool,
    customization: Option<Json>,
    allowed_domains: Option<Texts>,
    updated_at: Time,
    #[diesel(embed)]
    rules: WidgetRulesRow,
}

/// What the owner demands of those who use the widget, and where it is shown.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = widgets, check_for_backend(Db), treat_none_as_null = true)]
pub(crate) struct WidgetRulesRow {
    allow_no_origin: bool,
    identity_required: bool,
    bot_check: bool,
    page_context: bool,
    hosted_page: bool,
    retention_days: Option<i64>,
}

/// A widget's embed token.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = widgets, treat_none_as_null = true)]
pub(crate) struct TokenRow {
    token_hash: Vec<u8>,
    sealed_token: Option<Vec<u8>>,
    token_made_at: Option<Time>,
    token_used_at: Option<Time>,
}

/// How a widget's tokens are used, without the tokens but for the one by which it was found.
#[derive(Queryable, Selectable)]
#[diesel(table_name = widgets, check_for_backend(Db))]
pub(crate) struct TokenUseRow {
    token_hash: Vec<u8>,
    token_made_at: Option<Time>,
    token_used_at: Option<Time>,
    previous_token_until: Option<Time>,
    previous_token_used_at: Option<Time>,
}

impl TokenUseRow {
    /// The slot of the token by whose hash the row was found.
    fn slot_of(&self, hash: &[u8]) -> TokenSlot {
        if self.token_hash == hash { self.current() } else { self.previous() }
    }

    fn current(&self) -> TokenSlot {
        TokenSlot { valid_until: None, last_used_at: self.token_used_at.map(|at| at.0) }
    }

    fn previous(&self) -> TokenSlot {
        TokenSlot {
            valid_until: self.previous_token_until.map(|until| until.0),
            last_used_at: self.previous_token_used_at.map(|at| at.0),
        }
    }
}

impl From<TokenUseRow> for WidgetTokens {
    fn from(row: TokenUseRow) -> Self {
        Self {
            made_at: row.token_made_at.map(|at| at.0),
            current: row.current(),
            previous: row.previous_token_until.map(|_| row.previous()),
        }
    }
}

#[derive(Debug, Error)]
#[error("column {0} is empty although the widget is not deleted")]
struct EmptyColumn(&'static str);

#[derive(Debug, Error)]
#[error("customization is not a JSON object")]
struct NotAnObject;

impl From<&Widget> for WidgetRow {
    fn from(widget: &Widget) -> Self {
        Self {
            id: Id(widget.id.as_uuid()),
            team_id: Id(widget.team_id.as_uuid()),
            created_at: Time(widget.created_at),
            version: widget.version,
            deleted_at: None,
            content: WidgetContentRow::from(widget),
        }
    }
}

impl From<&Widget> for WidgetContentRow {
    fn from(widget: &Widget) -> Self {
        let entries = widget.customization.entries().iter();
        let customization = entries.map(|(key, value)| (key.clone(), json(value))).collect();
        Self {
            workflow_id: Some(Id(widget.workflow_id.as_uuid())),
            name: Some(widget.name.as_str().to_owned()),
            active: widget.active,
            customization: Some(Json(Value::Object(customization))),
            allowed_domains: Some(texts(&widget.allowed_domains)),
            updated_at: Time(widget.updated_at),
            rules: WidgetRulesRow::from(widget.rules),
        }
    }
}

impl From<WidgetRules> for WidgetRulesRow {
    fn from(rules: WidgetRules) -> Self {
        Self {
            allow_no_origin: rules.allow_no_origin,
            identity_required: rules.identity_required,
            bot_check: rules.bot_check,
            page_context: rules.page_context,
            hosted_page: rules.hosted_page,
            retention_days: rules.retention.map(|days| days.get().into()),
        }
    }
}

impl TryFrom<WidgetRulesRow> for WidgetRules {
    type Error = RetentionDaysError;

    fn try_from(row: WidgetRulesRow) -> Result<Self, RetentionDaysError> {
        Ok(Self {
            allow_no_origin: row.allow_no_origin,
            identity_required: row.identity_required,
            bot_check: row.bot_check,
            page_context: row.page_context,
            hosted_page: row.hosted_page,
            retention: row.retention_days.map(RetentionDays::parse).transpose()?,
        })
    }
}

impl WidgetContentRow {
    /// What is left of a widget that is deleted.
    pub(crate) fn tombstone(deleted_at: Time) -> Self {
        Self {
            workflow_id: None,
            name: None,
            active: false,
            customization: None,
            allowed_domains: None,
            updated_at: deleted_at,
            rules: WidgetRulesRow::from(WidgetRules::default()),
        }
    }
}

impl TokenRow {
    /// A token that nobody has used yet.
    pub(crate) fn new(token: &StoredToken, made_at: Time) -> Self {
        Self {
            token_hash: token.hash.as_bytes().to_vec(),
            sealed_token: Some(token.sealed.clone()),
            token_made_at: Some(made_at),
            token_used_at: None,
        }
    }
}

/// Whose the token is by whose hash the rows were found.
pub(crate) fn token_owner(
    row: WidgetRow,
    tokens: &TokenUseRow,
    hash: &[u8],
) -> Result<TokenOwner, QueryError> {
    if row.deleted_at.is_some() {
        return Ok(TokenOwner::Deleted);
    }
    let slot = tokens.slot_of(hash);
    Widget::try_from(row).map(|widget| TokenOwner::Widget(Box::new(widget), slot))
}

impl TryFrom<WidgetRow> for Widget {
    type Error = QueryError;

    fn try_from(row: WidgetRow) -> Result<Self, QueryError> {
        let id = row.id.0;
        let content = row.content;
        let empty = |column| move || inconsistent("widgets", id, EmptyColumn(column));
        let name = content.name.ok_or_else(empty("name"))?;
        let Json(customization) = content.customization.ok_or_else(empty("customization"))?;
        let Texts(domains) = content.allowed_domains.ok_or_else(empty("allowed_domains"))?;
        let Value::Object(entries) = customization else {
            return Err(inconsistent("widgets", id, NotAnObject));
        };
        let entries: BTreeMap<_, _> = entries.into_iter().map(|(key, value)| (key, data(value))).collect();
        Ok(Self {
            id: WidgetId::from_uuid(id),
            team_id: TeamId::from_uuid(row.team_id.0),
            name: WidgetName::parse(&name).map_err(|error| inconsistent("widgets", id, error))?,
            workflow_id: WorkflowId::from_uuid(content.workflow_id.ok_or_else(empty("workflow_id"))?.0),
            active: content.active,
            customization: Customization::parse(entries)
                .map_err(|error| inconsistent("widgets", id, error))?,
            allowed_domains: domains
                .and_then(|domains| AllowedDomains::parse(domains).ok())
                .unwrap_or_else(AllowedDomains::unreadable),
            rules: content.rules.try_into().map_err(|error| inconsistent("widgets", id, error))?,
            created_at: row.created_at.0,
            updated_at: content.updated_at.0,
            version: row.version,
        })
    }
}

/// A list that could not be read stays unreadable: writing it as an empty one would open the widget to every site.
fn texts(domains: &AllowedDomains) -> Texts {
    let readable = !domains.is_unreadable();
    Texts(readable.then(|| domains.entries().map(str::to_owned).collect()))
}
