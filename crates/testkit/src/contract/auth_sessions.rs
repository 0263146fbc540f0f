//! Cases of `AccessStore`: dashboard sessions.

use std::sync::Arc;

use chatloom_domain::team::AuthSession;
use chatloom_ports::store::AccessStore;
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// All times keep their microseconds.
pub async fn an_auth_session_comes_back_as_it_was_stored(subject: &Subject) {
    let access = with_admin(subject).await;
    let session = AuthSession {
        last_seen_at: sample::at(61) + SignedDuration::from_micros(1),
        expires_at: sample::at(99) - SignedDuration::from_micros(1),
        renewable_until: Some(sample::at(100) + SignedDuration::from_micros(1)),
        ..admin_session(1)
    };
    assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    let (found, user) = access.find_auth_session(session.id).await.unwrap().unwrap();
    assert_eq!((found, user.id), (session, sample::first_admin().user_id));
}

/// An id that was never given out, and one among others.
pub async fn an_unknown_auth_session_is_none(subject: &Subject) {
    let access = with_admin(subject).await;
    assert!(access.start_auth_session(&admin_session(1), sample::PASSWORD_HASH, &[]).await.unwrap());
    assert!(access.find_auth_session(sample::auth_session_id(2)).await.unwrap().is_none());
}

/// Signing in again ends the session that was there.
pub async fn replace_auth_session_ends_the_old_and_stores_the_new(subject: &Subject) {
    let access = with_admin(subject).await;
    let (old, bystander, new) = (admin_session(1), admin_session(2), admin_session(3));
    assert!(access.start_auth_session(&old, sample::PASSWORD_HASH, &[]).await.unwrap());
    assert!(access.start_auth_session(&bystander, sample::PASSWORD_HASH, &[]).await.unwrap());
    assert!(access.replace_auth_session(old.id, &new).await.unwrap());
    assert_eq!(are_there(&access, 1..=3).await, [false, true, true]);
}

/// A session that has ended cannot be prolonged.
pub async fn replace_auth_session_stores_nothing_when_the_old_is_gone(subject: &Subject) {
    let access = with_admin(subject).await;
    assert!(!access.replace_auth_session(sample::auth_session_id(1), &admin_session(2)).await.unwrap());
    assert!(access.start_auth_session(&admin_session(1), sample::PASSWORD_HASH, &[]).await.unwrap());
    access.end_auth_session(sample::auth_session_id(1), &[]).await.unwrap();
    assert!(!access.replace_auth_session(sample::auth_session_id(1), &admin_session(3)).await.unwrap());
    assert_eq!(are_there(&access, 1..=3).await, [false, false, false]);
}

/// One session cannot become two.
pub async fn of_many_replacements_at_once_exactly_one_succeeds(subject: &Subject) {
    let access = with_admin(subject).await;
    assert!(access.start_auth_session(&admin_session(100), sample::PASSWORD_HASH, &[]).await.unwrap());
    let replaced = at_once(subject, 8, |stores, n| async move {
        let new = admin_session(n);
        stores.access.replace_auth_session(sample::auth_session_id(100), &new).await.unwrap()
    });
    assert_eq!(count(&replaced.await), 1);
    assert_eq!(count(&are_there(&access, 0..=7).await), 1);
    assert_eq!(are_there(&access, 100..=100).await, [false]);
}

/// The session is gone at once; ending it again is no error, and others stay.
pub async fn end_auth_session_ends_this_one_only(subject: &Subject) {
    let access = with_admin(subject).await;
    assert!(access.start_auth_session(&admin_session(1), sample::PASSWORD_HASH, &[]).await.unwrap());
    assert!(access.start_auth_session(&admin_session(2), sample::PASSWORD_HASH, &[]).await.unwrap());
    access.end_auth_session(sample::auth_session_id(1), &[]).await.unwrap();
    access.end_auth_session(sample::auth_session_id(1), &[]).await.unwrap();
    assert_eq!(are_there(&access, 1..=2).await, [false, true]);
}

/// Only `last_seen_at` changes, and only of this session.
pub async fn touch_auth_session_sets_when_it_was_seen(subject: &Subject) {
    let access = with_admin(subject).await;
    let (touched, other) = (admin_session(1), admin_session(2));
    assert!(access.start_auth_session(&touched, sample::PASSWORD_HASH, &[]).await.unwrap());
    assert!(access.start_auth_session(&other, sample::PASSWORD_HASH, &[]).await.unwrap());
    let seen_at = sample::at(61) + SignedDuration::from_micros(7);
    access.touch_auth_session(touched.id, seen_at).await.unwrap();

    let (found, _) = access.find_auth_session(touched.id).await.unwrap().unwrap();
    assert_eq!(found, AuthSession { last_seen_at: seen_at, ..touched });
    let (found, _) = access.find_auth_session(other.id).await.unwrap().unwrap();
    assert_eq!(found, other);
}

/// A session may end while a request of it is under way; touching it does not bring it back.
pub async fn touch_auth_session_that_is_gone_is_no_error(subject: &Subject) {
    let access = with_admin(subject).await;
    access.touch_auth_session(sample::auth_session_id(1), sample::at(1)).await.unwrap();
    assert_eq!(are_there(&access, 1..=1).await, [false]);
}

/// A session that ends now has ended; one that ends a microsecond later has not.
pub async fn delete_expired_auth_sessions_takes_those_that_end_at_or_before_now(subject: &Subject) {
    let access = with_admin(subject).await;
    let now = sample::at(1_000);
    let microsecond = SignedDuration::from_micros(1);
    for (n, expires_at) in (1..).zip([now - microsecond, now, now + microsecond]) {
        let session = AuthSession { expires_at, ..admin_session(n) };
        assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    }
    assert_eq!(access.delete_expired_auth_sessions(now).await.unwrap(), 2);
    assert_eq!(are_there(&access, 1..=3).await, [false, false, true]);
    assert_eq!(access.delete_expired_auth_sessions(now).await.unwrap(), 0);
}

async fn with_admin(subject: &Subject) -> Arc<dyn AccessStore> {
    let access = Arc::clone(&subject.stores.access);
    assert!(access.create_first_admin(&sample::first_admin()).await.unwrap());
    access
}

fn admin_session(n: u32) -> AuthSession {
    sample::auth_session(sample::first_admin().user_id, n)
}

async fn are_there(access: &Arc<dyn AccessStore>, numbers: impl IntoIterator<Item = u32>) -> Vec<bool> {
    let mut found = Vec::new();
    for n in numbers {
        found.push(access.find_auth_session(sample::auth_session_id(n)).await.unwrap().is_some());
    }
    found
}

fn count(outcomes: &[bool]) -> usize {
    outcomes.iter().filter(|outcome| **outcome).count()
}
