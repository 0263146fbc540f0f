//! One question: sent, watched, perhaps stopped, perhaps run once more.

use std::time::Duration;

use super::{AskPlan, Client, Watching};
use crate::chat::{ChatKey, outcome_of, outcome_without_answer};
use crate::evidence::{Asked, Outcome, Session};
use crate::follow::{Follower, Reading, Resumed};
use crate::stream::EventStream;
use crate::view::{End, View};

/// Enough for the longest fault of a round.
const ATTEMPTS: u32 = 40;
/// And for finding out what became of the rest.
const FEW_ATTEMPTS: u32 = 6;

/// How sending ended.
struct Sent {
    outcome: Outcome,
    stream: Option<EventStream>,
}

impl Client {
    pub(super) async fn ask(&mut self, session: &mut Session, key: &ChatKey, plan: AskPlan) {
        let (content, keyed) = (plan.content.clone(), plan.key.is_some());
        // Known before it is sent: it may be done although this client never hears of it.
        let asked = Asked { content, keyed, outcome: Outcome::Unknown, retries: 0, stopped: false };
        let label = session.label.clone();
        let mut sent = self.send(&label, key, &plan).await;
        let mut asked = Asked { outcome: sent.outcome, ..asked };
        if let Some(stream) = sent.stream.take() {
            let mut view = View::new(&plan.content);
            self.watch(&label, key, &plan, &mut asked, &mut view, stream).await;
            self.run_again(&label, key, &plan, &mut asked, &mut view).await;
            if plan.afterwards.replay && keyed {
                self.replay(&label, key, &plan).await;
            }
            self.keep(view);
        }
        session.asked.push(asked);
    }

    /// Sends until it is taken, if it has a key; else once.
    async fn send(&mut self, label: &str, key: &ChatKey, plan: &AskPlan) -> Sent {
        let request = key.send(&plan.content, plan.key.as_deref());
        let what = if plan.key.is_some() { "send with a key" } else { "send" };
        let attempts = if plan.key.is_some() { ATTEMPTS } else { 1 };
        let mut outcome = Outcome::Fail;
        let mut door = self.stage.any_door(&mut self.detours);
        for _ in 0..attempts {
            let (number, called) = self.stage.call(label, what, door, &request).await;
            let (attempted, note) = match called {
                Err(error) => (outcome_without_answer(error), format!("{error:?}")),
                Ok(reply) if reply.status == 200 => {
                    self.stage.journal.end(number, Outcome::Ok, "200");
                    return Sent { outcome: Outcome::Ok, stream: Some(EventStream::of(reply)) };
                }
                Ok(reply) => {
                    let status = reply.status;
                    let body = reply.json().await.unwrap_or_default();
                    let code = body["code"].as_str().unwrap_or_default().to_owned();
                    if (400..500).contains(&status) && status != 409 {
                        self.stage
                            .odd(label, format!("sending {:?} was answered {status} {code}", plan.content));
                    }
                    (outcome_of(status, &code), format!("{status} {code}"))
                }
            };
            self.stage.journal.end(number, attempted, note);
            if attempted == Outcome::Unknown {
                outcome = Outcome::Unknown;
            }
            door = (door + 1) % self.stage.doors.len();
            tokio::time::sleep(Duration::from_millis(self.detours.between(100, 600))).await;
        }
        Sent { outcome, stream: None }
    }

    /// Watches the first run of a turn as the plan says.
    async fn watch(
        &mut self,
        label: &str,
        key: &ChatKey,
        plan: &AskPlan,
        asked: &mut Asked,
        view: &mut View,
        mut stream: EventStream,
    ) {
        let stage = self.stage.clone();
        let follower = Follower { stage: &stage, session: label, key };
        if follower.read(view, &mut stream, Some(1)).await != Reading::Reached {
            // Broken before its first event: only a key leads back to the turn.
            if plan.key.is_some() && view.resume_from().is_none() {
                self.replay(label, key, plan).await;
            }
            return;
        }
        if plan.with_companion {
            self.bring_companion(label, key, view);
        }
        let turn = view.position.turn.clone();
        if let Some(events) = plan.stop_after
            && follower.read(view, &mut stream, Some(events)).await == Reading::Reached
        {
            self.stop(follower, &turn, asked, view, &mut stream).await;
        }
        match &plan.watching {
            _ if view.end.is_some() => {}
            Watching::Glance { events } => {
                follower.read(view, &mut stream, Some(*events)).await;
            }
            Watching::ToTheEnd { cuts } => {
                if !self.come_and_go(follower, &turn, cuts, view, stream).await {
                    self.see_to_the_end(follower, &turn, view).await;
                }
            }
        }
    }

    /// Leaves after so many events each, comes back on another replica, and stays in the end; gives whether the turn
    /// has ended.
    async fn come_and_go(
        &mut self,
        follower: Follower<'_>,
        turn: &str,
        cuts: &[u32],
        view: &mut View,
        mut stream: EventStream,
    ) -> bool {
        for events in cuts {
            match follower.read(view, &mut stream, Some(*events)).await {
                Reading::Reached => {}
                Reading::Ended => return true,
                Reading::Broken => return false,
            }
            let door = follower.stage.any_door(&mut self.detours);
            match follower.resume(view, turn, door).await.0 {
                Resumed::Stream(resumed) => stream = *resumed,
                _ => return false,
            }
        }
        follower.read(view, &mut stream, None).await == Reading::Ended
    }

    async fn see_to_the_end(&mut self, follower: Follower<'_>, turn: &str, view: &mut View) {
        if !follower.to_the_end(view, turn, &mut self.detours).await {
            let at = &view.position;
            follower.stage.odd(
                follower.session,
                format!("a viewer of {:?} never saw the end, the last was {at}", view.question),
            );
        }
    }

    async fn stop(
        &mut self,
        follower: Follower<'_>,
        turn: &str,
        asked: &mut Asked,
        view: &mut View,
        stream: &mut EventStream,
    ) {
        let (stage, request) = (follower.stage, follower.key.stop(turn));
        let (answer, doubtful) =
            stage.insist(follower.session, "stop", &mut self.detours, &request, FEW_ATTEMPTS).await;
        asked.stopped = doubtful || answer.outcome != Outcome::Fail;
        if answer.status != 202 && (400..500).contains(&answer.status) {
            stage.odd(
                follower.session,
                format!("stopping {:?} was answered {}", asked.content, answer.summary()),
            );
        }
        let acknowledged = stage.stopwatch.now();
        if answer.status == 202 && follower.read(view, stream, None).await == Reading::Ended {
            stage.stopped_within(stage.stopwatch.since(acknowledged));
        }
    }

    /// Runs a turn that broke off once more, if the plan says so.
    async fn run_again(
        &mut self,
        label: &str,
        key: &ChatKey,
        plan: &AskPlan,
        asked: &mut Asked,
        view: &mut View,
    ) {
        if !plan.afterwards.retry || !matches!(view.end, Some(End::Error { .. })) || self.stage.is_closing() {
            return;
        }
        let stage = self.stage.clone();
        let follower = Follower { stage: &stage, session: label, key };
        let turn = view.position.turn.clone();
        let door = stage.any_door(&mut self.detours);
        let (number, called) = stage.call(label, "run again", door, &key.retry(&turn)).await;
        let (outcome, status) = match &called {
            Ok(reply) => (outcome_of(reply.status, "draining"), reply.status),
            Err(error) => (outcome_without_answer(*error), 0),
        };
        stage.journal.end(number, outcome, status.to_string());
        if (400..500).contains(&status) && status != 409 {
            stage.odd(label, format!("running {:?} again was answered {status}", asked.content));
        }
        if outcome == Outcome::Fail {
            return;
        }
        asked.retries += 1;
        self.keep(view.clone());
        if let (Outcome::Ok, Ok(reply)) = (outcome, called) {
            view.end = None;
            if follower.read(view, &mut EventStream::of(reply), None).await != Reading::Ended {
                self.see_to_the_end(follower, &turn, view).await;
            }
        }
    }

    /// Sends a question with its key once more: it shows the same turn from its first event.
    async fn replay(&mut self, label: &str, key: &ChatKey, plan: &AskPlan) {
        let stage = self.stage.clone();
        let follower = Follower { stage: &stage, session: label, key };
        let Some(mut stream) = self.send(label, key, plan).await.stream else { return };
        let mut view = View::new(&plan.content);
        if follower.read(&mut view, &mut stream, None).await != Reading::Ended && view.resume_from().is_some()
        {
            let turn = view.position.turn.clone();
            self.see_to_the_end(follower, &turn, &mut view).await;
        }
        self.keep(view);
    }

    /// Lets somebody else watch the same turn from its beginning, on whatever replica.
    fn bring_companion(&mut self, label: &str, key: &ChatKey, view: &View) {
        let (stage, label, key) = (self.stage.clone(), label.to_owned(), key.clone());
        let (question, turn) = (view.question.clone(), view.position.turn.clone());
        let mut random = self.detours.clone();
        self.companions.spawn(async move {
            let mut view = View::new(question);
            let follower = Follower { stage: &stage, session: &label, key: &key };
            // The session may be erased meanwhile, so an end that never comes is nobody's fault here.
            follower.to_the_end(&mut view, &turn, &mut random).await;
            view
        });
    }

    fn keep(&mut self, view: View) {
        if view.resume_from().is_some() {
            self.harvest.views.push(view);
        }
    }
}
