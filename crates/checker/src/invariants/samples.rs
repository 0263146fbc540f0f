//! Evidence of a round in which all went well, for tests to spoil.

use std::collections::HashMap;
use std::time::Duration;

use crate::events::Position;
use crate::evidence::{Asked, Counters, Evidence, Message, Outcome, Session};
use crate::model::Call;
use crate::random::Random;
use crate::script::{Pace, Script, question};
use crate::time::Moment;
use crate::view::{End, View};

pub(super) const SESSION: &str = "r0c1s1";

/// The only question of the round.
pub(super) fn asked() -> String {
    question(SESSION, 1, &mut Random::of(1, "sample"))
}

pub(super) fn script() -> Script {
    Script::of(&asked(), 1, Pace::Spoken)
}

pub(super) fn message(id: &str, role: &str, content: &str) -> Message {
    Message {
        id: id.to_owned(),
        role: role.to_owned(),
        content: content.to_owned(),
        status: None,
        turn_id: None,
    }
}

/// A viewer that saw everything, 50 ms after it was sent.
fn view(call: &Call) -> View {
    let mut view = View::new(asked());
    view.position = Position { turn: "t".to_owned(), generation: 1, seq: 100 };
    view.message_id = "a1".to_owned();
    for ((_, piece), sent) in script().pieces.iter().zip(&call.sent) {
        view.text.push_str(piece);
        view.shown.push((view.text.len(), *sent + Duration::from_millis(50)));
    }
    view.end = Some(End::Done { content: script().text(), finish_reason: "stop".to_owned() });
    view.ended = view.shown.last().map(|(_, at)| *at);
    view
}

/// One session with one question, answered completely to one viewer by one call.
pub(super) fn evidence() -> Evidence {
    let mut at = Moment::from_secs(1);
    let script = script();
    let sent = script.pieces.iter().map(|(pause, _)| {
        at += *pause;
        at
    });
    let call = Call { begun: Moment::from_secs(1), sent: sent.collect(), ..Call::default() };
    let call = Call { ended: call.sent.last().copied(), ..call };
    let session = Session {
        label: SESSION.to_owned(),
        id: "id".to_owned(),
        widget: 0,
        erased: None,
        after_erasure: Vec::new(),
        asked: vec![Asked {
            content: asked(),
            keyed: true,
            outcome: Outcome::Ok,
            retries: 0,
            stopped: false,
        }],
        history: Some(vec![message("q1", "user", &asked()), message("a1", "assistant", &script.text())]),
    };
    Evidence {
        most_lost_text: Duration::from_millis(500),
        sessions: vec![session],
        views: vec![view(&call)],
        calls: HashMap::from([(asked(), vec![call])]),
        counters: vec![Counters { sessions: 1, messages: 2, doubtful_sessions: 0 }],
        ..Evidence::default()
    }
}

/// The same, but the answer was cut off: so many bytes are stored, and so many pieces were seen.
pub(super) fn interrupted(stored: usize, pieces_seen: usize) -> Evidence {
    let mut evidence = evidence();
    let text = script().text();
    let view = &mut evidence.views[0];
    view.shown.truncate(pieces_seen);
    view.text.truncate(view.shown.last().map_or(0, |(length, _)| *length));
    view.end = Some(End::Error { code: "answer_interrupted".to_owned() });
    view.ended = view.shown.last().map(|(_, at)| *at + Duration::from_secs(5));
    if let Some(history) = &mut evidence.sessions[0].history {
        text[..stored].clone_into(&mut history[1].content);
        history[1].status = Some("interrupted".to_owned());
    }
    evidence
}

/// Where the text of so many pieces ends.
pub(super) fn length_of(pieces: usize) -> usize {
    script().pieces.iter().take(pieces).map(|(_, piece)| piece.len()).sum()
}
