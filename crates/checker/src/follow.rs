//! A viewer that does not give up: it resumes on another replica whenever its connection breaks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::chat::ChatKey;
use crate::evidence::Outcome;
use crate::random::Random;
use crate::stage::Stage;
use crate::stream::EventStream;
use crate::time::Moment;
use crate::view::View;

/// Longer than any turn here takes, with a takeover and a pause of its replica on top.
const PATIENCE: Duration = Duration::from_secs(45);

/// How the reading of one connection came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// With the turn's end.
    Ended,
    /// With so many events as were wanted; the connection is still open.
    Reached,
    /// With the connection's end.
    Broken,
}

/// What became of an attempt to resume.
pub enum Resumed {
    /// A stream.
    Stream(Box<EventStream>),
    /// Nothing is to come.
    Nothing,
    /// There is no such turn, or no such session.
    Gone,
    /// Not now, or not here.
    Refused,
}

/// Watches turns of one session.
#[derive(Clone, Copy)]
pub struct Follower<'a> {
    /// The round's stage.
    pub stage: &'a Stage,
    /// The session's label.
    pub session: &'a str,
    /// What opens it.
    pub key: &'a ChatKey,
}

impl Follower<'_> {
    /// Reads until so many events have come, or to the end of the turn or of the connection.
    pub async fn read(&self, view: &mut View, stream: &mut EventStream, most: Option<u32>) -> Reading {
        let mut seen = 0;
        while most.is_none_or(|most| seen < most) {
            let Some(event) = stream.next().await else {
                view.problems.extend(stream.problem.take());
                return Reading::Broken;
            };
            view.take(&event, self.stage.stopwatch.now());
            if event.is_terminal() {
                return Reading::Ended;
            }
            seen += 1;
        }
        Reading::Reached
    }

    /// Tries once to go on behind the last event that was seen; gives what came of it and when it was asked for.
    pub async fn resume(&self, view: &View, turn: &str, door: usize) -> (Resumed, Moment) {
        let asked_at = self.stage.stopwatch.now();
        let request = self.key.events(turn, view.resume_from());
        let what = match view.resume_from() {
            Some(position) => format!("resume behind {position}"),
            None => format!("watch turn {turn}"),
        };
        let (number, called) = self.stage.call(self.session, &what, door, &request).await;
        let (resumed, note) = match called {
            Ok(reply) if reply.status == 200 => (Resumed::Stream(Box::new(EventStream::of(reply))), "200"),
            Ok(reply) if reply.status == 204 => (Resumed::Nothing, "204"),
            Ok(reply) if reply.status == 404 => (Resumed::Gone, "404"),
            Ok(_) => (Resumed::Refused, "refused"),
            Err(_) => (Resumed::Refused, "no answer"),
        };
        let outcome = if matches!(resumed, Resumed::Refused) { Outcome::Fail } else { Outcome::Ok };
        self.stage.journal.end(number, outcome, note);
        if outcome == Outcome::Ok {
            self.stage.resumes.fetch_add(1, Ordering::Relaxed);
        }
        (resumed, asked_at)
    }

    /// Resumes until the turn has ended; gives whether it did while anybody could be expected to wait.
    pub async fn to_the_end(&self, view: &mut View, turn: &str, random: &mut Random) -> bool {
        let give_up = self.stage.stopwatch.now() + PATIENCE;
        let mut door = self.stage.any_door(random);
        while self.stage.stopwatch.now() < give_up {
            match self.resume(view, turn, door).await.0 {
                Resumed::Stream(mut stream) => {
                    if self.read(view, &mut stream, None).await == Reading::Ended {
                        return true;
                    }
                }
                Resumed::Nothing => {
                    view.nothing_to_come(self.stage.stopwatch.now());
                    return true;
                }
                Resumed::Gone => return false,
                Resumed::Refused => {}
            }
            door = (door + 1) % self.stage.doors.len();
            tokio::time::sleep(Duration::from_millis(random.between(50, 250))).await;
        }
        false
    }
}
