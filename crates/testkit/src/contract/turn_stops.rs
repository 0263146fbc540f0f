//! Cases of `TurnStore`: asking a turn to stop.

use chatloom_domain::id::TurnId;
use chatloom_domain::turn::Turn;
use chatloom_ports::store::turns::StopOutcome;

use super::Subject;
use crate::sample;

/// However often it is asked for, the owner finds one turn, and nobody else finds it.
pub async fn request_stop_is_found_by_the_owner_alone(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    assert_eq!(stops_of(subject, 1).await, []);
    for _ in 0..2 {
        assert_eq!(stop(subject, &turn).await, StopOutcome::Requested);
        assert_eq!(stops_of(subject, 1).await, [turn.id]);
        assert_eq!(stops_of(subject, 2).await, []);
    }
}

/// The turn goes on until its owner ends it.
pub async fn request_stop_does_not_end_the_turn(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    assert_eq!(stop(subject, &turn).await, StopOutcome::Requested);
    subject.append(&turn, &["Half"]).await;
    assert!(subject.find_log(&turn).await.turn.is_running());
}

/// An ended turn needs no stopping, whatever its end, and nobody is told to stop it.
pub async fn request_stop_of_an_ended_turn_says_so(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    assert_eq!(stop(subject, &turn).await, StopOutcome::Requested);
    subject.complete(turn, "Half", sample::at(1)).await;
    assert_eq!(stops_of(subject, 1).await, []);
    assert_eq!(stop(subject, &turn).await, StopOutcome::Ended);
    let broken = subject.begin_turn(&session, 2).await;
    subject.break_off(broken, "").await;
    assert_eq!(stop(subject, &broken).await, StopOutcome::Ended);
    assert_eq!(stops_of(subject, 1).await, []);
}

/// Neither an unknown turn, nor another session's, nor one that was erased.
pub async fn request_stop_needs_a_turn_of_the_session(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    for stray in [Turn { id: sample::turn_id(9), ..turn }, Turn { session_id: sample::session_id(2), ..turn }]
    {
        assert_eq!(stop(subject, &stray).await, StopOutcome::NotFound);
    }
    assert_eq!(stops_of(subject, 1).await, []);
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    assert_eq!(stop(subject, &turn).await, StopOutcome::NotFound);
}

/// A request is for the generation that was running.
pub async fn retry_turn_forgets_requests_to_stop(subject: &Subject) {
    let session = subject.first_session().await;
    let turn = subject.begin_turn(&session, 1).await;
    assert_eq!(stop(subject, &turn).await, StopOutcome::Requested);
    subject.break_off(turn, "Half").await;
    let again = subject.retry_turn(&session, 1).await;
    assert_eq!(stops_of(subject, 2).await, []);
    assert_eq!(stop(subject, &again).await, StopOutcome::Requested);
    assert_eq!(stops_of(subject, 2).await, [again.id]);
}

/// All of an owner's turns that are to stop are listed, and no others.
pub async fn list_stop_requests_leaves_out_turns_that_may_go_on(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let mut turns = Vec::new();
    for n in 1..=4 {
        let session = subject.open_session(&widget, n).await;
        turns.push(subject.begin_turn(&session, n).await);
    }
    for turn in &turns[1..3] {
        assert_eq!(stop(subject, turn).await, StopOutcome::Requested);
    }
    assert_eq!(stops_of(subject, 1).await, [turns[1].id, turns[2].id]);
}

async fn stop(subject: &Subject, turn: &Turn) -> StopOutcome {
    subject.stores.turns.request_stop(turn.session_id, turn.id).await.unwrap()
}

/// In order of their ids.
async fn stops_of(subject: &Subject, replica: u32) -> Vec<TurnId> {
    let mut turns = subject.stores.turns.list_stop_requests(sample::replica_id(replica)).await.unwrap();
    turns.sort_unstable();
    turns
}
