//! E: embed tokens are found by anybody in a page's source, so what counts is what they open and what they show.

use std::collections::{BTreeMap, HashSet};

use chatloom_domain::token::EmbedToken;
use chatloom_ports::environment::Entropy;
use chatloom_server::environment::OsEntropy;
use chatloom_testkit::model_server::ModelServer;
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

use super::{init, regenerate};
use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, Database, DatabaseKind, Process, Visitor, World,
    eventually, process_settings, settings,
};

on_both_databases!(
    e11_no_text_in_a_tokens_place_reaches_a_query,
    e13_wrong_tokens_are_answered_alike_however_much_of_them_is_right,
    e14_chat_goes_on_when_the_display_key_is_gone,
    the_owner_sees_when_a_token_was_last_used,
);

/// Digits after the second are as good as uniform: 62^43 is hardly more than 2^256, which only the first two show.
#[test]
fn e01_ten_thousand_tokens_are_well_formed_different_and_uniform() {
    let entropy = OsEntropy::new();
    let tokens: HashSet<_> =
        (0..10_000).map(|_| EmbedToken::new(entropy.secret()).reveal().to_owned()).collect();
    assert_eq!(tokens.len(), 10_000);
    let mut counts: BTreeMap<char, f64> = BTreeMap::new();
    for token in &tokens {
        assert!(EmbedToken::parse(token).is_ok(), "{token}");
        token
            .chars()
            .skip("clw_".len() + 2)
            .take(41)
            .for_each(|digit| *counts.entry(digit).or_default() += 1.0);
    }
    assert_eq!(counts.len(), 62);
    let expected = 410_000.0 / 62.0;
    let chi_squared: f64 = counts.values().map(|count| (count - expected).powi(2) / expected).sum();
    // 61 degrees of freedom: beyond 140 lies one run in a hundred million.
    assert!(chi_squared < 140.0, "{chi_squared}");
}

/// Without its table every query for a token fails, which a caller sees as 503.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e02_garbage_is_refused_without_a_query() {
    let (database, model) = (Database::create(DatabaseKind::Postgres).await, ModelServer::start().await);
    let mut process = Process::start(&process_settings(&database, &model));
    let client = process.client().await;
    let good = EmbedToken::new([7; 32]).reveal().to_owned();
    init(&client, &good).await.expect_error(401, "invalid_token");
    assert!(database.administer("ALTER TABLE widgets RENAME TO hidden"));
    init(&client, &good).await.expect_error(503, "unavailable");
    let mut garbage = vec![
        good.replacen("clw_", "clx_", 1),
        good.replacen("clw_", "CLW_", 1),
        good[..good.len() - 1].to_owned(),
        format!("{good}0"),
        format!("{good} {good}"),
        "c1w_".to_owned(),
        "x".to_owned(),
    ];
    // One changed character, wherever it is.
    garbage.extend((4..good.len()).map(|place| {
        let other = if good.as_bytes()[place] == b'a' { "b" } else { "a" };
        format!("{}{other}{}", &good[..place], &good[place + 1..])
    }));
    for token in garbage {
        init(&client, &token).await.expect_error(401, "invalid_token");
        client.get(&format!("/api/widget-chat/init/{token}")).await.expect_error(401, "invalid_token");
    }
    // Letters that look alike, which only a path or a body can carry.
    for token in [good.replacen('c', "с", 1), good.replacen('w', "ｗ", 1)] {
        client.get(&format!("/api/widget-chat/init/{token}")).await.expect_error(401, "invalid_token");
        let request = client.request(Method::POST, "/api/widget-chat/sessions");
        Answer::of(request.json(&json!({ "token": token }))).await.expect_error(401, "invalid_token");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e10_a_token_in_the_path_reaches_no_log_and_no_cache() {
    let (database, model) = (Database::create(DatabaseKind::Postgres).await, ModelServer::start().await);
    let mut settings = process_settings(&database, &model);
    settings.insert("LOG", "debug".to_owned());
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    let ask = async |path: &str, status: u16| {
        let answer = client.get(path).await;
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.status, status, "{}", answer.body);
    };
    ask(&format!("/api/widget-chat/init/{token}"), 200).await;
    ask(&format!("/api/widget-chat/init/{token}/more"), 404).await;
    assert!(database.administer("ALTER TABLE widgets RENAME TO hidden"));
    ask(&format!("/api/widget-chat/init/{token}"), 503).await;
    process.signal(Signal::SIGTERM);
    process.ended().await;
    let log = process.log();
    assert!(!log.contains(&token) && !log.contains(&token[4..]), "{log}");
    for expected in ["/api/widget-chat/init/{token}", "request failed"] {
        assert!(log.contains(expected), "{log}");
    }
}

async fn e11_no_text_in_a_tokens_place_reaches_a_query(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let texts = [
        "' OR '1'='1".to_owned(),
        "'; DROP TABLE widgets; --".to_owned(),
        "clw_' UNION SELECT token_hash FROM widgets --".to_owned(),
        "\\x00".to_owned(),
        "%00".to_owned(),
        "a".repeat(1_000_000),
    ];
    for text in &texts {
        let encoded = text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let fits_in_head = encoded.len() < 8_000;
        let mut answers = Vec::new();
        if fits_in_head {
            answers.push(world.client.get(&format!("/api/widget-chat/init/{encoded}")).await);
            answers.push(init(&world.client, text).await);
        }
        let open = world.client.request(Method::POST, "/api/widget-chat/sessions");
        answers.push(Answer::of(open.json(&json!({ "token": text }))).await);
        for answer in answers {
            assert!([400, 401, 413].contains(&answer.status.as_u16()), "{} {}", answer.status, answer.body);
            let body = answer.body.to_string().to_lowercase();
            assert!(
                !["sql", "syntax", "postgres", "relation", "column"].iter().any(|word| body.contains(word))
            );
        }
    }
    let nul = world.client.request(Method::POST, "/api/widget-chat/sessions");
    Answer::of(nul.json(&json!({ "token": "clw_\0" }))).await.expect_error(401, "invalid_token");
    // The table is still there.
    assert_eq!(world.dashboard().await.get("/widgets").await.expect(200), json!([]));
    world.stop().await;
}

/// A token is looked up by its hash, so there is nothing that could be compared character by character: what can be
/// seen of the answers is the same, and so is the work behind them, one lookup in one index.
async fn e13_wrong_tokens_are_answered_alike_however_much_of_them_is_right(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let old = dashboard.embed_token(&widget).await;
    let current = regenerate(&dashboard, &widget).await;
    let mut near = [0; 32];
    near[31] = 1;
    let [one, other] = [[0; 32], near].map(EmbedToken::new);
    assert_eq!(one.reveal()[..40], other.reveal()[..40]);
    let shared =
        one.hash().as_bytes().iter().zip(other.hash().as_bytes()).take_while(|(a, b)| a == b).count();
    assert!(shared <= 2, "hashes of tokens that begin alike do not: {shared}");

    let mut bodies = HashSet::new();
    for token in [old.as_str(), one.reveal(), other.reveal(), &format!("{}000000", &current[..47])] {
        let mut body = init(&world.client, token).await.expect_error(401, "invalid_token");
        body["requestId"].take();
        body["timestamp"].take();
        bodies.insert(body.to_string());
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    world.stop().await;
}

async fn e14_chat_goes_on_when_the_display_key_is_gone(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let mut settings = settings(&database, &model);
    settings.insert("LOG_FORMAT", "json".to_owned());
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let token = dashboard.embed_token(&widget).await;
    process.signal(Signal::SIGTERM);
    process.ended().await;

    settings.insert("JWT_SECRET", "8mKq2Wv7LxRt5BnZc9JdYf4HsGu6PoTe".to_owned());
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let code = dashboard.get(&format!("/widgets/{widget}/embed-code")).await;
    code.expect_error(503, "token_unreadable");
    let visitor = Visitor::arrive(&client, &token).await;
    assert_eq!(visitor.ask("Hello?").await.rest().await.last().unwrap().name, "done");
    let new = regenerate(&dashboard, &widget).await;
    assert_eq!(dashboard.embed_token(&widget).await, new);
}

async fn the_owner_sees_when_a_token_was_last_used(kind: DatabaseKind) {
    let world = World::start(kind).await;
    let dashboard = world.dashboard().await;
    let widget = dashboard.create_widget_answered_by("openai").await;
    let path = format!("/widgets/{widget}/tokens");
    let tokens = dashboard.get(&path).await.expect(200);
    assert!(tokens["current"]["createdAt"].is_string(), "{tokens}");
    assert_eq!((&tokens["current"]["lastUsedAt"], &tokens["previous"]), (&json!(null), &json!(null)));
    let token = dashboard.embed_token(&widget).await;
    init(&world.client, &token).await.expect(200);
    eventually("the use is noted", async || {
        let tokens = dashboard.get(&path).await.expect(200);
        tokens["current"]["lastUsedAt"].is_string().then_some(())
    })
    .await;
    dashboard
        .post(&format!("/widgets/{widget}/regenerate-token"), &json!({ "graceSeconds": 60 }))
        .await
        .expect(200);
    let tokens = dashboard.get(&path).await.expect(200);
    assert_eq!(tokens["current"]["lastUsedAt"], json!(null));
    assert!(tokens["previous"]["lastUsedAt"].is_string(), "{tokens}");
    assert!(tokens["previous"]["validUntil"].is_string(), "{tokens}");
    world.stop().await;
}
