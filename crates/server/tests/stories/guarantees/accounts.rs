//! Who gets into the dashboard, who does not, and what is told of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::role_matrix::{Least, Objects, rows};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, DatabaseKind, Person, Replicas, World, cookie_of, eventually, log_in,
};

on_both_databases!(
    a16_who_is_removed_or_disabled_is_refused_alike_on_every_way_in,
    a18_a_known_and_an_unknown_user_get_the_same_answer,
    a22_no_dashboard_route_answers_without_a_live_session,
    guessing_is_slowed_down_for_known_and_unknown_users_alike,
    an_address_that_guesses_at_many_accounts_is_slowed_down,
    a_new_password_ends_all_other_sessions_on_every_replica,
    the_audit_log_tells_who_did_what_when_and_from_where,
);

/// The body without what repeats the request itself.
fn masked(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for own in ["path", "requestId", "timestamp"] {
        body[own].take();
    }
    body
}

async fn a16_who_is_removed_or_disabled_is_refused_alike_on_every_way_in(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let objects = Objects::create(&admin).await;
    let database = &world.database;
    let member = async || Person::create(database, &world.client, &[(admin.team(), "ADMIN")]).await;
    let (removed, disabled) = (member().await, member().await);
    for person in [&removed, &disabled] {
        person.get(&format!("/api/teams/{}/widgets", admin.team())).await.expect(200);
    }
    database.execute(&format!("DELETE FROM memberships WHERE user_id = {}", database.id(&removed.id)));
    let (user, at) = (database.id(&disabled.id), database.long_ago());
    database.execute(&format!("UPDATE users SET disabled_at = {at} WHERE id = {user}"));

    for (person, status, code) in [(&removed, 404, "team_not_found"), (&disabled, 401, "not_signed_in")] {
        let mut bodies = Vec::new();
        for row in rows() {
            let concerned = match row.least {
                Least::Anybody => false,
                // Who was removed from one team is still a user, and may have others.
                Least::SignedIn => code == "not_signed_in",
                Least::Member(_) => true,
            };
            if !concerned {
                continue;
            }
            let (path, body) = (row.path(admin.team(), &objects), row.body(&objects));
            let by_cookie = person.call(row.method(), &path, body.as_ref()).await;
            let by_bearer = person.call_as_bearer(row.method(), &path, body.as_ref()).await;
            for answer in [by_cookie, by_bearer] {
                let found = (answer.status.as_u16(), answer.body["code"].as_str());
                assert_eq!(found, (status, Some(code)), "{}", row.name());
                bodies.push(masked(&answer));
            }
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    }
    // For signing in, a disabled user is nobody.
    let refused = log_in(&world.client, &disabled.email, ADMIN_PASSWORD).await;
    let unknown = log_in(&world.client, "nobody@example.com", ADMIN_PASSWORD).await;
    assert_eq!(masked(&refused), masked(&unknown));
    refused.expect_error(401, "wrong_credentials");
    world.stop().await;
}

/// The time is the hash's, of which `chatloom-app`'s own tests count one of the same parameters on both paths.
async fn a18_a_known_and_an_unknown_user_get_the_same_answer(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let names = |answer: &Answer| {
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    for n in 0..12 {
        let known = log_in(&world.client, ADMIN_EMAIL, "wrong password").await;
        // The same unknown address again and again: it runs into the same limit as the known one.
        let unknown = log_in(&world.client, "nobody@example.com", "wrong password").await;
        let status = if n < 10 { 401 } else { 429 };
        assert_eq!((known.status.as_u16(), unknown.status.as_u16()), (status, status), "{n}");
        assert_eq!(names(&known), names(&unknown));
        if n < 10 {
            assert_eq!(masked(&known), masked(&unknown));
        }
    }
    world.stop().await;
}

async fn a22_no_dashboard_route_answers_without_a_live_session(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    let objects = Objects::create(&admin).await;
    let mut nobody = Person::create(&world.database, &world.client, &[(admin.team(), "ADMIN")]).await;
    let expired = nobody.token.clone();
    let (user, at) = (world.database.id(&nobody.id), world.database.long_ago());
    world.database.execute(&format!("UPDATE auth_sessions SET expires_at = {at} WHERE user_id = {user}"));
    for token in ["", "garbage", "e30.e30.e30", &expired, &format!("{expired}x"), &expired[1..]] {
        token.clone_into(&mut nobody.token);
        for row in rows().filter(|row| row.least != Least::Anybody) {
            let path = row.path(admin.team(), &objects);
            for body in [None, row.body(&objects), Some(json!(["no object"]))] {
                let answer = nobody.call(row.method(), &path, body.as_ref()).await;
                let found = (answer.status.as_u16(), answer.body["code"].as_str());
                assert_eq!(found, (401, Some("not_signed_in")), "{} with {token:?}", row.name());
                assert_eq!(answer.header("set-cookie"), None);
            }
        }
    }
    world.stop().await;
}

#[track_caller]
fn expect_throttled(answer: Answer, at_most: u64) {
    let wait: u64 = answer.header("retry-after").expect("how long to wait").parse().unwrap();
    assert!((1..=at_most).contains(&wait), "{wait}");
    answer.expect_error(429, "rate_limited");
}

async fn guessing_is_slowed_down_for_known_and_unknown_users_alike(kind: DatabaseKind) {
    let world = World::start(kind).await;
    for email in [ADMIN_EMAIL, "nobody@example.com"] {
        for _ in 0..10 {
            let refused = log_in(&world.client, email, "wrong password").await;
            refused.expect_error(401, "wrong_credentials");
        }
        expect_throttled(log_in(&world.client, email, "wrong password").await, 30);
        expect_throttled(log_in(&world.client, email, ADMIN_PASSWORD).await, 30);
    }
    world.stop().await;
}

async fn an_address_that_guesses_at_many_accounts_is_slowed_down(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let mut passed = 0;
    let refused = loop {
        let email = format!("user{passed}@example.com");
        let answer = log_in(&world.client, &email, "wrong password").await;
        if answer.status == 429 {
            break answer;
        }
        answer.expect_error(401, "wrong_credentials");
        passed += 1;
        assert!(passed < 100, "nobody slows this down");
    };
    // One more for each three seconds that the guessing takes on a slow machine.
    assert!(passed >= 20, "{passed}");
    expect_throttled(refused, 3);
    world.stop().await;
}

async fn a_new_password_ends_all_other_sessions_on_every_replica(kind: DatabaseKind) {
    const NEW: &str = "another horse battery";
    let replicas = Replicas::start(kind).await;
    let [here, there] = &replicas.clients;
    let sign_in = async |client| cookie_of(&log_in(client, ADMIN_EMAIL, ADMIN_PASSWORD).await);
    let me = async |client: &crate::world::Client, token: &str| {
        Answer::of(client.request(Method::GET, "/api/auth/me").bearer_auth(token)).await
    };
    let (own, other) = (sign_in(here).await, sign_in(there).await);
    for token in [&own, &other] {
        me(there, token).await.expect(200);
    }
    let change = async |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        let request =
            here.request(Method::PUT, "/api/auth/password").header("cookie", format!("chatloom={own}"));
        Answer::of(request.json(&body)).await
    };
    change("wrong password", NEW).await.expect_error(401, "wrong_credentials");
    for bad in ["short", ADMIN_EMAIL, ADMIN_PASSWORD] {
        let message = change(ADMIN_PASSWORD, bad).await.expect_error(400, "invalid_field")["message"].clone();
        assert!(message.as_str().unwrap().starts_with("newPassword "), "{message}");
    }
    me(there, &own).await.expect(200);

    let changed = change(ADMIN_PASSWORD, NEW).await;
    let new = cookie_of(&changed);
    assert_eq!(changed.expect(200), json!({ "message": "Password changed successfully" }));
    for client in [here, there] {
        for ended in [&own, &other] {
            me(client, ended).await.expect_error(401, "not_signed_in");
        }
        me(client, &new).await.expect(200);
    }
    log_in(there, ADMIN_EMAIL, ADMIN_PASSWORD).await.expect_error(401, "wrong_credentials");
    log_in(there, ADMIN_EMAIL, NEW).await.expect(200);
    replicas.stop().await;
}

async fn the_audit_log_tells_who_did_what_when_and_from_where(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let admin = world.dashboard().await;
    log_in(&world.client, ADMIN_EMAIL, "CANARY password").await.expect_error(401, "wrong_credentials");
    let log = async |query: &str| admin.get(&format!("/audit-log{query}")).await.expect(200);
    eventually("the failed sign-in is told", async || {
        let entries = log("?limit=1").await;
        (entries["entries"][0]["action"] == "user.login_failed").then_some(())
    })
    .await;
    let widget = admin.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{widget}");
    let restrict = json!({ "allowedDomains": ["canary.example"], "name": "CANARY" });
    admin.put(&path, &restrict).await.expect(200);
    admin.put(&path, &json!({ "allowedDomains": [], "active": false })).await.expect(200);
    admin.post(&format!("{path}/regenerate-token"), &json!({})).await.expect(200);
    let deleted = admin.delete(&path).await;
    let request_id = deleted.header("x-request-id").unwrap().to_owned();
    deleted.expect(204);

    let page = log("?limit=200").await;
    assert_eq!(page["nextBefore"], Value::Null);
    assert!(!page.to_string().to_lowercase().contains("canary"), "{page}");
    let entries = page["entries"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected = [
        "widget.deleted",
        "widget.token_regenerated",
        "widget.switched_off",
        "widget.allowed_domains_emptied",
        "widget.updated",
        "widget.updated",
        "widget.created",
        "workflow.created",
        "user.login_failed",
        "user.login_succeeded",
    ];
    assert_eq!(actions, expected);
    let newest = &entries[0];
    assert_eq!((&newest["objectType"], &newest["objectId"]), (&json!("widget"), &json!(widget)));
    assert_eq!(newest["actor"]["email"], ADMIN_EMAIL);
    assert_eq!((&newest["address"], &newest["requestId"]), (&json!("127.0.0.1"), &json!(request_id)));
    assert_eq!(entries[5]["detail"], json!({ "fields": ["name", "allowedDomains"] }));
    assert_eq!((&entries[8]["actor"], &entries[8]["objectType"]), (&Value::Null, &json!("user")));

    // Pages add up to the whole.
    let (mut read, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = log(&query).await;
        read.extend(page["entries"].as_array().unwrap().clone());
        let Some(before) = page["nextBefore"].as_str() else { break };
        query = format!("?limit=3&before={before}");
    }
    assert_eq!(read, *entries);
    world.stop().await;
}
