//! A new version is rolled out: a replica with many running answers ends in good order, and a fleet is replaced one by
//! one under traffic without anybody losing a word.

mod fleet;
mod traffic;

use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, ModelServer, Reply};
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::world::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Answer, Dashboard, Database, DatabaseKind, Events, Process, Visitor,
    eventually, process_settings,
};
use fleet::Fleet;
use traffic::Traffic;

on_both_databases!(a_hundred_running_answers_end_or_are_kept_when_the_process_is_asked_to_stop);

const ANSWERS: usize = 100;
const DRAIN: Duration = Duration::from_secs(3);

/// What a process may take beyond its drain.
const GRACE: Duration = Duration::from_secs(5);

/// How long replicas are replaced, one after the other and then from the beginning.
const UNDER_TRAFFIC: Duration = Duration::from_secs(12);

/// Every second answer ends as soon as the gate is open, the others never do.
fn replies(gate: &Gate) -> [Reply; 2] {
    let never = Gate::new();
    [
        Reply::text(["Half ", "and half."]).hold_after(1, gate),
        Reply::text(["Stuck ", "."]).hold_after(1, &never),
    ]
}

async fn a_hundred_running_answers_end_or_are_kept_when_the_process_is_asked_to_stop(kind: DatabaseKind) {
    let (database, model) = (Database::create(kind).await, ModelServer::start().await);
    let mut settings = process_settings(&database, &model);
    settings.insert("DRAIN_SECONDS", DRAIN.as_secs().to_string());
    let mut process = Process::start(&settings);
    let client = process.client().await;
    let dashboard = Dashboard::sign_in(&client, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let token = dashboard.embed_token(&dashboard.create_widget_answered_by("openai").await).await;
    let gate = Gate::new();
    let mut running = Vec::new();
    for number in 0..ANSWERS {
        let visitor = Visitor::arrive(&client, &token).await;
        model.queue(replies(&gate)[number % 2].clone());
        let mut events = visitor.ask("Go on").await;
        events.until("token").await;
        running.push((visitor, events));
    }
    let idle = Visitor::arrive(&client, &token).await;

    process.signal(Signal::SIGTERM);
    let asked = Instant::now();
    eventually("no more traffic is wanted", async || {
        (client.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    let refused = Answer::read(idle.send("Me too").await).await;
    assert!(refused.header("retry-after").is_some());
    refused.expect_error(503, "draining");
    gate.release();

    let ends: JoinSet<_> =
        running.into_iter().map(|(visitor, events)| async { (visitor, end(events).await) }).collect();
    let ends = ends.join_all().await;
    let exit = process.ended().await;
    assert_eq!(exit.code(), Some(0), "{}", process.log());
    assert!(asked.elapsed() < DRAIN + GRACE, "it took {:?}", asked.elapsed());
    let finished = ends.iter().filter(|(_, end)| end["content"] == "Half and half.").count();
    let broken_off = ends.iter().filter(|(_, end)| end["code"] == "answer_interrupted").count();
    assert_eq!((finished, broken_off), (ANSWERS / 2, ANSWERS / 2));

    let mut next = Process::start(&settings);
    let client = next.client().await;
    for (visitor, end) in &ends {
        let history = visitor.at(&client).history().await;
        let expected = match end["type"].as_str() {
            Some("done") => (&"Half and half.".into(), None),
            _ => (&"Stuck ".into(), Some(&"interrupted".into())),
        };
        assert_eq!((&history[1]["content"], history[1].get("status")), expected);
    }
    assert!(idle.at(&client).history().await.is_empty());
}

/// What the last event of a stream says.
async fn end(events: Events) -> Value {
    events.rest().await.pop().expect("an end").data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_replaced_under_traffic_and_every_answer_arrives_whole_and_once() {
    let model = ModelServer::start().await;
    model.always(Reply::echo().paced(Duration::from_millis(60)));
    let mut fleet = Fleet::start(&model).await;
    let traffic = Traffic::start(&fleet).await;
    let began = Instant::now();
    while began.elapsed() < UNDER_TRAFFIC {
        fleet.replace_one_by_one().await;
    }
    let sent = traffic.stop_and_check(&fleet.addresses()).await;
    // Neither a retry of a client nor a change of replicas has made a model answer twice.
    assert_eq!(model.requests().len(), sent);
    assert!(sent > 100, "only {sent} messages were sent: that is not much of a load");
}
