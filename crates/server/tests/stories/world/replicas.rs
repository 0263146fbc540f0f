//! Two servers on one database, behind one public address.

use chatloom_server::RunningServer;
use chatloom_testkit::model_server::ModelServer;

use super::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, Dashboard, Database, DatabaseKind, Visitor, settings, start,
};

/// Two servers that were started at the same moment on an empty database. SQLite is for one server, so there both
/// clients talk to the same one.
pub(crate) struct Replicas {
    pub(crate) clients: [Client; 2],
    pub(crate) model: ModelServer,
    pub(crate) database: Database,
    servers: Vec<RunningServer>,
}

impl Replicas {
    pub(crate) async fn start(kind: DatabaseKind) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let mut settings = settings(&database, &model);
        // Behind one balancer they have one public address, which is also the issuer of their sign-ins.
        settings.insert("APP_BASE_URL", "http://chat.example.com".to_owned());
        let servers: Vec<_> = match kind {
            DatabaseKind::Sqlite => vec![start(&settings).await],
            DatabaseKind::Postgres => {
                let (one, other) = tokio::join!(start(&settings), start(&settings));
                vec![one, other]
            }
        };
        let client = |number: usize| Client::new(&format!("http://{}", servers[number].addr()));
        Self { clients: [client(0), client(servers.len() - 1)], model, database, servers }
    }

    /// A visitor with a fresh session at a fresh widget, in front of either server.
    pub(crate) async fn visitor(&self) -> [Visitor; 2] {
        let [one, other] = &self.clients;
        let dashboard = Dashboard::sign_in(one, ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let widget = dashboard.create_widget_answered_by("openai").await;
        let visitor = Visitor::arrive(one, &dashboard.embed_token(&widget).await).await;
        [visitor.clone(), visitor.at(other)]
    }

    pub(crate) async fn stop(self) {
        for server in self.servers {
            server.stop().await.unwrap();
        }
    }
}
