//! Visitors who keep asking while replicas come and go, each as a careful client does it: every message under a key, sent
//! again until it is taken; every stream resumed until it has ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Response;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::world::{ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Client, Dashboard, Event, Events, Visitor, spoken};

/// With an answer in a third of a second and a pause after it, they send some forty messages a second.
const VISITORS: usize = 24;
const PAUSE: Duration = Duration::from_millis(250);

/// The wait after a refusal or a broken connection.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Visitors who are asking.
pub(super) struct Traffic {
    visitors: JoinSet<(Visitor, usize)>,
    stop: watch::Sender<bool>,
}

/// A visitor behind a balancer that knows nothing of the replicas' health.
struct Behind {
    replicas: Vec<Visitor>,
    turn_of: Arc<AtomicUsize>,
}

impl Traffic {
    pub(super) async fn start(fleet: &super::Fleet) -> Self {
        let clients: Vec<_> = fleet.addresses().iter().map(client).collect();
        let dashboard = Dashboard::sign_in(&clients[0], ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let token = dashboard.embed_token(&dashboard.create_widget_answered_by("openai").await).await;
        let (stop, stopped) = watch::channel(false);
        let turn_of = Arc::new(AtomicUsize::new(0));
        let mut visitors = JoinSet::new();
        for number in 0..VISITORS {
            let visitor = Visitor::arrive(&clients[number % clients.len()], &token).await;
            let replicas = clients.iter().map(|client| visitor.at(client)).collect();
            let behind = Behind { replicas, turn_of: turn_of.clone() };
            visitors.spawn(keep_asking(behind, visitor, stopped.clone()));
        }
        Self { visitors, stop }
    }

    /// Lets every visitor finish, and compares what is stored with what each has sent and seen. Gives the number of
    /// messages.
    pub(super) async fn stop_and_check(self, addresses: &[SocketAddr]) -> usize {
        self.stop.send_replace(true);
        let client = client(&addresses[0]);
        let mut sent = 0;
        for (visitor, messages) in self.visitors.join_all().await {
            let history = visitor.at(&client).history().await;
            assert_eq!(history.len(), 2 * messages, "messages were lost or doubled");
            for (number, pair) in history.chunks(2).enumerate() {
                assert_eq!(pair[0]["content"], question(number));
                assert_eq!((&pair[1]["content"], pair[1].get("status")), (&answer(number).into(), None));
            }
            sent += messages;
        }
        sent
    }
}

fn client(address: &SocketAddr) -> Client {
    Client::new(&format!("http://{address}"))
}

fn question(number: usize) -> String {
    format!("Question number {number} of mine")
}

fn answer(number: usize) -> String {
    format!("You said: {}", question(number))
}

async fn keep_asking(behind: Behind, visitor: Visitor, stopped: watch::Receiver<bool>) -> (Visitor, usize) {
    let mut sent = 0;
    while !*stopped.borrow() {
        let told = behind.ask(&format!("key-{sent}"), &question(sent)).await;
        assert_eq!(told.last().map(|end| end.name.as_str()), Some("done"), "{told:?}");
        assert_eq!(spoken(&told), answer(sent));
        sent += 1;
        tokio::time::sleep(PAUSE).await;
    }
    (visitor, sent)
}

impl Behind {
    /// The replica whose turn it is.
    fn next(&self) -> &Visitor {
        &self.replicas[self.turn_of.fetch_add(1, Ordering::Relaxed) % self.replicas.len()]
    }

    /// Sends a message until it is taken, and reads its answer to the end, over as many streams as it takes.
    async fn ask(&self, key: &str, question: &str) -> Vec<Event> {
        let message = |visitor: &Visitor| visitor.message(question).header("idempotency-key", key);
        let mut told = Vec::new();
        read_on(&mut told, self.insist(message).await).await;
        while !told.last().is_some_and(Event::is_terminal) {
            let reply = match told.last().cloned() {
                Some(Event { id, .. }) => {
                    let turn = id.split(':').next().unwrap().to_owned();
                    let path = format!("/turns/{turn}/events");
                    self.insist(|visitor| {
                        visitor.request(reqwest::Method::GET, &path).header("last-event-id", &id)
                    })
                    .await
                }
                // Taken, but cut off before its first event: the key finds it again.
                None => self.insist(message).await,
            };
            read_on(&mut told, reply).await;
        }
        told
    }

    /// Asks one replica after the other until one answers. The only refusal that a deploy may cause is a 503 that says
    /// when to come back; the only other trouble is a connection that cannot be made or breaks.
    async fn insist(&self, request: impl Fn(&Visitor) -> reqwest::RequestBuilder) -> Response {
        loop {
            if let Ok(reply) = request(self.next()).send().await {
                if reply.status() == 200 {
                    return reply;
                }
                let refused = Answer::read(reply).await;
                assert_eq!(refused.status, 503, "{}", refused.body);
                assert!(refused.header("retry-after").is_some(), "{}", refused.body);
            }
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

/// Adds the events of a stream, which may break off. A start anew means that what was told before does not count.
async fn read_on(told: &mut Vec<Event>, reply: Response) {
    let mut events = Events::of(reply);
    while let Some(event) = events.next().await {
        if event.name == "start" {
            told.clear();
        }
        told.push(event);
    }
}
