//! One row: what a provider does, and what must become of the turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatloom_llm::ProviderKind;
use chatloom_testkit::model_server::{ModelServer, Reply};
use serde_json::json;

use crate::service::{PATIENCE, Service, Visitor};

/// What every visitor asks.
pub(crate) const QUESTION: &str = "Hello?";

/// What a model says that is well.
pub(crate) const ECHO: &str = "You said: Hello?";

/// Stands in everything that providers say about their failures.
pub(crate) const CANARY: &str = "upstream-canary";

/// What a turn may take beyond the limit that ends it.
const SLACK: Duration = Duration::from_secs(1);

/// The end of a turn, with the text that the visitor has then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer is whole.
    Completed(String),
    /// The answer broke off, with this code.
    Interrupted(&'static str, String),
    /// There was no word of an answer; this code.
    Failed(&'static str),
    /// As `Failed`, and the model is not asked again for a while.
    FailedAndLeftAlone(&'static str),
}

/// One row of the table.
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) kind: ProviderKind,
    pub(crate) base_url: String,
    /// Where the requests are counted; `None` for an address that nobody listens at.
    server: Option<ModelServer>,
    /// Somebody else, who must not be asked.
    bystander: Option<ModelServer>,
    pub(crate) has_fallback: bool,
    /// The provider would go on for ever, so that we have to close its connection.
    is_endless: bool,
    end: End,
    requests: usize,
    within: Duration,
}

impl Fault {
    /// A provider at an address where nobody is.
    pub(crate) fn at(name: &str, base_url: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: ProviderKind::OpenAi,
            base_url: base_url.to_owned(),
            server: None,
            bystander: None,
            has_fallback: false,
            is_endless: false,
            end: End::Completed(ECHO.to_owned()),
            requests: 1,
            within: Duration::ZERO,
        }
    }

    /// A provider of the Chat Completions format that gives these replies and then is well.
    pub(crate) async fn openai(name: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let server = ModelServer::replying(replies).await;
        Self { base_url: server.openai_base_url(), server: Some(server), ..Self::at(name, "") }
    }

    /// The same in Anthropic's format.
    pub(crate) async fn anthropic(name: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let server = ModelServer::replying(replies).await;
        let (kind, base_url) = (ProviderKind::Anthropic, server.base_url());
        Self { kind, base_url, server: Some(server), ..Self::at(name, "") }
    }

    /// How the turn must end, after how many requests, and within what time.
    pub(crate) fn ends(self, end: End, requests: usize, within: Duration) -> Self {
        Self { end, requests, within, ..self }
    }

    /// The provider would go on for ever.
    pub(crate) fn endless(self) -> Self {
        Self { is_endless: true, ..self }
    }

    /// Names somebody who must not be asked.
    pub(crate) fn sparing(self, bystander: ModelServer) -> Self {
        Self { bystander: Some(bystander), ..self }
    }

    /// The same fault with a fallback, which answers; `None` for one that does not prevent the first word.
    pub(crate) fn rescued(self) -> Option<Self> {
        let name = format!("{}, with a fallback", self.name);
        let fails = matches!(self.end, End::Failed(_) | End::FailedAndLeftAlone(_));
        // The fallback has as long for its first word as the first model had.
        let within = self.within + PATIENCE;
        fails.then(|| Self { name, has_fallback: true, end: End::Completed(ECHO.to_owned()), within, ..self })
    }

    /// Asks, and gives everything that is not as it must be.
    pub(crate) async fn play(self, service: Arc<Service>) -> Vec<String> {
        let visitor = service.visitor(&self.name).await;
        let began = Instant::now();
        let reply = tokio::time::timeout(self.within + Duration::from_secs(10), visitor.ask(QUESTION)).await;
        let Ok(seen) = reply else { return vec![format!("{}: it does not end", self.name)] };
        let took = began.elapsed();
        let mut complaints = seen.complaints();
        let mut expect = |holds: bool, what: String| {
            if !holds {
                complaints.push(what);
            }
        };
        expect(took <= self.within + SLACK, format!("it took {took:?}"));
        expect(seen.end() == self.stream_end(), format!("the stream ended as {:?}", seen.end()));
        let requests = self.server.as_ref().map_or(0, |server| server.requests().len());
        expect(requests == self.requests, format!("{requests} requests were made"));
        let misled = self.bystander.as_ref().map_or(0, ModelServer::connections);
        expect(misled == 0, "somebody else was asked".to_owned());
        expect(!self.is_endless || self.is_hung_up().await, "the connection was left open".to_owned());
        self.check_history(&visitor, &mut expect).await;
        self.check_next_question(&visitor, &mut expect).await;
        complaints.iter().map(|complaint| format!("{}: {complaint}", self.name)).collect()
    }

    /// What viewers of the stream see of the end.
    fn stream_end(&self) -> End {
        match &self.end {
            End::FailedAndLeftAlone(code) => End::Failed(code),
            end => end.clone(),
        }
    }

    async fn is_hung_up(&self) -> bool {
        let Some(server) = &self.server else { return false };
        tokio::time::timeout(SLACK, server.wait_for_hangups(1)).await.is_ok()
    }

    /// The history says what the stream said, and has the question.
    async fn check_history(&self, visitor: &Visitor<'_>, expect: &mut impl FnMut(bool, String)) {
        let history = visitor.history().await;
        let (status, text) = match &self.end {
            End::Completed(text) => (json!(null), text.as_str()),
            End::Interrupted(_, text) => (json!("interrupted"), text.as_str()),
            End::Failed(_) | End::FailedAndLeftAlone(_) => (json!("failed"), ""),
        };
        let messages = history["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let [question, answer] = messages else {
            return expect(false, format!("the history has {} messages", messages.len()));
        };
        expect(
            question["content"] == QUESTION && question["role"] == "user",
            "the question is lost".to_owned(),
        );
        expect(answer["content"] == text, format!("the history has {}", answer["content"]));
        expect(answer["status"] == status, format!("the history says {}", answer["status"]));
        expect(answer["turnId"].is_string() != status.is_null(), format!("turnId is {}", answer["turnId"]));
        expect(!history.to_string().contains(CANARY), "the history tells what the provider said".to_owned());
    }

    /// The session is free: the next question is taken, or refused before it is stored.
    async fn check_next_question(&self, visitor: &Visitor<'_>, expect: &mut impl FnMut(bool, String)) {
        let next = visitor.ask(QUESTION).await;
        if matches!(self.end, End::FailedAndLeftAlone(_)) {
            let refused = next.status == 503 && next.body.contains("\"model_unavailable\"");
            expect(refused && next.retry_after.is_some(), format!("next: {} {}", next.status, next.body));
            let history = visitor.history().await;
            expect(
                history["messages"].as_array().map(Vec::len) == Some(2),
                "a refused question is stored".to_owned(),
            );
        } else {
            // Anthropic's format has no two questions in a row, so its model is asked both at once.
            let is_echo = matches!(next.end(), End::Completed(text) if text.ends_with(QUESTION));
            let is_answered = self.server.is_none() || is_echo;
            expect(next.status == 200 && is_answered, format!("next: {} {:?}", next.status, next.end()));
        }
    }
}
