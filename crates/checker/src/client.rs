//! A client: opens sessions, asks, watches, leaves, comes back, stops, tries again, and erases.

mod asking;
mod plan;
mod sessions;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

pub use plan::{Afterwards, AskPlan, SessionPlan, Watching};

use crate::evidence::Session;
use crate::random::Random;
use crate::stage::Stage;
use crate::view::View;

/// The widget whose sessions are kept.
pub const KEPT: usize = 0;
/// The widget whose sessions are erased.
pub const ERASED: usize = 1;

/// What a client brings home.
#[derive(Debug, Default)]
pub struct Harvest {
    /// Its sessions, with what opens them.
    pub sessions: Vec<(Session, crate::chat::ChatKey)>,
    /// What its viewers saw.
    pub views: Vec<View>,
    /// For each widget, how many sessions may have been made without an answer.
    pub doubtful_sessions: [u64; 2],
}

/// One client of a round.
pub struct Client {
    stage: Arc<Stage>,
    /// Its name, which begins the labels of its sessions.
    name: String,
    /// Decides what is done. Nothing that happens disturbs it, so a seed gives the same operations again.
    plans: Random,
    /// Decides to which replica one turns and how long one waits in trouble.
    detours: Random,
    /// Further viewers of this client's turns.
    companions: JoinSet<View>,
    harvest: Harvest,
}

impl Client {
    /// A client that has done nothing yet.
    pub fn new(stage: Arc<Stage>, seed: u64, name: String) -> Self {
        let (plans, detours) = (Random::of(seed, &name), Random::of(seed, &format!("{name} detours")));
        Self { stage, name, plans, detours, companions: JoinSet::new(), harvest: Harvest::default() }
    }

    /// Works until the stage closes, and ends what it has begun.
    pub async fn run(mut self) -> Harvest {
        let mut number = 1;
        while !self.stage.is_closing() {
            let plan = SessionPlan::draw(&mut self.plans, &format!("{}s{number}", self.name));
            if !self.work_through(plan).await {
                // Nobody could open it; somebody else may need the processor more.
                self.stage.pause(Duration::from_millis(200)).await;
            }
            number += 1;
        }
        while let Some(view) = self.companions.join_next().await {
            self.harvest.views.extend(view.ok());
        }
        self.harvest
    }
}
