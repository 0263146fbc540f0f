//! Cases of `TurnStore::begin_turn` with a key: sending a message twice is sending it once.

use chatloom_domain::id::TurnId;
use chatloom_domain::message::MessageContent;
use chatloom_domain::session::ChatSession;
use chatloom_domain::turn::{Fingerprint, IdempotencyKey};
use chatloom_ports::store::turns::{BeginTurnError, NewTurn};

use super::Subject;
use super::subject::{at_once, completion};
use crate::sample;

/// The same message under the same key finds its turn while it runs and after whatever end.
pub async fn begin_turn_under_a_known_key_names_its_turn(subject: &Subject) {
    let session = subject.first_session().await;
    let first = sample::keyed_turn(&session, 1, "key");
    begin(subject, &first).await.unwrap();
    assert_eq!(begin(subject, &repetition(&first, 2)).await, Err(Refusal::Begun(first.turn.id)));
    subject.break_off(first.turn, "Half").await;
    assert_eq!(begin(subject, &repetition(&first, 2)).await, Err(Refusal::Begun(first.turn.id)));
    let again = subject.retry_turn(&session, 1).await;
    assert_eq!(begin(subject, &repetition(&first, 2)).await, Err(Refusal::Begun(first.turn.id)));
    subject.complete(again, "Whole.", sample::at(2)).await;
    assert_eq!(begin(subject, &repetition(&first, 2)).await, Err(Refusal::Begun(first.turn.id)));
    assert_messages(subject, &session, 2).await;
}

/// A key is known in its own session, with what it was used for.
pub async fn find_claimed_tells_what_a_key_was_used_for(subject: &Subject) {
    let session = subject.first_session().await;
    let first = sample::keyed_turn(&session, 1, "key");
    begin(subject, &first).await.unwrap();
    let claim = first.claim.unwrap();
    let find = async |session, key: &str| {
        let key = IdempotencyKey::parse(key).unwrap();
        subject.stores.turns.find_claimed(session, &key).await.unwrap()
    };
    assert_eq!(find(session.id, "key").await, Some((first.turn.id, claim.fingerprint)));
    assert_eq!(find(session.id, "other").await, None);
    assert_eq!(find(sample::session_id(2), "key").await, None);
}

/// Another text under the key of a message is no repetition.
pub async fn begin_turn_refuses_a_key_that_was_used_for_another_message(subject: &Subject) {
    let session = subject.first_session().await;
    let first = sample::keyed_turn(&session, 1, "key");
    begin(subject, &first).await.unwrap();
    let other = sample::keyed_turn(&session, 2, "key");
    assert_eq!(begin(subject, &other).await, Err(Refusal::Reused));
    subject.complete(first.turn, "Answer.", sample::at(1)).await;
    assert_eq!(begin(subject, &other).await, Err(Refusal::Reused));
    assert_messages(subject, &session, 2).await;
}

/// A repetition may come after another message, and after a change of the widget.
pub async fn begin_turn_finds_a_known_key_before_anything_else(subject: &Subject) {
    let session = subject.first_session().await;
    let first = sample::keyed_turn(&session, 1, "key");
    begin(subject, &first).await.unwrap();
    subject.complete(first.turn, "Answer.", sample::at(1)).await;
    let second = subject.begin_turn(&session, 2).await;
    assert_eq!(begin(subject, &repetition(&first, 3)).await, Err(Refusal::Begun(first.turn.id)));
    let new = sample::keyed_turn(&session, 3, "new");
    assert_eq!(begin(subject, &new).await, Err(Refusal::Running(second.id)));

    let (team, widgets) = (sample::team_id(1), &subject.stores.widgets);
    assert!(
        widgets
            .rotate_embed_token(team, session.widget_id, &sample::rotation(2, 1), &sample::audit_record())
            .await
            .unwrap()
    );
    assert_eq!(begin(subject, &repetition(&first, 3)).await, Err(Refusal::Begun(first.turn.id)));
    assert_eq!(begin(subject, &new).await, Err(Refusal::Changed));
    assert_messages(subject, &session, 4).await;
}

/// Nobody learns from a key what somebody else has sent.
pub async fn a_key_is_known_in_its_session_only(subject: &Subject) {
    let session = subject.first_session().await;
    let other = subject.open_session(&sample::widget(sample::team_id(1), sample::workflow_id(1), 1), 2).await;
    begin(subject, &sample::keyed_turn(&session, 1, "key")).await.unwrap();
    begin(subject, &sample::keyed_turn(&other, 2, "key")).await.unwrap();

    let widget = subject.add_widget(sample::team_id(1), 2).await;
    let foreign = NewTurn { widget_id: widget.id, ..sample::keyed_turn(&session, 1, "key") };
    assert_eq!(begin(subject, &foreign).await, Err(Refusal::NoSession));
}

/// Case, blanks at the ends and the last of 255 characters tell keys apart.
pub async fn keys_are_compared_byte_by_byte(subject: &Subject) {
    let session = subject.first_session().await;
    let (long, longer) = ("~".repeat(254), "~".repeat(255));
    for (n, key) in (1..).zip(["k", "K", " k", "k ", "%", "_", "'", long.as_str(), longer.as_str()]) {
        let new = sample::keyed_turn(&session, n, key);
        begin(subject, &new).await.unwrap();
        subject.complete(new.turn, "Answer.", sample::at(1)).await;
    }
}

/// A message that was refused did not use its key.
pub async fn a_refused_message_leaves_its_key_free(subject: &Subject) {
    let session = subject.first_session().await;
    let running = subject.begin_turn(&session, 1).await;
    let new = sample::keyed_turn(&session, 2, "key");
    assert_eq!(begin(subject, &new).await, Err(Refusal::Running(running.id)));
    subject.complete(running, "Answer.", sample::at(1)).await;
    begin(subject, &new).await.unwrap();
}

/// A key goes with its session.
pub async fn an_erased_session_forgets_its_keys(subject: &Subject) {
    let session = subject.first_session().await;
    let new = sample::keyed_turn(&session, 1, "key");
    begin(subject, &new).await.unwrap();
    assert!(subject.stores.sessions.erase_session(session.id).await.unwrap());
    assert_eq!(begin(subject, &repetition(&new, 2)).await, Err(Refusal::NoSession));
}

/// Of fifty repetitions at once one begins the turn, and all others find it.
pub async fn of_many_repetitions_at_once_exactly_one_begins(subject: &Subject) {
    let session = subject.first_session().await;
    let first = sample::keyed_turn(&session, 1, "key");
    let begun = at_once(subject, 50, |stores, n| {
        let new = repetition(&first, n + 1);
        async move {
            match stores.turns.begin_turn(&new).await {
                Ok(_) => (true, new.turn.id),
                Err(BeginTurnError::AlreadyBegun(id)) => (false, id),
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let begun = begun.await;
    assert_eq!(begun.iter().filter(|(is_first, _)| *is_first).count(), 1);
    assert!(begun.iter().all(|(_, id)| *id == begun[0].1), "{begun:?}");
    assert_messages(subject, &session, 2).await;
}

/// However soon the first one's turn ends, its repetition begins no other.
pub async fn a_repetition_that_meets_the_end_of_the_turn_begins_no_other(subject: &Subject) {
    let session = subject.first_session().await;
    for round in 0..60 {
        let key = format!("key {round}");
        let content = sample::content("Again?");
        let begun = at_once(subject, 3, |stores, n| {
            let new = keyed_with(&session, 1 + 3 * round + n, &key, content.clone());
            async move {
                match stores.turns.begin_turn(&new).await {
                    Ok(_) => {
                        let end = completion(new.turn, "Answer.", sample::at(1));
                        assert!(stores.turns.finish_turn(&end).await.unwrap());
                        true
                    }
                    Err(BeginTurnError::AlreadyBegun(_)) => false,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        assert_eq!(begun.await.into_iter().filter(|is_first| *is_first).count(), 1, "round {round}");
    }
    assert_messages(subject, &session, 120).await;
}

/// What a caller is told.
#[derive(Debug, PartialEq)]
enum Refusal {
    Begun(TurnId),
    Reused,
    Running(TurnId),
    NoSession,
    Changed,
}

async fn begin(subject: &Subject, new: &NewTurn) -> Result<(), Refusal> {
    subject.stores.turns.begin_turn(new).await.map(drop).map_err(|error| match error {
        BeginTurnError::AlreadyBegun(id) => Refusal::Begun(id),
        BeginTurnError::KeyReused => Refusal::Reused,
        BeginTurnError::TurnRunning(id) => Refusal::Running(id),
        BeginTurnError::SessionNotFound => Refusal::NoSession,
        BeginTurnError::WidgetChanged => Refusal::Changed,
        error => panic!("{error:?}"),
    })
}

/// The same message under the same key, as a turn of another number.
fn repetition(first: &NewTurn, n: u32) -> NewTurn {
    let session = ChatSession { id: first.turn.session_id, ..sample::chat_session(first.widget_id, 1) };
    NewTurn { turn: sample::turn(session.id, n), ..first.clone() }
}

fn keyed_with(session: &ChatSession, n: u32, key: &str, content: MessageContent) -> NewTurn {
    let mut new = sample::keyed_turn(session, n, key);
    if let Some(claim) = &mut new.claim {
        claim.fingerprint = Fingerprint::of(&content);
    }
    NewTurn { question: content.into(), ..new }
}

async fn assert_messages(subject: &Subject, session: &ChatSession, expected: usize) {
    let found = subject.stores.sessions.list_messages(session.id, None, 1_000).await.unwrap();
    assert_eq!(found.len(), expected);
}
