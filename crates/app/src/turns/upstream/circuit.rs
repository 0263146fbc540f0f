//! One model's circuit breaker and retry budget, as a state machine that is told the time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Over how long calls are counted, in slices of this length that are forgotten one by one.
const WINDOW: Duration = Duration::from_secs(30);
const SLICE: Duration = Duration::from_secs(5);

/// Fewer calls than this say nothing about a model.
const ENOUGH_CALLS: u32 = 20;

/// How long an open circuit lets nobody through.
const OPEN_FOR: Duration = Duration::from_secs(10);

/// How long to wait while a probe is under way.
const PROBING: Duration = Duration::from_secs(1);

/// What a call adds to the budget of retries, and the most that it can hold. A retry costs 1.
const RETRY_PER_CALL: f64 = 0.1;
const MOST_RETRIES: f64 = 10.0;

/// What became of a call, as far as the model is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answers.
    Alive,
    /// It fails.
    Failing,
    /// It will fail for a while, and says so.
    Exhausted,
    /// Nobody waited for it.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// One call tries whether the model is back.
    Probing,
}

struct Slice {
    begun_at: Instant,
    calls: u32,
    failures: u32,
}

pub(super) struct Circuit {
    state: State,
    slices: VecDeque<Slice>,
    retries: f64,
    used_at: Instant,
}

impl Circuit {
    pub(super) fn new(now: Instant) -> Self {
        Self { state: State::Closed, slices: VecDeque::new(), retries: MOST_RETRIES, used_at: now }
    }

    /// How long nobody gets through; `None` if somebody would now.
    pub(super) fn refuses(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Open { until } if now < until => Some(until - now),
            State::Probing => Some(PROBING),
            State::Open { .. } | State::Closed => None,
        }
    }

    /// Lets a call through or not. The first one after a time of rest is the probe.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        if self.refuses(now).is_some() {
            return false;
        }
        if matches!(self.state, State::Open { .. }) {
            self.state = State::Probing;
        }
        self.used_at = now;
        self.retries = (self.retries + RETRY_PER_CALL).min(MOST_RETRIES);
        true
    }

    /// Takes note of how a call went. `true` when that has opened the circuit.
    pub(super) fn judge(&mut self, verdict: Verdict, now: Instant) -> bool {
        let was_probing = self.state == State::Probing;
        match verdict {
            Verdict::Alive if was_probing => {
                self.state = State::Closed;
                self.slices.clear();
            }
            // Whoever comes next tries instead.
            Verdict::Unknown if was_probing => self.state = State::Open { until: now },
            Verdict::Alive => self.count(false, now),
            Verdict::Failing => self.count(true, now),
            Verdict::Unknown | Verdict::Exhausted => {}
        }
        let fails = match verdict {
            Verdict::Exhausted => true,
            Verdict::Failing => was_probing || self.fails_too_often(),
            Verdict::Alive | Verdict::Unknown => false,
        };
        // Calls that began before it opened do not keep it open for longer.
        let opens = fails && !matches!(self.state, State::Open { .. });
        if opens {
            self.state = State::Open { until: now + OPEN_FOR };
        }
        opens
    }

    pub(super) fn spend_retry(&mut self) -> bool {
        let is_left = self.retries >= 1.0;
        if is_left {
            self.retries -= 1.0;
        }
        is_left
    }

    /// Whether forgetting it changes nothing.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.state == State::Closed && now.duration_since(self.used_at) > WINDOW * 2
    }

    fn count(&mut self, is_failure: bool, now: Instant) {
        while self.slices.front().is_some_and(|oldest| now >= oldest.begun_at + WINDOW) {
            self.slices.pop_front();
        }
        if self.slices.back().is_none_or(|newest| now >= newest.begun_at + SLICE) {
            self.slices.push_back(Slice { begun_at: now, calls: 0, failures: 0 });
        }
        if let Some(newest) = self.slices.back_mut() {
            newest.calls = newest.calls.saturating_add(1);
            newest.failures = newest.failures.saturating_add(u32::from(is_failure));
        }
    }

    fn fails_too_often(&self) -> bool {
        let sum = |(calls, failures), slice: &Slice| (calls + slice.calls, failures + slice.failures);
        let (calls, failures) = self.slices.iter().fold((0, 0), sum);
        calls >= ENOUGH_CALLS && failures * 2 >= calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A circuit and the moment at which it began.
    fn circuit() -> (Circuit, Instant) {
        let now = Instant::now();
        (Circuit::new(now), now)
    }

    fn calls(circuit: &mut Circuit, verdict: Verdict, count: usize, now: Instant) -> usize {
        (0..count).filter(|_| circuit.admit(now) && circuit.judge(verdict, now)).count()
    }

    #[test]
    fn it_opens_when_half_of_enough_calls_have_failed() {
        let (mut circuit, now) = circuit();
        assert_eq!(calls(&mut circuit, Verdict::Alive, 10, now), 0);
        assert_eq!(calls(&mut circuit, Verdict::Failing, 9, now), 0);
        assert_eq!(circuit.refuses(now), None);
        assert_eq!(calls(&mut circuit, Verdict::Failing, 1, now), 1);
        assert_eq!(circuit.refuses(now + seconds(4)), Some(seconds(6)));
        assert!(!circuit.admit(now + seconds(9)));
    }

    #[test]
    fn after_a_rest_one_probe_decides() {
        let (mut circuit, now) = circuit();
        calls(&mut circuit, Verdict::Failing, 20, now);
        let rested = now + seconds(10);
        assert!(circuit.admit(rested));
        assert!(!circuit.admit(rested), "one probe at a time");
        assert!(circuit.judge(Verdict::Failing, rested), "it opens again");
        let rested = rested + seconds(10);
        assert!(circuit.admit(rested));
        circuit.judge(Verdict::Alive, rested);
        assert_eq!(calls(&mut circuit, Verdict::Failing, 19, rested), 0, "the past is forgotten");
    }

    #[test]
    fn a_probe_that_nobody_waited_for_is_tried_again_by_the_next() {
        let (mut circuit, now) = circuit();
        circuit.judge(Verdict::Exhausted, now);
        let rested = now + seconds(10);
        assert!(circuit.admit(rested));
        circuit.judge(Verdict::Unknown, rested);
        assert!(circuit.admit(rested));
    }

    #[test]
    fn a_model_that_says_it_is_exhausted_is_left_alone_at_once() {
        let (mut circuit, now) = circuit();
        assert!(circuit.admit(now) && circuit.admit(now));
        assert!(circuit.judge(Verdict::Exhausted, now));
        assert!(!circuit.judge(Verdict::Exhausted, now + seconds(5)));
        assert_eq!(circuit.refuses(now + seconds(5)), Some(seconds(5)), "the second opens nothing anew");
    }

    #[test]
    fn failures_are_forgotten_after_half_a_minute() {
        let (mut circuit, now) = circuit();
        calls(&mut circuit, Verdict::Failing, 19, now);
        let later = now + seconds(31);
        assert_eq!(calls(&mut circuit, Verdict::Failing, 19, later), 0);
        assert_eq!(calls(&mut circuit, Verdict::Failing, 1, later), 1);
    }

    #[test]
    fn retries_have_a_budget_of_a_tenth_of_the_calls() {
        let (mut circuit, now) = circuit();
        let spent = |circuit: &mut Circuit| (0..100).filter(|_| circuit.spend_retry()).count();
        assert_eq!(spent(&mut circuit), 10);
        calls(&mut circuit, Verdict::Alive, 51, now);
        assert_eq!(spent(&mut circuit), 5);
    }

    #[test]
    fn only_a_closed_circuit_is_ever_idle() {
        let (mut circuit, now) = circuit();
        assert!(!circuit.is_idle(now + seconds(60)));
        assert!(circuit.is_idle(now + seconds(61)));
        circuit.judge(Verdict::Exhausted, now);
        assert!(!circuit.is_idle(now + seconds(3600)));
    }
}
