//! Visitors' conversations: what belongs together, because apart from each other nothing of it opens anything.

use chatloom_checker::random::Random;

/// How many conversations are remembered, the newest ones.
const REMEMBERED: usize = 9;

/// A session and what opens it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) token: String,
    pub(crate) session: String,
    pub(crate) secret: Option<String>,
    /// The newest last.
    pub(crate) turns: Vec<String>,
    /// An answer, which may be rated unless it is held back.
    pub(crate) answer: Option<String>,
    /// The event that was seen last.
    pub(crate) last_event: Option<String>,
    /// Whether its answers are held back, so that nobody may wait for their end.
    pub(crate) is_held: bool,
}

#[derive(Default)]
pub(crate) struct Visits(Vec<Visit>);

impl Visits {
    pub(crate) fn add(&mut self, visit: Visit) {
        self.0.push(visit);
        if self.0.len() > REMEMBERED {
            self.0.remove(0);
        }
    }

    /// One of them, more often a new one.
    pub(crate) fn draw(&self, random: &mut Random) -> Visit {
        let newest = self.0.len() - 1;
        self.0[if random.percent(60) { newest - random.index(3) } else { random.index(newest + 1) }].clone()
    }

    /// A visit that has only begun, on the page of another one.
    pub(crate) fn begin(&mut self, at: &Visit, session: &str, secret: Option<&str>) {
        let (session, secret) = (session.to_owned(), secret.map(str::to_owned));
        self.add(Visit { session, secret, turns: Vec::new(), answer: None, last_event: None, ..at.clone() });
    }

    /// The one with this session.
    pub(crate) fn of_session(&mut self, session: &str) -> Option<&mut Visit> {
        self.0.iter_mut().find(|visit| visit.session == session)
    }
}
