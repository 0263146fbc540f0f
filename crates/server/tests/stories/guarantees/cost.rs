//! What strangers can make an owner pay, and how much of the service they can take from others.

use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, Reply};
use reqwest::{Method, Response};
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{
    ADMIN_PASSWORD, Answer, Client, Dashboard, DatabaseKind, Events, Fleet, Visitor, eventually,
};

on_both_databases!(
    c04_at_a_cap_of_100_exactly_100_of_200_parallel_sends_are_answered,
    c04_a_budget_of_tokens_is_not_overdrawn_by_parallel_sends,
    c06_no_more_answers_than_allowed_are_made_at_once_and_the_rest_is_told,
    c09_an_endless_answer_is_cut_and_paid_once,
);

/// The requests of so many that an allowance of `per_minute` may let through: it refills evenly while they come.
fn allowed(per_minute: u32, begun: Instant) -> std::ops::RangeInclusive<usize> {
    let refilled = (begun.elapsed().as_millis() * u128::from(per_minute)).div_ceil(60_000);
    per_minute as usize..=per_minute as usize + usize::try_from(refilled).unwrap()
}

/// Loads the widget once from each of these addresses, as a trusted proxy reports them, and counts what is answered.
async fn loaded_from(client: &Client, token: &str, addresses: impl Iterator<Item = String>) -> usize {
    let mut loaded = 0;
    for address in addresses {
        let request = client.request(Method::GET, "/api/widget-chat/init");
        let request = request.header("x-widget-token", token).header("x-forwarded-for", address);
        let answer = Answer::of(request).await;
        if answer.status == 200 {
            loaded += 1;
        } else {
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            answer.expect_error(429, "rate_limited");
        }
    }
    loaded
}

const PER_ADDRESS: &[(&str, &str)] = &[("PUBLIC_RATE_LIMIT_PER_MINUTE", "30"), ("TRUSTED_PROXIES", "1")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c01_an_address_has_its_allowance_and_others_have_theirs() {
    let fleet = Fleet::start(DatabaseKind::Sqlite, 1, PER_ADDRESS).await;
    let (client, dashboard) = (&fleet.clients[0], fleet.dashboard().await);
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    for n in 1..=4 {
        let begun = Instant::now();
        let from_one = (0..100).map(|_| format!("203.0.113.99, 192.0.2.{n}"));
        let loaded = loaded_from(client, &token, from_one).await;
        assert!(allowed(30, begun).contains(&loaded), "{loaded}");
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c03_a_thousand_addresses_of_one_64_are_one() {
    let fleet = Fleet::start(DatabaseKind::Sqlite, 1, PER_ADDRESS).await;
    let (client, dashboard) = (&fleet.clients[0], fleet.dashboard().await);
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let begun = Instant::now();
    let of_one_64 = (0..1_000).map(|n| format!("2001:db8:0:7:{n:x}::{n:x}"));
    let loaded = loaded_from(client, &token, of_one_64).await;
    assert!(allowed(30, begun).contains(&loaded), "{loaded}");
    assert_eq!(loaded_from(client, &token, std::iter::once("2001:db8:0:8::1".to_owned())).await, 1);
    fleet.stop().await;
}

/// Opens so many sessions, spread over the servers.
async fn arrive(fleet: &Fleet, token: &str, count: usize) -> Vec<Visitor> {
    let mut arriving = JoinSet::new();
    let mut arrived = Vec::new();
    for n in 0..count {
        let (client, token) = (fleet.clients[n % fleet.clients.len()].clone(), token.to_owned());
        arriving.spawn(async move { Visitor::arrive(&client, &token).await });
        if arriving.len() >= 8 {
            arrived.extend(arriving.join_next().await.map(Result::unwrap));
        }
    }
    arrived.extend(arriving.join_all().await);
    arrived
}

/// Sends a message, again under its key where the database has no connection to spare: that is not what is tried here.
async fn send(visitor: &Visitor) -> Response {
    loop {
        let answer = visitor.send_as("once", "How much?").await;
        if answer.status() != 503 {
            return answer;
        }
        let answer = Answer::read(answer).await;
        answer.expect_error(503, "unavailable");
    }
}

/// What became of many messages.
struct Sent {
    /// Those that were taken.
    begun: usize,
    /// Those of them whose answer broke off, because the database was too busy for it; the model may have been asked or not.
    broken: usize,
}

/// Sends a message for each visitor at the same time, and reads what is answered to its end. Who is not answered must have
/// been told that a quota is used up, and nothing of theirs may be stored.
async fn send_all(visitors: Vec<Visitor>) -> Sent {
    let mut sending = JoinSet::new();
    for visitor in visitors {
        sending.spawn(async move {
            let answer = send(&visitor).await;
            if answer.status() == 200 {
                return Ok(Events::of(answer).rest().await.pop().expect("an end"));
            }
            let answer = Answer::read(answer).await;
            let wait: Option<u64> = answer.header("retry-after").map(|wait| wait.parse().unwrap());
            answer.expect_error(429, "quota_reached");
            assert!(wait.is_some_and(|wait| (1..=86_400).contains(&wait)), "{wait:?}");
            Err(visitor)
        });
    }
    let mut sent = Sent { begun: 0, broken: 0 };
    for outcome in sending.join_all().await {
        match outcome {
            Ok(end) => {
                sent.begun += 1;
                sent.broken += usize::from(end.name == "error");
            }
            Err(refused) => assert_eq!(refused.history().await.len(), 0),
        }
    }
    sent
}

async fn cap_of_100(kind: DatabaseKind, servers: usize) {
    let fleet = Fleet::start(kind, servers, &[]).await;
    let dashboard = fleet.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let path = format!("/widgets/{widget}");
    dashboard.set_budget(&path, &json!({ "dailyMessages": 100 })).await;
    let visitors = arrive(&fleet, &token, 200).await;
    let sent = send_all(visitors).await;
    assert_eq!(sent.begun, 100);
    let asked = fleet.model.requests().len();
    assert!((100 - sent.broken..=100).contains(&asked), "{asked}, {} of them broken off", sent.broken);
    for path in [path.as_str(), ""] {
        let budget = dashboard.settled_budget(path).await;
        assert_eq!(budget["usedMessages"], 100);
        assert!(budget["usedTokens"].as_u64().unwrap() > 0);
    }
    fleet.stop().await;
}

async fn c04_at_a_cap_of_100_exactly_100_of_200_parallel_sends_are_answered(kind: DatabaseKind) {
    cap_of_100(kind, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c04_the_cap_holds_on_three_replicas() {
    cap_of_100(DatabaseKind::Postgres, 3).await;
}

/// Whatever the answers really cost, so many never run at once that their bounds exceed the budget; and a small budget
/// serves somebody.
async fn c04_a_budget_of_tokens_is_not_overdrawn_by_parallel_sends(kind: DatabaseKind) {
    let fleet = Fleet::start(kind, 1, &[]).await;
    let dashboard = fleet.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    dashboard.set_budget("", &json!({ "dailyTokens": 5_000 })).await;
    fleet.model.always(Reply::text(["Dear."]).usage(Some((20, 250))));
    let visitors = arrive(&fleet, &token, 60).await;
    let sent = send_all(visitors).await;
    let answered = sent.begun - sent.broken;
    assert!(answered > 0);
    let budget = dashboard.settled_budget("").await;
    assert_eq!(budget["usedMessages"], sent.begun);
    assert!(budget["usedTokens"].as_u64().unwrap() >= 270 * answered as u64, "{budget}");
    assert!(budget["usedTokens"].as_u64().unwrap() <= 5_000, "{budget}");
    for request in fleet.model.requests() {
        let limit = request.body["max_tokens"].as_u64().unwrap();
        assert!((256..=1_250).contains(&limit), "{limit}");
    }
    fleet.stop().await;
}

async fn c06_no_more_answers_than_allowed_are_made_at_once_and_the_rest_is_told(kind: DatabaseKind) {
    const SENDS: usize = 500;
    // Of 20 places one team may hold 15.
    const PLACES: usize = 15;
    let fleet = Fleet::start(kind, 1, &[("MODEL_CONCURRENCY", "20"), ("MODEL_QUEUE", "10")]).await;
    let dashboard = fleet.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let visitors = arrive(&fleet, &token, SENDS).await;
    let gate = Gate::new();
    fleet.model.always(Reply::text(["At last."]).hold_after(0, &gate));
    let mut sending = JoinSet::new();
    for visitor in visitors {
        sending.spawn(async move {
            let answer = visitor.send("Me first").await;
            (visitor, answer)
        });
    }
    let mut answered = Vec::new();
    let mut refused = 0;
    while let Some(sent) = sending.join_next().await {
        let (visitor, answer) = sent.unwrap();
        if answer.status() == 200 {
            answered.push(Events::of(answer));
            continue;
        }
        let answer = Answer::read(answer).await;
        assert_eq!(answer.header("retry-after"), Some("1"));
        answer.expect_error(503, "busy");
        refused += 1;
        if refused % 50 == 1 {
            assert_eq!(visitor.history().await.len(), 0);
            dashboard.get("/widgets").await.expect(200);
        }
    }
    assert_eq!((answered.len(), refused), (PLACES, SENDS - PLACES));
    assert_eq!(fleet.model.wait_for_requests(PLACES).await.len(), PLACES);
    gate.release();
    for mut events in answered {
        events.until("done").await;
    }
    // The places are free again, and whoever waits for one gets it.
    let late = arrive(&fleet, &token, PLACES).await;
    for visitor in &late {
        visitor.ask("And now?").await.until("done").await;
    }
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c07_sessions_without_a_message_are_limited_and_gone_after_a_day() {
    const OPENINGS: usize = 10_000;
    let mut fleet = Fleet::start(DatabaseKind::Postgres, 1, &[("WIDGET_RATE_LIMIT_PER_MINUTE", "600")]).await;
    let dashboard = fleet.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let spoken = Visitor::arrive(&fleet.clients[0], &token).await;
    spoken.ask("Keep me").await.until("done").await;
    let begun = Instant::now();
    let mut opening = JoinSet::new();
    for _ in 0..16 {
        let (client, token) = (fleet.clients[0].clone(), token.clone());
        opening.spawn(async move {
            let mut opened = 0;
            for _ in 0..OPENINGS / 16 {
                let request = client.request(Method::POST, "/api/widget-chat/sessions");
                let answer = Answer::of(request.json(&json!({ "token": token }))).await;
                if answer.status == 201 {
                    opened += 1;
                } else {
                    assert!(answer.header("retry-after").is_some());
                    assert_eq!(answer.header("x-ratelimit-limit"), Some("600"));
                    answer.expect_error(429, "rate_limited");
                }
            }
            opened
        });
    }
    let opened: usize = opening.join_all().await.into_iter().sum();
    let allowed = allowed(600, begun);
    assert!((allowed.start() - 2..=*allowed.end()).contains(&opened), "{opened} in {allowed:?}");

    // A day and an hour later another server starts, and its sweeper cleans up.
    let age = "UPDATE chat_sessions SET created_at = created_at - interval '25 hours'";
    assert!(fleet.database.administer(age));
    fleet.add().await;
    let only_one_is_left = "DO $$ BEGIN IF (SELECT count(*) FROM chat_sessions) <> 1 THEN RAISE EXCEPTION 'more'; END IF; END $$";
    eventually("empty sessions are gone", async || fleet.database.administer(only_one_is_left).then_some(()))
        .await;
    assert_eq!(spoken.history().await.len(), 2);
    fleet.stop().await;
}

async fn c09_an_endless_answer_is_cut_and_paid_once(kind: DatabaseKind) {
    const ANSWER_CAP: usize = 256 * 1024;
    let fleet = Fleet::start(kind, 1, &[]).await;
    let dashboard = fleet.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let piece = json!({ "choices": [{ "index": 0, "delta": { "content": "b".repeat(1024) } }] });
    fleet.model.queue(Reply::events("").for_ever(format!("data: {piece}\n\n")));
    let visitor = Visitor::arrive(&fleet.clients[0], &token).await;
    let end = visitor.ask("Never stop").await.until("error").await;
    assert_eq!(end.data["code"], "answer_interrupted");
    fleet.model.wait_for_hangups(1).await;
    let last = visitor.last_message().await;
    assert_eq!(
        (&last["status"], last["content"].as_str().unwrap().len()),
        (&json!("interrupted"), ANSWER_CAP)
    );
    let budget = dashboard.settled_budget("").await;
    assert_eq!(budget["usedMessages"], 1);
    // The provider told no usage, so what arrived is counted by its bytes.
    assert!(budget["usedTokens"].as_u64().unwrap() >= (ANSWER_CAP as u64 * 2) / 7, "{budget}");
    fleet.stop().await;
}

/// A second team with an administrator of its own, who has the first one's password.
const SECOND_TEAM: &str = "WITH team AS (INSERT INTO teams (id, name, created_at)
        VALUES (gen_random_uuid(), 'Quiet', now()) RETURNING id),
    grace AS (INSERT INTO users (id, email, first_name, last_name, password_hash, created_at)
        SELECT gen_random_uuid(), 'grace@example.com', 'Grace', 'Hopper', password_hash, now() FROM users RETURNING id)
    INSERT INTO memberships (user_id, team_id, role) SELECT grace.id, team.id, 'ADMIN' FROM grace, team";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c10_a_team_that_floods_takes_neither_time_nor_budget_from_another() {
    let limits = [("MODEL_CONCURRENCY", "8"), ("MODEL_QUEUE", "8")];
    let fleet = Fleet::start(DatabaseKind::Postgres, 1, &limits).await;
    let loud = fleet.dashboard().await;
    assert!(fleet.database.administer(SECOND_TEAM));
    let quiet = Dashboard::sign_in(&fleet.clients[0], "grace@example.com", ADMIN_PASSWORD).await;
    for dashboard in [&loud, &quiet] {
        dashboard.set_budget("", &json!({ "dailyMessages": 50 })).await;
    }
    let loud_widget = loud.create_widget_answered_by("openai").await;
    let token = loud.embed_token(&loud_widget).await;
    let flood = arrive(&fleet, &token, 60).await;
    let gate = Gate::new();
    fleet.model.always(Reply::text(["Loud."]).hold_after(0, &gate));
    let mut sending = JoinSet::new();
    for visitor in flood {
        sending.spawn(async move { visitor.send("Now!").await });
    }
    // Three quarters of the places are theirs, and stay so until the gate is opened.
    fleet.model.wait_for_requests(6).await;

    let widget = quiet.create_widget_answered_by("openai").await;
    let token = quiet.embed_token(&widget).await;
    let visitor = Visitor::arrive(&fleet.clients[0], &token).await;
    for n in 1..=20_u64 {
        fleet.model.queue(Reply::text(["Quiet."]));
        let asked = Instant::now();
        let answer = visitor.send("Hello").await;
        assert_eq!(answer.headers()["x-quota-remaining"], (50 - n).to_string().as_str());
        assert_eq!(Events::of(answer).until("done").await.data["content"], "Quiet.");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    assert_eq!(quiet.settled_budget("").await["usedMessages"], 20);
    gate.release();
    let answers = sending.join_all().await;
    let answered = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!((6..60).contains(&answered), "{answered}");
    assert_eq!(loud.settled_budget("").await["usedMessages"], answered);
    fleet.stop().await;
}
