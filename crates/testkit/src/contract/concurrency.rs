//! Cases of several stores at once: whatever meets, nobody fails, waits for ever, or counts wrong.

use chatloom_domain::turn::Turn;
use chatloom_domain::usage::{TokenUsage, WidgetStats};
use chatloom_ports::store::Stores;
use chatloom_ports::store::sessions::OpenSessionError;
use chatloom_ports::store::turns::BeginTurnError;

use super::Subject;
use super::subject::{append_of, at_once, completion};
use crate::sample;

/// Sessions, questions, answers and tokens of many visitors at once are all counted.
pub async fn no_count_is_lost_between_many_visitors(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let talks = at_once(subject, 12, |stores, n| {
        let session = sample::chat_session(widget.id, n);
        async move {
            stores.sessions.open_session(&session, 1, None).await.unwrap();
            for turn in [100 + 2 * n, 101 + 2 * n] {
                let new = sample::new_turn(&session, turn);
                stores.turns.begin_turn(&new).await.unwrap();
                let end = completion(new.turn, "Answer.", sample::at(1));
                assert!(stores.turns.finish_turn(&end).await.unwrap());
            }
        }
    });
    talks.await;
    let found = subject.stores.widgets.find_widget_stats(widget.team_id, widget.id, sample::day_start());
    let expected = WidgetStats {
        total_sessions: 12,
        total_messages: 48,
        active_sessions_today: 12,
        token_usage: TokenUsage { input: 240, output: 120 },
    };
    assert_eq!(found.await.unwrap(), Some(expected));
}

/// A widget may go while everything is done to it that can be done; everybody gets an answer, and nothing is
/// left of it.
pub async fn a_widget_may_be_deleted_while_it_is_talked_to(subject: &Subject) {
    let team = subject.add_team(1).await;
    let widget = subject.add_widget(team, 1).await;
    for n in 1..=9 {
        let session = subject.open_session(&widget, n).await;
        if n <= 6 {
            subject.begin_turn(&session, n).await;
        }
    }
    at_once(subject, 12, |stores, n| async move {
        match n {
            0 => assert!(
                stores
                    .widgets
                    .delete_widget(team, sample::widget_id(1), sample::at(1), &sample::audit_record())
                    .await
                    .unwrap()
            ),
            1..=6 => work_on_turn(&stores, n).await,
            7..=9 => begin_turn(&stores, n).await,
            _ => open_session(&stores, n).await,
        }
    })
    .await;
    for n in 1..=11 {
        let session = sample::session_id(n);
        assert_eq!(subject.stores.sessions.find_session(session).await.unwrap(), None);
        assert_eq!(subject.stores.sessions.list_messages(session, None, 10).await.unwrap(), []);
    }
    assert_eq!(subject.stores.turns.interrupt_expired_turns(sample::at(999), 100).await.unwrap(), []);
}

/// Writers that name the same turns in opposite orders, and sweeps between them, do not block each other for
/// ever.
pub async fn writes_for_many_turns_in_any_order_succeed(subject: &Subject) {
    let widget = subject.add_widget(subject.add_team(1).await, 1).await;
    let mut turns: Vec<Turn> = Vec::new();
    for n in 1..=10 {
        let session = subject.open_session(&widget, n).await;
        turns.push(subject.begin_turn(&session, n).await);
    }
    let swept = at_once(subject, 9, |stores, n| {
        let mut order = turns.clone();
        if n % 2 == 0 {
            order.reverse();
        }
        async move {
            let mut swept = Vec::new();
            for _ in 0..4 {
                let appends: Vec<_> = order.iter().map(|turn| append_of(turn, vec![])).collect();
                let turns = &stores.turns;
                turns.append_events(sample::replica_id(1), sample::at(60), &appends).await.unwrap();
                // At this moment the first leases have ended, and the renewed ones have not.
                swept.extend(turns.interrupt_expired_turns(sample::at(59), 2).await.unwrap());
            }
            swept
        }
    });
    let mut ended = swept.await.concat();
    ended.extend(subject.stores.turns.interrupt_expired_turns(sample::at(60), 100).await.unwrap());
    ended.sort_unstable();
    assert!(ended.into_iter().eq((1..=10).map(sample::turn_id)));
}

/// One of the things that happen to a running turn, by its number.
async fn work_on_turn(stores: &Stores, n: u32) {
    let turn = sample::turn(sample::session_id(n), n);
    let turns = &stores.turns;
    match n % 3 {
        0 => {
            let appends = [append_of(&turn, sample::log(&turn, &["Text"]))];
            turns.append_events(sample::replica_id(1), sample::at(60), &appends).await.unwrap();
        }
        1 => {
            turns.finish_turn(&completion(turn, "Answer.", sample::at(1))).await.unwrap();
        }
        _ => {
            stores.sessions.erase_session(turn.session_id).await.unwrap();
        }
    }
}

async fn begin_turn(stores: &Stores, n: u32) {
    let new = sample::new_turn(&sample::chat_session(sample::widget_id(1), n), n);
    match stores.turns.begin_turn(&new).await {
        Ok(_) | Err(BeginTurnError::SessionNotFound | BeginTurnError::WidgetChanged) => {}
        Err(error) => panic!("{error:?}"),
    }
}

async fn open_session(stores: &Stores, n: u32) {
    match stores.sessions.open_session(&sample::chat_session(sample::widget_id(1), n), 1, None).await {
        Ok(()) | Err(OpenSessionError::WidgetChanged) => {}
        Err(error) => panic!("{error:?}"),
    }
}
