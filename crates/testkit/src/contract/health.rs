//! Cases of `StoreHealth`.

use super::Subject;

/// The check is a round trip to the database, so it succeeds on one that is there.
pub async fn check_answers(subject: &Subject) {
    subject.stores.health.check().await.unwrap();
}
