//! The owner of two widgets who takes things away, and visitors who rely on them to the last.
//!
//! One widget's token is regenerated, the other one's list of sites is changed; both widgets have no other visitors.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::chat::{Answer, initialize};
use crate::dashboard::{Dashboard, Widget};
use crate::evidence::{Outcome, Probe, Revocation};
use crate::http::call;
use crate::random::Random;
use crate::stage::Stage;

/// The widget whose token changes.
pub const ROTATED: usize = 2;
/// The widget whose list changes.
pub const LISTED: usize = 3;
/// How many of the newest credentials visitors still try.
const REMEMBERED: usize = 4;

/// What owner and visitors have seen.
#[derive(Debug, Default)]
pub struct OwnerEvidence {
    /// What was relied on, and whether it worked.
    pub probes: Vec<Probe>,
    /// What was taken away.
    pub revocations: Vec<Revocation>,
}

/// Tokens and sites, oldest first, and what was seen of them.
#[derive(Default)]
struct Shared {
    tokens: Vec<String>,
    sites: Vec<String>,
    evidence: OwnerEvidence,
}

/// The owner and the visitors of a round.
pub struct Owner {
    stage: Arc<Stage>,
    dashboard: Dashboard,
    shared: Mutex<Shared>,
}

impl Owner {
    /// An owner who has not taken anything away yet.
    pub fn new(stage: Arc<Stage>, dashboard: Dashboard) -> Self {
        let shared = Shared { tokens: vec![stage.widgets[ROTATED].token.clone()], ..Shared::default() };
        Self { stage, dashboard, shared: Mutex::new(shared) }
    }

    /// Works until the stage closes.
    pub async fn run(self, seed: u64) -> OwnerEvidence {
        tokio::join!(self.take_away(Random::of(seed, "owner")), self.rely(Random::of(seed, "visitors")));
        self.shared.into_inner().unwrap_or_else(PoisonError::into_inner).evidence
    }

    async fn take_away(&self, mut random: Random) {
        let mut changes = 0;
        while !self.stage.is_closing() {
            let door = self.stage.any_door(&mut random);
            if random.percent(50) {
                self.rotate(door).await;
            } else {
                changes += 1;
                self.change_list(door, &format!("site{changes}.example")).await;
            }
            self.stage.pause(Duration::from_millis(random.between(400, 1_500))).await;
        }
    }

    async fn rotate(&self, door: usize) {
        let widget = &self.stage.widgets[ROTATED];
        let number = self.stage.journal.begin("owner", format!("regenerate the token at replica {door}"));
        let answer = self.dashboard.regenerate_token(self.stage.doors[door], &widget.id).await;
        self.stage.journal.end(number, answer.outcome, answer.summary());
        let token = match answer.outcome {
            Outcome::Ok => answer.body["token"].as_str().map(str::to_owned),
            // It may have been done. What the embed code shows now is then the newest, and may soon be the oldest.
            Outcome::Unknown => self.find_token(widget, door).await,
            Outcome::Fail => None,
        };
        let acknowledged = self.stage.stopwatch.now();
        let Some(token) = token else { return };
        let mut shared = self.shared();
        if answer.outcome == Outcome::Ok {
            // All that came before is gone for good: a rotation that is carried out late makes a new token too.
            let ended = shared.tokens.iter().filter(|old| **old != token);
            let revocations: Vec<_> =
                ended.map(|old| Revocation { relied_on: old.clone(), acknowledged }).collect();
            shared.evidence.revocations.extend(revocations);
        }
        if !shared.tokens.contains(&token) {
            shared.tokens.push(token);
        }
        let forgotten = shared.tokens.len().saturating_sub(REMEMBERED);
        shared.tokens.drain(..forgotten);
    }

    async fn find_token(&self, widget: &Widget, door: usize) -> Option<String> {
        self.dashboard.find_token(self.stage.doors[door], &widget.id).await
    }

    /// Each list has one site that no list had before. A change whose outcome is not known may be carried out late, so
    /// its site is tried by nobody.
    async fn change_list(&self, door: usize, site: &str) {
        let widget = &self.stage.widgets[LISTED];
        let number = self.stage.journal.begin("owner", format!("allow {site} only, at replica {door}"));
        let answer = self.dashboard.allow_only(self.stage.doors[door], &widget.id, site).await;
        self.stage.journal.end(number, answer.outcome, answer.summary());
        if answer.outcome != Outcome::Ok {
            return;
        }
        let acknowledged = self.stage.stopwatch.now();
        let mut shared = self.shared();
        let revocations: Vec<_> =
            shared.sites.iter().map(|old| Revocation { relied_on: old.clone(), acknowledged }).collect();
        shared.evidence.revocations.extend(revocations);
        shared.sites.push(format!("https://{site}"));
        let forgotten = shared.sites.len().saturating_sub(REMEMBERED);
        shared.sites.drain(..forgotten);
    }

    /// Visitors load both widgets with old and new credentials.
    async fn rely(&self, mut random: Random) {
        while !self.stage.is_closing() {
            let by_token = random.percent(50);
            let known = {
                let shared = self.shared();
                if by_token { shared.tokens.clone() } else { shared.sites.clone() }
            };
            if let Some(relied_on) = known.get(random.index(known.len())).cloned() {
                let request = if by_token {
                    initialize(&relied_on, None)
                } else {
                    initialize(&self.stage.widgets[LISTED].token, Some(&relied_on))
                };
                let door = self.stage.any_door(&mut random);
                let begun = self.stage.stopwatch.now();
                let status = Answer::read(call(self.stage.doors[door], &request).await).await.status;
                self.shared().evidence.probes.push(Probe { relied_on, begun, status });
            }
            self.stage.pause(Duration::from_millis(random.between(5, 40))).await;
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
