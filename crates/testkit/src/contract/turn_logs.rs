//! Cases of `TurnStore`: appending to the logs of running turns, their leases, and pruning.

use chatloom_domain::id::TurnId;
use chatloom_domain::turn::{LoggedEvent, Turn, TurnEvent};
use chatloom_ports::store::turns::TurnAppend;
use jiff::SignedDuration;

use super::Subject;
use super::subject::{append_of, completion_after};
use crate::sample;

/// Pieces add up over several calls, in the order of their numbers.
pub async fn appended_text_adds_up(subject: &Subject) {
    let turn = running_turn(subject).await;
    assert_eq!(append(subject, append_of(&turn, sample::log(&turn, &["One", " two"]))).await, []);
    assert_eq!(append(subject, append_of(&turn, vec![text(4, " three"), text(5, "…")])).await, []);
    assert_eq!(answer(subject).await, "One two three…");
}

/// A long answer comes in many pieces, and two digits do not sort as text.
pub async fn appended_events_are_read_in_the_order_of_their_numbers(subject: &Subject) {
    let turn = running_turn(subject).await;
    let pieces: Vec<_> = (1..=300).map(|seq| text(seq, &format!("{seq} "))).collect();
    let expected = (1..=300).map(|seq| format!("{seq} ")).collect::<Vec<_>>().concat();
    assert_eq!(append(subject, append_of(&turn, pieces)).await, []);
    assert_eq!(answer(subject).await, expected);
}

/// A flush that was stored without its caller being told comes again, with what has been written since.
pub async fn append_events_again_replaces_what_was_stored(subject: &Subject) {
    let turn = running_turn(subject).await;
    assert_eq!(append(subject, append_of(&turn, sample::log(&turn, &["One"]))).await, []);
    assert_eq!(append(subject, append_of(&turn, vec![text(3, " two")])).await, []);
    for _ in 0..2 {
        let again = vec![text(3, " two"), text(4, " three")];
        assert_eq!(append(subject, append_of(&turn, again)).await, []);
    }
    assert_eq!(append(subject, append_of(&turn, vec![text(5, "…")])).await, []);
    assert_eq!(answer(subject).await, "One two three…");
}

/// Nothing to write is nothing to do.
pub async fn appending_nothing_loses_nothing(subject: &Subject) {
    let turns = &subject.stores.turns;
    assert_eq!(turns.append_events(sample::replica_id(1), sample::at(1), &[]).await.unwrap(), []);
}

/// Without events the lease is renewed all the same, to the microsecond.
pub async fn an_empty_append_renews_the_lease(subject: &Subject) {
    let turn = running_turn(subject).await;
    let until = sample::at(60);
    let appends = [append_of(&turn, vec![])];
    let turns = &subject.stores.turns;
    assert_eq!(turns.append_events(sample::replica_id(1), until, &appends).await.unwrap(), []);
    let just_before = until - SignedDuration::from_micros(1);
    assert_eq!(turns.interrupt_expired_turns(just_before, 10).await.unwrap(), []);
    assert_eq!(turns.interrupt_expired_turns(until, 10).await.unwrap(), [turn.id]);
}

/// One call writes for many turns and renews the leases of all.
pub async fn one_append_serves_many_turns(subject: &Subject) {
    let turns = running_turns(subject, 3).await;
    let appends: Vec<_> =
        turns.iter().map(|turn| append_of(turn, sample::log(turn, &[&turn.id.to_string()]))).collect();
    let store = &subject.stores.turns;
    assert_eq!(store.append_events(sample::replica_id(1), sample::at(60), &appends).await.unwrap(), []);
    assert_eq!(store.interrupt_expired_turns(sample::at(59), 10).await.unwrap(), []);
    for turn in turns {
        let found = subject.stores.sessions.list_messages(turn.session_id, None, 1).await.unwrap();
        assert_eq!(found[0].content, turn.id.to_string());
    }
}

/// Another replica's turn is not touched, neither its log nor its lease.
pub async fn append_events_of_another_owner_writes_nothing(subject: &Subject) {
    let turn = running_turn(subject).await;
    let appends = [append_of(&turn, sample::log(&turn, &["Intruder"]))];
    let turns = &subject.stores.turns;
    let lost = turns.append_events(sample::replica_id(2), sample::at(999), &appends).await.unwrap();
    assert_eq!(lost, [turn.id]);
    assert_untouched(subject, &turn).await;
}

/// Neither an earlier nor a later attempt at the answer may write.
pub async fn append_events_of_another_generation_writes_nothing(subject: &Subject) {
    let session = subject.first_session().await;
    let mut new = sample::new_turn(&session, 1);
    new.turn.generation = 2;
    subject.stores.turns.begin_turn(&new).await.unwrap();
    for generation in [1, 3] {
        let events = sample::log(&new.turn, &["Intruder"]);
        let appends = [TurnAppend { turn_id: new.turn.id, generation, events }];
        let turns = &subject.stores.turns;
        let lost = turns.append_events(sample::replica_id(1), sample::at(999), &appends).await.unwrap();
        assert_eq!(lost, [new.turn.id]);
    }
    assert_untouched(subject, &new.turn).await;
}

/// What comes after the end is lost, and the answer stays as it ended.
pub async fn append_events_of_an_ended_turn_writes_nothing(subject: &Subject) {
    let turn = running_turn(subject).await;
    subject.complete(turn, "Whole.", sample::at(1)).await;
    assert_eq!(append(subject, append_of(&turn, vec![text(2, " More")])).await, [turn.id]);
    assert_eq!(answer(subject).await, "Whole.");
}

/// A turn that was never begun is lost, too.
pub async fn append_events_of_an_unknown_turn_writes_nothing(subject: &Subject) {
    let turn = running_turn(subject).await;
    let stray = Turn { id: sample::turn_id(9), ..turn };
    assert_eq!(append(subject, append_of(&stray, sample::log(&stray, &["Stray"]))).await, [stray.id]);
    assert_eq!(answer(subject).await, "");
}

/// The turns that are still the writer's are written although others in the same call are lost.
pub async fn lost_turns_do_not_hold_up_the_others(subject: &Subject) {
    let turns = running_turns(subject, 3).await;
    subject.complete(turns[0], "Whole.", sample::at(1)).await;
    let mut appends: Vec<_> =
        turns.iter().map(|turn| append_of(turn, sample::log(turn, &["Text"]))).collect();
    appends[2].generation = 7;
    let store = &subject.stores.turns;
    let mut lost = store.append_events(sample::replica_id(1), sample::at(60), &appends).await.unwrap();
    lost.sort_unstable();
    assert_eq!(lost, [turns[0].id, turns[2].id]);
    // The lost one keeps its old lease, the written one has the new.
    let expired = store.interrupt_expired_turns(sample::at(59), 10).await.unwrap();
    assert_eq!(expired, [turns[2].id]);
    let found = subject.stores.sessions.list_messages(turns[1].session_id, None, 1).await.unwrap();
    assert_eq!(found[0].content, "Text");
}

/// Logs of turns that ended before the moment go; those that ended at it or run stay.
pub async fn prune_events_takes_turns_that_ended_before(subject: &Subject) {
    let turns = running_turns(subject, 4).await;
    let moment = sample::at(10);
    let microsecond = SignedDuration::from_micros(1);
    for (turn, ended_at) in turns.iter().zip([moment - microsecond, moment, moment + microsecond]) {
        subject.complete(*turn, "Whole.", ended_at).await;
    }
    subject.append(&turns[3], &["Half"]).await;

    let store = &subject.stores.turns;
    assert_eq!(store.prune_events(moment, 10).await.unwrap(), 1);
    assert_eq!(store.prune_events(moment, 10).await.unwrap(), 0);
    assert_eq!(store.prune_events(moment + microsecond, 10).await.unwrap(), 1);
    assert_eq!(store.prune_events(sample::at(1_000), 10).await.unwrap(), 1);
    let found = subject.stores.sessions.list_messages(turns[3].session_id, None, 1).await.unwrap();
    assert_eq!(found[0].content, "Half");
}

/// The messages stay when their turn's log goes.
pub async fn prune_events_keeps_messages(subject: &Subject) {
    let turn = running_turn(subject).await;
    subject.append(&turn, &["Half"]).await;
    let turns = &subject.stores.turns;
    assert_eq!(turns.interrupt_expired_turns(sample::at(99), 10).await.unwrap(), [turn.id]);
    assert_eq!(turns.prune_events(sample::at(1_000), 10).await.unwrap(), 1);
    assert_eq!(answer(subject).await, "Half");
}

/// A large heap of old logs is worked off in steps.
pub async fn prune_events_keeps_to_its_limit(subject: &Subject) {
    for turn in running_turns(subject, 5).await {
        subject.append(&turn, &["One", "two", "three"]).await;
        let end = completion_after(4, turn, "Whole.", sample::at(1));
        assert!(subject.stores.turns.finish_turn(&end).await.unwrap());
    }
    let turns = &subject.stores.turns;
    for expected in [2, 2, 1, 0] {
        assert_eq!(turns.prune_events(sample::at(1_000), 2).await.unwrap(), expected);
    }
}

async fn running_turn(subject: &Subject) -> Turn {
    let session = subject.first_session().await;
    subject.begin_turn(&session, 1).await
}

/// Turns 1 to `turns` in sessions of the same numbers.
async fn running_turns(subject: &Subject, turns: u32) -> Vec<Turn> {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let mut running = Vec::new();
    for n in 1..=turns {
        let session = subject.open_session(&widget, n).await;
        running.push(subject.begin_turn(&session, n).await);
    }
    running
}

/// Appends as replica 1, which is the owner of all turns here.
async fn append(subject: &Subject, append: TurnAppend) -> Vec<TurnId> {
    let lease_until = sample::at(sample::LEASE_SECONDS);
    subject.stores.turns.append_events(sample::replica_id(1), lease_until, &[append]).await.unwrap()
}

/// The newest message of session 1.
async fn answer(subject: &Subject) -> String {
    let found = subject.stores.sessions.list_messages(sample::session_id(1), None, 1).await.unwrap();
    found[0].content.clone()
}

/// That the turn of session 1 has no text yet, and the lease that it began with.
async fn assert_untouched(subject: &Subject, turn: &Turn) {
    assert_eq!(answer(subject).await, "");
    let expired = subject.stores.turns.interrupt_expired_turns(sample::at(sample::LEASE_SECONDS), 10).await;
    assert_eq!(expired.unwrap(), [turn.id]);
}

fn text(seq: u32, piece: &str) -> LoggedEvent {
    LoggedEvent { seq, event: TurnEvent::Text(piece.to_owned()) }
}
