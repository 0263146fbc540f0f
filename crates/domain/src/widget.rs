//! A widget: what a site's visitors see, which workflow answers, and where it may be embedded.

use crate::Timestamp;
use crate::customization::Customization;
use crate::id::{TeamId, WidgetId, WorkflowId};
use crate::origin::{AllowedDomains, Origin};
use crate::text::{Lines, text_type};

text_type! {
    /// A widget's display name: 1 to 100 characters on one line.
    WidgetName, max = 100, lines = Lines::Single
}

/// A chat widget of a team.
#[derive(Debug, Clone, PartialEq)]
pub struct Widget {
    /// The widget's id.
    pub id: WidgetId,
    /// The team that owns it.
    pub team_id: TeamId,
    /// Its display name.
    pub name: WidgetName,
    /// The workflow of the same team that answers.
    pub workflow_id: WorkflowId,
    /// Whether visitors may use it.
    pub active: bool,
    /// How it looks.
    pub customization: Customization,
    /// The sites that may embed it; empty means any.
    pub allowed_domains: AllowedDomains,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts every change, token rotation included. A visitor's write names the version that was checked,
    /// so that nothing is written for a widget that changed in between.
    pub version: i64,
}

/// Why a visitor's request is refused by the widget itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdmissionError {
    /// The widget is switched off.
    Inactive,
    /// The page's site is not on the list of allowed domains.
    OriginNotAllowed,
}

impl Widget {
    /// Whether a request from a page of `origin` may use the widget. The state is checked before the origin.
    pub fn admit(&self, origin: Option<&Origin>) -> Result<(), AdmissionError> {
        if !self.active {
            return Err(AdmissionError::Inactive);
        }
        if !self.allowed_domains.allows(origin) {
            return Err(AdmissionError::OriginNotAllowed);
        }
        Ok(())
    }
}
