//! The database of a story, and a way to look into it and to write what no route writes.

use std::path::Path;

use chatloom_testkit::postgres::TestDatabase;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use tempfile::TempDir;

/// The two databases that every story is told on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    Sqlite,
    Postgres,
}

/// An empty database of one's own.
pub(crate) struct Database {
    pub(super) url: String,
    /// Deletes it when the story is over.
    owner: DatabaseOwner,
}

enum DatabaseOwner {
    Folder(TempDir),
    Postgres(TestDatabase),
}

impl Database {
    pub(crate) async fn create(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("chatloom.db").display());
                Self { url, owner: DatabaseOwner::Folder(folder) }
            }
            DatabaseKind::Postgres => {
                let database = TestDatabase::create().await;
                Self { url: database.url.clone(), owner: DatabaseOwner::Postgres(database) }
            }
        }
    }

    /// Has an administrator of PostgreSQL run a statement. `false` when it raises an exception, and on SQLite, which has
    /// no administrator.
    pub(crate) fn administer(&self, statement: &str) -> bool {
        match &self.owner {
            DatabaseOwner::Folder(_) => false,
            DatabaseOwner::Postgres(database) => {
                tokio::task::block_in_place(|| database.execute(statement)).is_ok()
            }
        }
    }

    /// Runs statements past the service.
    pub(crate) fn execute(&self, statements: &str) {
        match &self.owner {
            DatabaseOwner::Folder(folder) => connect(folder).batch_execute(statements).unwrap(),
            DatabaseOwner::Postgres(database) => {
                tokio::task::block_in_place(|| database.execute(statements)).unwrap();
            }
        }
    }

    /// Whether a condition holds now, such as `(SELECT count(*) FROM messages) = 2`.
    pub(crate) fn holds(&self, condition: &str) -> bool {
        match &self.owner {
            DatabaseOwner::Folder(folder) => {
                let question = diesel::sql_query(format!("SELECT ({condition}) AS holds"));
                question.get_result::<Held>(&mut connect(folder)).unwrap().holds
            }
            DatabaseOwner::Postgres(database) => {
                let question =
                    format!("DO $$ BEGIN IF NOT ({condition}) THEN RAISE EXCEPTION 'no'; END IF; END $$");
                tokio::task::block_in_place(|| database.execute(&question)).is_ok()
            }
        }
    }

    /// Whether a text stands anywhere in the database's files. On PostgreSQL they are the server's, and `false`.
    pub(crate) fn files_contain(&self, text: &str) -> bool {
        match &self.owner {
            DatabaseOwner::Folder(folder) => files_contain(folder.path(), text),
            DatabaseOwner::Postgres(_) => false,
        }
    }

    /// An id as this database writes it.
    pub(crate) fn id(&self, uuid: &str) -> String {
        match &self.owner {
            DatabaseOwner::Folder(_) => format!("x'{}'", uuid.replace('-', "")),
            DatabaseOwner::Postgres(_) => format!("'{uuid}'::uuid"),
        }
    }

    /// A time as this database computes it.
    pub(crate) fn days_ago(&self, days: u32) -> String {
        match &self.owner {
            DatabaseOwner::Folder(_) => {
                format!("((CAST(strftime('%s', 'now') AS INTEGER) - {days} * 86400) * 1000000)")
            }
            DatabaseOwner::Postgres(_) => format!("(now() - interval '{days} days')"),
        }
    }

    /// A moment of the year 2020 as this database writes it.
    pub(crate) fn long_ago(&self) -> &'static str {
        match &self.owner {
            DatabaseOwner::Folder(_) => "1577836800000000",
            DatabaseOwner::Postgres(_) => "'2020-01-01T00:00:00Z'",
        }
    }

    /// Adds a user with the first administrator's password, in one team.
    pub(crate) fn add_user(&self, number: u32, email: &str, team: &str, role: &str) {
        let user = self.id(&format!("00000000-0000-7000-8000-0000000000{number:02}"));
        let team = self.id(team);
        self.execute(&format!(
            "INSERT INTO users (id, email, first_name, last_name, password_hash, created_at) \
             SELECT {user}, '{email}', first_name, last_name, password_hash, created_at FROM users LIMIT 1; \
             INSERT INTO memberships (user_id, team_id, role) VALUES ({user}, {team}, '{role}');"
        ));
    }
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

/// It must not leave copies of its own behind when pages are split, so it deletes as the service does.
fn connect(folder: &TempDir) -> SqliteConnection {
    let path = folder.path().join("chatloom.db");
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA secure_delete = ON").unwrap();
    connection
}

/// Whether a text stands in any file of a folder.
pub(crate) fn files_contain(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // A file that is gone by now holds nothing.
    let contents = files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap_or_default());
    contents.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}
