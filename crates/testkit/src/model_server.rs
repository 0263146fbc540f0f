//! A provider of models on loopback: real HTTP/1.1 over real sockets, in both wire formats, saying what a test wants.
//!
//! Written over plain TCP, because a test must be able to say where a chunk, a line or a character is cut, and how
//! rudely a connection ends. Nothing here waits for a duration unless the test asks for one.

mod connection;
mod gate;
mod reply;
mod wire;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::connection::read_request;
pub use self::gate::Gate;
pub use self::reply::{Close, Reply};
pub use self::wire::Format;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The path with its query.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, or null if it was not JSON.
    pub body: Value,
}

impl RecordedRequest {
    /// The first value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The server. It answers `…/chat/completions` and `…/messages` with the replies that were queued, in their order,
/// and then with its standing reply, which is an echo until a test says otherwise. Dropping it ends everything.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// What the connections share with the test.
struct Shared {
    replies: Mutex<Replies>,
    requests: watch::Sender<Vec<RecordedRequest>>,
    hangups: watch::Sender<usize>,
    connections: AtomicUsize,
}

struct Replies {
    queued: VecDeque<Reply>,
    standing: Reply,
}

impl ModelServer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            replies: Mutex::new(Replies { queued: VecDeque::new(), standing: Reply::echo() }),
            requests: watch::Sender::new(Vec::new()),
            hangups: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, _tasks: tasks }
    }

    /// Starts with replies for the first requests.
    pub async fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let server = Self::start().await;
        replies.into_iter().for_each(|reply| server.queue(reply));
        server
    }

    /// Answers the next request that nothing is queued for.
    pub fn queue(&self, reply: Reply) {
        self.shared.replies.lock().unwrap().queued.push_back(reply);
    }

    /// Answers every request that nothing is queued for.
    pub fn always(&self, reply: Reply) {
        self.shared.replies.lock().unwrap().standing = reply;
    }

    /// The address without a path, `http://127.0.0.1:PORT`; the base of Anthropic's format.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base address of Chat Completions, `http://127.0.0.1:PORT/v1`.
    pub fn openai_base_url(&self) -> String {
        format!("{}/v1", self.base_url())
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.requests.borrow().clone()
    }

    /// Waits until so many requests have come, and gives them all.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<RecordedRequest> {
        let mut requests = self.shared.requests.subscribe();
        requests.wait_for(|requests| requests.len() >= count).await.unwrap().clone()
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Waits until so many clients have gone away in the middle of an answer.
    pub async fn wait_for_hangups(&self, count: usize) {
        self.shared.hangups.subscribe().wait_for(|hangups| *hangups >= count).await.unwrap();
    }
}

impl Shared {
    fn next_reply(&self) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        replies.queued.pop_front().unwrap_or_else(|| replies.standing.clone())
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Aborted with this task, so no connection outlives the server.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        connections.spawn(connection::serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}
