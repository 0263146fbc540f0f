//! How much one session, visitor or widget may ask for in a minute. The limits are each replica's own and kept in memory;
//! what an address may do is limited before, where addresses are known.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chatloom_domain::Timestamp;
use chatloom_domain::id::{SessionId, WidgetId};
use chatloom_domain::proof::VisitorSubject;
use chatloom_domain::session::{ChatSession, VisitorId};
use chatloom_ports::environment::Clock;
use chatloom_ports::visitor::{SpentAllowance, VisitorError};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::limits::LoadLimits;

/// Keys whose allowance is whole again are forgotten after this many requests. A key takes up to some 600 bytes, so a flood
/// of ever new ones is bounded to a few megabytes beyond those still in debt.
const PRUNE_EVERY: u32 = 10_000;

/// The allowances of this replica.
pub(crate) struct Bursts {
    sessions: Option<Allowances<SessionId>>,
    /// By who visitors have proved to be, else by what they say of themselves; either holds within one widget.
    visitors: Option<Allowances<(WidgetId, Visitor)>>,
    widgets: Option<Allowances<WidgetId>>,
    clock: Arc<dyn Clock>,
}

impl Bursts {
    pub(crate) fn new(limits: &LoadLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            sessions: Allowances::new(limits.session_messages_per_minute),
            visitors: Allowances::new(limits.visitor_messages_per_minute),
            widgets: Allowances::new(limits.widget_requests_per_minute),
            clock,
        }
    }

    /// Counts a message, or another run of one. The narrowest allowance is asked first, so that a visitor who has used up
    /// their own takes nothing from the others'.
    pub(crate) fn count_message(&self, session: &ChatSession) -> Result<(), VisitorError> {
        let now = self.clock.now();
        check(self.sessions.as_ref(), &session.id, now)?;
        if let Some(visitor) = Visitor::of(session) {
            check(self.visitors.as_ref(), &(session.widget_id, visitor), now)?;
        }
        check(self.widgets.as_ref(), &session.widget_id, now)
    }

    /// Counts a session that is about to be opened.
    pub(crate) fn count_session(&self, widget: WidgetId) -> Result<(), VisitorError> {
        check(self.widgets.as_ref(), &widget, self.clock.now())
    }
}

/// Whose messages are counted together.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Visitor {
    Proven(VisitorSubject),
    Labelled(VisitorId),
}

impl Visitor {
    fn of(session: &ChatSession) -> Option<Self> {
        let proven = session.subject.clone().map(Self::Proven);
        proven.or_else(|| session.visitor_id.clone().map(Self::Labelled))
    }
}

fn check<K: Hash + Eq + Clone>(
    allowances: Option<&Allowances<K>>,
    key: &K,
    now: Timestamp,
) -> Result<(), VisitorError> {
    match allowances.and_then(|allowances| allowances.refuse(key, now)) {
        None => Ok(()),
        Some(spent) => Err(VisitorError::RateLimited(spent)),
    }
}

/// One bucket for each key, which begins full and refills evenly over a minute.
struct Allowances<K: Hash + Eq + Clone> {
    quota: Quota,
    keyed: DefaultKeyedRateLimiter<K>,
    until_prune: AtomicU32,
}

impl<K: Hash + Eq + Clone> Allowances<K> {
    /// `per_minute` 0 limits nothing.
    fn new(per_minute: u32) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(per_minute)?);
        let keyed = DefaultKeyedRateLimiter::keyed(quota);
        Some(Self { quota, keyed, until_prune: AtomicU32::new(PRUNE_EVERY) })
    }

    /// Counts one request, or says how little is left.
    fn refuse(&self, key: &K, now: Timestamp) -> Option<SpentAllowance> {
        self.prune_in_time();
        let refused = self.keyed.check_key(key).err()?;
        let retry_after = refused.wait_time_from(DefaultClock::default().now());
        let limit = self.quota.burst_size().get();
        let rest = self.quota.replenish_interval().saturating_mul(limit - 1);
        let whole_at = now.checked_add(retry_after.saturating_add(rest)).unwrap_or(Timestamp::MAX);
        Some(SpentAllowance { limit, retry_after, whole_at })
    }

    fn prune_in_time(&self) {
        let down = |left: u32| Some(left.checked_sub(1).unwrap_or(PRUNE_EVERY));
        if self.until_prune.fetch_update(Ordering::Relaxed, Ordering::Relaxed, down) == Ok(0) {
            self.keyed.retain_recent();
            self.keyed.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use chatloom_testkit::{FixedClock, sample};

    use super::*;

    fn bursts(sessions: u32, visitors: u32, widgets: u32) -> Bursts {
        let limits = LoadLimits {
            session_messages_per_minute: sessions,
            visitor_messages_per_minute: visitors,
            widget_requests_per_minute: widgets,
            ..LoadLimits::default()
        };
        Bursts::new(&limits, Arc::new(FixedClock::new(sample::at(0))))
    }

    fn session(n: u32, visitor: Option<&str>) -> ChatSession {
        let visitor_id = visitor.map(|label| VisitorId::parse(label).unwrap());
        ChatSession { visitor_id, ..sample::chat_session(sample::widget_id(1), n) }
    }

    /// The limit that a message meets.
    fn limit(bursts: &Bursts, session: &ChatSession) -> Option<u32> {
        match bursts.count_message(session) {
            Ok(()) => None,
            Err(VisitorError::RateLimited(spent)) => Some(spent.limit),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn a_session_has_its_allowance_and_others_keep_theirs() {
        let bursts = bursts(2, 0, 0);
        let (one, other) = (session(1, None), session(2, None));
        assert_eq!([(); 3].map(|()| limit(&bursts, &one)), [None, None, Some(2)]);
        assert_eq!(limit(&bursts, &other), None);
    }

    #[test]
    fn all_sessions_of_a_visitor_share_an_allowance() {
        let bursts = bursts(0, 3, 0);
        let ada = (1..=4).map(|n| limit(&bursts, &session(n, Some("ada"))));
        assert_eq!(ada.collect::<Vec<_>>(), [None, None, None, Some(3)]);
        assert_eq!(limit(&bursts, &session(5, Some("grace"))), None);
        assert_eq!(limit(&bursts, &session(6, None)), None);
        let elsewhere = ChatSession { widget_id: sample::widget_id(2), ..session(7, Some("ada")) };
        assert_eq!(limit(&bursts, &elsewhere), None);
    }

    #[test]
    fn messages_and_new_sessions_of_a_widget_share_an_allowance() {
        let bursts = bursts(0, 0, 3);
        let widget = sample::widget_id(1);
        assert!(bursts.count_session(widget).is_ok());
        assert_eq!([1, 2, 3].map(|n| limit(&bursts, &session(n, None))), [None, None, Some(3)]);
        assert!(bursts.count_session(widget).is_err());
        assert!(bursts.count_session(sample::widget_id(2)).is_ok());
    }

    #[test]
    fn who_has_used_up_their_own_takes_nothing_from_others() {
        let bursts = bursts(1, 0, 3);
        let loud = session(1, None);
        assert_eq!([(); 9].map(|()| limit(&bursts, &loud)).iter().flatten().count(), 8);
        assert_eq!([2, 3].map(|n| limit(&bursts, &session(n, None))), [None, None]);
    }

    #[test]
    fn zero_limits_nothing_and_whole_allowances_are_forgotten() {
        let open = bursts(0, 0, 0);
        assert!((0..1_000).all(|_| limit(&open, &session(1, Some("ada"))).is_none()));
        let bursts = bursts(u32::MAX, 0, 0);
        let sessions = bursts.sessions.as_ref().unwrap();
        sessions.until_prune.store(1, Ordering::Relaxed);
        // With this many messages per minute an allowance is whole again after 14 nanoseconds.
        assert!((0..2).all(|n| limit(&bursts, &session(n, None)).is_none()));
        assert!(sessions.keyed.len() <= 1);
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let bursts = bursts(60, 0, 0);
        let one = session(1, None);
        let refused = (0..100).find_map(|_| bursts.count_message(&one).err());
        let Some(VisitorError::RateLimited(spent)) = refused else { panic!("{refused:?}") };
        assert!(spent.retry_after.as_secs_f64() <= 1.0, "{spent:?}");
        let whole_after = spent.whole_at.duration_since(sample::at(0)).as_secs();
        assert!((59..=60).contains(&whole_after), "{spent:?}");
    }
}
