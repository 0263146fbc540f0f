//! Many streams at once: asks again and again on each, and counts what comes back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::Connection;

/// How a stream of one kind of server is read.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// What the first sign of an answer looks like; empty for the answer's head.
    pub(crate) first: &'static [u8],
    /// What a good end looks like.
    pub(crate) end: &'static [u8],
}

/// The service's events.
pub(crate) const SERVICE: Marks = Marks { first: b"event: start\n", end: b"event: done\n" };
/// The model server's chunks. Its first piece comes after a gap, so its head is what `start` compares with.
pub(crate) const MODEL: Marks = Marks { first: b"", end: b"data: [DONE]" };

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
    mark.is_empty() || text.windows(mark.len()).any(|window| window == mark)
}

/// How many questions may wait for their `start` while streams are being opened.
const OPENING_AT_ONCE: usize = 32;

/// Streams that stay open until they are dropped.
pub(crate) struct OpenStreams {
    streams: JoinSet<anyhow::Result<()>>,
    speaking: watch::Sender<usize>,
}

impl OpenStreams {
    /// Asks every question once and waits until each answer has shown its first piece.
    pub(crate) async fn hold(address: SocketAddr, questions: Vec<Vec<u8>>) -> anyhow::Result<Self> {
        let mut open = Self { streams: JoinSet::new(), speaking: watch::Sender::new(0) };
        let wanted = questions.len();
        for (number, question) in questions.into_iter().enumerate() {
            open.wait_for(number.saturating_sub(OPENING_AT_ONCE)).await?;
            let speaking = open.speaking.clone();
            let mut connection = Connection::open(address).await?;
            open.streams.spawn(async move {
                let mut has_spoken = false;
                let watch = |arrived: &[u8]| {
                    if !has_spoken && contains(arrived, b"event: token\n") {
                        has_spoken = true;
                        speaking.send_modify(|count| *count += 1);
                    }
                };
                connection.follow(&question, watch).await
            });
        }
        open.wait_for(wanted).await?;
        Ok(open)
    }

    /// Waits until so many streams have shown a piece; a stream that ends instead is an error.
    async fn wait_for(&mut self, count: usize) -> anyhow::Result<()> {
        let mut speaking = self.speaking.subscribe();
        tokio::select! {
            reached = speaking.wait_for(|speaking| *speaking >= count) => {
                reached?;
                Ok(())
            }
            Some(ended) = self.streams.join_next() => {
                ended??;
                anyhow::bail!("a stream ended that was to stay open")
            }
        }
    }
}
