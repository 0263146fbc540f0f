//! A signed-in administrator.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::chat::Answer;
use crate::cluster::{ADMIN_EMAIL, ADMIN_PASSWORD};
use crate::http::{Request, call};

/// The dashboard of one user, in front of any replica.
#[derive(Debug, Clone)]
pub struct Dashboard {
    cookie: String,
    team: String,
}

/// A widget and what embeds it.
#[derive(Debug, Clone)]
pub struct Widget {
    /// Its id.
    pub id: String,
    /// Its embed token when it was made.
    pub token: String,
}

impl Dashboard {
    /// Signs in.
    pub async fn sign_in(door: SocketAddr) -> anyhow::Result<Self> {
        let body = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let request = Request::new("POST", "/api/auth/login").json(body);
        let reply =
            call(door, &request).await.map_err(|error| anyhow::anyhow!("sign-in failed: {error:?}"))?;
        let cookie = reply.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.context("the sign-in gave no cookie")?.to_owned();
        let user = reply.json().await?;
        Ok(Self { cookie, team: text(&user["teams"][0]["teamId"])? })
    }

    /// Makes a widget that is answered by the model, with a workflow of its own.
    pub async fn create_widget(&self, door: SocketAddr, name: &str) -> anyhow::Result<Widget> {
        let agent = json!({ "instructions": "Be brief.", "provider": "openai", "model": "scripted" });
        let workflow = self.post(door, "workflows", json!({ "name": name, "agent": agent })).await?;
        let widget = json!({ "name": name, "workflowId": workflow["id"] });
        let widget = self.post(door, "widgets", widget).await?;
        let id = text(&widget["id"])?;
        let answer = self.regenerate_token(door, &id).await;
        Ok(Widget { token: text(&answer.body["token"])?, id })
    }

    /// Regenerates a widget's token.
    pub async fn regenerate_token(&self, door: SocketAddr, widget: &str) -> Answer {
        let request = self.request("POST", &format!("widgets/{widget}/regenerate-token"));
        Answer::read(call(door, &request).await).await
    }

    /// Allows one site, and no other, to embed a widget.
    pub async fn allow_only(&self, door: SocketAddr, widget: &str, site: &str) -> Answer {
        let request = self.request("PUT", &format!("widgets/{widget}"));
        Answer::read(call(door, &request.json(json!({ "allowedDomains": [site] }))).await).await
    }

    /// The token that a widget's embed code shows now.
    pub async fn find_token(&self, door: SocketAddr, widget: &str) -> Option<String> {
        let request = self.request("GET", &format!("widgets/{widget}/embed-code"));
        let answer = Answer::read(call(door, &request).await).await;
        let (_, rest) = answer.body["embedCode"].as_str()?.split_once("data-token=\"")?;
        Some(rest.split('"').next()?.to_owned())
    }

    /// A widget's statistics.
    pub async fn stats(&self, door: SocketAddr, widget: &str) -> Answer {
        let request = self.request("GET", &format!("widgets/{widget}/stats"));
        Answer::read(call(door, &request).await).await
    }

    async fn post(&self, door: SocketAddr, what: &str, body: Value) -> anyhow::Result<Value> {
        let answer = Answer::read(call(door, &self.request("POST", what).json(body)).await).await;
        ensure!(answer.status == 201, "making {what} was answered {}", answer.summary());
        Ok(answer.body)
    }

    fn request(&self, method: &'static str, rest: &str) -> Request {
        Request::new(method, format!("/api/teams/{}/{rest}", self.team)).header("Cookie", &self.cookie)
    }
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("a text is missing")?.to_owned())
}
