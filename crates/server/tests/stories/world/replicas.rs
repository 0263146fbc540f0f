//! Several servers on one database, behind one public address.

use std::collections::BTreeMap;

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

/// Any number of servers with settings of a story's own.
pub(crate) struct Fleet {
    pub(crate) clients: Vec<Client>,
    pub(crate) model: ModelServer,
    pub(crate) database: Database,
    settings: BTreeMap<&'static str, String>,
    servers: Vec<RunningServer>,
}

impl Fleet {
    pub(crate) async fn start(kind: DatabaseKind, servers: usize, own: &[(&'static str, &str)]) -> Self {
        let (database, model) = (Database::create(kind).await, ModelServer::start().await);
        let mut settings = settings(&database, &model);
        settings.insert("APP_BASE_URL", "http://chat.example.com".to_owned());
        settings.extend(own.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let mut fleet = Self { clients: Vec::new(), model, database, settings, servers: Vec::new() };
        for _ in 0..servers {
            fleet.add().await;
        }
        fleet
    }

    /// Starts one more server.
    pub(crate) async fn add(&mut self) {
        let server = start(&self.settings).await;
        self.clients.push(Client::new(&format!("http://{}", server.addr())));
        self.servers.push(server);
    }

    /// The first administrator, at the first server.
    pub(crate) async fn dashboard(&self) -> Dashboard {
        Dashboard::sign_in(&self.clients[0], ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    pub(crate) async fn stop(self) {
        for server in self.servers {
            server.stop().await.unwrap();
        }
    }
}
