//! Cases of `AccessStore`: changing a password, and the sessions that end with it.

use chatloom_domain::id::UserId;
use chatloom_ports::store::access::PasswordChange;

use super::Subject;
use super::subject::at_once;
use crate::sample;

const NEW_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$b3RoZXJzYWx0$bmV3";

/// Of all the user's sessions only the new one is left; other users keep theirs.
pub async fn change_password_ends_all_sessions_but_the_new_one(subject: &Subject) {
    let user = with_users(subject).await;
    let access = &subject.stores.access;
    for (owner, n) in [(user, 1), (user, 2), (sample::user_id(2), 3)] {
        let session = sample::auth_session(owner, n);
        assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    }
    let entries = [sample::audit_entry(sample::team_id(1), 1)];
    assert!(access.change_password(&change(user, 9), &entries).await.unwrap());
    assert_eq!(live(subject, [1, 2, 3, 9]).await, [false, false, true, true]);
    let found = access.find_sign_in(&sample::first_admin().email).await.unwrap().unwrap();
    assert_eq!(found.password_hash, NEW_HASH);
    assert_eq!(told(subject).await, 1);
}

/// Another hash, no such user, a disabled user: nothing changes and nothing is told.
pub async fn change_password_needs_the_user_and_the_old_hash(subject: &Subject) {
    let user = with_users(subject).await;
    let access = &subject.stores.access;
    let session = sample::auth_session(user, 1);
    assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    subject.seed.disable_user(sample::user_id(2), sample::at(1)).await;
    let stale = PasswordChange { old_hash: NEW_HASH.to_owned(), ..change(user, 9) };
    for attempt in [stale, change(sample::user_id(7), 9), change(sample::user_id(2), 9)] {
        let entries = [sample::audit_entry(sample::team_id(1), 1)];
        assert!(!access.change_password(&attempt, &entries).await.unwrap());
    }
    assert_eq!(live(subject, [1, 9]).await, [true, false]);
    let found = access.find_sign_in(&sample::first_admin().email).await.unwrap().unwrap();
    assert_eq!(found.password_hash, sample::PASSWORD_HASH);
    assert_eq!(told(subject).await, 0);
}

/// The others were made from a password that does not hold any more.
pub async fn of_many_password_changes_at_once_exactly_one_succeeds(subject: &Subject) {
    let user = with_users(subject).await;
    let changed = at_once(subject, 8, |stores, n| async move {
        stores.access.change_password(&change(user, n), &[]).await.unwrap()
    });
    assert_eq!(changed.await.into_iter().filter(|changed| *changed).count(), 1);
    let live = live(subject, [0, 1, 2, 3, 4, 5, 6, 7]).await;
    assert_eq!(live.into_iter().filter(|live| *live).count(), 1);
}

/// Somebody who signs in with the old password, or renews a session, while it is changed, is out afterwards.
pub async fn no_session_of_an_old_password_outlives_its_change(subject: &Subject) {
    const OLD: u32 = 100;
    const NEW: u32 = 300;
    let user = with_users(subject).await;
    for n in OLD..OLD + 6 {
        let session = sample::auth_session(user, n);
        assert!(
            subject.stores.access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap()
        );
    }
    at_once(subject, 13, |stores, n| async move {
        let access = stores.access;
        let session = sample::auth_session(user, n);
        if n == 12 {
            assert!(access.change_password(&change(user, NEW), &[]).await.unwrap());
        } else if n < 6 {
            access.replace_auth_session(sample::auth_session_id(OLD + n), &session).await.unwrap();
        } else {
            access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap();
        }
    })
    .await;
    assert_eq!(live(subject, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).await, [false; 12]);
    assert_eq!(live(subject, [0, 1, 2, 3, 4, 5].map(|n| OLD + n)).await, [false; 6]);
    assert_eq!(live(subject, [NEW]).await, [true]);
}

/// The first administrator, whose id is given, and user 2.
async fn with_users(subject: &Subject) -> UserId {
    let admin = sample::first_admin();
    assert!(subject.stores.access.create_first_admin(&admin).await.unwrap());
    subject.seed.add_user(&sample::user(2), sample::PASSWORD_HASH).await;
    admin.user_id
}

fn change(user: UserId, session: u32) -> PasswordChange {
    PasswordChange {
        old_hash: sample::PASSWORD_HASH.to_owned(),
        new_hash: NEW_HASH.to_owned(),
        session: sample::auth_session(user, session),
    }
}

async fn live<const N: usize>(subject: &Subject, sessions: [u32; N]) -> [bool; N] {
    let mut found = [false; N];
    for (n, found) in sessions.into_iter().zip(&mut found) {
        let session = subject.stores.access.find_auth_session(sample::auth_session_id(n)).await.unwrap();
        *found = session.is_some();
    }
    found
}

async fn told(subject: &Subject) -> usize {
    subject.stores.audit.list_audit_log(sample::team_id(1), None, 9).await.unwrap().len()
}
