//! What a case is given: empty stores, a way to fill in what no port writes, and short words for usual scenes.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, TeamId, UserId};
use chatloom_domain::session::ChatSession;
use chatloom_domain::team::{TeamName, User};
use chatloom_domain::turn::{FinishReason, LoggedEvent, Turn, TurnEvent, TurnFailure, TurnState};
use chatloom_domain::usage::TokenUsage;
use chatloom_domain::widget::Widget;
use chatloom_ports::store::Stores;
use chatloom_ports::store::turns::{TurnAppend, TurnEnd, TurnLog};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::sample;

/// Writes what the contract needs and no port writes: a second team, users besides the first, and their removal.
///
/// Implementations write plain rows, past the code under test.
#[async_trait]
pub trait Seed: Send + Sync {
    /// Adds a team without members.
    async fn add_team(&self, id: TeamId, name: &TeamName, created_at: Timestamp);

    /// Adds a user and their memberships; their teams are there already.
    async fn add_user(&self, user: &User, password_hash: &str);

    /// Disables a user who is there.
    async fn disable_user(&self, id: UserId, at: Timestamp);

    /// Removes a user with their memberships and sessions.
    async fn remove_user(&self, id: UserId);

    /// Removes a team with all that belongs to it; it has no widgets and workflows.
    async fn remove_team(&self, id: TeamId);
}

/// An implementation under test. Everything in it is the case's own: the stores are empty when a case begins.
pub struct Subject {
    /// The stores.
    pub stores: Stores,
    /// Writes what no port writes.
    pub seed: Arc<dyn Seed>,
    /// Whatever must live as long as the case does, such as a temporary folder or database.
    _guard: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// Stores that are empty, and the guard that keeps what they need.
    pub fn new(stores: Stores, seed: Arc<dyn Seed>, guard: impl Any + Send + Sync) -> Self {
        Self { stores, seed, _guard: Box::new(guard) }
    }

    /// Adds team `n`, named "Team `n`".
    pub async fn add_team(&self, n: u32) -> TeamId {
        let name = TeamName::parse(&format!("Team {n}")).unwrap();
        self.seed.add_team(sample::team_id(n), &name, sample::at(0)).await;
        sample::team_id(n)
    }

    /// Adds workflow `n` and, on it, widget `n` with token `n`.
    pub async fn add_widget(&self, team: TeamId, n: u32) -> Widget {
        let workflow = sample::workflow(team, n);
        self.stores.workflows.create_workflow(&workflow, &sample::audit_record()).await.unwrap();
        let widget = sample::widget(team, workflow.id, n);
        self.stores
            .widgets
            .create_widget(&widget, &sample::stored_token(n), &sample::audit_record())
            .await
            .unwrap();
        widget
    }

    /// Opens session `n` of a widget that nobody has changed yet.
    pub async fn open_session(&self, widget: &Widget, n: u32) -> ChatSession {
        let session = sample::chat_session(widget.id, n);
        self.stores.sessions.open_session(&session, widget.version, None).await.unwrap();
        session
    }

    /// Adds team, workflow, widget and session 1.
    pub async fn first_session(&self) -> ChatSession {
        let team = self.add_team(1).await;
        let widget = self.add_widget(team, 1).await;
        self.open_session(&widget, 1).await
    }

    /// Begins turn `n` of a session whose widget nobody has changed yet.
    pub async fn begin_turn(&self, session: &ChatSession, n: u32) -> Turn {
        let new = sample::new_turn(session, n);
        self.stores.turns.begin_turn(&new).await.unwrap();
        new.turn
    }

    /// Writes the first events of a turn of replica 1: `Started`, and the pieces of text.
    pub async fn append(&self, turn: &Turn, pieces: &[&str]) {
        let appends = [append_of(turn, sample::log(turn, pieces))];
        let lost = self
            .stores
            .turns
            .append_events(sample::replica_id(1), sample::at(sample::LEASE_SECONDS), &appends)
            .await
            .unwrap();
        assert_eq!(lost, []);
    }

    /// Breaks a turn off that has an empty log.
    pub async fn break_off(&self, turn: Turn, content: &str) {
        assert!(self.stores.turns.finish_turn(&breaking_off_after(0, turn, content)).await.unwrap());
    }

    /// Runs turn `n` of a session again, on replica 2, on a widget in version 1.
    pub async fn retry_turn(&self, session: &ChatSession, n: u32) -> Turn {
        self.stores.turns.retry_turn(&sample::turn_retry(session, n)).await.unwrap().turn
    }

    /// What is stored of a turn.
    pub async fn find_log(&self, turn: &Turn) -> TurnLog {
        self.stores.turns.find_turn_log(turn.session_id, turn.id).await.unwrap().unwrap()
    }

    /// Completes a turn of replica 1 that has an empty log, at `ended_at`, with 10 tokens read and 5 written.
    pub async fn complete(&self, turn: Turn, content: &str, ended_at: Timestamp) {
        assert!(self.stores.turns.finish_turn(&completion(turn, content, ended_at)).await.unwrap());
    }
}

/// Events for a turn, under the generation that the turn has.
pub(crate) fn append_of(turn: &Turn, events: Vec<LoggedEvent>) -> TurnAppend {
    TurnAppend { turn_id: turn.id, generation: turn.generation, events }
}

/// The end of a running turn with a whole answer; nothing has been written to its log yet.
pub(crate) fn completion(turn: Turn, content: &str, ended_at: Timestamp) -> TurnEnd {
    completion_after(0, turn, content, ended_at)
}

/// The end of a running turn with a whole answer, after `logged` events in its log.
pub(crate) fn completion_after(logged: u32, turn: Turn, content: &str, ended_at: Timestamp) -> TurnEnd {
    let usage = TokenUsage { input: 10, output: 5 };
    let completed = TurnEvent::Completed {
        assistant_message_id: turn.assistant_message_id,
        content: content.into(),
        created_at: turn.started_at,
        finish_reason: FinishReason::Stop,
        usage,
    };
    TurnEnd {
        turn: turn.complete(FinishReason::Stop, usage, ended_at).unwrap(),
        owner: owner_of(&turn),
        content: content.to_owned(),
        events: vec![LoggedEvent { seq: logged + 1, event: completed }],
    }
}

/// The end of a turn whose answer broke off at [`sample::at`]`(1)`, after `logged` events in its log. Its tokens are as
/// many as with [`completion`].
pub(crate) fn breaking_off_after(logged: u32, turn: Turn, content: &str) -> TurnEnd {
    let (failure, at) = (TurnFailure::TurnTimedOut, sample::at(1));
    let usage = TokenUsage { input: 10, output: 5 };
    TurnEnd {
        turn: turn.break_off(failure, !content.is_empty(), usage, at).unwrap(),
        owner: owner_of(&turn),
        content: content.to_owned(),
        events: vec![LoggedEvent { seq: logged + 1, event: TurnEvent::Broken { failure, at } }],
    }
}

fn owner_of(turn: &Turn) -> ReplicaId {
    match turn.state {
        TurnState::Running { lease } => lease.owner,
        _ => panic!("an ended turn has no owner"),
    }
}

/// Runs `calls` calls at the same time and gives their results in no particular order.
pub(crate) async fn at_once<F, Call, T>(subject: &Subject, calls: u32, call: F) -> Vec<T>
where
    F: Fn(Stores, u32) -> Call,
    Call: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(calls as usize));
    let mut tasks = JoinSet::new();
    for n in 0..calls {
        let (start, call) = (Arc::clone(&start), call(subject.stores.clone(), n));
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    tasks.join_all().await
}
