//! Turns that the visitor stops, from wherever the visitor is connected.

use std::time::{Duration, Instant};

use chatloom_testkit::model_server::{Gate, Reply};

use crate::world::{DatabaseKind, Events, Replicas, spoken};

on_both_databases!(
    a_stop_on_any_replica_works_within_a_second_and_hangs_up_on_the_provider,
    stopping_what_has_ended_changes_nothing,
);

/// Within this time a stop has to work, and what a busy machine adds.
const A_SECOND: Duration = Duration::from_millis(1000 + 250);

async fn a_stop_on_any_replica_works_within_a_second_and_hangs_up_on_the_provider(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    let mut hangups = 0;
    for said in 0..3 {
        for stopper in [&here, &there] {
            // The model says so many pieces and then thinks for ever.
            let reply = Reply::text(["One, ", "two, ", "three."]).hold_after(said, &Gate::new());
            replicas.model.queue(reply);
            let mut events = here.ask("Count").await;
            let turn = events.next().await.unwrap().turn().to_owned();
            for _ in 0..said {
                events.until("token").await;
            }
            replicas.model.wait_for_requests(hangups + 1).await;

            let asked = Instant::now();
            assert_eq!(stopper.stop(&turn).await.expect(202)["turnId"], turn.as_str());
            let done = events.until("done").await;
            hangups += 1;
            replicas.model.wait_for_hangups(hangups).await;
            assert!(asked.elapsed() < A_SECOND, "it took {:?}", asked.elapsed());
            assert_eq!(done.data["finishReason"], "stopped");
            assert_eq!(events.next().await, None);

            // The answer is what there was, on every replica, and counts as whole.
            stopper.stop(&turn).await.expect(202);
            let told = Events::of(there.watch(&turn, None).await).rest().await;
            assert_eq!(told.last(), Some(&done));
            assert_eq!(done.data["content"], spoken(&told).as_str());
            let last = there.history().await.pop().unwrap();
            assert_eq!((&last["content"], last.get("status")), (&done.data["content"], None));
        }
    }
    replicas.stop().await;
}

async fn stopping_what_has_ended_changes_nothing(kind: DatabaseKind) {
    let replicas = Replicas::start(kind).await;
    let [here, there] = replicas.visitor().await;
    let told = here.ask("Hello").await.rest().await;
    let turn = told[0].turn();
    for stopper in [&here, &there] {
        stopper.stop(turn).await.expect(202);
    }
    assert_eq!(Events::of(there.watch(turn, None).await).rest().await, told);
    // Nor does it stop what comes next.
    assert_eq!(here.ask("And you?").await.rest().await.last().unwrap().data["content"], "You said: And you?");
    replicas.stop().await;
}
