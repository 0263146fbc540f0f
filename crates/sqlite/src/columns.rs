//! How SQLite keeps what it has no types for: UUIDs as 16 bytes, times as microseconds, JSON and lists as text.

use chatloom_domain::Timestamp;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde_json::Value;
use uuid::Uuid;

/// The SQL types of the columns, by their use.
pub(crate) mod sql {
    pub(crate) type Id = diesel::sql_types::Binary;
    pub(crate) type Time = diesel::sql_types::BigInt;
    pub(crate) type Json = diesel::sql_types::Text;
    pub(crate) type Texts = diesel::sql_types::Text;
}

/// An id of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Id)]
pub(crate) struct Id(pub(crate) Uuid);

/// A point in time, in microseconds since 1970.
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

impl ToSql<sql::Id, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Id, Sqlite> for Id {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<sql::Id, Sqlite>>::from_sql(value)?;
        Ok(Self(Uuid::from_slice(&bytes)?))
    }
}

impl ToSql<sql::Time, Sqlite> for Time {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_microsecond());
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Time, Sqlite> for Time {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let microseconds = <i64 as FromSql<sql::Time, Sqlite>>::from_sql(value)?;
        Ok(Self(Timestamp::from_microsecond(microseconds)?))
    }
}

impl ToSql<sql::Json, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Json, Sqlite> for Json {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<sql::Json, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

impl ToSql<sql::Texts, Sqlite> for Texts {
    /// No list of texts is written as `null`, which is read back as none.
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Texts, Sqlite> for Texts {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<sql::Texts, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str::<Vec<String>>(&text).ok()))
    }
}
