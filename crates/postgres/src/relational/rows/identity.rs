//! A widget's identity secrets as a row.

use chatloom_domain::Timestamp;
use chatloom_ports::store::identities::{PreviousIdentitySecret, StoredIdentitySecrets};
use diesel::prelude::*;

use super::super::schema::identity_secrets;
use crate::columns::{Id, Time};
use crate::database::Db;

/// The current secret and the one before it; the latter's two columns are both empty or both not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = identity_secrets, check_for_backend(Db))]
pub(crate) struct IdentitySecretsRow {
    pub(crate) sealed: Vec<u8>,
    made_at: Time,
    previous_sealed: Option<Vec<u8>>,
    previous_until: Option<Time>,
}

/// A new secret, and what becomes of the one before it.
#[derive(Insertable)]
#[diesel(table_name = identity_secrets, treat_none_as_default_value = false)]
pub(crate) struct NewIdentitySecretsRow {
    widget_id: Id,
    sealed: Vec<u8>,
    made_at: Time,
    previous_sealed: Option<Vec<u8>>,
    previous_until: Option<Time>,
}

impl NewIdentitySecretsRow {
    /// The secret that was current until now is kept until `previous_until`, and not at all without it.
    pub(crate) fn new(
        widget_id: Id,
        sealed: Vec<u8>,
        made_at: Time,
        current: Option<IdentitySecretsRow>,
        previous_until: Option<Timestamp>,
    ) -> Self {
        let kept = previous_until.and_then(|until| Some((current?.sealed, Time(until))));
        let (previous_sealed, previous_until) = kept.unzip();
        Self { widget_id, sealed, made_at, previous_sealed, previous_until }
    }
}

impl From<IdentitySecretsRow> for StoredIdentitySecrets {
    fn from(row: IdentitySecretsRow) -> Self {
        let previous = row.previous_sealed.zip(row.previous_until);
        Self {
            sealed: row.sealed,
            made_at: row.made_at.0,
            previous: previous.map(|(sealed, until)| PreviousIdentitySecret { sealed, until: until.0 }),
        }
    }
}
