//! S10 and S11: visitors who prove who they are.

use chatloom_ports::environment::Clock;
use chatloom_server::environment::SystemClock;
use jsonwebtoken::{EncodingKey, Header};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::{Answer, Dashboard, DatabaseKind, World};

on_both_databases!(
    s10_a_proof_never_inherits_what_was_opened_under_the_same_name,
    s11_only_the_whole_right_signature_counts,
    a_proven_visitor_goes_on_elsewhere_and_an_old_secret_ends,
);

const SESSIONS: &str = "/api/widget-chat/sessions";

/// A widget whose site proves who its visitors are.
struct Site {
    world: World,
    dashboard: Dashboard,
    widget: String,
    token: String,
    secret: String,
}

/// A proof as the documentation's sample for Rust makes it.
fn sign(secret: &str, widget: &str, user: &str) -> String {
    let claims = json!({ "sub": user, "aud": widget, "exp": SystemClock.now().as_second() + 600 });
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

impl Site {
    async fn open(kind: DatabaseKind) -> Self {
        let world = World::start(kind).await;
        let dashboard = world.dashboard().await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let token = dashboard.embed_token(&widget).await;
        let secret = Self::rotate(&dashboard, &widget, &json!({})).await;
        Self { world, dashboard, widget, token, secret }
    }

    async fn rotate(dashboard: &Dashboard, widget: &str, body: &Value) -> String {
        let made = dashboard.post(&format!("/widgets/{widget}/identity-secret"), body).await.expect(200);
        made["identitySecret"].as_str().unwrap().to_owned()
    }

    fn proof(&self, user: &str) -> String {
        sign(&self.secret, &self.widget, user)
    }

    async fn demand(&self, identity_required: bool) {
        let body = json!({ "identityRequired": identity_required });
        self.dashboard.put(&format!("/widgets/{}", self.widget), &body).await.expect(200);
    }

    fn request(&self, method: Method, path: &str, identity: Option<&str>) -> RequestBuilder {
        let request = self.world.client.request(method, &format!("{SESSIONS}{path}"));
        let request = request.header("x-widget-token", &self.token);
        match identity {
            Some(proof) => request.header("x-visitor-identity", proof),
            None => request,
        }
    }

    async fn arrive(&self, label: Option<&str>, identity: Option<&str>) -> Answer {
        let request = self.request(Method::POST, "", identity).header("x-chatloom-session", "secret");
        Answer::of(request.json(&json!({ "visitorId": label.unwrap_or("nobody") }))).await
    }

    async fn history(&self, session: &str, identity: Option<&str>) -> Answer {
        Answer::of(self.request(Method::GET, &format!("/{session}/messages"), identity)).await
    }

    async fn sessions(&self, identity: Option<&str>) -> Answer {
        Answer::of(self.request(Method::GET, "", identity)).await
    }

    async fn ask(&self, session: &str, identity: &str, content: &str) -> String {
        let request = self.request(Method::POST, &format!("/{session}/messages"), Some(identity));
        request.json(&json!({ "content": content })).send().await.unwrap().text().await.unwrap()
    }
}

fn id(session: &Value) -> String {
    session["sessionId"].as_str().unwrap().to_owned()
}

async fn s10_a_proof_never_inherits_what_was_opened_under_the_same_name(kind: DatabaseKind) {
    let site = Site::open(kind).await;
    let planted = site.arrive(Some("ada"), None).await.expect(201);
    site.demand(true).await;
    site.arrive(Some("ada"), None).await.expect_error(401, "identity_required");
    let ada = site.proof("ada");
    assert_eq!(site.sessions(Some(&ada)).await.expect(200), json!({ "sessions": [] }));
    site.history(&id(&planted), Some(&ada)).await.expect_error(404, "session_not_found");
    site.history(&id(&planted), None).await.expect_error(401, "identity_required");
    let own = site.arrive(None, Some(&ada)).await.expect(201);
    let listed = site.sessions(Some(&ada)).await.expect(200);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(listed["sessions"][0]["sessionId"], own["sessionId"]);
    // Nor does it change when nobody has to prove anything any more.
    site.demand(false).await;
    assert_eq!(site.sessions(Some(&ada)).await.expect(200), listed);
    site.history(&id(&planted), Some(&ada)).await.expect_error(404, "session_not_found");
    site.history(&id(&own), Some(&site.proof("eve"))).await.expect_error(404, "session_not_found");
    site.world.stop().await;
}

async fn s11_only_the_whole_right_signature_counts(kind: DatabaseKind) {
    let site = Site::open(kind).await;
    let ada = site.proof("ada");
    let session = id(&site.arrive(None, Some(&ada)).await.expect(201));
    let (message, signature) = ada.rsplit_once('.').unwrap();
    let header = ada.split('.').next().unwrap();
    let signatures = [
        "",
        "A",
        &signature[..1],
        &signature[..signature.len() - 1],
        &signature[..20],
        &format!("{signature}="),
        &format!("{signature}A"),
        &signature.to_uppercase(),
        "DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF",
    ];
    let mut bad: Vec<String> = signatures.iter().map(|other| format!("{message}.{other}")).collect();
    bad.extend([
        String::new(),
        "x".into(),
        "..".into(),
        message.to_owned(),
        format!("{header}..{signature}"),
    ]);
    // `{"alg":"none"}`, another widget's proof, and one of another secret.
    bad.push(format!("eyJhbGciOiJub25lIn0.{}.", ada.split('.').nth(1).unwrap()));
    bad.push(sign(&site.secret, "0197e0a4-f000-7000-8000-00000000000a", "ada"));
    bad.push(sign("cli_another", &site.widget, "ada"));
    for proof in &bad {
        site.arrive(None, Some(proof)).await.expect_error(401, "identity_invalid");
        site.history(&session, Some(proof)).await.expect_error(401, "identity_invalid");
        site.sessions(Some(proof)).await.expect_error(401, "identity_invalid");
    }
    let in_url = site.request(Method::GET, &format!("?identity={ada}"), None);
    Answer::of(in_url).await.expect_error(400, "secret_in_url");
    assert!(site.world.database.holds("(SELECT count(*) FROM chat_sessions) = 1"));
    site.history(&session, Some(&ada)).await.expect(200);
    site.world.stop().await;
}

async fn a_proven_visitor_goes_on_elsewhere_and_an_old_secret_ends(kind: DatabaseKind) {
    let site = Site::open(kind).await;
    site.demand(true).await;
    let old = site.proof("ada");
    let session = id(&site.arrive(None, Some(&old)).await.expect(201));
    assert!(site.ask(&session, &old, "Remember CANARY").await.contains("event: done"));
    // Another device has nothing but a proof of its own.
    let listed = site.sessions(Some(&site.proof("ada"))).await.expect(200);
    assert_eq!(listed["sessions"][0]["sessionId"], session.as_str());
    let history = site.history(&session, Some(&site.proof("ada"))).await.expect(200);
    assert_eq!(history["messages"][0]["content"], "Remember CANARY");

    let path = format!("/widgets/{}/identity-secret", site.widget);
    let second = Site::rotate(&site.dashboard, &site.widget, &json!({ "graceSeconds": 600 })).await;
    let state = site.dashboard.get(&path).await.expect(200);
    assert!(state["createdAt"].is_string() && state["previousValidUntil"].is_string(), "{state}");
    site.history(&session, Some(&old)).await.expect(200);
    let third = Site::rotate(&site.dashboard, &site.widget, &json!({})).await;
    assert_eq!(site.dashboard.get(&path).await.expect(200)["previousValidUntil"], Value::Null);
    for gone in [&old, &sign(&second, &site.widget, "ada")] {
        site.history(&session, Some(gone)).await.expect_error(401, "identity_invalid");
    }
    site.history(&session, Some(&sign(&third, &site.widget, "ada"))).await.expect(200);
    for secret in [&site.secret, &second, &third] {
        assert!(!site.world.database.files_contain(secret), "the secret is stored as it is");
    }
    site.world.stop().await;
}
