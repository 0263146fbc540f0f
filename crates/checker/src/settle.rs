//! After a round: waits until everything is quiet and reads what is left of it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::chat::{Answer, ChatKey, messages_of};
use crate::client::Harvest;
use crate::dashboard::{Dashboard, Widget};
use crate::evidence::{Counters, Message, Outcome, Session};
use crate::http::call;
use crate::stage::Stage;

/// Lease, sweep, and what a busy machine needs on top.
const PATIENCE: Duration = Duration::from_secs(20);
/// Sessions that are read at the same time.
const AT_ONCE: usize = 16;

/// Reads all sessions, each at one replica; erased ones at all of them.
pub(crate) async fn sessions(stage: &Stage, harvests: &mut [Harvest]) -> Vec<Session> {
    let give_up = stage.stopwatch.now() + PATIENCE;
    let mut taken: Vec<_> = harvests.iter_mut().flat_map(|harvest| harvest.sessions.drain(..)).collect();
    let (mut reading, mut read) = (JoinSet::new(), Vec::new());
    loop {
        while reading.len() < AT_ONCE
            && let Some((session, key)) = taken.pop()
        {
            let (doors, stopwatch) = (stage.doors.clone(), stage.stopwatch);
            reading.spawn(read_session(doors, session, key, move || stopwatch.now() < give_up));
        }
        match reading.join_next().await {
            Some(session) => read.extend(session.ok()),
            None => return read,
        }
    }
}

async fn read_session(
    doors: Vec<SocketAddr>,
    mut session: Session,
    key: ChatKey,
    has_time: impl Fn() -> bool,
) -> Session {
    if session.erased == Some(Outcome::Ok) {
        for door in doors {
            session.after_erasure.push(Answer::read(call(door, &key.history()).await).await.status);
        }
        return session;
    }
    let mut door = session.asked.len() % doors.len();
    loop {
        let answer = Answer::read(call(doors[door], &key.history()).await).await;
        let messages = messages_of(&answer.body).filter(|_| answer.status == 200);
        let is_quiet = messages.as_ref().is_some_and(|messages| !messages.iter().any(is_streaming));
        if messages.is_some() {
            session.history = messages;
        }
        // An erasure of which nobody knows whether it was done may leave nothing to read.
        if is_quiet || answer.status == 404 || !has_time() {
            return session;
        }
        door = (door + 1) % doors.len();
        sleep(Duration::from_millis(250)).await;
    }
}

fn is_streaming(message: &Message) -> bool {
    message.status.as_deref() == Some("streaming")
}

/// Asks one replica after the other: the first connections after a fault may still be dead ones.
async fn statistics(stage: &Stage, dashboard: &Dashboard, widget: &Widget) -> Answer {
    let give_up = stage.stopwatch.now() + PATIENCE;
    let mut doors = stage.doors.iter().cycle();
    loop {
        let answer = dashboard.stats(*doors.next().unwrap_or(&stage.doors[0]), &widget.id).await;
        if answer.status == 200 {
            return answer;
        }
        if stage.stopwatch.now() > give_up {
            stage.odd("owner", format!("the statistics were answered {}", answer.summary()));
            return answer;
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// Reads the statistics of the widgets that clients used.
pub(crate) async fn counters(
    stage: &Stage,
    dashboard: &Dashboard,
    widgets: &[Widget],
    harvests: &[Harvest],
) -> Vec<Counters> {
    let mut counters = Vec::new();
    for (number, widget) in widgets.iter().enumerate() {
        let answer = statistics(stage, dashboard, widget).await;
        let count = |name: &str| answer.body[name].as_u64().unwrap_or_default();
        let doubtful = harvests.iter().map(|harvest| harvest.doubtful_sessions[number]);
        counters.push(Counters {
            sessions: count("totalSessions"),
            messages: count("totalMessages"),
            doubtful_sessions: doubtful.sum(),
        });
    }
    counters
}
