//! Reading logs for those who watch a turn.

use chatloom_domain::id::MessageId;
use chatloom_domain::turn::Turn;
use chatloom_ports::store::turns::{LogPosition, RunningLog, TurnLog};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::event::{TurnEventsRow, logged_events};
use super::super::rows::turn::TurnRow;
use super::super::schema::{messages, turn_events, turns};
use super::insert_many::MAX_PREPARED_ROWS;
use super::logs::PORTION;
use crate::columns::{Id, sql};
use crate::database::{Conn, Db};

/// A turn of the session with its log. Turn and log are one statement, so that they are of one moment: a turn that has
/// ended comes with the end of its log, and one that runs without.
pub(crate) async fn find_log(conn: &mut Conn, session: Id, turn: Id) -> Result<Option<TurnLog>, QueryError> {
    let current = turn_events::turn_id.eq(turns::id).and(turn_events::generation.eq(turns::generation));
    let rows: Vec<(TurnRow, Option<TurnEventsRow>)> = turns::table
        .left_join(turn_events::table.on(current))
        .filter(turns::id.eq(turn).and(turns::session_id.eq(session)))
        .order(turn_events::first_seq)
        .select((TurnRow::as_select(), Option::<TurnEventsRow>::as_select()))
        .load(conn)
        .await?;
    let (mut turn, log): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let Some(turn) = turn.pop().map(Turn::try_from).transpose()? else {
        return Ok(None);
    };
    let log: Vec<_> = log.into_iter().flatten().collect();
    let events = logged_events(turn.assistant_message_id, &log)?;
    let answer = messages::table.find(Id(turn.assistant_message_id.as_uuid()));
    let content = answer.select(messages::content).first(conn).await.optional()?;
    // The session may have been erased meanwhile, and the message with it.
    Ok(content.map(|content| TurnLog { turn, events, content }))
}

/// What the logs of those turns that run under the positions' generations hold after the positions.
pub(crate) async fn read_running(
    conn: &mut Conn,
    positions: &[LogPosition],
) -> Result<Vec<RunningLog>, QueryError> {
    let mut logs = Vec::with_capacity(positions.len());
    for portion in positions.chunks(PORTION) {
        let rows: Vec<RunningRow> = RunningLogs::after(portion).load(conn).await?;
        for of_one in rows.chunk_by(|(one, ..), (other, ..)| one == other) {
            logs.extend(running_log(portion, of_one)?);
        }
    }
    Ok(logs)
}

/// The index of a position, the agent's message of its turn, and a row of the log: first and last number, and body.
type RunningRow = (i64, Id, Option<i64>, Option<i64>, Option<String>);

/// Puts together what belongs to one position.
fn running_log(positions: &[LogPosition], rows: &[RunningRow]) -> Result<Option<RunningLog>, QueryError> {
    let Some((index, answer, ..)) = rows.first() else {
        return Ok(None);
    };
    let Some(position) = usize::try_from(*index).ok().and_then(|index| positions.get(index)) else {
        return Ok(None);
    };
    let log = rows.iter().filter_map(|(_, _, first_seq, last_seq, body)| {
        Some(TurnEventsRow {
            turn_id: Id(position.turn_id.as_uuid()),
            generation: i64::from(position.generation),
            first_seq: (*first_seq)?,
            last_seq: (*last_seq)?,
            body: body.clone()?,
        })
    });
    let mut events = logged_events(MessageId::from_uuid(answer.0), &log.collect::<Vec<_>>())?;
    events.retain(|logged| logged.seq > position.seq);
    Ok(Some(RunningLog { turn_id: position.turn_id, events }))
}

/// One statement for many positions. A turn that runs and has nothing new has one row without an event, so that it can be
/// told from one that has ended.
struct RunningLogs(Vec<WantedRow>);

/// A position as the statement takes it.
struct WantedRow {
    place: i64,
    turn_id: Id,
    generation: i64,
    seq: i64,
}

impl RunningLogs {
    fn after(positions: &[LogPosition]) -> Self {
        let wanted = (0..).zip(positions).map(|(place, position)| WantedRow {
            place,
            turn_id: Id(position.turn_id.as_uuid()),
            generation: i64::from(position.generation),
            seq: i64::from(position.seq),
        });
        Self(wanted.collect())
    }
}

impl QueryFragment<Db> for RunningLogs {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Db>) -> QueryResult<()> {
        if self.0.len() > MAX_PREPARED_ROWS {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("WITH wanted (place, turn_id, generation, seq) AS (VALUES ");
        let mut before = "(";
        for wanted in &self.0 {
            out.push_sql(std::mem::replace(&mut before, ", ("));
            out.push_bind_param::<BigInt, _>(&wanted.place)?;
            out.push_sql(", ");
            out.push_bind_param::<sql::Id, _>(&wanted.turn_id)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&wanted.generation)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&wanted.seq)?;
            out.push_sql(")");
        }
        // A row is found by where it begins, which has an index; the one that holds the position begins before it.
        out.push_sql(
            ") SELECT wanted.place, turns.assistant_message_id, log.first_seq, log.last_seq, log.body \
             FROM wanted \
             JOIN turns ON turns.id = wanted.turn_id AND turns.generation = wanted.generation \
             AND turns.state = 'running' \
             LEFT JOIN turn_events AS log ON log.turn_id = wanted.turn_id \
             AND log.generation = wanted.generation AND log.last_seq > wanted.seq \
             AND log.first_seq >= COALESCE((SELECT max(earlier.first_seq) FROM turn_events AS earlier \
             WHERE earlier.turn_id = wanted.turn_id AND earlier.generation = wanted.generation \
             AND earlier.first_seq <= wanted.seq), 0) \
             ORDER BY wanted.place, log.first_seq",
        );
        Ok(())
    }
}

impl Query for RunningLogs {
    type SqlType = (BigInt, sql::Id, Nullable<BigInt>, Nullable<BigInt>, Nullable<Text>);
}

impl QueryId for RunningLogs {
    type QueryId = ();
    // The text depends on the number of positions.
    const HAS_STATIC_QUERY_ID: bool = false;
}
