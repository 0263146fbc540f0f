//! The beginning of a turn, statement by statement: there is no way to the database that could be saved here.

use chatloom_ports::store::turns::NewTurn;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::relational::errors::QueryError;
use crate::relational::queries::insert_many::InsertMany;
use crate::relational::queries::{budgets, usage};
use crate::relational::rows::budget::TakenRow;
use crate::relational::rows::message::question_and_answer;
use crate::relational::rows::turn::NewTurnRow;
use crate::relational::rows::usage::DailyRow;
use crate::relational::schema::{chat_sessions, turns, widgets};

/// Claims the session if it is free, the widget is as it was and the key is new, takes from the budgets if there is room,
/// and only then writes the rest. Gives the accounts that were taken from; if these are not both, nothing may stay.
pub(crate) async fn begin_turn(conn: &mut Conn, new: &NewTurn) -> Result<Vec<TakenRow>, QueryError> {
    let Some(last_seq) = claim_session(conn, new).await? else {
        return Ok(Vec::new());
    };
    let take = budgets::Take::new(Id(new.widget_id.as_uuid()), &new.reservation);
    let taken: Vec<TakenRow> = take.get_results(conn).await?;
    if budgets::quota_left(&taken, new.reservation.day).is_none() {
        return Ok(taken);
    }
    InsertMany(&question_and_answer(new, last_seq)).execute(conn).await?;
    diesel::insert_into(turns::table).values(NewTurnRow::from(new)).execute(conn).await?;
    let day = DailyRow::question(Id(new.widget_id.as_uuid()), new.turn.started_at);
    usage::count(conn, &day).await?;
    Ok(taken)
}

/// Gives the sequence number of the session's newest message if the session is free, the widget unchanged and the key
/// new.
async fn claim_session(conn: &mut Conn, new: &NewTurn) -> Result<Option<i64>, QueryError> {
    let admitted = widgets::table
        .filter(widgets::id.eq(Id(new.widget_id.as_uuid())))
        .filter(widgets::version.eq(new.widget_version))
        .filter(widgets::active.and(widgets::deleted_at.is_null()));
    // Without a key nothing compares equal to it.
    let key = new.claim.as_ref().map(|claim| claim.key.as_str());
    let of_key = turns::table
        .filter(turns::session_id.eq(Id(new.turn.session_id.as_uuid())))
        .filter(turns::idempotency_key.eq(key));
    let free = chat_sessions::table
        .filter(chat_sessions::id.eq(Id(new.turn.session_id.as_uuid())))
        .filter(chat_sessions::widget_id.eq(Id(new.widget_id.as_uuid())))
        .filter(chat_sessions::running_turn_id.is_null())
        .filter(exists(admitted.select(widgets::id)))
        .filter(not(exists(of_key.select(turns::id))));
    let claim = diesel::update(free)
        .set((
            chat_sessions::running_turn_id.eq(Some(Id(new.turn.id.as_uuid()))),
            chat_sessions::last_seq.eq(chat_sessions::last_seq + 2),
            chat_sessions::last_active_at.eq(Time(new.turn.started_at)),
        ))
        .returning(chat_sessions::last_seq);
    let claimed: Option<i64> = claim.get_result(conn).await.optional()?;
    Ok(claimed.map(|newest| newest - 2))
}
