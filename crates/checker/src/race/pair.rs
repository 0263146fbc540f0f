//! One pair.

use std::net::SocketAddr;

use serde_json::Value;

use crate::chat::ChatKey;
use crate::events::Event;
use crate::http::{Request, call};
use crate::model::ModelServer;
use crate::random::Random;
use crate::script::{UNHURRIED, question};
use crate::stage::Stage;
use crate::stream::EventStream;

/// What a pair shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Content and key: both get the same turn.
    OneKey,
    /// Nothing but the session: one gets a turn, the other one learns which.
    NoKey,
}

/// Races in one session.
pub(super) struct Racer<'a> {
    pub(super) stage: &'a Stage,
    pub(super) model: &'a ModelServer,
    pub(super) key: &'a ChatKey,
    pub(super) session: &'a str,
}

/// What came of a pair.
#[derive(Debug, Default)]
pub(super) struct Raced {
    /// The questions that were taken.
    pub(super) kept: Vec<String>,
    /// What was not as it must be.
    pub(super) broken: Vec<String>,
}

/// What one of the two saw.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) events: Vec<Event>,
}

impl Racer<'_> {
    pub(super) async fn race(&self, rules: Rules, number: u32, random: &mut Random) -> Raced {
        let questions = match rules {
            Rules::OneKey => {
                let question = question(self.session, number, random);
                [question.clone(), question]
            }
            // The first one must not be done before the second one has been heard.
            Rules::NoKey => [0, 1]
                .map(|which| question(self.session, 2 * number + 1_000 + which, random) + " " + UNHURRIED),
        };
        let key = (rules == Rules::OneKey).then(|| format!("{}-{number}", self.session));
        let doors = [0, 1].map(|_| self.stage.doors[self.stage.any_door(random)]);
        let requests = [0, 1].map(|which: usize| self.key.send(&questions[which], key.as_deref()));
        let (one, other) = tokio::join!(see(doors[0], &requests[0]), see(doors[1], &requests[1]));
        let seen = [one, other];
        let calls = [0, 1].map(|which: usize| self.model.calls_of(&questions[which]).len());
        match rules {
            Rules::OneKey => {
                let [question, _] = questions;
                Raced { kept: vec![question], broken: judge_one_key(&seen, calls[0]) }
            }
            Rules::NoKey => {
                let taken = questions.into_iter().zip(&seen).filter(|(_, seen)| seen.status == 200);
                Raced {
                    kept: taken.map(|(question, _)| question).collect(),
                    broken: judge_no_key(&seen, calls),
                }
            }
        }
    }
}

async fn see(door: SocketAddr, request: &Request) -> Seen {
    let mut seen = Seen { status: 0, body: Value::Null, events: Vec::new() };
    let Ok(reply) = call(door, request).await else { return seen };
    seen.status = reply.status;
    if reply.status != 200 {
        seen.body = reply.json().await.unwrap_or_default();
        return seen;
    }
    let mut stream = EventStream::of(reply);
    while let Some(event) = stream.next().await {
        seen.events.push(event);
    }
    seen
}

fn judge_one_key([one, other]: &[Seen; 2], calls: usize) -> Vec<String> {
    let mut broken = Vec::new();
    if (one.status, other.status) != (200, 200) {
        broken.push(format!("answered {} and {}", one.status, other.status));
    } else if one.events != other.events {
        broken.push(format!("the streams differ: {:?} and {:?}", one.events, other.events));
    } else if one.events.last().is_none_or(|last| last.name != "done") {
        broken.push(format!("the streams end with {:?}", one.events.last()));
    }
    if calls != 1 {
        broken.push(format!("the model was called {calls} times"));
    }
    broken
}

fn judge_no_key([one, other]: &[Seen; 2], calls: [usize; 2]) -> Vec<String> {
    let mut broken = Vec::new();
    let (winner, loser) = if one.status == 200 { (one, other) } else { (other, one) };
    if (winner.status, loser.status) != (200, 409) {
        broken.push(format!("answered {} and {}", one.status, other.status));
    } else if winner.events.first().map(|start| &start.data["turnId"]) != Some(&loser.body["turnId"]) {
        broken.push(format!("the refusal names another turn: {}", loser.body));
    }
    if calls[0] + calls[1] != 1 {
        broken.push(format!("the model was called {calls:?} times"));
    }
    broken
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::events::Position;

    fn stream(turn: &str, end: &str) -> Seen {
        let event = |seq, name: &str| Event {
            position: Position { turn: turn.to_owned(), generation: 1, seq },
            name: name.to_owned(),
            data: json!({ "turnId": turn }),
        };
        Seen { status: 200, body: Value::Null, events: vec![event(1, "start"), event(2, end)] }
    }

    fn refused(turn: &str) -> Seen {
        Seen { status: 409, body: json!({ "turnId": turn }), events: Vec::new() }
    }

    #[test]
    fn one_key_is_one_turn_one_stream_and_one_call() {
        let judge = |one, other, calls| judge_one_key(&[one, other], calls).len();
        assert_eq!(judge(stream("t", "done"), stream("t", "done"), 1), 0);
        assert_eq!(judge(stream("t", "done"), stream("t", "done"), 2), 1);
        assert_eq!(judge(stream("t", "done"), stream("u", "done"), 1), 1);
        assert_eq!(judge(stream("t", "token"), stream("t", "token"), 1), 1);
        assert_eq!(judge(stream("t", "done"), refused("t"), 1), 1);
    }

    #[test]
    fn without_a_key_one_wins_and_the_other_one_is_told() {
        let judge = |one, other, calls| judge_no_key(&[one, other], calls).len();
        assert_eq!(judge(stream("t", "done"), refused("t"), [1, 0]), 0);
        assert_eq!(judge(refused("t"), stream("t", "done"), [0, 1]), 0);
        assert_eq!(judge(stream("t", "done"), refused("u"), [1, 0]), 1);
        assert_eq!(judge(stream("t", "done"), stream("u", "done"), [1, 1]), 2);
        assert_eq!(judge(refused("t"), refused("t"), [0, 0]), 2);
    }
}
