//! How much later a piece of an answer reaches the visitor than it left the model.
//!
//! Model server and load generator share a process, so the model writes the time into each piece, and the generator
//! reads it there. Pieces that the service merges are still told apart.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::Connection;

/// Longer than any line of an event that carries pieces only.
const LONGEST_LINE: usize = 64 * 1024;

/// Microseconds since the first call.
pub(crate) fn now() -> u64 {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    u64::try_from(EPOCH.get_or_init(Instant::now).elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// A piece's text: when it was written.
pub(crate) fn stamp() -> String {
    format!("@{};", now())
}

/// Asks each question on a connection of its own, again and again until the time is over. Gives the microseconds from
/// the model's writing to the visitor's reading, one value for each piece.
pub(crate) async fn delays(
    duration: Duration,
    ramp: Duration,
    address: SocketAddr,
    questions: Vec<Vec<u8>>,
) -> anyhow::Result<Histogram<u64>> {
    let count = u32::try_from(questions.len())?.max(1);
    let start = Instant::now();
    let mut streams = JoinSet::new();
    for (number, question) in (0..).zip(questions) {
        let begin = ramp * number / count;
        streams.spawn(async move {
            tokio::time::sleep_until((start + begin).into()).await;
            let mut connection = Connection::open(address).await?;
            let mut seen = Histogram::new(3)?;
            while start.elapsed() < duration {
                let mut stamps = Stamps { line: Vec::new(), is_over: false, seen: &mut seen };
                connection.follow(&question, |arrived| stamps.read(arrived)).await?;
            }
            anyhow::Ok(seen)
        });
    }
    let mut all = Histogram::new(3)?;
    while let Some(stream) = streams.join_next().await {
        all.add(stream??)?;
    }
    Ok(all)
}

/// Reads the stamps of one answer. The last event repeats the whole text, so nothing after its name counts.
struct Stamps<'h> {
    line: Vec<u8>,
    is_over: bool,
    seen: &'h mut Histogram<u64>,
}

impl Stamps<'_> {
    fn read(&mut self, arrived: &[u8]) {
        let arrived_at = now();
        for byte in arrived {
            if *byte != b'\n' {
                if self.line.len() < LONGEST_LINE {
                    self.line.push(*byte);
                }
                continue;
            }
            self.is_over |= self.line.starts_with(b"event: done");
            if !self.is_over {
                for written_at in stamps_in(&self.line) {
                    self.seen.saturating_record(arrived_at.saturating_sub(written_at));
                }
            }
            self.line.clear();
        }
    }
}

fn stamps_in(line: &[u8]) -> impl Iterator<Item = u64> {
    let stamp =
        |part: &[u8]| std::str::from_utf8(part.split(|byte| *byte == b';').next()?).ok()?.parse().ok();
    line.split(|byte| *byte == b'@').skip(1).filter_map(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_stamps_are_told_apart_and_the_whole_text_is_not_counted() {
        assert_eq!(stamps_in(br#"data: {"content":"@12;@345;"}"#).collect::<Vec<_>>(), [12, 345]);
        let mut seen = Histogram::new(3).unwrap();
        let mut stamps = Stamps { line: Vec::new(), is_over: false, seen: &mut seen };
        stamps.read(b"event: token\ndata: @1;@");
        stamps.read(b"2;\n\nevent: done\ndata: @1;@2;\n\n");
        assert_eq!(seen.len(), 2);
    }
}
