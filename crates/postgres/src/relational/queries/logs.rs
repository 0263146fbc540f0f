//! Statements on the logs of turns.

use std::collections::{BTreeMap, HashSet};

use chatloom_domain::Timestamp;
use chatloom_domain::id::{ReplicaId, TurnId};
use chatloom_ports::store::turns::TurnAppend;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::super::errors::QueryError;
use super::super::rows::event::TurnEventsRow;
use super::super::schema::{turn_events, turns};
use super::insert_many::InsertMany;
use crate::columns::{Id, Time};
use crate::database::Conn;
use crate::dialect;

/// Rows and ids go to the database in portions, because a statement takes at most 32,766 parameters in SQLite and
/// 65,535 in PostgreSQL, and because a statement of megabytes would hold up all others.
pub(crate) const PORTION: usize = 1_000;

/// What is to be appended to the logs of many turns, ready to be written.
pub(crate) struct Batch {
    owner: ReplicaId,
    lease_until: Timestamp,
    /// The turns by the generation that their writer owns; nearly always one generation.
    turns: BTreeMap<u32, Vec<Id>>,
    rows: Vec<TurnEventsRow>,
}

impl Batch {
    /// Writes the events as JSON; the caller does it before it waits for a connection.
    pub(crate) fn new(
        owner: ReplicaId,
        lease_until: Timestamp,
        appends: &[TurnAppend],
    ) -> Result<Self, QueryError> {
        let mut turns: BTreeMap<u32, Vec<Id>> = BTreeMap::new();
        let mut rows = Vec::with_capacity(appends.len());
        for append in appends {
            turns.entry(append.generation).or_default().push(Id(append.turn_id.as_uuid()));
            rows.extend(TurnEventsRow::of(append.turn_id, append.generation, &append.events)?);
        }
        Ok(Self { owner, lease_until, turns, rows })
    }

    /// Whether there is anything to write but the leases.
    pub(crate) fn has_events(&self) -> bool {
        !self.rows.is_empty()
    }
}

/// Gives the turns that are not the writer's any more.
pub(crate) async fn append(conn: &mut Conn, batch: Batch) -> Result<Vec<TurnId>, QueryError> {
    let ids: Vec<Id> = batch.turns.values().flatten().copied().collect();
    dialect::hold_turns(conn, &ids).await?;
    let mut lost = HashSet::new();
    for (generation, ids) in &batch.turns {
        for portion in ids.chunks(PORTION) {
            let held = renew_leases(conn, &batch, *generation, portion).await?;
            lost.extend(portion.iter().filter(|id| !held.contains(id)).copied());
        }
    }
    let rows: Vec<_> = batch.rows.into_iter().filter(|row| !lost.contains(&row.turn_id)).collect();
    insert(conn, &rows).await?;
    Ok(lost.into_iter().map(|id| TurnId::from_uuid(id.0)).collect())
}

/// Sets the leases of those turns that still run under the owner and generation, and tells which they are. The rows
/// stay locked until the commit, so what is then written to their logs is written by their owner.
async fn renew_leases(
    conn: &mut Conn,
    batch: &Batch,
    generation: u32,
    ids: &[Id],
) -> Result<HashSet<Id>, QueryError> {
    let held = turns::table
        .filter(turns::id.eq_any(ids.iter().copied()))
        .filter(turns::owner.eq(Id(batch.owner.as_uuid())))
        .filter(turns::generation.eq(i64::from(generation)))
        .filter(turns::state.eq("running"));
    let held: Vec<Id> = diesel::update(held)
        .set(turns::lease_until.eq(Time(batch.lease_until)))
        .returning(turns::id)
        .get_results(conn)
        .await?;
    Ok(held.into_iter().collect())
}

pub(crate) async fn insert(conn: &mut Conn, rows: &[TurnEventsRow]) -> Result<(), QueryError> {
    for portion in rows.chunks(PORTION) {
        InsertMany(portion).execute(conn).await?;
    }
    Ok(())
}

/// The log of a turn's current generation, in order.
pub(crate) async fn load(
    conn: &mut Conn,
    turn: Id,
    generation: u32,
) -> Result<Vec<TurnEventsRow>, QueryError> {
    let log = turn_events::table
        .filter(turn_events::turn_id.eq(turn).and(turn_events::generation.eq(i64::from(generation))))
        .order(turn_events::first_seq)
        .select(TurnEventsRow::as_select());
    Ok(log.load(conn).await?)
}

/// The log of the turn that is to fill the agent's message, in order. The turn is looked for among those of the
/// session, which have an index.
pub(crate) async fn load_of_message(
    conn: &mut Conn,
    session: Id,
    answer: Id,
) -> Result<Vec<TurnEventsRow>, QueryError> {
    let current = turns::id.eq(turn_events::turn_id).and(turns::generation.eq(turn_events::generation));
    let log = turn_events::table
        .inner_join(turns::table.on(current))
        .filter(turns::session_id.eq(session).and(turns::assistant_message_id.eq(answer)))
        .order(turn_events::first_seq)
        .select(TurnEventsRow::as_select());
    Ok(log.load(conn).await?)
}

/// The number of turns whose logs were deleted. A turn that somebody else has locked is left to the next time: it is
/// being deleted, with its log.
pub(crate) async fn prune(conn: &mut Conn, ended_before: Time, limit: u32) -> Result<u64, QueryError> {
    let old: Vec<Id> = turns::table
        .filter(turns::has_log)
        .filter(turns::ended_at.lt(ended_before))
        .order(turns::ended_at)
        .limit(i64::from(limit))
        .select(turns::id)
        .load(conn)
        .await?;
    let mut pruned = 0;
    for portion in old.chunks(PORTION) {
        let portion = dialect::hold_free_turns(conn, portion, ended_before).await?;
        let ids = || portion.iter().copied();
        diesel::delete(turn_events::table.filter(turn_events::turn_id.eq_any(ids()))).execute(conn).await?;
        let marked = turns::table.filter(turns::id.eq_any(ids()).and(turns::has_log));
        pruned += diesel::update(marked).set(turns::has_log.eq(false)).execute(conn).await?;
    }
    Ok(pruned as u64)
}
