//! Somebody who is signed in to the dashboard.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Client, eventually};

/// A signed-in user, in the first of their teams.
pub(crate) struct Dashboard {
    client: Client,
    cookie: String,
    team: String,
}

impl Dashboard {
    pub(crate) async fn sign_in(client: &Client, email: &str, password: &str) -> Self {
        let body = json!({ "email": email, "password": password });
        let answer = Answer::of(client.request(Method::POST, "/api/auth/login").json(&body)).await;
        let cookie = answer.header("set-cookie").expect("a cookie").split(';').next().unwrap().to_owned();
        let user = answer.expect(200);
        let team = user["teams"][0]["teamId"].as_str().unwrap().to_owned();
        Self { client: client.clone(), cookie, team }
    }

    /// The team's id.
    pub(crate) fn team(&self) -> &str {
        &self.team
    }

    /// The same user in front of another server on the same database.
    pub(crate) fn at(&self, client: &Client) -> Self {
        Self { client: client.clone(), cookie: self.cookie.clone(), team: self.team.clone() }
    }

    /// The cookie, as a browser sends it.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// What the service says about this user.
    pub(crate) async fn me(&self) -> Answer {
        Answer::of(self.client.request(Method::GET, "/api/auth/me").header("cookie", &self.cookie)).await
    }

    /// The same user, who tries another team's paths.
    pub(crate) fn in_team_of(&self, other: &Self) -> Self {
        Self { team: other.team.clone(), ..self.at(&self.client) }
    }

    /// A request to a path below the team's.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let path = format!("/api/teams/{}{path}", self.team);
        let request = self.client.request(method, &path).header("cookie", &self.cookie);
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Makes a workflow and gives its id.
    pub(crate) async fn create_workflow(&self, provider: &str) -> String {
        let agent = json!({ "instructions": "Be brief.", "provider": provider, "model": "test-model" });
        let workflow =
            self.post("/workflows", &json!({ "name": "Support", "agent": agent })).await.expect(201);
        workflow["id"].as_str().unwrap().to_owned()
    }

    /// Makes a widget for every site and gives its id.
    pub(crate) async fn create_widget_answered_by(&self, provider: &str) -> String {
        let workflow = self.create_workflow(provider).await;
        let body = json!({ "name": "Support Chat", "workflowId": workflow });
        let widget = self.post("/widgets", &body).await.expect(201);
        widget["id"].as_str().unwrap().to_owned()
    }

    /// Sets the daily budget of the team, or of what lies at `path` below it.
    pub(crate) async fn set_budget(&self, path: &str, budget: &Value) -> Value {
        self.put(&format!("{path}/budget"), budget).await.expect(200)
    }

    /// Waits until no answer of the team holds anything of its budget, and gives that.
    pub(crate) async fn settled_budget(&self, path: &str) -> Value {
        eventually("nothing is reserved", async || {
            let budget = self.get(&format!("{path}/budget")).await.expect(200);
            (budget["reservedTokens"] == 0).then_some(budget)
        })
        .await
    }

    /// Reads the token out of the embed code, as a person who copies it into a page does.
    pub(crate) async fn embed_token(&self, widget: &str) -> String {
        let code = self.get(&format!("/widgets/{widget}/embed-code")).await.expect(200);
        let code = code["embedCode"].as_str().unwrap();
        let (_, rest) = code.split_once("data-token=\"").expect("a token in the embed code");
        rest.split('"').next().unwrap().to_owned()
    }
}
