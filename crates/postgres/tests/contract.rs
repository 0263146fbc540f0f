//! The contract of the stores on PostgreSQL, each case with a database of its own.

#![expect(clippy::unwrap_used, reason = "what a test needs is there, or the test fails")]

use std::sync::Arc;

use async_trait::async_trait;
use chatloom_domain::Timestamp;
use chatloom_domain::id::{TeamId, UserId};
use chatloom_domain::team::{TeamName, User};
use chatloom_postgres::{PoolConfig, PostgresStore};
use chatloom_testkit::contract::{Seed, Subject};
use chatloom_testkit::postgres::TestDatabase;
use tokio_postgres::{Client, NoTls};

async fn empty_database() -> Subject {
    let database = TestDatabase::create().await;
    let store = PostgresStore::connect(&database.url, PoolConfig::default()).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, and the client with the test")]
    tokio::spawn(connection);
    Subject::new(store.stores(), Arc::new(Seeder { client }), database)
}

chatloom_testkit::store_contract!(empty_database);

/// Writes through a connection of its own, past the store.
struct Seeder {
    client: Client,
}

#[async_trait]
impl Seed for Seeder {
    async fn add_team(&self, id: TeamId, name: &TeamName, created_at: Timestamp) {
        let insert = "INSERT INTO teams (id, name, created_at) \
            VALUES ($1::text::uuid, $2, $3::text::timestamptz)";
        let values = (id.to_string(), name.as_str(), created_at.to_string());
        self.client.execute(insert, &[&values.0, &values.1, &values.2]).await.unwrap();
    }

    async fn add_user(&self, user: &User, password_hash: &str) {
        let insert = "INSERT INTO users (id, email, first_name, last_name, password_hash, created_at) \
            VALUES ($1::text::uuid, $2, $3, $4, $5, $6::text::timestamptz)";
        let (id, email, created_at) = (user.id.to_string(), user.email.as_str(), user.created_at.to_string());
        let (first, last) = (user.first_name.as_str(), user.last_name.as_str());
        self.client
            .execute(insert, &[&id, &email, &first, &last, &password_hash, &created_at])
            .await
            .unwrap();
        for membership in &user.memberships {
            let insert = "INSERT INTO memberships (user_id, team_id, role) \
                VALUES ($1::text::uuid, $2::text::uuid, $3)";
            let (team, role) = (membership.team_id.to_string(), membership.role.as_str());
            self.client.execute(insert, &[&id, &team, &role]).await.unwrap();
        }
    }

    async fn disable_user(&self, id: UserId, at: Timestamp) {
        let disable = "UPDATE users SET disabled_at = $2::text::timestamptz WHERE id = $1::text::uuid";
        self.client.execute(disable, &[&id.to_string(), &at.to_string()]).await.unwrap();
    }

    async fn remove_user(&self, id: UserId) {
        let remove = "DELETE FROM users WHERE id = $1::text::uuid";
        self.client.execute(remove, &[&id.to_string()]).await.unwrap();
    }

    async fn remove_team(&self, id: TeamId) {
        let remove = "DELETE FROM teams WHERE id = $1::text::uuid";
        self.client.execute(remove, &[&id.to_string()]).await.unwrap();
    }
}
