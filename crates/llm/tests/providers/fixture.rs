//! One recorded answer, and every way of cutting it.

use chatloom_llm::{AnswerReader, ProviderKind};
use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelEvent, ModelFinish};
use chatloom_testkit::model_server::{ModelServer, Reply};
use futures::StreamExt;

use crate::world::{connect, question};

/// Longer bodies are not cut at every position, which takes time as the square of their length.
const CUT_EVERYWHERE_BYTES: usize = 8192;

/// A recorded body and what must come of it.
pub(crate) struct Fixture {
    kind: ProviderKind,
    body: Vec<u8>,
    expected: Read,
}

/// What came of an answer, whatever the pieces that it came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    text: String,
    thought: bool,
    usage: (Option<u64>, Option<u64>),
    end: Result<ModelFinish, ModelErrorClass>,
}

/// A stream of Chat Completions.
pub(crate) fn chat(body: impl Into<Vec<u8>>) -> Fixture {
    Fixture::new(ProviderKind::OpenAi, body)
}

/// A stream of Anthropic's Messages.
pub(crate) fn messages(body: impl Into<Vec<u8>>) -> Fixture {
    Fixture::new(ProviderKind::Anthropic, body)
}

/// Payloads as events of one `data` line each.
pub(crate) fn data(payloads: &[&str]) -> String {
    payloads.iter().flat_map(|payload| ["data: ", payload, "\n\n"]).collect()
}

/// Payloads as events that carry their type as their name, as Anthropic sends them.
pub(crate) fn named(payloads: &[(&str, &str)]) -> String {
    payloads.iter().flat_map(|(name, payload)| ["event: ", name, "\ndata: ", payload, "\n\n"]).collect()
}

impl Fixture {
    fn new(kind: ProviderKind, body: impl Into<Vec<u8>>) -> Self {
        let end = Err(ModelErrorClass::Truncated);
        let expected = Read { text: String::new(), thought: false, usage: (None, None), end };
        Self { kind, body: body.into(), expected }
    }

    /// The text that must arrive, also of an answer that fails.
    pub(crate) fn says(mut self, text: &str) -> Self {
        text.clone_into(&mut self.expected.text);
        self
    }

    /// Signs of thinking must arrive.
    pub(crate) fn thinks(mut self) -> Self {
        self.expected.thought = true;
        self
    }

    /// The usage that must hold at the end.
    pub(crate) fn uses(mut self, input: u64, output: u64) -> Self {
        self.expected.usage = (Some(input), Some(output));
        self
    }

    /// The answer must be complete, with a plain stop.
    pub(crate) fn stops(self) {
        self.finishes(ModelFinish::Stop);
    }

    /// The answer must be complete, and end like this.
    pub(crate) fn finishes(mut self, finish: ModelFinish) {
        self.expected.end = Ok(finish);
        self.check();
    }

    /// The answer must fail.
    pub(crate) fn fails(mut self, class: ModelErrorClass) {
        self.expected.end = Err(class);
        self.check();
    }

    fn check(self) {
        self.check_pure();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.check_over_loopback());
    }

    fn check_pure(&self) {
        let body = &self.body;
        assert_eq!(self.read(body.chunks(body.len().max(1))), self.expected, "whole");
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(self.read(body.chunks(size)), self.expected, "pieces of {size} bytes");
        }
        if body.len() <= CUT_EVERYWHERE_BYTES {
            for position in 0..=body.len() {
                let (before, after) = body.split_at(position);
                assert_eq!(self.read([before, after]), self.expected, "cut at {position}");
            }
        }
    }

    fn read<'b>(&self, pieces: impl IntoIterator<Item = &'b [u8]>) -> Read {
        let mut reader = match self.kind {
            ProviderKind::OpenAi => AnswerReader::chat_completions(),
            ProviderKind::Anthropic => AnswerReader::messages(),
        };
        let mut events = Vec::new();
        for piece in pieces {
            reader.push(piece);
            events.extend(std::iter::from_fn(|| reader.next_event()));
        }
        reader.end();
        events.extend(std::iter::from_fn(|| reader.next_event()));
        Read::of(events)
    }

    async fn check_over_loopback(&self) {
        let sizes = if self.body.len() <= CUT_EVERYWHERE_BYTES { [1, 5, 97] } else { [997, 4096, 65_536] };
        let whole = Reply::events(self.body.clone());
        let replies = sizes.map(|size| whole.clone().cut_every(size));
        let server = ModelServer::replying([whole].into_iter().chain(replies)).await;
        let model = connect(self.kind, &server.base_url());
        for size in [self.body.len()].into_iter().chain(sizes) {
            let stream = model.stream(question()).await.unwrap();
            assert_eq!(
                Read::of(stream.collect().await),
                self.expected,
                "over loopback, in pieces of {size} bytes"
            );
        }
    }
}

impl Read {
    /// Adds up the events, and holds them against the promises of the port.
    fn of(events: Vec<Result<ModelEvent, ModelError>>) -> Self {
        let mut text = String::new();
        let (mut thought, mut usage, mut finish, mut failure) = (false, (None, None), None, None);
        for event in events {
            assert!(failure.is_none(), "something follows an error");
            match event {
                Ok(ModelEvent::Text(piece)) => {
                    assert!(!piece.is_empty() && finish.is_none(), "text is empty or follows the end");
                    text.push_str(&piece);
                }
                Ok(ModelEvent::Reasoning) => thought = true,
                Ok(ModelEvent::Usage { input, output }) => usage = (input.or(usage.0), output.or(usage.1)),
                Ok(ModelEvent::Finish(reason)) => assert!(finish.replace(reason).is_none(), "two ends"),
                Err(error) => failure = Some(error.class),
            }
        }
        let end = match (finish, failure) {
            (Some(finish), None) => Ok(finish),
            (None, Some(class)) => Err(class),
            both => panic!("neither complete nor failed, or both: {both:?}"),
        };
        Self { text, thought, usage, end }
    }
}
