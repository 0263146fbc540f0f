//! A widget: what a site's visitors see, which workflow answers, and where it may be embedded.

use thiserror::Error;

use crate::Timestamp;
use crate::customization::Customization;
use crate::id::{TeamId, WidgetId, WorkflowId};
use crate::message::Question;
use crate::origin::{AllowedDomains, Source};
use crate::text::{Lines, text_type};

text_type! {
    /// A widget's display name: 1 to 100 characters on one line.
    WidgetName, max = 100, lines = Lines::Single
}

/// For how many days a conversation is kept after its last message: 1 to 3,650.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetentionDays(u16);

/// The number of days is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be from 1 to {} days", RetentionDays::MAX)]
pub struct RetentionDaysError;

impl RetentionDays {
    /// What a new widget gets unless its owner says otherwise.
    pub const DEFAULT: Self = Self(90);
    /// Ten years.
    pub const MAX: u16 = 3650;

    /// Checks the range.
    pub fn parse(days: i64) -> Result<Self, RetentionDaysError> {
        match u16::try_from(days) {
            Ok(days) if (1..=Self::MAX).contains(&days) => Ok(Self(days)),
            _ => Err(RetentionDaysError),
        }
    }

    /// The number of days.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// What an owner demands of those who use a widget, where it is shown, and what happens to what they write.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, and none rules out another")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WidgetRules {
    /// Whether requests that name no site may use a widget with a list of sites. Apps for phones send no `Origin`;
    /// neither does a program that wants around the list, so this is for widgets that such an app embeds.
    pub allow_no_origin: bool,
    /// Whether only visitors who prove their identity may open a session.
    pub identity_required: bool,
    /// Whether a browser must do some work before it may open a session.
    pub bot_check: bool,
    /// Whether what a page says of itself may reach the model. Whoever writes the page, or a program in its place, then
    /// has a say in what the model reads.
    pub page_context: bool,
    /// Whether the widget has a full page of its own, for those who have no site to put it on.
    pub hosted_page: bool,
    /// How long conversations are kept after their last message; `None` keeps them until somebody erases them.
    pub retention: Option<RetentionDays>,
}

impl Default for WidgetRules {
    /// Nothing is demanded, pages say nothing of themselves, there is a page for the widget, and nothing is deleted.
    fn default() -> Self {
        Self {
            allow_no_origin: false,
            identity_required: false,
            bot_check: false,
            page_context: false,
            hosted_page: true,
            retention: None,
        }
    }
}

impl WidgetRules {
    /// The question as the rules let it through to the model. They may have changed since it was stored.
    pub fn apply(&self, question: Question) -> Question {
        Question { context: question.context.filter(|_| self.page_context), ..question }
    }
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
    /// What is demanded of those who use it.
    pub rules: WidgetRules,
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
    /// The page's site is not on the list of allowed domains, or the widget has no hosted page.
    OriginNotAllowed,
}

impl Widget {
    /// Whether a request from there may use the widget. The state is checked before the origin.
    pub fn admit(&self, source: &Source) -> Result<(), AdmissionError> {
        self.admit_if(match source {
            Source::Page(origin) => self.allowed_domains.allows(Some(origin)),
            // Its hosted page is no site of its owner's, so it is on no list.
            Source::Own(origin) => self.has_hosted_page() || self.allowed_domains.allows(Some(origin)),
            // What cannot be read may have been meant to keep out these, too.
            Source::Unnamed if self.allowed_domains.is_unreadable() => false,
            Source::Unnamed => self.rules.allow_no_origin || self.allowed_domains.allows(None),
            Source::Opaque => self.allowed_domains.allows(None),
        })
    }

    /// Whether the widget's hosted page may be shown to whoever asks for it. Which sites may show it in a frame, the page
    /// itself tells the browser. Nobody can prove who they are there, so a widget that demands it is of no use.
    pub fn admit_to_hosted_page(&self) -> Result<(), AdmissionError> {
        self.admit_if(self.has_hosted_page() && !self.rules.identity_required)
    }

    fn has_hosted_page(&self) -> bool {
        self.rules.hosted_page && !self.allowed_domains.is_unreadable()
    }

    fn admit_if(&self, is_allowed: bool) -> Result<(), AdmissionError> {
        match (self.active, is_allowed) {
            (false, _) => Err(AdmissionError::Inactive),
            (true, false) => Err(AdmissionError::OriginNotAllowed),
            (true, true) => Ok(()),
        }
    }
}
