//! What a visitor sees of one question: the reply, read to its end.

use serde_json::Value;

use crate::fault::{CANARY, End};

/// A reply that was read to its end.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: String,
}

/// One event of a stream.
struct Event<'a> {
    id: &'a str,
    name: &'a str,
    data: Value,
}

impl Seen {
    fn events(&self) -> Vec<Event<'_>> {
        let event = |block| {
            let field = |name: &str| {
                let value = |line: &'_ str| Some(line.strip_prefix(name)?.strip_prefix(": ")?.len());
                str::lines(block).find_map(|line| value(line).map(|length| &line[line.len() - length..]))
            };
            let data = serde_json::from_str(field("data")?).ok()?;
            Some(Event { id: field("id")?, name: field("event")?, data })
        };
        self.body.split("\n\n").filter_map(event).collect()
    }

    /// The pieces of the answer, put together.
    fn text(&self) -> String {
        let events = self.events();
        let pieces = events.iter().filter(|event| event.name == "token");
        pieces.filter_map(|event| event.data["content"].as_str()).collect()
    }

    /// What the last event says.
    pub(crate) fn end(&self) -> End {
        let (events, text) = (self.events(), self.text());
        let Some(last) = events.last() else { return End::Failed("no event") };
        let code = ["model_unavailable", "model_overloaded", "answer_interrupted", "turn_timed_out"];
        let code = code.into_iter().find(|code| last.data["code"] == *code).unwrap_or("an unknown code");
        match last.name {
            "done" => End::Completed(last.data["content"].as_str().unwrap_or_default().to_owned()),
            _ if text.is_empty() => End::Failed(code),
            _ => End::Interrupted(code, text),
        }
    }

    /// What breaks the promises that hold for every stream.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let events = self.events();
        let mut complaints = Vec::new();
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                complaints.push(format!("{what}: {}", self.body));
            }
        };
        expect(self.status == 200, "it was refused");
        expect(events.first().is_some_and(|event| event.name == "start"), "there is no start");
        let is_terminal = |event: &Event<'_>| event.name == "done" || event.name == "error";
        expect(events.iter().filter(|event| is_terminal(event)).count() == 1, "there must be one end");
        expect(events.last().is_some_and(is_terminal), "the end must be the last event");
        let seq = |event: &Event<'_>| event.id.rsplit(':').next().and_then(|seq| seq.parse().ok());
        expect(events.iter().map(seq).eq((1..=events.len()).map(Some)), "events are missing or doubled");
        let whole = events.last().filter(|last| last.name == "done");
        expect(whole.is_none_or(|done| done.data["content"] == self.text()), "the pieces are not the answer");
        expect(!self.body.contains(CANARY), "the stream tells what the provider said");
        complaints
    }
}
