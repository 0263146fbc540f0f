//! How PostgreSQL keeps our values: everything has a type of its own there.

use std::io::Write;

use chatloom_domain::Timestamp;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::data_types::PgTimestamp;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, Nullable, Text};
use serde_json::Value;
use uuid::Uuid;

/// The SQL types of the columns, by their use.
pub(crate) mod sql {
    pub(crate) type Id = diesel::sql_types::Uuid;
    pub(crate) type Time = diesel::sql_types::Timestamptz;
    pub(crate) type Json = diesel::sql_types::Json;
    pub(crate) type Texts = diesel::sql_types::Array<diesel::sql_types::Text>;
}

/// Where PostgreSQL's calendar begins, 2000-01-01, in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;

/// What no list of texts is written as, so that it is read back as none.
const NO_TEXTS: &[Option<String>] = &[None];

/// An id of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Id)]
pub(crate) struct Id(pub(crate) Uuid);

/// A point in time, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Time)]
pub(crate) struct Time(pub(crate) Timestamp);

/// A JSON value.
#[derive(Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Json)]
pub(crate) struct Json(pub(crate) Value);

/// Texts in order; `None` where the column holds anything else, of which the row's parser decides what it means.
#[derive(Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Texts)]
pub(crate) struct Texts(pub(crate) Option<Vec<String>>);

impl ToSql<sql::Id, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Id, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<sql::Id, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<sql::Time, Pg> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let time = PgTimestamp(self.0.as_microsecond() - EPOCH_US);
        ToSql::<sql::Time, Pg>::to_sql(&time, &mut out.reborrow())
    }
}

impl FromSql<sql::Time, Pg> for Time {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let PgTimestamp(microseconds) = FromSql::<sql::Time, Pg>::from_sql(value)?;
        // PostgreSQL's infinities lie outside of what can be told, and the addition must not overflow on them.
        Ok(Self(Timestamp::from_microsecond(microseconds.saturating_add(EPOCH_US))?))
    }
}

impl ToSql<sql::Json, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql::Json, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<sql::Json, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Value as FromSql<sql::Json, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<sql::Texts, Pg> for Texts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        match &self.0 {
            Some(texts) => ToSql::<sql::Texts, Pg>::to_sql(texts.as_slice(), out),
            None => ToSql::<Array<Nullable<Text>>, Pg>::to_sql(NO_TEXTS, out),
        }
    }
}

impl FromSql<sql::Texts, Pg> for Texts {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        // An array may have empty elements, or further dimensions.
        Ok(Self(<Vec<String> as FromSql<sql::Texts, Pg>>::from_sql(value).ok()))
    }
}
