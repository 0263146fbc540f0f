//! What one viewer of a turn puts together, across all its connections.

use crate::events::{Event, Position};
use crate::time::Moment;

/// The service leaves such a distance before the terminal event of a turn that it took over, so that no text which was
/// seen and not stored can have that event's number.
pub const TAKEOVER_GAP: u32 = 65_536;

/// How a generation ended for a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With `done`.
    Done {
        /// The whole text.
        content: String,
        /// Why it ended.
        finish_reason: String,
    },
    /// With `error`.
    Error {
        /// Its code.
        code: String,
    },
    /// With 204: nothing is to come, so the history has the rest.
    Nothing,
}

/// A viewer of one turn.
#[derive(Debug, Clone)]
pub struct View {
    /// The question's text.
    pub question: String,
    /// The last event that was seen.
    pub position: Position,
    /// The agent's message, from the `start` event.
    pub message_id: String,
    /// The pieces of the generation so far.
    pub text: String,
    /// Where the text ended, and when, after each piece.
    pub shown: Vec<(usize, Moment)>,
    /// How it ended, if it did.
    pub end: Option<End>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// What a stream must not do and did.
    pub problems: Vec<String>,
}

impl View {
    /// A viewer that has seen nothing.
    pub fn new(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            position: Position { turn: String::new(), generation: 0, seq: 0 },
            message_id: String::new(),
            text: String::new(),
            shown: Vec::new(),
            end: None,
            ended: None,
            problems: Vec::new(),
        }
    }

    /// Where to resume from; `None` if no event has been seen.
    pub fn resume_from(&self) -> Option<&Position> {
        (self.position.generation > 0).then_some(&self.position)
    }

    /// Takes the next event of the stream.
    pub fn take(&mut self, event: &Event, at: Moment) {
        self.check_order(event);
        match event.name.as_str() {
            "start" => self.restart(event),
            "token" => {
                self.text.push_str(event.data["content"].as_str().unwrap_or_default());
                self.shown.push((self.text.len(), at));
            }
            "done" => {
                let text = |name: &str| event.data[name].as_str().unwrap_or_default().to_owned();
                self.end = Some(End::Done { content: text("content"), finish_reason: text("finishReason") });
            }
            "error" => {
                let code = event.data["code"].as_str().unwrap_or_default().to_owned();
                self.end = Some(End::Error { code });
            }
            // Clients ignore names that they do not know.
            _ => {}
        }
        self.ended = event.is_terminal().then_some(at);
        self.position = event.position.clone();
    }

    /// Notes that the service has nothing more to show.
    pub fn nothing_to_come(&mut self, at: Moment) {
        self.end = Some(End::Nothing);
        self.ended = Some(at);
    }

    fn restart(&mut self, event: &Event) {
        self.text.clear();
        self.shown.clear();
        self.end = None;
        let message = event.data["messageId"].as_str().unwrap_or_default();
        if !self.message_id.is_empty() && self.message_id != message {
            self.problem(event, "belongs to another message than before");
        }
        message.clone_into(&mut self.message_id);
    }

    fn check_order(&mut self, event: &Event) {
        let (last, next) = (&self.position, &event.position);
        let is_first = last.generation == 0;
        if !is_first && last.turn != next.turn {
            self.problem(event, "belongs to another turn");
        } else if next.generation < last.generation {
            self.problem(event, "belongs to an older generation");
        } else if next.generation > last.generation {
            if event.name != "start" || next.seq != 1 {
                self.problem(event, "begins a generation and is not its start");
            }
        } else if next.seq <= last.seq {
            self.problem(event, "was seen before");
        } else if self.end.is_some() {
            self.problem(event, "comes after the end");
        } else if next.seq > last.seq + 1 && !(event.is_terminal() && next.seq >= TAKEOVER_GAP) {
            self.problem(event, "leaves a gap");
        }
    }

    fn problem(&mut self, event: &Event, what: &str) {
        let after = self.position.clone();
        self.problems.push(format!("event {} ({}) after {after} {what}", event.position, event.name));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn event(generation: u32, seq: u32, name: &str, data: Value) -> Event {
        let position = Position { turn: "t".to_owned(), generation, seq };
        Event { position, name: name.to_owned(), data }
    }

    /// A view of these events, one millisecond after the other.
    pub(crate) fn view_of(events: &[Event]) -> View {
        let mut view = View::new("«s1q1» why?");
        for (moment, event) in (0..).zip(events) {
            view.take(event, Moment::from_millis(moment));
        }
        view
    }

    fn start(generation: u32) -> Event {
        event(generation, 1, "start", json!({ "messageId": "m" }))
    }

    fn token(generation: u32, seq: u32, text: &str) -> Event {
        event(generation, seq, "token", json!({ "content": text }))
    }

    #[test]
    fn pieces_add_up_and_a_new_generation_begins_anew() {
        let done = event(2, 3, "done", json!({ "content": "new", "finishReason": "stop" }));
        let view = view_of(&[start(1), token(1, 2, "old"), start(2), token(2, 2, "new"), done]);
        assert_eq!((view.text.as_str(), view.problems.len()), ("new", 0));
        let end = End::Done { content: "new".to_owned(), finish_reason: "stop".to_owned() };
        assert_eq!((view.end, view.position.to_string()), (Some(end), "t:2:3".to_owned()));
    }

    #[test]
    fn a_terminal_event_may_come_after_the_takeovers_gap_and_text_may_not() {
        let error = event(1, 2 + TAKEOVER_GAP, "error", json!({ "code": "answer_interrupted" }));
        assert_eq!(view_of(&[start(1), token(1, 2, "a"), error.clone()]).problems, [""; 0]);
        let unstored = event(1, TAKEOVER_GAP, "error", json!({ "code": "answer_interrupted" }));
        assert_eq!(view_of(&[start(1), unstored]).problems, [""; 0]);
        let near = Event { position: Position { seq: 9, ..error.position.clone() }, ..error };
        assert_eq!(view_of(&[start(1), token(1, 2, "a"), near]).problems.len(), 1);
        assert_eq!(view_of(&[start(1), token(1, 3, "a")]).problems.len(), 1);
    }

    #[test]
    fn events_that_come_twice_late_or_without_a_start_are_problems() {
        assert_eq!(view_of(&[start(1), token(1, 2, "a"), token(1, 2, "a")]).problems.len(), 1);
        assert_eq!(view_of(&[token(1, 1, "a")]).problems.len(), 1);
        assert_eq!(view_of(&[start(2), token(1, 2, "a")]).problems.len(), 1);
        let done = event(1, 2, "done", json!({ "content": "", "finishReason": "stop" }));
        assert_eq!(view_of(&[start(1), done, token(1, 3, "a")]).problems.len(), 1);
        let mut other = start(1);
        other.position.turn = "u".to_owned();
        assert_eq!(view_of(&[start(1), other]).problems.len(), 1);
    }
}
