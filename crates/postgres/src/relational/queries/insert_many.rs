//! `INSERT` of several rows as one statement.
//!
//! Diesel writes a batch for SQLite as one statement per row wherever a column could be left to its default, and its
//! asynchronous side does not write one at all; so the few batches that we have spell themselves out.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use super::super::rows::event::TurnEventsRow;
use super::super::rows::message::NewMessageRow;
use crate::columns::sql;
use crate::database::{Conn, Db};

/// Statements of up to so many rows are kept prepared; each number of rows is a statement of its own.
pub(crate) const MAX_PREPARED_ROWS: usize = 8;

/// A row that can be written together with others of its kind.
pub(crate) trait BatchRow {
    /// The statement up to its first row.
    const INTO: &'static str;

    /// The statement after its last row.
    const ON_CONFLICT: &'static str;

    /// Writes the row's values, separated by commas, in the order of [`BatchRow::INTO`].
    fn push_values<'b>(&'b self, out: AstPass<'_, 'b, Db>) -> QueryResult<()>;
}

/// Inserts all rows, of which there must be at least one.
pub(crate) struct InsertMany<'a, R>(pub(crate) &'a [R]);

impl<R: BatchRow> QueryFragment<Db> for InsertMany<'_, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        if self.0.len() > MAX_PREPARED_ROWS {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(R::INTO);
        for (index, row) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { " (" } else { ", (" });
            row.push_values(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(R::ON_CONFLICT);
        Ok(())
    }
}

impl<R> QueryId for InsertMany<'_, R> {
    type QueryId = ();
    // The text depends on the number of rows.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<R> RunQueryDsl<Conn> for InsertMany<'_, R> {}

macro_rules! push_all {
    ($out:ident, $($sql_type:ty => $value:expr),+ $(,)?) => {{
        let mut separator = "";
        $(
            $out.push_sql(std::mem::replace(&mut separator, ", "));
            $out.push_bind_param::<$sql_type, _>($value)?;
        )+
        let _ = separator;
        Ok(())
    }};
}

impl BatchRow for NewMessageRow {
    const INTO: &'static str = "INSERT INTO messages (id, session_id, seq, author, content, status, created_at, page_context) VALUES";
    const ON_CONFLICT: &'static str = "";

    fn push_values<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        use diesel::sql_types::{BigInt, Nullable, Text};
        push_all!(
            out,
            sql::Id => &self.id,
            sql::Id => &self.session_id,
            BigInt => &self.seq,
            Text => &self.author,
            Text => &self.content,
            Text => &self.status,
            sql::Time => &self.created_at,
            Nullable<Text> => &self.page_context,
        )
    }
}

impl BatchRow for TurnEventsRow {
    const INTO: &'static str =
        "INSERT INTO turn_events (turn_id, generation, first_seq, last_seq, body) VALUES";
    /// Who wrote a row without being told so writes it again, with the events that have come since.
    const ON_CONFLICT: &'static str = " ON CONFLICT (turn_id, generation, first_seq) \
         DO UPDATE SET last_seq = excluded.last_seq, body = excluded.body";

    fn push_values<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        use diesel::sql_types::{BigInt, Text};
        push_all!(
            out,
            sql::Id => &self.turn_id,
            BigInt => &self.generation,
            BigInt => &self.first_seq,
            BigInt => &self.last_seq,
            Text => &self.body,
        )
    }
}
