//! Requests a second over connections that stay open.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::http::{Connection, request};

/// Enough to keep two cores busy.
const CONNECTIONS: usize = 32;

/// Gets the path as often as possible for `duration`; every answer must be a 200.
pub(crate) async fn requests_per_second(
    address: SocketAddr,
    path: &str,
    duration: Duration,
) -> anyhow::Result<f64> {
    let question = request("GET", path, "", None);
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let question = question.clone();
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut answers = 0_u32;
            while start.elapsed() < duration {
                let (head, _) = connection.exchange(&question).await?;
                anyhow::ensure!(head.status == 200, "answered {}", head.status);
                answers += 1;
            }
            Ok(answers)
        });
    }
    let mut total = 0.0;
    while let Some(answers) = clients.join_next().await {
        total += f64::from(answers??);
    }
    Ok(total / start.elapsed().as_secs_f64())
}
