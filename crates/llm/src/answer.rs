//! A model's answer while it is being read: what every dialect shares, and the rules that no dialect may break.

use std::collections::VecDeque;

use chatloom_ports::chat_model::{ModelError, ModelErrorClass, ModelEvent, ModelFinish};
use serde_json::Value;

use crate::anthropic::MessagesDecoder;
use crate::openai::ChatCompletionsDecoder;
use crate::sse::{Frame, FrameReader};
use crate::{failure, json};

/// How far an answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Text may come.
    Answering,
    /// The terminal marker was seen; usage may still come.
    Finished,
    /// Nothing more is read, because the provider said so or because the answer failed.
    Closed,
}

/// One wire format, after its framing.
pub(crate) trait Decoder: Send {
    /// Reads one event of a stream.
    fn event(&mut self, payload: Value, answer: &mut Answer) -> Result<(), ModelError>;

    /// The stream's last line came. If it is a terminal marker in this format, it finishes the answer.
    fn done(&mut self, answer: &mut Answer);

    /// Reads a whole answer that came as one JSON document although a stream was asked for.
    fn document(&mut self, payload: Value, answer: &mut Answer) -> Result<(), ModelError>;
}

/// What was read so far. It lets nothing empty, nothing late and no second terminal marker through.
#[derive(Default)]
pub(crate) struct Answer {
    events: VecDeque<ModelEvent>,
    usage: (Option<u64>, Option<u64>),
    finished: bool,
    closed: bool,
}

impl Answer {
    /// The next piece of text.
    pub(crate) fn text(&mut self, text: String) {
        if !text.is_empty() && !self.finished {
            self.events.push_back(ModelEvent::Text(text));
        }
    }

    /// A sign that the model is thinking.
    pub(crate) fn reasoning(&mut self) {
        if !self.finished {
            self.events.push_back(ModelEvent::Reasoning);
        }
    }

    /// Tokens so far. What is known already is no news: a server may repeat it to keep the connection alive.
    pub(crate) fn usage(&mut self, input: Option<u64>, output: Option<u64>) {
        let usage = (input.or(self.usage.0), output.or(self.usage.1));
        if usage != self.usage {
            self.usage = usage;
            self.events.push_back(ModelEvent::Usage { input, output });
        }
    }

    /// The terminal marker; later ones are repetitions.
    pub(crate) fn finish(&mut self, finish: ModelFinish) {
        if !self.finished {
            self.finished = true;
            self.events.push_back(ModelEvent::Finish(finish));
        }
    }

    /// The provider says that nothing follows.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }
}

/// Reads one answer from bytes that are cut anywhere. It knows no sockets and no time.
pub struct AnswerReader {
    frames: FrameReader,
    decoder: Box<dyn Decoder>,
    answer: Answer,
    failure: Option<ModelError>,
    ended: bool,
}

impl AnswerReader {
    /// A reader for Chat Completions.
    pub fn chat_completions() -> Self {
        Self::new(Box::new(ChatCompletionsDecoder::default()))
    }

    /// A reader for Anthropic's Messages.
    pub fn messages() -> Self {
        Self::new(Box::new(MessagesDecoder::default()))
    }

    fn new(decoder: Box<dyn Decoder>) -> Self {
        Self {
            frames: FrameReader::default(),
            decoder,
            answer: Answer::default(),
            failure: None,
            ended: false,
        }
    }

    /// Takes the next bytes of an event stream: at most 256 KiB for one event and 32 MiB in all.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.phase() == Phase::Closed {
            return;
        }
        if self.frames.push(bytes).is_err() {
            return self.fail(ModelError::of(ModelErrorClass::Protocol));
        }
        self.read_frames();
    }

    /// The event stream has ended. Without a terminal marker the answer is truncated, however politely it ends.
    pub fn end(&mut self) {
        self.break_off(ModelErrorClass::Truncated);
    }

    /// The connection broke; the class says how, and counts only if the terminal marker has not come.
    pub(crate) fn break_off(&mut self, class: ModelErrorClass) {
        self.ended = true;
        if self.phase() != Phase::Closed {
            self.frames.end();
            self.read_frames();
        }
        if self.phase() == Phase::Answering {
            self.fail(ModelError::of(class));
        }
        self.answer.closed = true;
    }

    /// Takes a whole answer that came as one JSON document.
    pub fn read_document(&mut self, bytes: &[u8]) {
        let read =
            json::parse(bytes).ok_or_else(|| ModelError::of(ModelErrorClass::Protocol)).and_then(|payload| {
                match failure::in_stream(b"", &payload) {
                    Some(error) => Err(error),
                    None => self.decoder.document(payload, &mut self.answer),
                }
            });
        match read {
            // The document is complete, whatever it says about why it ends.
            Ok(()) => self.answer.finish(ModelFinish::Stop),
            Err(error) => self.fail(error),
        }
        self.answer.closed = true;
    }

    /// The next thing that was read; an error is the last one.
    pub fn next_event(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        self.answer.events.pop_front().map(Ok).or_else(|| self.failure.take().map(Err))
    }

    /// How far the answer has come.
    pub fn phase(&self) -> Phase {
        if self.answer.closed {
            Phase::Closed
        } else if self.answer.finished {
            Phase::Finished
        } else {
            Phase::Answering
        }
    }

    fn read_frames(&mut self) {
        while self.phase() != Phase::Closed {
            match self.frames.next_frame() {
                Ok(None) => return,
                Ok(Some(frame)) => {
                    if let Err(error) = self.read_frame(&frame) {
                        self.fail(error);
                    }
                }
                Err(_) => self.fail(ModelError::of(ModelErrorClass::Protocol)),
            }
        }
    }

    fn read_frame(&mut self, frame: &Frame) -> Result<(), ModelError> {
        let data = frame.data.trim_ascii();
        if data.starts_with(b"[DONE]") {
            self.decoder.done(&mut self.answer);
            return if self.answer.finished {
                self.answer.close();
                Ok(())
            } else {
                Err(ModelError::of(ModelErrorClass::Truncated))
            };
        }
        match json::parse(data).filter(Value::is_object) {
            Some(payload) => match failure::in_stream(&frame.event, &payload) {
                Some(error) => Err(error),
                None => self.decoder.event(payload, &mut self.answer),
            },
            None if &frame.event[..] == b"error" => Err(failure::unreadable_in_stream()),
            // Either nothing was sent, or the last event was cut in the middle, which the missing marker tells.
            None if data.is_empty() || self.ended => Ok(()),
            None => Err(ModelError::of(ModelErrorClass::Protocol)),
        }
    }

    /// Ends the answer. What goes wrong after the terminal marker takes nothing away from a complete answer.
    fn fail(&mut self, error: ModelError) {
        self.answer.closed = true;
        if !self.answer.finished {
            self.failure = Some(error);
        }
    }
}
