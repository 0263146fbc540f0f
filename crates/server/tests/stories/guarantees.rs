//! What is promised about security, case by case. A case's id is the first word of its test's name; the letters stand for
//! what is attacked, such as E for embed tokens.

mod accounts;
mod bot_check;
mod content;
mod cost;
mod dashboard_auth;
mod erasure;
mod http;
mod identity;
mod logs;
mod origins;
mod public_matrix;
mod role_matrix;
mod rotation;
mod sessions;
mod teams;
mod tokens;

use chatloom_testkit::model_server::ModelServer;
use reqwest::Method;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Database, DatabaseKind, Process, process_settings,
};

/// Three processes on one PostgreSQL database.
struct Three {
    clients: Vec<Client>,
    dashboard: Dashboard,
    model: ModelServer,
    _processes: Vec<Process>,
    _database: Database,
}

impl Three {
    async fn start() -> Self {
        let (database, model) = (Database::create(DatabaseKind::Postgres).await, ModelServer::start().await);
        let settings = process_settings(&database, &model);
        let mut processes: Vec<_> = (0..3).map(|_| Process::start(&settings)).collect();
        let mut clients = Vec::new();
        for process in &mut processes {
            clients.push(process.client().await);
        }
        let dashboard = Dashboard::sign_in(&clients[0], ADMIN_EMAIL, ADMIN_PASSWORD).await;
        Self { clients, dashboard, model, _processes: processes, _database: database }
    }
}

/// Loads a widget.
async fn init(client: &Client, token: &str) -> Answer {
    Answer::of(client.request(Method::GET, "/api/widget-chat/init").header("x-widget-token", token)).await
}

/// Gives a widget a new token, and ends the one before at once.
async fn regenerate(dashboard: &Dashboard, widget: &str) -> String {
    let path = format!("/widgets/{widget}/regenerate-token");
    let answer = dashboard.call(Method::POST, &path, None).await.expect(200);
    answer["token"].as_str().unwrap().to_owned()
}
