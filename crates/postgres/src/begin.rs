//! The beginning of a turn as one statement. A visitor waits for it, and each statement is a round trip here.

use chatloom_ports::store::turns::NewTurn;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::columns::{Id, sql};
use crate::database::{Conn, Db};
use crate::relational::errors::QueryError;
use crate::relational::queries::budgets::Take;
use crate::relational::queries::insert_many::BatchRow;
use crate::relational::rows::budget::TakenRow;
use crate::relational::rows::message::{NewMessageRow, question_and_answer};
use crate::relational::rows::turn::NewTurnRow;
use crate::relational::rows::usage::DailyRow;

/// Claims the session if it is free, the widget is as it was, the key is new and no budget is used up, and only then writes
/// the rest and takes from the budgets. Gives the accounts that were taken from; if these are not both, nothing may stay: a
/// budget may be used up while this waits for it. A key that comes to be known while this waits for the session is a unique
/// violation.
pub(crate) async fn begin_turn(conn: &mut Conn, new: &NewTurn) -> Result<Vec<TakenRow>, QueryError> {
    Ok(BeginTurn::from(new).get_results(conn).await?)
}

/// Every part reads from `claim`, which is empty when the session could not be claimed.
struct BeginTurn {
    new: NewTurnRow,
    widget_version: i64,
    day: DailyRow,
    take: Take,
    /// How many tokens there must be room for.
    needed: i64,
    /// Their sequence numbers are counted from that of the newest message after the claim.
    messages: [NewMessageRow; 2],
}

impl From<&NewTurn> for BeginTurn {
    fn from(new: &NewTurn) -> Self {
        Self {
            new: NewTurnRow::from(new),
            widget_version: new.widget_version,
            day: DailyRow::question(Id(new.widget_id.as_uuid()), new.turn.started_at),
            take: Take::new(Id(new.widget_id.as_uuid()), &new.reservation),
            needed: Take::needed(&new.reservation),
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
        out.push_sql(")");
        self.push_room(out)?;
        out.push_sql(" RETURNING last_seq)");
        Ok(())
    }

    /// A look at the budgets before anything is written, so that a flood after they are used up leaves nothing to clean up.
    fn push_room<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            " AND NOT EXISTS (SELECT 1 FROM budgets AS b LEFT JOIN budget_days AS d ON d.owner_id = b.owner_id AND d.day = ",
        );
        out.push_bind_param::<Nullable<sql::Time>, _>(&self.new.reservation.budget_day)?;
        out.push_sql(" WHERE b.owner_id IN (");
        self.take.push_owners(out, ", ")?;
        out.push_sql(") AND (b.daily_messages <= COALESCE(d.messages, 0) OR b.daily_tokens - ");
        out.push_bind_param::<BigInt, _>(&self.needed)?;
        out.push_sql(" < COALESCE(d.tokens + d.reserved_tokens, 0)))");
        Ok(())
    }

    fn push_messages<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            ", question_and_answer AS (\
             INSERT INTO messages (id, session_id, seq, author, content, status, created_at, page_context) \
             SELECT id, session_id, last_seq + seq, author, content, status, created_at, page_context \
             FROM claim, (VALUES (",
        );
        self.messages[0].push_values(out.reborrow())?;
        out.push_sql("), (");
        self.messages[1].push_values(out.reborrow())?;
        out.push_sql(")) AS two (id, session_id, seq, author, content, status, created_at, page_context))");
        Ok(())
    }

    fn push_turn<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            ", turn AS (INSERT INTO turns (state, input_tokens, output_tokens, has_log, id, session_id, \
             user_message_id, assistant_message_id, generation, owner, lease_until, started_at, \
             idempotency_key, fingerprint, budget_day, reserved_input_tokens, reserved_output_tokens) \
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
        let reserved = &self.new.reservation;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<sql::Time>, _>(&reserved.budget_day)?;
        for tokens in [&reserved.reserved_input_tokens, &reserved.reserved_output_tokens] {
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(tokens)?;
        }
        out.push_sql(" FROM claim)");
        Ok(())
    }

    fn push_count<'b>(&'b self, out: &mut AstPass<'_, 'b, Db>) -> QueryResult<()> {
        out.push_sql(
            ", counted AS (INSERT INTO widget_daily (sessions, messages, input_tokens, output_tokens, widget_id, day) \
             SELECT 0, 1, 0, 0, ",
        );
        out.push_bind_param::<sql::Id, _>(&self.day.widget_id)?;
        out.push_sql(", ");
        out.push_bind_param::<sql::Time, _>(&self.day.day)?;
        out.push_sql(
            " FROM claim ON CONFLICT (widget_id, day) DO UPDATE SET messages = widget_daily.messages + 1 \
             RETURNING widget_id)",
        );
        Ok(())
    }
}

impl QueryFragment<Db> for BeginTurn {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        self.push_claim(&mut out)?;
        self.push_messages(&mut out)?;
        self.push_turn(&mut out)?;
        self.push_count(&mut out)?;
        // All who write these rows come to them in this order.
        self.take.push(&mut out, "EXISTS (SELECT 1 FROM counted)")
    }
}

impl Query for BeginTurn {
    type SqlType = diesel::sql_types::Untyped;
}

impl QueryId for BeginTurn {
    type QueryId = Self;
    // The text is always the same, so it is looked up by its type among the prepared statements.
    const HAS_STATIC_QUERY_ID: bool = true;
}
