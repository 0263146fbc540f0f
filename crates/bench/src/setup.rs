//! What must be there before the load: an administrator's widget, and visitors' sessions.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::{Value, json};

use crate::http::{Connection, request};
use crate::model_server::Order;
use crate::service::{ADMIN_EMAIL, ADMIN_PASSWORD};

/// The dashboard of a signed-in administrator.
pub(crate) struct Dashboard {
    connection: Connection,
    headers: String,
    team: String,
}

impl Dashboard {
    pub(crate) async fn sign_in(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        let body = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let (head, user) = connection.call("POST", "/api/auth/login", "", Some(&body)).await?;
        let cookie =
            head.header("set-cookie").and_then(|cookie| cookie.split(';').next()).context("no cookie")?;
        let team = text(&user["teams"][0]["teamId"])?;
        Ok(Self { connection, headers: format!("Cookie: {cookie}\r\n"), team })
    }

    /// Makes a widget whose model answers by this order, and gives its embed token.
    pub(crate) async fn create_widget(&mut self, order: Order) -> anyhow::Result<String> {
        let agent = json!({ "instructions": "Be brief.", "provider": "openai", "model": order.model() });
        let workflow = self.post("workflows", &json!({ "name": "Bench", "agent": agent })).await?;
        let customization =
            json!({ "primaryColor": "#6366f1", "title": "How can we help?", "position": "bottom-right" });
        let widget =
            json!({ "name": "Support Chat", "workflowId": workflow["id"], "customization": customization });
        let widget = self.post("widgets", &widget).await?;
        let path = format!("/api/teams/{}/widgets/{}/regenerate-token", self.team, text(&widget["id"])?);
        let (_, rotated) = self.connection.call("POST", &path, &self.headers, None).await?;
        text(&rotated["token"])
    }

    async fn post(&mut self, what: &str, body: &Value) -> anyhow::Result<Value> {
        let path = format!("/api/teams/{}/{what}", self.team);
        Ok(self.connection.call("POST", &path, &self.headers, Some(body)).await?.1)
    }
}

/// Opens sessions at a widget, and gives for each the request that asks a question in it.
pub(crate) async fn questions(address: SocketAddr, token: &str, count: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut connection = Connection::open(address).await?;
    let mut requests = Vec::new();
    for _ in 0..count {
        let body = json!({ "token": token });
        let (_, session) = connection.call("POST", "/api/widget-chat/sessions", "", Some(&body)).await?;
        let path = format!("/api/widget-chat/sessions/{}/messages", text(&session["sessionId"])?);
        let question = json!({ "content": "I need help with billing", "token": token });
        requests.push(request("POST", &path, "", Some(&question)));
    }
    Ok(requests)
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("a text is missing")?.to_owned())
}
