//! Cases of `AccessStore`: people whom an identity provider vouches for.

use chatloom_domain::id::{TeamId, UserId};
use chatloom_domain::identity::{Issuer, Subject};
use chatloom_domain::team::{Email, PersonName, Role, User};
use chatloom_ports::identity::ExternalIdentity;
use chatloom_ports::store::access::ExternalSignIn;

use super::Subject as Stores;
use super::subject::at_once;
use crate::sample;

/// The user that was made is found, with everything that the provider says.
pub async fn admit_external_user_makes_the_user_at_the_first_sign_in(subject: &Stores) {
    let team = subject.add_team(1).await;
    let sign_in = vouched(1, "ada", &[(team, Role::Builder)], 10);
    assert_eq!(admit(subject, &sign_in).await, Some(sample::user_id(1)));
    let user = shown(subject, sample::user_id(1), 1).await;
    assert_eq!((user.first_name.as_str(), user.last_name.as_str()), ("Ada é", "O'Neil"));
    assert_eq!((user.email.as_str(), user.created_at), ("ada@example.com", sign_in.at));
    assert_eq!(roles(&user), [(team, Role::Builder)]);
}

/// The same person stays the same user; issuer and subject count byte for byte.
pub async fn an_external_user_is_found_by_issuer_and_subject_only(subject: &Stores) {
    let one = vouched(1, "ada", &[], 10);
    assert_eq!(admit(subject, &one).await, Some(sample::user_id(1)));
    assert_eq!(admit(subject, &vouched(2, "ada", &[], 10)).await, Some(sample::user_id(1)));
    assert_eq!(admit(subject, &vouched(3, "Ada", &[], 10)).await, Some(sample::user_id(3)));
    let mut elsewhere = vouched(4, "ada", &[], 10);
    elsewhere.identity.issuer = Issuer::parse("https://login.example.com/").unwrap();
    assert_eq!(admit(subject, &elsewhere).await, Some(sample::user_id(4)));
}

/// An address is no identity: a user with a password keeps it, and stays another user.
pub async fn an_external_user_is_never_a_user_with_the_same_address(subject: &Stores) {
    assert!(subject.stores.access.create_first_admin(&sample::first_admin()).await.unwrap());
    let mut sign_in = vouched(9, "ada", &[], 10);
    sign_in.identity.email = Some(sample::first_admin().email);
    assert_eq!(admit(subject, &sign_in).await, Some(sample::user_id(9)));
    let access = &subject.stores.access;
    let known = access.find_sign_in(&sample::first_admin().email).await.unwrap().unwrap();
    assert_eq!(known.user_id, sample::first_admin().user_id);
    assert_eq!(shown(subject, sample::user_id(9), 1).await.email, sample::first_admin().email);
    assert_eq!(shown(subject, sample::first_admin().user_id, 2).await.email, sample::first_admin().email);
}

/// Neither the address that is shown nor the placeholder opens anything.
pub async fn find_sign_in_of_an_external_user_is_none(subject: &Stores) {
    admit(subject, &vouched(1, "ada", &[], 10)).await;
    for email in [Email::parse("ada@example.com").unwrap(), Email::placeholder(sample::user_id(1))] {
        assert!(subject.stores.access.find_sign_in(&email).await.unwrap().is_none(), "{}", email.as_str());
    }
}

/// Names, address and teams are those of the last token; what it does not name is gone.
pub async fn admit_external_user_follows_what_the_provider_says(subject: &Stores) {
    let [one, two] = [subject.add_team(1).await, subject.add_team(2).await];
    admit(subject, &vouched(1, "ada", &[(one, Role::Admin), (two, Role::Viewer)], 10)).await;
    let mut later = vouched(2, "ada", &[(two, Role::Operator)], 11);
    later.identity.last_name = PersonName::parse("Byron").unwrap();
    later.identity.email = None;
    assert_eq!(admit(subject, &later).await, Some(sample::user_id(1)));
    let user = shown(subject, sample::user_id(1), 1).await;
    assert_eq!((user.last_name.as_str(), &user.email), ("Byron", &Email::placeholder(sample::user_id(1))));
    assert_eq!(roles(&user), [(two, Role::Operator)]);
    admit(subject, &vouched(3, "ada", &[], 12)).await;
    assert_eq!(roles(&shown(subject, sample::user_id(1), 2).await), []);
}

/// A provider's settings may name a team that is not there, or not there any more.
pub async fn admit_external_user_leaves_out_teams_that_are_not_there(subject: &Stores) {
    let team = subject.add_team(1).await;
    let granted = [(team, Role::Viewer), (sample::team_id(99), Role::Admin)];
    admit(subject, &vouched(1, "ada", &granted, 10)).await;
    assert_eq!(roles(&shown(subject, sample::user_id(1), 1).await), [(team, Role::Viewer)]);
}

/// An older token changes nothing; the same one, and one of the same second, may come again.
pub async fn admit_external_user_refuses_what_is_older_than_what_is_known(subject: &Stores) {
    let team = subject.add_team(1).await;
    admit(subject, &vouched(1, "ada", &[], 10)).await;
    assert_eq!(admit(subject, &vouched(2, "ada", &[(team, Role::Admin)], 9)).await, None);
    assert_eq!(roles(&shown(subject, sample::user_id(1), 1).await), []);
    let again = vouched(2, "ada", &[(team, Role::Viewer)], 10);
    assert_eq!(admit(subject, &again).await, Some(sample::user_id(1)));
}

/// Other users keep their teams, whoever vouches for them.
pub async fn admit_external_user_changes_nobody_else(subject: &Stores) {
    assert!(subject.stores.access.create_first_admin(&sample::first_admin()).await.unwrap());
    let team = sample::first_admin().team_id;
    admit(subject, &vouched(8, "bob", &[(team, Role::Viewer)], 10)).await;
    admit(subject, &vouched(9, "ada", &[], 10)).await;
    assert_eq!(roles(&shown(subject, sample::first_admin().user_id, 1).await), [(team, Role::Admin)]);
    assert_eq!(roles(&shown(subject, sample::user_id(8), 2).await), [(team, Role::Viewer)]);
}

/// Replicas that see a person for the first time together make one user between them.
pub async fn of_many_first_sign_ins_at_once_exactly_one_user_is_made(subject: &Stores) {
    let team = subject.add_team(1).await;
    let admitted = at_once(subject, 8, move |stores, n| async move {
        let sign_in = vouched(n + 1, "ada", &[(team, Role::Builder)], 10);
        stores.access.admit_external_user(&sign_in).await.unwrap().unwrap()
    });
    let admitted = admitted.await;
    assert!(admitted.iter().all(|user| *user == admitted[0]), "{admitted:?}");
    assert_eq!(roles(&shown(subject, admitted[0], 1).await), [(team, Role::Builder)]);
}

async fn admit(subject: &Stores, sign_in: &ExternalSignIn) -> Option<UserId> {
    subject.stores.access.admit_external_user(sign_in).await.unwrap()
}

/// The user as a new session of theirs, number `n`, shows them.
async fn shown(subject: &Stores, user: UserId, n: u32) -> User {
    let session = sample::auth_session(user, n);
    let start = async |hash| subject.stores.access.start_auth_session(&session, hash, &[]).await.unwrap();
    // External users have no password; the others here are the first administrator and those that the seed makes.
    assert!(start("").await || start(sample::PASSWORD_HASH).await);
    subject.stores.access.find_auth_session(session.id).await.unwrap().unwrap().1
}

fn roles(user: &User) -> Vec<(TeamId, Role)> {
    user.memberships.iter().map(|membership| (membership.team_id, membership.role)).collect()
}

/// User `n`, should they have to be made, as the sample provider vouches for them at second `at`.
fn vouched(n: u32, subject: &str, roles: &[(TeamId, Role)], at: i64) -> ExternalSignIn {
    let identity = ExternalIdentity {
        issuer: Issuer::parse("https://login.example.com").unwrap(),
        subject: Subject::parse(subject).unwrap(),
        email: Some(Email::parse("ada@example.com").unwrap()),
        first_name: PersonName::parse("Ada é").unwrap(),
        last_name: PersonName::parse("O'Neil").unwrap(),
        roles: roles.iter().copied().collect(),
        issued_at: sample::at(at),
        session_ends_at: sample::at(at + 3600),
    };
    ExternalSignIn { identity, new_user_id: sample::user_id(n), at: sample::at(at) }
}
