//! Cases of `AccessStore`: the first administrator, sign-in, and places in teams.

use chatloom_domain::team::{Email, Membership, PersonName, Role, TeamMember, TeamName, User};
use chatloom_ports::store::access::FirstAdmin;
use jiff::SignedDuration;

use super::Subject;
use super::subject::at_once;
use crate::sample;

/// All three rows are there afterwards, with every field as it was given.
pub async fn create_first_admin_makes_user_team_and_membership(subject: &Subject) {
    let access = &subject.stores.access;
    let admin = FirstAdmin {
        first_name: PersonName::parse("Zoë \"👩🏽‍🚀\" O'Neil \\ %_").unwrap(),
        last_name: PersonName::parse(&"ß".repeat(PersonName::MAX_CHARS)).unwrap(),
        team_name: TeamName::parse(&"𝄞".repeat(TeamName::MAX_CHARS)).unwrap(),
        ..sample::first_admin()
    };
    assert!(access.create_first_admin(&admin).await.unwrap());

    let session = sample::auth_session(admin.user_id, 1);
    assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    let (_, user) = access.find_auth_session(session.id).await.unwrap().unwrap();
    let expected = User {
        id: admin.user_id,
        first_name: admin.first_name,
        last_name: admin.last_name,
        email: admin.email,
        memberships: vec![Membership {
            team_id: admin.team_id,
            team_name: admin.team_name,
            role: Role::Admin,
        }],
        created_at: admin.created_at,
    };
    assert_eq!(user, expected);
}

/// A second call changes nothing, whatever it brings.
pub async fn create_first_admin_does_nothing_when_there_is_any_user(subject: &Subject) {
    let access = &subject.stores.access;
    let first = sample::first_admin();
    assert!(access.create_first_admin(&first).await.unwrap());
    let second = other_admin(2);
    assert!(!access.create_first_admin(&second).await.unwrap());
    assert!(!access.create_first_admin(&first).await.unwrap());
    assert!(access.find_sign_in(&second.email).await.unwrap().is_none());
    assert_eq!(access.find_first_team().await.unwrap(), Some(first.team_id));
}

/// A user without a team counts, too.
pub async fn create_first_admin_counts_users_without_a_team(subject: &Subject) {
    subject.seed.add_user(&sample::user(7), "hash").await;
    assert!(!subject.stores.access.create_first_admin(&sample::first_admin()).await.unwrap());
    assert_eq!(subject.stores.access.find_first_team().await.unwrap(), None);
}

/// Replicas that start together make one administrator between them.
pub async fn of_many_first_admins_at_once_exactly_one_is_made(subject: &Subject) {
    let made = at_once(subject, 8, |stores, n| async move {
        let admin = other_admin(n + 1);
        stores.access.create_first_admin(&admin).await.unwrap().then_some(admin)
    });
    let winners: Vec<_> = made.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let access = &subject.stores.access;
    assert_eq!(access.find_first_team().await.unwrap(), Some(winners[0].team_id));
    for n in 1..=8 {
        let is_there = access.find_sign_in(&other_admin(n).email).await.unwrap().is_some();
        assert_eq!(is_there, other_admin(n).user_id == winners[0].user_id);
    }
}

/// Nothing is there, so nothing is found.
pub async fn there_is_no_first_team_before_the_first_admin(subject: &Subject) {
    assert_eq!(subject.stores.access.find_first_team().await.unwrap(), None);
}

/// A microsecond decides, and the id where the times are equal.
pub async fn the_first_team_is_the_oldest_then_the_one_with_the_smallest_id(subject: &Subject) {
    let name = TeamName::parse("Team").unwrap();
    let microsecond = SignedDuration::from_micros(1);
    subject.seed.add_team(sample::team_id(1), &name, sample::at(0) + microsecond).await;
    subject.seed.add_team(sample::team_id(3), &name, sample::at(0)).await;
    subject.seed.add_team(sample::team_id(2), &name, sample::at(0)).await;
    assert_eq!(subject.stores.access.find_first_team().await.unwrap(), Some(sample::team_id(2)));
}

/// The hash comes back byte for byte, and belongs to the user with exactly this address.
pub async fn find_sign_in_gives_the_user_and_their_hash(subject: &Subject) {
    let access = &subject.stores.access;
    assert!(access.create_first_admin(&sample::first_admin()).await.unwrap());
    subject.seed.add_user(&sample::user(2), "$argon2id$other").await;
    let found = access.find_sign_in(&sample::first_admin().email).await.unwrap().unwrap();
    assert_eq!(found.user_id, sample::first_admin().user_id);
    assert_eq!(found.password_hash, sample::first_admin().password_hash);
    let found = access.find_sign_in(&sample::user(2).email).await.unwrap().unwrap();
    assert_eq!((found.user_id, found.password_hash.as_str()), (sample::user_id(2), "$argon2id$other"));
}

/// An address is compared whole, and its characters are not wildcards.
pub async fn find_sign_in_of_an_unknown_address_is_none(subject: &Subject) {
    assert!(subject.stores.access.create_first_admin(&sample::first_admin()).await.unwrap());
    for unknown in ["ada@example.co", "a_a@example.com", "%@%", "ada@example.com.", "'@example.com"] {
        let email = Email::parse(unknown).unwrap();
        assert!(subject.stores.access.find_sign_in(&email).await.unwrap().is_none(), "{unknown}");
    }
}

/// The order is that of the names, not of the ids or of joining.
pub async fn memberships_come_in_order_of_team_name(subject: &Subject) {
    let names = ["Gamma", "Alpha", "Beta"];
    let mut memberships = Vec::new();
    for (n, name) in (1..).zip(names) {
        let (team_id, team_name) = (sample::team_id(n), TeamName::parse(name).unwrap());
        subject.seed.add_team(team_id, &team_name, sample::at(0)).await;
        memberships.push(Membership { team_id, team_name, role: Role::Operator });
    }
    let user = User { memberships, ..sample::user(1) };
    subject.seed.add_user(&user, sample::PASSWORD_HASH).await;
    let session = sample::auth_session(user.id, 1);
    assert!(subject.stores.access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());

    let (_, found) = subject.stores.access.find_auth_session(session.id).await.unwrap().unwrap();
    let found: Vec<_> = found.memberships.iter().map(|membership| membership.team_name.as_str()).collect();
    assert_eq!(found, ["Alpha", "Beta", "Gamma"]);
}

/// Whoever else is in those teams, or in others, is not shown.
pub async fn memberships_are_those_of_the_sessions_user_only(subject: &Subject) {
    let access = &subject.stores.access;
    assert!(access.create_first_admin(&sample::first_admin()).await.unwrap());
    let team_id = subject.add_team(2).await;
    let team_name = TeamName::parse("Team 2").unwrap();
    let own = Membership { team_id, team_name, role: Role::Viewer };
    for (n, memberships) in [(2, vec![own.clone()]), (3, vec![])] {
        subject
            .seed
            .add_user(&User { memberships: memberships.clone(), ..sample::user(n) }, sample::PASSWORD_HASH)
            .await;
        let session = sample::auth_session(sample::user_id(n), n);
        assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
        let (_, user) = access.find_auth_session(session.id).await.unwrap().unwrap();
        assert_eq!(user.memberships, memberships);
    }
}

/// Each team has its own role for the user.
pub async fn find_member_gives_the_role_in_the_team(subject: &Subject) {
    let roles = [Role::Viewer, Role::Operator, Role::Builder, Role::Admin];
    let mut user = sample::user(1);
    for (n, role) in (1..).zip(roles) {
        let team_id = subject.add_team(n).await;
        let team_name = TeamName::parse(&format!("Team {n}")).unwrap();
        user.memberships.push(Membership { team_id, team_name, role });
    }
    subject.seed.add_user(&user, sample::PASSWORD_HASH).await;
    let session = sample::auth_session(user.id, 1);
    assert!(subject.stores.access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());

    for (n, role) in (1..).zip(roles) {
        let team_id = sample::team_id(n);
        let found = subject.stores.access.find_member(session.id, team_id).await.unwrap();
        assert_eq!(found, Some((session, Some(TeamMember { user_id: user.id, team_id, role }))));
    }
}

/// Signed in, but not in this team: neither another user's team nor one that is not there.
pub async fn find_member_outside_of_the_team_gives_the_session_only(subject: &Subject) {
    let access = &subject.stores.access;
    assert!(access.create_first_admin(&sample::first_admin()).await.unwrap());
    subject.seed.add_user(&sample::user(2), sample::PASSWORD_HASH).await;
    let session = sample::auth_session(sample::user_id(2), 1);
    assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    for team in [sample::first_admin().team_id, sample::team_id(99)] {
        assert_eq!(access.find_member(session.id, team).await.unwrap(), Some((session, None)));
    }
}

/// Without a session there is nobody, member or not.
pub async fn find_member_without_a_session_is_none(subject: &Subject) {
    let access = &subject.stores.access;
    assert!(access.create_first_admin(&sample::first_admin()).await.unwrap());
    let found = access.find_member(sample::auth_session_id(1), sample::first_admin().team_id).await.unwrap();
    assert_eq!(found, None);
}

/// A sign-in is told of in the log of each team.
pub async fn find_sign_in_gives_the_users_teams(subject: &Subject) {
    let (one, two) = (subject.add_team(1).await, subject.add_team(2).await);
    subject.add_team(3).await;
    let in_team =
        |team_id| Membership { team_id, team_name: TeamName::parse("Team").unwrap(), role: Role::Viewer };
    for (n, teams) in [(1, vec![two, one]), (2, vec![]), (3, vec![two])] {
        let memberships = teams.iter().copied().map(in_team).collect();
        subject.seed.add_user(&User { memberships, ..sample::user(n) }, sample::PASSWORD_HASH).await;
        let found = subject.stores.access.find_sign_in(&sample::user(n).email).await.unwrap().unwrap();
        let mut expected = teams;
        expected.sort_unstable();
        assert_eq!((found.user_id, found.team_ids), (sample::user_id(n), expected));
    }
}

/// Neither by the sign-in name nor through a session that began before, in whatever team.
pub async fn a_disabled_user_is_found_by_nobody(subject: &Subject) {
    let access = &subject.stores.access;
    let admin = sample::first_admin();
    assert!(access.create_first_admin(&admin).await.unwrap());
    let (session, next) = (sample::auth_session(admin.user_id, 1), sample::auth_session(admin.user_id, 2));
    assert!(access.start_auth_session(&session, sample::PASSWORD_HASH, &[]).await.unwrap());
    subject.seed.disable_user(admin.user_id, sample::at(1)).await;
    assert!(access.find_sign_in(&admin.email).await.unwrap().is_none());
    assert_eq!(access.find_auth_session(session.id).await.unwrap(), None);
    assert_eq!(access.find_member(session.id, admin.team_id).await.unwrap(), None);
    assert!(!access.start_auth_session(&next, sample::PASSWORD_HASH, &[]).await.unwrap());
    assert!(!access.replace_auth_session(session.id, &next).await.unwrap());
    assert!(!access.create_first_admin(&other_admin(2)).await.unwrap());
}

fn other_admin(n: u32) -> FirstAdmin {
    FirstAdmin {
        user_id: sample::user_id(n),
        team_id: sample::team_id(n),
        email: Email::parse(&format!("admin{n}@example.com")).unwrap(),
        ..sample::first_admin()
    }
}
