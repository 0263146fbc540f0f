//! Many streams at once: asks again and again on each, and counts what comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::Connection;

/// How a stream of one kind of server is read.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// What the first sign of an answer looks like.
    pub(crate) first: &'static [u8],
    /// What a good end looks like.
    pub(crate) end: &'static [u8],
}

/// The service's events.
pub(crate) const SERVICE: Marks = Marks { first: b"event: start\n", end: b"event: done\n" };
/// The model server's chunks.
pub(crate) const MODEL: Marks = Marks { first: b"data: {", end: b"data: [DONE]" };

/// What a load brought.
pub(crate) struct Outcome {
    /// Microseconds from the question to the first sign, one value for each stream.
    pub(crate) first: Histogram<u64>,
    /// Streams with a good end.
    pub(crate) completed: u64,
    /// Streams with another end.
    pub(crate) broken: u64,
    /// From the first question to the last end.
    pub(crate) took: Duration,
}

/// Asks each question on a connection of its own, again and again until the time is over, and lets the last answers
/// end. The questions begin spread over `ramp`, as visitors do not come at once.
pub(crate) async fn ask_for(
    duration: Duration,
    ramp: Duration,
    address: SocketAddr,
    questions: Vec<Vec<u8>>,
    marks: Marks,
) -> anyhow::Result<Outcome> {
    let count = u32::try_from(questions.len())?.max(1);
    let start = Instant::now();
    let mut streams = JoinSet::new();
    for (number, question) in (0..).zip(questions) {
        let begin = ramp * number / count;
        streams.spawn(async move {
            let mut connection = Connection::open(address).await?;
            tokio::time::sleep_until((start + begin).into()).await;
            let mut seen = Vec::new();
            while start.elapsed() < duration {
                seen.push(ask(&mut connection, &question, marks).await?);
            }
            anyhow::Ok(seen)
        });
    }
    let mut outcome = Outcome { first: Histogram::new(3)?, completed: 0, broken: 0, took: Duration::ZERO };
    while let Some(stream) = streams.join_next().await {
        for (first, is_good) in stream?? {
            outcome.first.record(u64::try_from(first.as_micros())?)?;
            if is_good { outcome.completed += 1 } else { outcome.broken += 1 }
        }
    }
    outcome.took = start.elapsed();
    Ok(outcome)
}

/// Asks once; gives the time to the first sign, and whether the end was good.
async fn ask(connection: &mut Connection, question: &[u8], marks: Marks) -> anyhow::Result<(Duration, bool)> {
    let asked = Instant::now();
    let mut first = None;
    let mut tail = Vec::new();
    let watch = |arrived: &[u8]| {
        tail.extend_from_slice(arrived);
        if first.is_none() && contains(&tail, marks.first) {
            first = Some(asked.elapsed());
        }
        // The end is looked for once, when the stream is over; an event's line is short, its JSON is not.
        if tail.len() > 512 * 1024 {
            tail.drain(..256 * 1024);
        }
    };
    connection.follow(question, watch).await?;
    Ok((first.unwrap_or_else(|| asked.elapsed()), contains(&tail, marks.end)))
}

fn contains(text: &[u8], mark: &[u8]) -> bool {
    text.windows(mark.len()).any(|window| window == mark)
}

/// Streams that stay open until they are dropped.
pub(crate) struct OpenStreams {
    _streams: JoinSet<()>,
}

/// Asks every question once and waits until each answer has shown its first piece.
pub(crate) async fn hold_open(address: SocketAddr, questions: Vec<Vec<u8>>) -> anyhow::Result<OpenStreams> {
    let wanted = questions.len();
    let (sender, mut speaking) = watch::channel(0);
    let sender = Arc::new(sender);
    let mut streams = JoinSet::new();
    for question in questions {
        let mut connection = Connection::open(address).await?;
        let sender = Arc::clone(&sender);
        streams.spawn(async move {
            let mut counted = false;
            let watch = |arrived: &[u8]| {
                if !counted && contains(arrived, b"event: token\n") {
                    counted = true;
                    sender.send_modify(|count| *count += 1);
                }
            };
            // It ends by being dropped.
            let _ = connection.follow(&question, watch).await;
        });
    }
    drop(sender);
    speaking.wait_for(|count| *count >= wanted).await?;
    Ok(OpenStreams { _streams: streams })
}
