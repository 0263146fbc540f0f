//! Statements on statistics.

use chatloom_domain::usage::{TokenUsage, WidgetStats};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::usage::DailyRow;
use super::super::schema::{chat_sessions, widget_daily};
use crate::columns::{Id, Time};
use crate::database::Conn;

/// Adds to a widget's day. All visitors of a widget meet in this row, so it comes last in a transaction: its lock is
/// then held for no longer than the commit takes.
pub(crate) async fn count(conn: &mut Conn, row: &DailyRow) -> Result<(), QueryError> {
    use widget_daily::{input_tokens, messages, output_tokens, sessions};
    diesel::insert_into(widget_daily::table)
        .values(row)
        .on_conflict((widget_daily::widget_id, widget_daily::day))
        .do_update()
        .set((
            sessions.eq(sessions + excluded(sessions)),
            messages.eq(messages + excluded(messages)),
            input_tokens.eq(input_tokens + excluded(input_tokens)),
            output_tokens.eq(output_tokens + excluded(output_tokens)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn find_stats(
    conn: &mut Conn,
    widget: Id,
    day_start: Time,
) -> Result<WidgetStats, QueryError> {
    // PostgreSQL's sum of bigint is numeric; the cast makes both databases answer alike.
    let total = |sum| sql::<BigInt>(sum);
    let (sessions, messages, input, output): (i64, i64, i64, i64) = widget_daily::table
        .filter(widget_daily::widget_id.eq(widget))
        .select((
            total("CAST(COALESCE(SUM(sessions), 0) AS BIGINT)"),
            total("CAST(COALESCE(SUM(messages), 0) AS BIGINT)"),
            total("CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT)"),
            total("CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT)"),
        ))
        .first(conn)
        .await?;
    let active_today: i64 = chat_sessions::table
        .filter(chat_sessions::widget_id.eq(widget).and(chat_sessions::last_active_at.ge(day_start)))
        .count()
        .get_result(conn)
        .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(WidgetStats {
        total_sessions: count(sessions),
        total_messages: count(messages),
        active_sessions_today: count(active_today),
        token_usage: TokenUsage { input: count(input), output: count(output) },
    })
}
