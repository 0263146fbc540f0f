//! What a client will do in a session, decided before anything happens.

use super::{ERASED, KEPT};
use crate::random::Random;
use crate::script::question;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPlan {
    /// Its label.
    pub label: String,
    /// The number of its widget.
    pub widget: usize,
    /// Its questions.
    pub questions: Vec<AskPlan>,
    /// Whether it is erased in the end.
    pub erase: bool,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskPlan {
    /// Its text.
    pub content: String,
    /// The key that it is sent with, and sent again on any doubt.
    pub key: Option<String>,
    /// How the answer is watched.
    pub watching: Watching,
    /// After how many events the turn is asked to stop.
    pub stop_after: Option<u32>,
    /// Whether somebody else watches the same turn from its beginning.
    pub with_companion: bool,
    /// What is done when the answer has ended.
    pub afterwards: Afterwards,
}

/// What is done when an answer has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Afterwards {
    /// Whether a turn that broke off is run once more.
    pub retry: bool,
    /// Whether a question with a key is sent once more.
    pub replay: bool,
    /// Whether the history is read.
    pub read_history: bool,
    /// Milliseconds of rest.
    pub rest_ms: u64,
}

/// How an answer is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watching {
    /// To its end; after so many events each, the client leaves and comes back.
    ToTheEnd {
        /// After how many events on each connection.
        cuts: Vec<u32>,
    },
    /// For so many events, and never again.
    Glance {
        /// How many.
        events: u32,
    },
}

impl SessionPlan {
    /// The next session's plan.
    pub fn draw(random: &mut Random, label: &str) -> Self {
        let widget = if random.percent(25) { ERASED } else { KEPT };
        let count = random.between(1, 5);
        let questions =
            (1..=count).map(|number| AskPlan::draw(random, label, u32::try_from(number).unwrap_or(0)));
        Self { label: label.to_owned(), widget, questions: questions.collect(), erase: widget == ERASED }
    }
}

impl AskPlan {
    fn draw(random: &mut Random, session: &str, number: u32) -> Self {
        let content = question(session, number, random);
        let key = random.percent(70).then(|| format!("{session}-{number}"));
        let watching = if random.percent(15) {
            Watching::Glance { events: u32::try_from(random.below(6)).unwrap_or(0) }
        } else {
            let cuts = (0..random.below(4)).map(|_| u32::try_from(random.between(1, 12)).unwrap_or(1));
            Watching::ToTheEnd { cuts: cuts.collect() }
        };
        let stop_after = random.percent(10).then(|| u32::try_from(random.between(1, 10)).unwrap_or(1));
        Self {
            content,
            key,
            watching,
            stop_after,
            with_companion: random.percent(15),
            afterwards: Afterwards {
                retry: random.percent(60),
                replay: random.percent(10),
                read_history: random.percent(40),
                rest_ms: random.between(0, 400),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(seed: u64) -> Vec<SessionPlan> {
        let mut random = Random::of(seed, "client");
        (0..300).map(|number| SessionPlan::draw(&mut random, &format!("s{number}"))).collect()
    }

    #[test]
    fn a_seed_gives_the_same_operations_again() {
        assert_eq!(plans(1), plans(1));
        assert_ne!(plans(1), plans(2));
    }

    #[test]
    fn the_mix_has_everything_in_it() {
        let plans = plans(1);
        let asked: Vec<_> = plans.iter().flat_map(|plan| &plan.questions).collect();
        let share = |count: usize| count * 100 / asked.len();
        assert!((65..75).contains(&share(asked.iter().filter(|ask| ask.key.is_some()).count())));
        assert!((5..15).contains(&share(asked.iter().filter(|ask| ask.stop_after.is_some()).count())));
        let glances = asked.iter().filter(|ask| matches!(ask.watching, Watching::Glance { .. })).count();
        assert!((10..20).contains(&share(glances)));
        assert!(plans.iter().any(|plan| plan.erase) && plans.iter().any(|plan| !plan.erase));
    }
}
