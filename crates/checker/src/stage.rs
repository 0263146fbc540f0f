//! What all actors of a round share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::chat::Answer;
use crate::dashboard::Widget;
use crate::evidence::{Oddity, Outcome};
use crate::http::{CallError, Reply, Request, call};
use crate::journal::Journal;
use crate::random::Random;
use crate::time::{Moment, Stopwatch};

/// The round's stage.
pub struct Stage {
    /// Where the replicas are reached.
    pub doors: Vec<SocketAddr>,
    /// The run's watch.
    pub stopwatch: Stopwatch,
    /// What was done.
    pub journal: Journal,
    /// The round's widgets.
    pub widgets: Vec<Widget>,
    /// What was seen that no service of ours may do.
    pub oddities: Mutex<Vec<Oddity>>,
    /// Connections to a turn after the first, as far as they were answered.
    pub resumes: AtomicU64,
    /// The longest time from an acknowledged stop to the end of its turn, in microseconds.
    longest_stop: AtomicU64,
    closing: watch::Sender<bool>,
}

impl Stage {
    /// A stage on which nothing has happened.
    pub fn new(doors: Vec<SocketAddr>, stopwatch: Stopwatch, widgets: Vec<Widget>) -> Self {
        Self {
            doors,
            stopwatch,
            journal: Journal::new(stopwatch),
            widgets,
            oddities: Mutex::default(),
            resumes: AtomicU64::new(0),
            longest_stop: AtomicU64::new(0),
            closing: watch::Sender::new(false),
        }
    }

    /// Asks the actors to begin nothing new.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether nothing new is to be begun.
    pub fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Waits for a while, or until nothing new is to be begun.
    pub async fn pause(&self, time: Duration) {
        let mut closing = self.closing.subscribe();
        // Whichever comes first is right.
        let _ = tokio::time::timeout(time, closing.wait_for(|closing| *closing)).await;
    }

    /// A replica.
    pub fn any_door(&self, random: &mut Random) -> usize {
        random.index(self.doors.len())
    }

    /// Sends a request to a replica and writes it down. The answer is not read; what it says is for the caller to
    /// write down.
    pub async fn call(
        &self,
        subject: &str,
        what: &str,
        door: usize,
        request: &Request,
    ) -> (usize, Result<Reply, CallError>) {
        let number = self.journal.begin(subject, format!("{what} at replica {door}"));
        (number, call(self.doors[door], request).await)
    }

    /// The same for an operation whose answer is no stream.
    pub async fn ask(&self, subject: &str, what: &str, door: usize, request: &Request) -> Answer {
        let (number, called) = self.call(subject, what, door, request).await;
        let answer = Answer::read(called).await;
        self.journal.end(number, answer.outcome, answer.summary());
        answer
    }

    /// Writes down something that no service of ours may do.
    pub fn odd(&self, subject: &str, what: String) {
        let subject = subject.to_owned();
        self.oddities.lock().unwrap_or_else(PoisonError::into_inner).push(Oddity { subject, what });
    }

    /// Notes how long an acknowledged stop took.
    pub fn stopped_within(&self, time: Moment) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.longest_stop.fetch_max(micros, Ordering::Relaxed);
    }

    /// The longest time that an acknowledged stop took.
    pub fn longest_stop(&self) -> Duration {
        Duration::from_micros(self.longest_stop.load(Ordering::Relaxed))
    }

    /// Repeats an operation until it is carried out or refused for good, at most so often. Gives the answer, and whether
    /// an attempt before it may have been carried out.
    pub async fn insist(
        &self,
        subject: &str,
        what: &str,
        random: &mut Random,
        request: &Request,
        attempts: u32,
    ) -> (Answer, bool) {
        let mut doubtful = false;
        let mut door = self.any_door(random);
        let mut attempt = 1;
        loop {
            let answer = self.ask(subject, what, door, request).await;
            if matches!(answer.status, 200..500) || attempt >= attempts {
                return (answer, doubtful);
            }
            doubtful |= answer.outcome == Outcome::Unknown;
            attempt += 1;
            door = (door + 1) % self.doors.len();
            tokio::time::sleep(Duration::from_millis(random.between(100, 500))).await;
        }
    }
}
