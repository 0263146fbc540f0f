//! A model that says what the test feeds it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chatloom_ports::chat_model::{
    ChatModel, ModelError, ModelErrorClass, ModelEvent, ModelFinish, ModelRequest, ModelStream,
};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

type Item = Result<ModelEvent, ModelError>;

/// What the model does with the next request.
enum Answer {
    Refuse(ModelErrorClass),
    Panic,
    Stream(UnboundedReceiver<Item>),
}

/// Answers requests in the order in which the test prepared answers; keeps the requests.
#[derive(Clone, Default)]
pub(crate) struct FedModel {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    /// What happens when no answer is prepared.
    refusal: Arc<Mutex<Option<ModelErrorClass>>>,
    pub(crate) requests: Arc<Mutex<Vec<ModelRequest>>>,
}

/// The test's end of one answer. Dropping it ends the stream.
pub(crate) struct Feed(UnboundedSender<Item>);

impl FedModel {
    pub(crate) fn refuse_next(&self, class: ModelErrorClass) {
        self.answers.lock().unwrap().push_back(Answer::Refuse(class));
    }

    /// Refuses whatever no answer is prepared for.
    pub(crate) fn refuse_from_now_on(&self, class: ModelErrorClass) {
        *self.refusal.lock().unwrap() = Some(class);
    }

    /// The models that were asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.model.as_str().to_owned()).collect()
    }

    pub(crate) fn panic_next(&self) {
        self.answers.lock().unwrap().push_back(Answer::Panic);
    }

    pub(crate) fn feed_next(&self) -> Feed {
        let (feed, stream) = unbounded();
        self.answers.lock().unwrap().push_back(Answer::Stream(stream));
        Feed(feed)
    }

    /// Prepares a whole good answer.
    pub(crate) fn answer_next(&self, pieces: &[&str]) {
        let feed = self.feed_next();
        for piece in pieces {
            feed.text(piece);
        }
        feed.event(ModelEvent::Usage { input: Some(11), output: Some(7) });
        feed.finish(ModelFinish::Stop);
    }

    pub(crate) fn last_conversation(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.last().unwrap().messages.iter().map(|message| message.content.clone()).collect()
    }
}

impl Feed {
    pub(crate) fn event(&self, event: ModelEvent) {
        self.0.unbounded_send(Ok(event)).unwrap();
    }

    pub(crate) fn text(&self, text: &str) {
        self.event(ModelEvent::Text(text.to_owned()));
    }

    pub(crate) fn finish(&self, finish: ModelFinish) {
        self.event(ModelEvent::Finish(finish));
    }

    pub(crate) fn fail(&self, class: ModelErrorClass) {
        self.0.unbounded_send(Err(ModelError::of(class))).unwrap();
    }

    /// Whether the turn has let go of the stream, which cancels the request at a real provider.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.is_closed()
    }
}

#[async_trait]
impl ChatModel for FedModel {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        self.requests.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.or_else(|| self.refusal.lock().unwrap().map(Answer::Refuse));
        match answer.expect("the test prepared an answer") {
            Answer::Panic => panic!("a bug, as the test asked for"),
            Answer::Refuse(class) => Err(ModelError::of(class)),
            Answer::Stream(stream) => Ok(Box::pin(stream)),
        }
    }
}
