//! The contract of the stores on SQLite, each case with a database file of its own.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{TeamId, UserId};
use chatloom_domain::team::{TeamName, User};
use chatloom_sqlite::SqliteStore;
use chatloom_testkit::contract::{Seed, Subject};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

async fn empty_database() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatloom.db");
    let store = SqliteStore::open(&path).await.unwrap();
    Subject::new(store.stores(), Arc::new(Seeder { path }), folder)
}

chatloom_testkit::store_contract!(empty_database);

/// Writes through a connection of its own, past the store.
struct Seeder {
    path: PathBuf,
}

impl Seeder {
    fn connect(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(self.path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
        conn
    }
}

#[async_trait]
impl Seed for Seeder {
    async fn add_team(&self, id: TeamId, name: &TeamName, created_at: Timestamp) {
        diesel::sql_query("INSERT INTO teams (id, name, created_at) VALUES (?, ?, ?)")
            .bind::<Binary, _>(&id.as_uuid().as_bytes()[..])
            .bind::<Text, _>(name.as_str())
            .bind::<BigInt, _>(created_at.as_microsecond())
            .execute(&mut self.connect())
            .unwrap();
    }

    async fn add_user(&self, user: &User, password_hash: &str) {
        let mut conn = self.connect();
        let id = user.id.as_uuid();
        diesel::sql_query(
            "INSERT INTO users (id, email, first_name, last_name, password_hash, created_at) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind::<Binary, _>(&id.as_bytes()[..])
        .bind::<Text, _>(user.email.as_str())
        .bind::<Text, _>(user.first_name.as_str())
        .bind::<Text, _>(user.last_name.as_str())
        .bind::<Text, _>(password_hash)
        .bind::<BigInt, _>(user.created_at.as_microsecond())
        .execute(&mut conn)
        .unwrap();
        for membership in &user.memberships {
            diesel::sql_query("INSERT INTO memberships (user_id, team_id, role) VALUES (?, ?, ?)")
                .bind::<Binary, _>(&id.as_bytes()[..])
                .bind::<Binary, _>(&membership.team_id.as_uuid().as_bytes()[..])
                .bind::<Text, _>(membership.role.as_str())
                .execute(&mut conn)
                .unwrap();
        }
    }

    async fn disable_user(&self, id: UserId, at: Timestamp) {
        diesel::sql_query("UPDATE users SET disabled_at = ? WHERE id = ?")
            .bind::<BigInt, _>(at.as_microsecond())
            .bind::<Binary, _>(&id.as_uuid().as_bytes()[..])
            .execute(&mut self.connect())
            .unwrap();
    }

    async fn remove_user(&self, id: UserId) {
        diesel::sql_query("DELETE FROM users WHERE id = ?")
            .bind::<Binary, _>(&id.as_uuid().as_bytes()[..])
            .execute(&mut self.connect())
            .unwrap();
    }

    async fn remove_team(&self, id: TeamId) {
        diesel::sql_query("DELETE FROM teams WHERE id = ?")
            .bind::<Binary, _>(&id.as_uuid().as_bytes()[..])
            .execute(&mut self.connect())
            .unwrap();
    }
}
