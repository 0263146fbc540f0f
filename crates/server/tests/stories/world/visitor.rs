//! A visitor of a page with a widget.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Answer, Client, Events, eventually};

/// A visitor with a session, as our own widget makes one: with a secret.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: Client,
    token: String,
    session: String,
    secret: String,
}

impl Visitor {
    /// Opens a session.
    pub(crate) async fn arrive(client: &Client, token: &str) -> Self {
        let request = client.request(Method::POST, "/api/widget-chat/sessions");
        let request = request.header("x-chatloom-session", "secret").json(&json!({ "token": token }));
        let session = Answer::of(request).await.expect(201);
        let text = |name: &str| session[name].as_str().unwrap().to_owned();
        let (id, secret) = (text("sessionId"), text("sessionSecret"));
        Self { client: client.clone(), token: token.to_owned(), session: id, secret }
    }

    /// The same visitor in front of another server on the same database.
    pub(crate) fn at(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// The same visitor on a page with another embed token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    /// Somebody who knows everything of the visitor but the secret.
    pub(crate) fn with_secret(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// The id of the session.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// The secrets that this visitor knows.
    pub(crate) fn secrets(&self) -> [&str; 2] {
        [&self.token, &self.secret]
    }

    fn request_without_token(&self, method: Method, path: &str) -> RequestBuilder {
        let path = format!("/api/widget-chat/sessions/{}{path}", self.session);
        self.client.request(method, &path).header("x-session-secret", &self.secret)
    }

    /// A request below the path of the session.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_without_token(method, path).header("x-widget-token", &self.token)
    }

    /// Sends a message, whatever comes of it.
    pub(crate) async fn send(&self, content: &str) -> Response {
        self.message(content).send().await.unwrap()
    }

    /// Sends a message under a key, whatever comes of it.
    pub(crate) async fn send_as(&self, key: &str, content: &str) -> Response {
        self.message(content).header("idempotency-key", key.as_bytes()).send().await.unwrap()
    }

    /// A message that is not sent yet.
    pub(crate) fn message(&self, content: &str) -> RequestBuilder {
        let body = json!({ "content": content, "token": self.token });
        self.request_without_token(Method::POST, "/messages").json(&body)
    }

    /// Sends a message and begins to read the answer.
    pub(crate) async fn ask(&self, content: &str) -> Events {
        Events::of(self.send(content).await)
    }

    /// Watches a turn after the event with this id, or from its beginning, whatever comes of it.
    pub(crate) async fn watch(&self, turn: &str, after: Option<&str>) -> Response {
        let request = self.request(Method::GET, &format!("/turns/{turn}/events"));
        let request = match after {
            Some(id) => request.header("last-event-id", id.as_bytes()),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Asks a turn to stop.
    pub(crate) async fn stop(&self, turn: &str) -> Answer {
        Answer::of(self.request(Method::POST, &format!("/turns/{turn}/stop"))).await
    }

    /// Has a turn run again, whatever comes of it.
    pub(crate) async fn retry(&self, turn: &str) -> Response {
        self.request(Method::POST, &format!("/turns/{turn}/retry")).send().await.unwrap()
    }

    /// The messages of the session.
    pub(crate) async fn history(&self) -> Vec<Value> {
        let body = Answer::of(self.request(Method::GET, "/messages")).await.expect(200);
        body["messages"].as_array().unwrap().clone()
    }

    /// Waits until the last message of the history is no longer being written, and gives it.
    pub(crate) async fn last_message(&self) -> Value {
        eventually("the turn ends", async || {
            let last = self.history().await.pop()?;
            (last["status"] != "streaming").then_some(last)
        })
        .await
    }

    /// Erases the conversation.
    pub(crate) async fn erase(&self) -> Answer {
        Answer::of(self.request(Method::DELETE, "")).await
    }
}
