//! The composition: which adapter stands behind which port. Read from top to bottom to see the whole service.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chatloom_app::{Application, Dependencies, FirstAdminError, PrepareDemoError, TurnLimits};
use chatloom_http::{Demo, HttpConfig, Services};
use chatloom_jwt::{IdentityVerifier, JwtSigner, VisitorProofs};
use chatloom_llm::{HttpClient, HttpClientConfig, HttpClientError, ProviderConfigError, ScriptedModel};
use chatloom_ports::chat_model::{ChatModel, Providers};
use chatloom_ports::environment::Entropy;
use chatloom_ports::secret_ring::{DuplicateSecret, SecretRing};
use chatloom_ports::store::{StoreError, Stores};
use chatloom_postgres::PostgresStore;
use chatloom_sqlite::SqliteStore;
use secrecy::ExposeSecret;
use thiserror::Error;
use tokio::task::JoinSet;
use url::Url;

use crate::config::{Config, Database, JwtSecret, NamedProvider, ProviderModel};
use crate::connections;
use crate::data_dir::{self, DataDirError};
use crate::environment::{OsEntropy, SystemClock};
use crate::first_admin;
use crate::greeting::greeting;
use crate::lifecycle::RunningServer;
use crate::listener;

/// Time between two comments on a silent stream. Proxies cut connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long the body of a request, at most 32 KiB, may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a visitor's connection may stand still with an answer waiting in it. The answer itself goes on.
const STALLED_READER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may have asked something and got nothing. Far longer than anything takes to be answered with its
/// first byte, and no longer than an idle connection is kept.
const UNANSWERED_TIMEOUT: Duration = Duration::from_secs(75);

/// Why the service did not start. Each names the settings to look at.
#[derive(Debug, Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The kept secret of the embedded default is also given as a previous one.
    #[error("JWT_SECRET_PREVIOUS must not contain the secret that is kept in DATA_DIR")]
    DuplicateSecret(#[source] DuplicateSecret),
    /// The address cannot be listened on.
    #[error("HOST and PORT: cannot listen on {host}:{port}")]
    Listen {
        /// The configured host.
        host: String,
        /// The configured port.
        port: u16,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The host cannot stand in a URL.
    #[error("APP_BASE_URL must be set: HOST {host} cannot be part of an address")]
    BaseUrl {
        /// The configured host.
        host: String,
        /// What is wrong with it.
        #[source]
        source: url::ParseError,
    },
    /// The SQLite file cannot be opened or migrated.
    #[error("{setting}: cannot open the database {}", path.display())]
    Sqlite {
        /// `DATABASE_URL` or `DATA_DIR`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The adapter's reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The PostgreSQL server cannot be reached, or its database not be migrated.
    #[error("DATABASE_URL: cannot use the PostgreSQL database")]
    Postgres(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The HTTP client cannot be built.
    #[error("cannot prepare connections to model and identity providers")]
    HttpClient(#[source] HttpClientError),
    /// A provider's settings passed their own checks but not the adapter's.
    #[error("provider {provider}")]
    Provider {
        /// The provider's name.
        provider: String,
        /// What is wrong.
        #[source]
        source: ProviderConfigError,
    },
    /// The database has no users, and nobody was named.
    #[error(
        "ADMIN_EMAIL and ADMIN_PASSWORD must be set: the database has no users yet, and these make the first \
         administrator"
    )]
    NoAdministrator,
    /// The first administrator could not be made.
    #[error("ADMIN_EMAIL and ADMIN_PASSWORD: cannot make the first administrator")]
    FirstAdmin(#[source] FirstAdminError),
    /// The demonstration could not be made.
    #[error("cannot prepare the demo")]
    Demo(#[source] PrepareDemoError),
    /// The database failed at the first question.
    #[error("cannot read the database")]
    Store(#[source] StoreError),
    /// The HTTP server could not be started.
    #[error("cannot start the HTTP server")]
    Http(#[source] io::Error),
}

/// Starts the service. When this returns, it accepts requests. Needs a multi-threaded runtime that outlives it.
pub async fn start(config: Config) -> Result<RunningServer, StartError> {
    let entropy = Arc::new(OsEntropy::new());
    let embedded = matches!(config.database, Database::Embedded);
    if embedded {
        data_dir::create(&config.data_dir)?;
    }
    let address = Address::take(&config)?;
    let secrets = secrets(&config, entropy.as_ref())?;
    let stores = open_stores(&config).await?;
    let client = HttpClient::new(&HttpClientConfig::default()).map_err(StartError::HttpClient)?;

    let application = Application::start(Dependencies {
        stores: stores.clone(),
        clock: Arc::new(SystemClock),
        entropy: entropy.clone(),
        signer: Arc::new(JwtSigner::new(&secrets, &address.base_url)),
        identities: Arc::new(IdentityVerifier::new(
            config.identity_providers.iter().cloned(),
            Arc::new(client.clone()),
        )),
        proofs: Arc::new(VisitorProofs::new()),
        providers: connect_providers(&config.providers, &client)?,
        secrets,
        limits: TurnLimits::default(),
        require_allowed_domains: config.require_allowed_domains,
        load: config.load,
        runtime: tokio::runtime::Handle::current(),
    });
    let administrator = first_admin::ensure(&application, &stores, &config, entropy.as_ref()).await?;
    // Later starts leave the demo as its owner has made it, deleted included. It is for any site, so an installation
    // that refuses such widgets has none.
    if embedded && administrator.is_new && !config.require_allowed_domains {
        application.prepare_demo().await.map_err(StartError::Demo)?;
    }

    // An address that the operator gave is a person's, and anybody may open the demo.
    let made_up_email = config.first_admin.is_none().then(|| administrator.email.clone());
    let demo = embedded.then(|| Demo { site: application.demo_site(), admin_email: made_up_email });
    let services = services(&application, entropy, demo);
    let server = chatloom_http::serve(address.listener, services, http_config(&config, address.public_url))
        .map_err(StartError::Http)?;
    let (addr, base_url) = (address.addr, address.base_url);
    tracing::info!(%addr, base_url, database = database_name(&config.database), "accepting requests");
    if one_limit_for_all(&config, &base_url) {
        tracing::warn!(
            "APP_BASE_URL is https, so a proxy is in front, but TRUSTED_PROXIES is 0: all visitors share the rate \
             limit of the proxy's address"
        );
    }
    let greeting = embedded.then(|| greeting(&base_url, &administrator.sign_in()));
    let handle = server.handle();
    let mut serving = JoinSet::new();
    serving.spawn(server);
    Ok(RunningServer { addr, base_url, greeting, grace: config.drain, application, handle, serving })
}

/// Where the service listens, and how browsers reach it.
struct Address {
    listener: TcpListener,
    addr: SocketAddr,
    base_url: String,
    public_url: Url,
}

impl Address {
    /// Takes the port before anything is written, so that a second process on it changes nothing.
    fn take(config: &Config) -> Result<Self, StartError> {
        let taken = listener::listen(&config.host, config.port)
            .and_then(|listener| listener.local_addr().map(|addr| (listener, addr)));
        let (listener, addr) = taken.map_err(|source| StartError::Listen {
            host: config.host.clone(),
            port: config.port,
            source,
        })?;
        let base_url = config.base_url(addr.port());
        let public_url = Url::parse(&base_url)
            .map_err(|source| StartError::BaseUrl { host: config.host.clone(), source })?;
        Ok(Self { listener, addr, base_url, public_url })
    }
}

/// The configured secret, or the embedded default's own, and the previous ones.
fn secrets(config: &Config, entropy: &dyn Entropy) -> Result<SecretRing, StartError> {
    let current = match &config.jwt_secret {
        Some(secret) => secret.clone(),
        None => data_dir::keep_secret(&config.data_dir, entropy)?,
    };
    let previous: Vec<_> = config.jwt_secret_previous.iter().map(JwtSecret::expose).collect();
    SecretRing::new(current.expose(), &previous).map_err(StartError::DuplicateSecret)
}

/// Opens the database and brings its tables up to date.
async fn open_stores(config: &Config) -> Result<Stores, StartError> {
    match &config.database {
        Database::Embedded => open_sqlite("DATA_DIR", &config.embedded_database()).await,
        Database::Sqlite(path) => open_sqlite("DATABASE_URL", path).await,
        Database::Postgres(url) => {
            let store =
                PostgresStore::connect(url.expose_secret(), chatloom_postgres::PoolConfig::default()).await;
            Ok(store.map_err(|error| StartError::Postgres(error.into()))?.stores())
        }
    }
}

async fn open_sqlite(setting: &'static str, path: &Path) -> Result<Stores, StartError> {
    let store = SqliteStore::open(path).await.map_err(|error| StartError::Sqlite {
        setting,
        path: path.to_owned(),
        source: error.into(),
    })?;
    Ok(store.stores())
}

fn database_name(database: &Database) -> &'static str {
    match database {
        Database::Embedded => "sqlite (embedded)",
        Database::Sqlite(_) => "sqlite",
        Database::Postgres(_) => "postgres",
    }
}

/// The models of all configured providers. Nothing is connected yet: a provider that is down stops no start-up.
fn connect_providers(configured: &[NamedProvider], client: &HttpClient) -> Result<Providers, StartError> {
    let mut providers = Vec::new();
    for NamedProvider { name, model } in configured {
        let model: Arc<dyn ChatModel> = match model {
            ProviderModel::Scripted => Arc::new(ScriptedModel::default()),
            ProviderModel::Remote { kind, config } => {
                let provider = || name.as_str().to_owned();
                let refused = |source| StartError::Provider { provider: provider(), source };
                kind.connect(config.clone(), client).map_err(refused)?
            }
        };
        providers.push((name.clone(), model));
    }
    Ok(Providers::new(providers))
}

fn services(application: &Application, entropy: Arc<dyn Entropy>, demo: Option<Demo>) -> Services {
    Services {
        access: application.access.clone(),
        audit: application.audit.clone(),
        widgets: application.widgets.clone(),
        workflows: application.workflows.clone(),
        visitor_administration: application.visitor_administration.clone(),
        budgets: application.budgets.clone(),
        visitors: application.visitors.clone(),
        readiness: application.readiness.clone(),
        clock: Arc::new(SystemClock),
        entropy,
        demo,
    }
}

fn http_config(config: &Config, base_url: Url) -> HttpConfig {
    HttpConfig {
        public_url: base_url,
        public_rate_limit_per_minute: config.public_rate_limit_per_minute,
        trusted_proxies: config.trusted_proxies,
        keep_alive: KEEP_ALIVE,
        body_timeout: BODY_TIMEOUT,
        stalled_reader_timeout: STALLED_READER_TIMEOUT,
        unanswered_timeout: UNANSWERED_TIMEOUT,
        max_connections: connections::bound(config.max_connections),
        workers: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// Whether all visitors would count as one address. The service speaks no TLS, so with https there is a proxy.
fn one_limit_for_all(config: &Config, base_url: &str) -> bool {
    base_url.starts_with("https:") && config.trusted_proxies == 0 && config.public_rate_limit_per_minute > 0
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::config::Invocation;

    #[test]
    fn a_proxy_that_nobody_named_is_noticed() {
        let is_noticed = |arguments: &str| {
            let arguments = arguments.split(' ').map(OsString::from);
            let Ok(Invocation::Serve(config)) = Invocation::parse(arguments, &|_| None) else {
                panic!("the arguments are good")
            };
            one_limit_for_all(&config, &config.base_url(8080))
        };
        assert!(is_noticed("--app-base-url=https://chat.example.com"));
        assert!(!is_noticed("--app-base-url=http://chat.example.com"));
        assert!(!is_noticed("--app-base-url=https://chat.example.com --trusted-proxies=1"));
        assert!(!is_noticed("--app-base-url=https://chat.example.com --public-rate-limit-per-minute=0"));
    }
}
