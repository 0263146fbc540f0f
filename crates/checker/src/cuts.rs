//! Streams that are cut at random bytes and resumed on a random replica: what comes together is what was said.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::chat::{Answer, ChatKey, open_session};
use crate::cluster::{Cluster, ClusterPlan};
use crate::dashboard::Dashboard;
use crate::follow::{Follower, Reading, Resumed};
use crate::http::call;
use crate::percentiles::Times;
use crate::proxy::{Proxy, Upstream};
use crate::random::Random;
use crate::script::{Pace, Script, question};
use crate::stage::Stage;
use crate::stream::EventStream;
use crate::time::seconds;
use crate::view::{End, View};

/// Cuts fall among the first so many bytes of an answer with its head: most connections live for some pieces.
const MOST_BYTES: u64 = 2_000;
/// A session takes so many questions before a new one is opened, so that contexts stay short.
const QUESTIONS_PER_SESSION: u32 = 20;
/// A connection that is opened so often without an end belongs to a stream that will not end.
const MOST_CONNECTIONS: u32 = 400;

/// What to do.
#[derive(Debug, Clone)]
pub struct CutsPlan {
    /// What to start.
    pub cluster: ClusterPlan,
    /// What the choices follow from.
    pub seed: u64,
    /// How many cuts.
    pub cuts: u64,
    /// How many viewers at the same time.
    pub clients: usize,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct CutsReport {
    /// The seed.
    pub seed: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Answers that were put together.
    pub answers: u64,
    /// From asking to resume to the first event or the word that there is none.
    pub resumes: Times,
    /// Answers that were not what the model said, or that did not come to an end.
    pub mismatches: Vec<String>,
}

impl fmt::Display for CutsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mismatches.iter().take(20).try_for_each(|what| writeln!(f, "BROKEN {what}"))?;
        let rows = [
            ("seed", self.seed.to_string()),
            ("cuts", self.cuts.to_string()),
            ("answers", self.answers.to_string()),
            ("resumes", self.resumes.count().to_string()),
            ("resume, median", seconds(self.resumes.percentile(50))),
            ("resume, p99", seconds(self.resumes.percentile(99))),
            ("resume, longest", seconds(self.resumes.percentile(100))),
            ("mismatches", self.mismatches.len().to_string()),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:<32}{value:>14}"))
    }
}

/// Starts the service, and cuts.
pub async fn run(plan: &CutsPlan) -> anyhow::Result<CutsReport> {
    let cluster = Cluster::start(&plan.cluster).await?;
    let doors = cluster.doors();
    let widget = Dashboard::sign_in(doors[0]).await?.create_widget(doors[0], "Cuts").await?;
    let left = Arc::new(AtomicU64::new(plan.cuts));
    let mut viewers = JoinSet::new();
    for number in 0..plan.clients.max(1) {
        // Each viewer has proxies of its own, so that a cut meets the connection that it was meant for.
        let mut proxies = Vec::new();
        for door in &doors {
            proxies.push(Proxy::start(Upstream::Tcp(*door)).await?);
        }
        let own_doors = proxies.iter().map(|proxy| proxy.address).collect();
        let viewer = Viewer {
            stage: Stage::new(own_doors, cluster.stopwatch, vec![widget.clone()]),
            proxies,
            name: format!("c{number}"),
            random: Random::of(plan.seed, &format!("viewer {number}")),
            left: left.clone(),
            report: CutsReport::default(),
        };
        viewers.spawn(viewer.run());
    }
    let mut report = CutsReport { seed: plan.seed, ..CutsReport::default() };
    while let Some(viewed) = viewers.join_next().await {
        let viewed = viewed??;
        report.cuts += viewed.cuts;
        report.answers += viewed.answers;
        report.resumes.extend(viewed.resumes);
        report.mismatches.extend(viewed.mismatches);
    }
    Ok(report)
}

struct Viewer {
    stage: Stage,
    proxies: Vec<Proxy>,
    name: String,
    random: Random,
    left: Arc<AtomicU64>,
    report: CutsReport,
}

impl Viewer {
    async fn run(mut self) -> anyhow::Result<CutsReport> {
        let mut session = 0;
        while self.left.load(Ordering::Relaxed) > 0 {
            session += 1;
            let label = format!("{}s{session}", self.name);
            let token = self.stage.widgets[0].token.clone();
            let answer = Answer::read(call(self.stage.doors[0], &open_session(&token)).await).await;
            let key = ChatKey::of(&token, &answer.body)
                .ok_or_else(|| anyhow::anyhow!("no session: {}", answer.summary()))?;
            for number in 1..=QUESTIONS_PER_SESSION {
                if self.left.load(Ordering::Relaxed) > 0 {
                    self.view(&label, &key, number).await;
                }
            }
        }
        Ok(self.report)
    }

    /// Asks one question and puts its answer together.
    async fn view(&mut self, label: &str, key: &ChatKey, number: u32) {
        let question = question(label, number, &mut self.random);
        let idempotency_key = format!("{label}-{number}");
        let mut view = View::new(&question);
        let mut ended = false;
        for _ in 0..MOST_CONNECTIONS {
            ended = self.connect(label, key, &idempotency_key, &mut view).await;
            if ended {
                break;
            }
        }
        self.report.answers += 1;
        self.report.mismatches.extend(judge(&view, ended).map(|what| format!("{question:?}: {what}")));
    }

    /// Opens one connection, reads it to its cut or its end, and tells whether the turn has ended.
    async fn connect(&mut self, label: &str, key: &ChatKey, idempotency_key: &str, view: &mut View) -> bool {
        let door = self.stage.any_door(&mut self.random);
        let is_cut = self.take_cut();
        if is_cut {
            self.proxies[door].cut_next_after(self.random.below(MOST_BYTES));
        }
        let ended = self.read(door, label, key, idempotency_key, view).await;
        match (is_cut, ended) {
            (true, false) => self.report.cuts += 1,
            // The answer was over before its cut, which is still to be made.
            (true, true) => drop(self.left.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        ended
    }

    async fn read(
        &mut self,
        door: usize,
        label: &str,
        key: &ChatKey,
        idempotency_key: &str,
        view: &mut View,
    ) -> bool {
        let turn = view.resume_from().map(|position| position.turn.clone());
        if let Some(turn) = turn {
            return self.resume(door, label, key, &turn, view).await;
        }
        // Nothing has been seen of the turn yet, and its key leads back to it.
        let request = key.send(&view.question, Some(idempotency_key));
        let Ok(reply) = call(self.stage.doors[door], &request).await else { return false };
        if reply.status != 200 {
            view.problems.push(format!("sending was answered {}", reply.status));
            return true;
        }
        let follower = Follower { stage: &self.stage, session: label, key };
        follower.read(view, &mut EventStream::of(reply), None).await == Reading::Ended
    }

    async fn resume(&mut self, door: usize, label: &str, key: &ChatKey, turn: &str, view: &mut View) -> bool {
        let follower = Follower { stage: &self.stage, session: label, key };
        let (resumed, asked_at) = follower.resume(view, turn, door).await;
        match resumed {
            Resumed::Stream(mut stream) => {
                let first = follower.read(view, &mut stream, Some(1)).await;
                if first != Reading::Broken {
                    self.report.resumes.add(self.stage.stopwatch.since(asked_at));
                }
                first == Reading::Ended
                    || first == Reading::Reached
                        && follower.read(view, &mut stream, None).await == Reading::Ended
            }
            Resumed::Nothing => {
                self.report.resumes.add(self.stage.stopwatch.since(asked_at));
                view.nothing_to_come(self.stage.stopwatch.now());
                true
            }
            Resumed::Gone => {
                view.problems.push("resuming was answered 404".to_owned());
                true
            }
            Resumed::Refused => {
                // Its head was cut, or the proxy was.
                tokio::time::sleep(Duration::from_millis(5)).await;
                false
            }
        }
    }

    /// Takes one of the cuts that are left.
    fn take_cut(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// What is wrong with what a viewer put together.
fn judge(view: &View, ended: bool) -> Option<String> {
    let said = Script::of(&view.question, 1, Pace::Brisk).text() == view.text;
    let is_done = matches!(&view.end, Some(End::Done { content, .. }) if *content == view.text);
    let nothing_missed = is_done && said && view.problems.is_empty();
    (!ended || !nothing_missed).then(|| {
        format!("ended {ended} with {:?}, text {:?}, problems {:?}", view.end, view.text, view.problems)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::view::tests::event;

    fn view_of(texts: &[&str], content: &str) -> View {
        let mut view = View::new("«c1s1q1» why?");
        view.take(&event(1, 1, "start", json!({ "messageId": "m" })), Duration::ZERO);
        for (seq, text) in (2..).zip(texts) {
            view.take(&event(1, seq, "token", json!({ "content": text })), Duration::ZERO);
        }
        let done = json!({ "content": content, "finishReason": "stop" });
        let seq = view.position.seq + 1;
        view.take(&event(1, seq, "done", done), Duration::ZERO);
        view
    }

    #[test]
    fn what_was_said_is_right_and_anything_else_is_a_mismatch() {
        let text = Script::of("«c1s1q1» why?", 1, Pace::Brisk).text();
        assert_eq!(judge(&view_of(&[&text], &text), true), None);
        assert!(judge(&view_of(&[&text], &text), false).is_some());
        assert!(judge(&view_of(&[&text[..8]], &text), true).is_some());
        assert!(judge(&view_of(&[&text[..8]], &text[..8]), true).is_some());
        let mut gap = view_of(&[&text], &text);
        gap.problems.push("a gap".to_owned());
        assert!(judge(&gap, true).is_some());
    }
}
