//! Bringing the tables up to date.

use std::error::Error;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::database::Conn;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The lock is for us alone in this database: the number is "chatloom" in ASCII, read as a big-endian integer. It ends
/// with the transaction, so it works through a pooler too; the limits are lifted because a replica has to wait for as
/// long as another one migrates.
const EXCLUDE_OTHER_REPLICAS: &str = "
    SET LOCAL lock_timeout = 0;
    SET LOCAL statement_timeout = 0;
    SELECT pg_advisory_xact_lock(7163082359996116845);
";

/// Runs what has not been run, all of it in one transaction.
pub(crate) async fn migrate(conn: Conn) -> Result<(), Box<dyn Error + Send + Sync>> {
    // The harness is synchronous, and its wrapper blocks the thread that it runs on.
    tokio::task::spawn_blocking(move || {
        AsyncConnectionWrapper::<Conn>::from(conn).transaction(|conn| {
            conn.batch_execute(EXCLUDE_OTHER_REPLICAS)?;
            conn.run_pending_migrations(MIGRATIONS)?;
            Ok(())
        })
    })
    .await?
}

#[cfg(test)]
mod tests {
    use chatloom_testkit::postgres::TestDatabase;
    use diesel::sql_types::BigInt;
    use diesel_async::{AsyncConnection, AsyncPgConnection};

    use super::*;

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        tables: i64,
    }

    fn count_tables(conn: &mut AsyncConnectionWrapper<Conn>) -> i64 {
        let tables = "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public'";
        diesel::sql_query(tables).get_result::<Count>(conn).unwrap().tables
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_goes_up_comes_down_and_goes_up_again() {
        let database = TestDatabase::create().await;
        let conn = AsyncPgConnection::establish(&database.url).await.unwrap();
        migrate(conn).await.unwrap();
        let conn = AsyncPgConnection::establish(&database.url).await.unwrap();
        tokio::task::spawn_blocking(move || {
            let mut conn = AsyncConnectionWrapper::<Conn>::from(conn);
            let up = count_tables(&mut conn);
            conn.revert_all_migrations(MIGRATIONS).unwrap();
            // Diesel's own table of what has been run stays.
            assert_eq!(count_tables(&mut conn), 1);
            conn.run_pending_migrations(MIGRATIONS).unwrap();
            assert_eq!(count_tables(&mut conn), up);
        })
        .await
        .unwrap();
    }
}
