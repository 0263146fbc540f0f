//! What must hold whatever happens, judged on evidence alone.
//!
//! Each rule has a file with a test that breaks it: a checker that cannot fail is worth nothing.

mod answers;
mod calls;
mod counters;
mod erasure;
mod lost_text;
mod messages;
mod revocation;
mod silence;
mod views;

use std::fmt;

use crate::evidence::Evidence;

pub use lost_text::longest_lost_text;
pub use messages::{acknowledged, lost};
pub use silence::longest_silence;

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static str,
    /// The label of the session, if it is about one.
    pub session: Option<String>,
    /// What was seen.
    pub what: String,
}

impl Violation {
    fn of(rule: &'static str, session: &str, what: impl Into<String>) -> Self {
        Self { rule, session: Some(session.to_owned()), what: what.into() }
    }

    fn general(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, session: None, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.session.as_deref().unwrap_or("-");
        write!(f, "[{}] session {session}: {}", self.rule, self.what)
    }
}

/// Everything that does not hold.
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let oddities = evidence.oddities.iter().map(|odd| Violation::of("service", &odd.subject, &odd.what));
    let rules = [
        messages::check,
        answers::check,
        views::check,
        lost_text::check,
        silence::check,
        calls::check,
        revocation::check,
        counters::check,
        erasure::check,
    ];
    oddities.chain(rules.iter().flat_map(|rule| rule(evidence))).collect()
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Oddity;

    #[test]
    fn a_round_in_which_all_went_well_breaks_no_rule() {
        assert_eq!(check(&samples::evidence()), []);
    }

    #[test]
    fn what_a_service_must_not_do_is_a_violation() {
        let mut evidence = samples::evidence();
        let (subject, what) = ("nemesis".to_owned(), "replica 0 ended by itself".to_owned());
        evidence.oddities.push(Oddity { subject, what });
        assert_eq!(check(&evidence).len(), 1);
    }
}
