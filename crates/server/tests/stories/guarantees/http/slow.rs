//! Clients who take their time, to hold a connection as cheaply as they can.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Target;

const SOCKETS: usize = 500;

/// What a timer and a busy machine may add.
const GIVE_UP: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h03_heads_that_come_byte_by_byte_are_given_up_within_six_seconds() {
    let target = Target::start().await;
    let head = "GET /api/widget-chat/init HTTP/1.1\r\nhost: test\r\nx-widget-token: a\r\n\r\n";
    let ended = trickle(&target, "", head).await;
    for Ended { answer, closed, .. } in ended {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(closed < Duration::from_secs(6), "it took {closed:?}");
    }
    target.serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h04_bodies_that_come_byte_by_byte_are_given_up_within_eleven_seconds() {
    let target = Target::start().await;
    let head = "POST /api/widget-chat/sessions HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n";
    let ended = trickle(&target, head, &" ".repeat(100)).await;
    for Ended { answer, answered, closed } in ended {
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"body_timeout\""), "{answer}");
        assert!(answered < Duration::from_secs(11), "it took {answered:?}");
        // A client that is still sending has a second to read the answer.
        assert!(closed < Duration::from_secs(12), "it took {closed:?}");
    }
    target.serves().await;
}

/// What a connection was answered, and how long that and its end took.
struct Ended {
    answer: String,
    answered: Duration,
    closed: Duration,
}

/// Sends `first` at once and `rest` with one byte a second, on many connections side by side, while somebody else is
/// served.
async fn trickle(target: &Target, first: &'static str, rest: &str) -> Vec<Ended> {
    let mut attackers = JoinSet::new();
    for _ in 0..SOCKETS {
        let (address, rest) = (target.address, rest.to_owned());
        attackers.spawn(async move {
            let mut socket = TcpStream::connect(address).await.unwrap();
            let began = Instant::now();
            socket.write_all(first.as_bytes()).await.unwrap();
            let (mut reading, mut writing) = socket.into_split();
            let mut feed = interval(Duration::from_secs(1));
            feed.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut bytes = rest.bytes();
            let mut answer = Vec::new();
            loop {
                tokio::select! {
                    read = reading.read_buf(&mut answer) => {
                        // A reset is an end as well.
                        if read.unwrap_or(0) == 0 || answer.windows(4).any(|end| end == b"\r\n\r\n") { break }
                    }
                    _ = feed.tick() => {
                        if let Some(byte) = bytes.next() { let _ = writing.write_all(&[byte]).await; }
                    }
                }
            }
            let answered = began.elapsed();
            let end = timeout(GIVE_UP, reading.read_to_end(&mut answer)).await;
            assert!(end.is_ok(), "the connection was not closed");
            let answer = String::from_utf8_lossy(&answer).into_owned();
            Ended { answer, answered, closed: began.elapsed() }
        });
    }
    let mut ended = Vec::new();
    let mut others = interval(Duration::from_millis(500));
    while !attackers.is_empty() {
        others.tick().await;
        let asked = Instant::now();
        target.serves().await;
        assert!(asked.elapsed() < Duration::from_secs(2), "others waited {:?}", asked.elapsed());
        while let Some(end) = attackers.try_join_next() {
            ended.push(end.unwrap());
        }
    }
    assert_eq!(ended.len(), SOCKETS);
    ended
}
