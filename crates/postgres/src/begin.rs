//! The beginning of a turn as one statement. A visitor waits for it, and each statement is a round trip here.

use chatloom_ports::store::turns::NewTurn;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::columns::{Id, sql};
use crate::database::{Conn, Db};
use crate::relational::errors::QueryError;
use crate::relational::queries::insert_many::BatchRow;
use crate::relational::rows::message::{MessageRow, question_and_answer};
use crate::relational::rows::turn::NewTurnRow;
use crate::relational::rows::usage::DailyRow;

/// Claims the session if it is free, the widget is as it was and the key is new, and only then writes the rest. `false` if
/// not. A key that comes to be known while this waits for the session is a unique violation.
pub(crate) async fn begin_turn(conn: &mut Conn, new: &NewTurn) -> Result<bool, QueryError> {
    Ok(BeginTurn::from(new).execute(conn).await? > 0)
}

/// Every part reads from `claim`, which is empty when the session could not be claimed.
struct BeginTurn {
    new: NewTurnRow,
    widget_version: i64,
    day: DailyRow,
    /// Their sequence numbers are counted from that of the newest message after the claim.
    messages: [MessageRow; 2],
}

impl From<&NewTurn> for BeginTurn {
    fn from(new: &NewTurn) -> Self {
        Self {
            new: NewTurnRow::from(new),
            widget_version: new.widget_version,
            day: DailyRow::question(Id(new.widget_id.as_uuid()), new.turn.started_at),
            messages: question_and_answer(new, -2),
        }
    }
}

impl BeginTurn {
    fn push_claim<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        let turn = &self.new.turn;
        out.push_sql("WITH claim AS (UPDATE chat_sessions SET running_turn_id = ");
        out.push_bind_param::<sql::Id, _>(&turn.id)?;
        out.push_sql(", last_seq = last_seq + 2, last_active_at = ");
        out.push_bind_param::<sql::Time, _>(&turn.started_at)?;
        out.push_sql(" WHERE id = ");
        out.push_bind_param::<sql::Id, _>(&turn.session_id)?;
        out.push_sql(" AND widget_id = ");
        out.push_bind_param::<sql::Id, _>(&self.day.widget_id)?;
        out.push_sql(" AND running_turn_id IS NULL AND EXISTS (SELECT 1 FROM widgets WHERE id = ");
        out.push_bind_param::<sql::Id, _>(&self.day.widget_id)?;
        out.push_sql(" AND version = ");
        out.push_bind_param::<BigInt, _>(&self.widget_version)?;
        out.push_sql(" AND active AND deleted_at IS NULL)");
        // Without a key nothing compares equal to it.
        out.push_sql(" AND NOT EXISTS (SELECT 1 FROM turns WHERE session_id = ");
        out.push_bind_param::<sql::Id, _>(&turn.session_id)?;
        out.push_sql(" AND idempotency_key = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.new.idempotency_key)?;
        out.push_sql(") RETURNING last_seq)");
        Ok(())
    }

    fn push_messages<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            ", question_and_answer AS (\
             INSERT INTO messages (id, session_id, seq, author, content, status, created_at) \
             SELECT id, session_id, last_seq + seq, author, content, status, created_at FROM claim, (VALUES (",
        );
        self.messages[0].push_values(out.reborrow())?;
        out.push_sql("), (");
        self.messages[1].push_values(out.reborrow())?;
        out.push_sql(")) AS two (id, session_id, seq, author, content, status, created_at))");
        Ok(())
    }

    fn push_turn<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            ", turn AS (INSERT INTO turns (state, input_tokens, output_tokens, has_log, id, session_id, \
             user_message_id, assistant_message_id, generation, owner, lease_until, started_at, \
             idempotency_key, fingerprint) \
             SELECT 'running', 0, 0, true, ",
        );
        let turn = &self.new.turn;
        for id in [&turn.id, &turn.session_id, &turn.user_message_id, &turn.assistant_message_id] {
            out.push_bind_param::<sql::Id, _>(id)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<BigInt, _>(&turn.generation)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<sql::Id>, _>(&turn.state.owner)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<sql::Time>, _>(&turn.state.lease_until)?;
        out.push_sql(", ");
        out.push_bind_param::<sql::Time, _>(&turn.started_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&self.new.idempotency_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.new.fingerprint)?;
        out.push_sql(" FROM claim)");
        Ok(())
    }

    fn push_count<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            " INSERT INTO widget_daily (sessions, messages, input_tokens, output_tokens, widget_id, day) \
             SELECT 0, 1, 0, 0, ",
        );
        out.push_bind_param::<sql::Id, _>(&self.day.widget_id)?;
        out.push_sql(", ");
        out.push_bind_param::<sql::Time, _>(&self.day.day)?;
        out.push_sql(
            " FROM claim ON CONFLICT (widget_id, day) DO UPDATE SET messages = widget_daily.messages + 1",
        );
        Ok(())
    }
}

impl QueryFragment<Db> for BeginTurn {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        self.push_claim(&mut out)?;
        self.push_messages(&mut out)?;
        self.push_turn(&mut out)?;
        self.push_count(&mut out)
    }
}

impl QueryId for BeginTurn {
    type QueryId = Self;
    // The text is always the same, so it is looked up by its type among the prepared statements.
    const HAS_STATIC_QUERY_ID: bool = true;
}
