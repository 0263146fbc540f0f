//! A provider in the Chat Completions format that follows the scripts and keeps a record of its calls.

mod call;
mod wire;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub use call::Call;

use crate::script::{Pace, Script, session_of};
use crate::time::Stopwatch;

/// The server, for as long as this value lives.
pub struct ModelServer {
    /// Where it listens.
    pub address: SocketAddr,
    log: Arc<Log>,
    _tasks: JoinSet<()>,
}

struct Log {
    stopwatch: Stopwatch,
    pace: Pace,
    calls: Mutex<HashMap<String, Vec<Call>>>,
}

impl Log {
    fn calls(&self) -> MutexGuard<'_, HashMap<String, Vec<Call>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ModelServer {
    /// Starts to listen on a free port of the loopback interface.
    pub async fn start(stopwatch: Stopwatch, pace: Pace) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let log = Arc::new(Log { stopwatch, pace, calls: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, log.clone()));
        Ok(Self { address, log, _tasks: tasks })
    }

    /// The calls for a question so far.
    pub fn calls_of(&self, question: &str) -> Vec<Call> {
        self.log.calls().get(question).cloned().unwrap_or_default()
    }

    /// Takes the record of all calls so far, which begins anew: numbers of calls go on only within one record.
    pub fn take_calls(&self) -> HashMap<String, Vec<Call>> {
        std::mem::take(&mut self.log.calls())
    }
}

async fn accept(listener: TcpListener, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let log = log.clone();
        connections.spawn(async move {
            // A client that goes away ends its connection and nothing else.
            let _ = serve(stream, &log).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, log: &Log) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    loop {
        let body = wire::read_body(&mut stream, &mut unread).await?;
        let asked = wire::conversation(&body);
        let question = asked.last().copied().unwrap_or_default().to_owned();
        let session = session_of(&question);
        let mixed_up = asked.iter().any(|text| session_of(text) != session);
        let number = begin(log, &question, mixed_up);
        let script = Script::of(&question, number, log.pace);
        let answered = answer(&mut stream, &script, |note| {
            if let Some(call) =
                log.calls().get_mut(&question).and_then(|calls| calls.get_mut(number as usize - 1))
            {
                note(call, log.stopwatch.now());
            }
        });
        answered.await?;
    }
}

/// Notes that a call has begun and gives its number, counted from 1 for each question.
fn begin(log: &Log, question: &str, mixed_up: bool) -> u32 {
    let mut calls = log.calls();
    let calls = calls.entry(question.to_owned()).or_default();
    calls.push(Call { begun: log.stopwatch.now(), mixed_up, ..Call::default() });
    u32::try_from(calls.len()).unwrap_or(u32::MAX)
}

/// Something to write down about a call at a moment.
type Note = fn(&mut Call, crate::time::Moment);

async fn answer(stream: &mut TcpStream, script: &Script, note: impl Fn(Note)) -> std::io::Result<()> {
    if script.refused {
        note(|call, _| call.refused = true);
        return stream.write_all(wire::REFUSAL).await;
    }
    stream.write_all(wire::HEAD).await?;
    for (pause, piece) in &script.pieces {
        tokio::time::sleep(*pause).await;
        stream.write_all(&wire::piece(piece)).await?;
        note(|call, now| call.sent.push(now));
    }
    stream.write_all(&wire::end(script.pieces.len())).await?;
    note(|call, now| call.ended = Some(now));
    Ok(())
}
