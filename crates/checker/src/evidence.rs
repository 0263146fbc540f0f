//! All that a run has seen, and what the invariants judge. Nothing in here asks anybody anything.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::Call;
use crate::nemesis::FaultWindow;
use crate::time::Moment;
use crate::view::View;

/// What is known of whether an operation was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was acknowledged.
    Ok,
    /// It was surely not done.
    Fail,
    /// It was done or not.
    Unknown,
}

/// One round: the same clients, widgets and model from the first operation to the last check.
#[derive(Debug, Default)]
pub struct Evidence {
    /// How much of what was seen may be lost, by the time in which it came.
    pub most_lost_text: Duration,
    /// All sessions whose creation was acknowledged.
    pub sessions: Vec<Session>,
    /// All viewers that saw at least one event.
    pub views: Vec<View>,
    /// The model's calls for each question.
    pub calls: HashMap<String, Vec<Call>>,
    /// What the nemesis did.
    pub faults: Vec<FaultWindow>,
    /// What was asked of widgets whose tokens and lists change.
    pub probes: Vec<Probe>,
    /// When something was taken away from them.
    pub revocations: Vec<Revocation>,
    /// What the dashboard counted in the end.
    pub counters: Vec<Counters>,
    /// What was seen while the round ran that no service of ours may do.
    pub oddities: Vec<Oddity>,
}

/// Something that no service of ours may do.
#[derive(Debug, Clone)]
pub struct Oddity {
    /// The label of the session, or who met it.
    pub subject: String,
    /// What was seen.
    pub what: String,
}

/// A session and its owner's memory of it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its label in questions.
    pub label: String,
    /// Its id.
    pub id: String,
    /// The number of its widget in the round.
    pub widget: usize,
    /// Whether it was erased: acknowledged, perhaps, or not.
    pub erased: Option<Outcome>,
    /// Statuses of requests for it that began after an acknowledged erasure.
    pub after_erasure: Vec<u16>,
    /// Its questions in the order in which they were asked.
    pub asked: Vec<Asked>,
    /// Its messages in the end; `None` if nobody could read them.
    pub history: Option<Vec<Message>>,
}

/// A question and what became of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its text.
    pub content: String,
    /// Whether it had a key, so that it could be sent again.
    pub keyed: bool,
    /// Whether it was taken.
    pub outcome: Outcome,
    /// How many runs of its turn were asked for after the first, as far as they were not refused.
    pub retries: u32,
    /// Whether its turn was asked to stop, as far as that was not refused.
    pub stopped: bool,
}

/// A message as the history shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// `user` or `assistant`.
    pub role: String,
    /// Its text.
    pub content: String,
    /// Absent when it is complete.
    pub status: Option<String>,
    /// The turn of an answer that is not complete.
    pub turn_id: Option<String>,
}

/// A request with a credential that may have been taken away.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What it relied on: a token or a site.
    pub relied_on: String,
    /// When it began.
    pub begun: Moment,
    /// Its status.
    pub status: u16,
}

/// Something that nobody may rely on any more.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// What was relied on until then.
    pub relied_on: String,
    /// When its end was acknowledged.
    pub acknowledged: Moment,
}

/// The statistics of one widget.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counters {
    /// Sessions, as the dashboard counts them.
    pub sessions: u64,
    /// Messages, as the dashboard counts them.
    pub messages: u64,
    /// Sessions whose creation may have been done without an answer.
    pub doubtful_sessions: u64,
}

impl Evidence {
    /// The session that a question belongs to.
    pub fn session(&self, label: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.label == label)
    }

    /// How often a question was sent to the model.
    pub fn calls_of(&self, question: &str) -> &[Call] {
        self.calls.get(question).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Session {
    /// Whether its history must be there.
    pub fn is_kept(&self) -> bool {
        self.erased.is_none()
    }

    /// The question with this text.
    pub fn question(&self, content: &str) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.content == content)
    }

    /// The message with this id.
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.history.as_ref()?.iter().find(|message| message.id == id)
    }
}
