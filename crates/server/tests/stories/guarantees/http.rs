//! Requests that no well-meaning client sends: the answer is a refusal, and the service goes on.

mod floods;
mod heads;
mod media;
mod slow;
mod smuggling;

use std::net::SocketAddr;

use chatloom_testkit::model_server::ModelServer;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Process, Visitor,
    process_settings,
};

/// The binary on a database of its own, with a widget and somebody who uses it while it is attacked.
struct Target {
    process: Process,
    address: SocketAddr,
    client: Client,
    visitor: Visitor,
    model: ModelServer,
    _database: Database,
}

impl Target {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further settings.
    async fn start_with(further: &[(&'static str, &str)]) -> Self {
        let (database, model) = (Database::create(DatabaseKind::Sqlite).await, ModelServer::start().await);
        let mut settings = process_settings(&database, &model);
        settings.extend(further.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut process = Process::start(&settings);
        let (address, client) = (process.address().await, process.client().await);
        let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let visitor = Visitor::arrive(&client, &dashboard.embed_token(&widget).await).await;
        Self { process, address, client, visitor, model, _database: database }
    }

    /// Somebody who means well is answered as if nothing were the matter.
    async fn serves(&self) {
        self.model.queue(chatloom_testkit::model_server::Reply::text(["Here you are"]));
        let told = self.visitor.ask("And me?").await.rest().await;
        assert_eq!(told.last().unwrap().data["content"], "Here you are");
    }
}
