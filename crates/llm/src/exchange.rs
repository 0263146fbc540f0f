//! One request and its answer over HTTP, the same for every wire format.

use std::time::Duration;

use bytes::Bytes;
use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelEvent, ModelStream};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::{AnswerReader, HttpClient, Phase, failure};

/// The most bytes of an answer that comes as one JSON document. Unlike a stream it is kept until it is whole.
const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;

/// How long usage may lag behind the terminal marker. It comes at once or never; some servers never close.
const USAGE_LAG: Duration = Duration::from_secs(2);

/// How long the end of the body may lag behind the end of the stream. Reading it lets the connection be used again.
const CLOSE_LAG: Duration = Duration::from_millis(50);

/// The most bytes that are read of an error's body, and the most time for them.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_TIME: Duration = Duration::from_secs(5);

/// One address of one provider.
pub(crate) struct Endpoint {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    key: Option<SecretString>,
}

impl Endpoint {
    /// The headers are the provider's own. Nothing that a visitor sent is forwarded; the request has no place for it.
    pub(crate) fn new(
        client: &HttpClient,
        url: Url,
        mut headers: HeaderMap,
        key: Option<SecretString>,
    ) -> Self {
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        Self { client: client.0.clone(), url, headers, key }
    }

    /// Sends the request and waits for the head of the reply. Dropping the stream closes the connection, which is
    /// how providers learn that nobody wants the rest.
    pub(crate) async fn ask(&self, body: &Value, reader: AnswerReader) -> Result<ModelStream, ModelError> {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).json(body);
        let mut response = request.send().await.map_err(|error| unsent(&error))?;
        let form = match form_of(&response) {
            Ok(form) => form,
            Err(NoAnswer) => return Err(self.without_key(refusal(response).await)),
        };
        let request_id = failure::request_id(response.headers());
        let key = self.key.clone();
        // The headers point into the buffer that the head was read into, and would keep its 8 KiB for as long as the
        // answer takes.
        *response.headers_mut() = HeaderMap::new();
        let mut exchange = Exchange { response, reader, form, finished_at: None };
        Ok(Box::pin(async_stream::stream! {
            while let Some(event) = exchange.next().await {
                yield event.map_err(|mut error| {
                    error.provider_request_id.clone_from(&request_id);
                    failure::without_key(error, key.as_ref().map(ExposeSecret::expose_secret))
                });
            }
        }))
    }

    fn without_key(&self, error: ModelError) -> ModelError {
        failure::without_key(error, self.key.as_ref().map(ExposeSecret::expose_secret))
    }
}

/// The two forms of an answer: what was asked for, and what some servers send in its place.
#[derive(Clone, Copy)]
enum Form {
    Events,
    Document,
}

/// The reply is not an answer.
struct NoAnswer;

/// Only a 200 reply of a known type, and not compressed, which nobody asked for, is an answer. A captive portal or a
/// proxy's login page would else pass for an empty one.
fn form_of(response: &Response) -> Result<Form, NoAnswer> {
    let plain = response.headers().get(CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
    if response.status() != StatusCode::OK || !plain {
        return Err(NoAnswer);
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/event-stream" => Ok(Form::Events),
        "application/json" => Ok(Form::Document),
        _ => Err(NoAnswer),
    }
}

/// Reads what an error says, as far as it is short and comes soon.
async fn refusal(mut response: Response) -> ModelError {
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    if status.is_success() {
        // A page, perhaps a large one, that was never meant for us. Nothing in it is an error's code.
        return failure::of_reply(status, &headers, b"");
    }
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            let room = MAX_ERROR_BYTES - body.len();
            body.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if body.len() == MAX_ERROR_BYTES {
                break;
            }
        }
    };
    // An error whose body does not come is still an error.
    let _ = timeout(ERROR_BODY_TIME, read).await;
    failure::of_reply(status, &headers, &body)
}

/// A reply while its body is being read.
struct Exchange {
    response: Response,
    reader: AnswerReader,
    form: Form,
    finished_at: Option<Instant>,
}

impl Exchange {
    /// The next event, or `None` after the last one.
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.reader.next_event() {
                return Some(event);
            }
            match self.reader.phase() {
                Phase::Answering => self.read().await,
                Phase::Finished => {
                    let deadline = *self.finished_at.get_or_insert_with(|| Instant::now() + USAGE_LAG);
                    if timeout_at(deadline, self.read()).await.is_err() {
                        return None;
                    }
                }
                Phase::Closed => {
                    // Whatever still comes is not looked at; one look is enough to find the end.
                    let _ = timeout(CLOSE_LAG, self.response.chunk()).await;
                    return None;
                }
            }
        }
    }

    async fn read(&mut self) {
        match self.form {
            Form::Events => match self.response.chunk().await {
                Ok(Some(bytes)) => self.reader.push(&bytes),
                Ok(None) => self.reader.end(),
                Err(error) => self.reader.break_off(broken(&error)),
            },
            Form::Document => match self.read_document().await {
                Ok(document) => self.reader.read_document(&document),
                Err(error) => self.reader.break_off(error),
            },
        }
    }

    async fn read_document(&mut self) -> Result<Bytes, ModelErrorClass> {
        let mut document = Vec::new();
        while let Some(bytes) = self.response.chunk().await.map_err(|error| broken(&error))? {
            if document.len() + bytes.len() > MAX_DOCUMENT_BYTES {
                return Err(ModelErrorClass::Protocol);
            }
            document.extend_from_slice(&bytes);
        }
        Ok(document.into())
    }
}

/// Why no head of a reply came.
fn unsent(error: &reqwest::Error) -> ModelError {
    ModelError::of(if error.is_connect() {
        ModelErrorClass::Connect
    } else if error.is_timeout() {
        ModelErrorClass::FirstTokenTimeout
    } else if error.is_builder() {
        ModelErrorClass::BadRequest
    } else {
        ModelErrorClass::Truncated
    })
}

/// Why a body ended too soon.
fn broken(error: &reqwest::Error) -> ModelErrorClass {
    if error.is_timeout() { ModelErrorClass::IdleTimeout } else { ModelErrorClass::Truncated }
}
