//! The requests of visitors, and what their answers say about whether they were carried out.

use serde_json::{Value, json};

use crate::events::Position;
use crate::evidence::{Message, Outcome};
use crate::http::{CallError, Reply, Request};

const SESSIONS: &str = "/api/widget-chat/sessions";

/// All that opens one session.
#[derive(Debug, Clone)]
pub struct ChatKey {
    /// The session's id.
    pub session: String,
    /// Its secret.
    pub secret: String,
    /// The embed token of its widget.
    pub token: String,
}

impl ChatKey {
    /// Reads the answer to [`open_session`].
    pub fn of(token: &str, answer: &Value) -> Option<Self> {
        let text = |name: &str| Some(answer[name].as_str()?.to_owned());
        Some(Self { session: text("sessionId")?, secret: text("sessionSecret")?, token: token.to_owned() })
    }

    /// Sends a message.
    pub fn send(&self, content: &str, key: Option<&str>) -> Request {
        let request =
            self.request("POST", "/messages").json(json!({ "content": content, "token": self.token }));
        match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        }
    }

    /// Reads the messages.
    pub fn history(&self) -> Request {
        self.request("GET", "/messages")
    }

    /// Watches a turn, from behind a position or from the beginning.
    pub fn events(&self, turn: &str, after: Option<&Position>) -> Request {
        let request = self.request("GET", &format!("/turns/{turn}/events"));
        match after {
            Some(position) => request.header("Last-Event-ID", position.to_string()),
            None => request,
        }
    }

    /// Asks a turn to stop.
    pub fn stop(&self, turn: &str) -> Request {
        self.request("POST", &format!("/turns/{turn}/stop"))
    }

    /// Runs a turn once more.
    pub fn retry(&self, turn: &str) -> Request {
        self.request("POST", &format!("/turns/{turn}/retry"))
    }

    /// Erases the session.
    pub fn erase(&self) -> Request {
        self.request("DELETE", "")
    }

    fn request(&self, method: &'static str, rest: &str) -> Request {
        Request::new(method, format!("{SESSIONS}/{}{rest}", self.session))
            .header("X-Widget-Token", &self.token)
            .header("X-Session-Secret", &self.secret)
    }
}

/// Opens a session with a secret.
pub fn open_session(token: &str) -> Request {
    Request::new("POST", SESSIONS).header("X-Chatloom-Session", "secret").json(json!({ "token": token }))
}

/// Loads a widget on a page of this site, or of none.
pub fn initialize(token: &str, site: Option<&str>) -> Request {
    let request = Request::new("GET", "/api/widget-chat/init").header("X-Widget-Token", token);
    match site {
        Some(site) => request.header("Origin", site),
        None => request,
    }
}

/// Reads the answer to [`ChatKey::history`].
pub fn messages_of(answer: &Value) -> Option<Vec<Message>> {
    let text = |message: &Value, name: &str| message[name].as_str().map(str::to_owned);
    let message = |message: &Value| {
        Some(Message {
            id: text(message, "id")?,
            role: text(message, "role")?,
            content: text(message, "content")?,
            status: text(message, "status"),
            turn_id: text(message, "turnId"),
        })
    };
    answer["messages"].as_array()?.iter().map(message).collect()
}

/// What an answer with a body says about an operation.
#[derive(Debug)]
pub struct Answer {
    /// Whether it was carried out.
    pub outcome: Outcome,
    /// The status; 0 where there was no answer.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(called: Result<Reply, CallError>) -> Self {
        let reply = match called {
            Ok(reply) => reply,
            Err(error) => {
                return Self { outcome: outcome_without_answer(error), status: 0, body: Value::Null };
            }
        };
        let status = reply.status;
        let Ok(body) = reply.json().await else {
            // The status alone says whether it was done, but what it has given is lost.
            let outcome = if status < 300 { Outcome::Unknown } else { outcome_of(status, "") };
            return Self { outcome, status, body: Value::Null };
        };
        let outcome = outcome_of(status, body["code"].as_str().unwrap_or_default());
        Self { outcome, status, body }
    }

    /// The code of a refusal.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Status and code, for people.
    pub fn summary(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }
}

/// What is known when there was no answer.
pub fn outcome_without_answer(error: CallError) -> Outcome {
    match error {
        CallError::NotSent => Outcome::Fail,
        CallError::Doubtful => Outcome::Unknown,
    }
}

/// What a status and a code say.
pub fn outcome_of(status: u16, code: &str) -> Outcome {
    match (status, code) {
        (200..300, _) => Outcome::Ok,
        // Said before anything is stored.
        (503, "draining" | "model_unavailable" | "busy") => Outcome::Fail,
        // The database may have done what it could not tell any more.
        (500.., _) => Outcome::Unknown,
        _ => Outcome::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_before_storing_is_sure_to_have_stored_nothing() {
        let outcomes =
            [(200, ""), (409, "turn_running"), (503, "draining"), (503, "unavailable"), (500, "internal")]
                .map(|(status, code)| outcome_of(status, code));
        let [ok, fail, unknown] = [Outcome::Ok, Outcome::Fail, Outcome::Unknown];
        assert_eq!(outcomes, [ok, fail, fail, unknown, unknown]);
        assert_eq!(outcome_without_answer(CallError::NotSent), fail);
        assert_eq!(outcome_without_answer(CallError::Doubtful), unknown);
    }

    #[test]
    fn messages_are_read_with_what_they_may_lack() {
        let answer = json!({ "messages": [
            { "id": "1", "role": "user", "content": "a" },
            { "id": "2", "role": "assistant", "content": "", "status": "streaming", "turnId": "t" },
        ] });
        let messages = messages_of(&answer).unwrap();
        assert_eq!((messages[0].status.as_deref(), messages[1].turn_id.as_deref()), (None, Some("t")));
        assert!(messages_of(&json!({ "messages": [{ "id": "1" }] })).is_none());
    }
}
